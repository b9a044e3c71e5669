"""What is wrong with places, where it stands in a file, and what to do about it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from redwhistle.errors import PlacesError

MAX_TEXTS = 50


class Severity(StrEnum):
    """Whether the places can be used at all."""

    ERROR = "error"
    """They cannot: nothing is read."""
    WARNING = "warning"
    """They can; somebody should look."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault. `where` names file and line, or feature number and id; `code` is stable for programs."""

    severity: Severity
    code: str
    where: str
    text: str

    def __str__(self) -> str:
        return f"{self.where}: {self.text}"


def error(code: str, where: str, text: str) -> Problem:
    """A fault that makes the places unusable."""
    return Problem(Severity.ERROR, code, where, text)


def warning(code: str, where: str, text: str) -> Problem:
    """A fault that somebody should look at."""
    return Problem(Severity.WARNING, code, where, text)


def errors_of(problems: Iterable[Problem]) -> list[Problem]:
    """The errors alone, in order."""
    return [problem for problem in problems if problem.severity is Severity.ERROR]


def raise_errors(problems: Iterable[Problem]) -> None:
    """Raise PlacesError with the text of each error (the first 50, then a count), if there is one."""
    found = errors_of(problems)
    if found:
        texts = [str(problem) for problem in found[:MAX_TEXTS]]
        if len(found) > MAX_TEXTS:
            texts.append(f"… and {len(found) - MAX_TEXTS} more errors: correct these first")
        raise PlacesError(texts)
