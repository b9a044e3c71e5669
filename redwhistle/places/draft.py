"""What was read from files: places not yet checked, where each stood, and what could not be read."""

from dataclasses import dataclass, field
from typing import Self

from redwhistle.places.check import Sources, check, sources_by_id
from redwhistle.places.model import Company, Place, Point
from redwhistle.places.problem import Problem, errors_of, raise_errors
from redwhistle.places.tree import PlaceTree

MAX_FILE_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Draft:
    """The outcome of reading. `unreadable` are problems of form; while there is an error in it, nothing else counts."""

    places: tuple[Place, ...] = ()
    points: tuple[Point, ...] = ()
    companies: tuple[Company, ...] = ()
    sources: Sources = field(default_factory=Sources)
    unreadable: tuple[Problem, ...] = ()

    @classmethod
    def of(cls, tree: PlaceTree) -> Self:
        """A draft of a tree, each thing standing at its id: to check what is kept elsewhere than in files."""
        sources = sources_by_id(tree.places, tree.points, tree.companies)
        return cls(tree.places, tree.points, tree.companies, sources)

    def problems(self) -> list[Problem]:
        """All problems: of form, and when the form is right, of sense."""
        if errors_of(self.unreadable):
            return list(self.unreadable)
        return [*self.unreadable, *check(self.places, self.points, self.companies, self.sources)]

    def tree(self) -> PlaceTree:
        """The tree; raise PlacesError when there is any error: nothing is half read."""
        return self.tree_and_warnings()[0]

    def tree_and_warnings(self) -> tuple[PlaceTree, list[Problem]]:
        """The tree and what somebody should look at; raise PlacesError when there is any error."""
        problems = self.problems()
        raise_errors(problems)
        return PlaceTree(self.places, self.points, self.companies), problems


def unreadable(problem: Problem) -> Draft:
    """A draft of nothing, with the reason."""
    return Draft(unreadable=(problem,))
