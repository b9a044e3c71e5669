"""`redwhistle places …`: what can be done with places in files; the server adds what concerns its database."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated, Any

import typer

from redwhistle.errors import ConfigurationError
from redwhistle.places.draft import Draft
from redwhistle.places.files import format_for, read_places, write_places
from redwhistle.places.model import LEVEL_ZH, Place
from redwhistle.places.problem import Problem, errors_of
from redwhistle.places.store import PlaceStore
from redwhistle.places.tree import PlaceTree

NAME = "places"
OpenStore = Callable[[], AbstractContextManager[PlaceStore]]
"""Opens the store of this machine's server for as long as one command needs it."""

Source = Annotated[
    Path | None,
    typer.Argument(
        metavar="FILE|DIR", help="A .geojson file or a folder with places.csv; without it the database."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace files that are already there.")]


def make_app(open_store: OpenStore | None = None) -> typer.Typer:
    """The group `places` with check, tree and convert. Without a store, check and tree need a file."""
    app = typer.Typer(
        help="Places: from the city down to grids, compounds, buildings and units.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )

    @app.command("check", help=CHECK_HELP)
    def _check(source: Source = None, as_json: AsJson = False) -> None:
        draft = read_draft(source, open_store)
        problems = draft.problems()
        typer.echo(_problems_json(draft, problems) if as_json else _problems_text(draft, problems))
        if errors_of(problems):
            raise typer.Exit(1)

    @app.command("tree", help=TREE_HELP)
    def _tree(
        source: Source = None,
        at: Annotated[str | None, typer.Option("--at", metavar="PLACE", help="Begin at this place.")] = None,
        depth: Annotated[int | None, typer.Option("--depth", min=0, help="Levels to show beneath.")] = None,
        as_json: AsJson = False,
    ) -> None:
        tree = read_draft(source, open_store).tree()
        roots = (tree.place(at),) if at is not None else tree.roots()
        if as_json:
            nodes = [_node(tree, place, depth) for place in roots]
            typer.echo(json.dumps(nodes, ensure_ascii=False, indent=2))
            return
        for place in roots:
            for line in _draw(tree, place, depth):
                typer.echo(line)

    @app.command("convert", help=CONVERT_HELP)
    def _convert(
        source: Annotated[
            Path, typer.Argument(metavar="SRC", help="A .geojson file or a folder with places.csv.")
        ],
        target: Annotated[
            Path, typer.Argument(metavar="DST", help="A .geojson file, or a folder for CSV tables.")
        ],
        overwrite: Overwrite = False,
        as_json: AsJson = False,
    ) -> None:
        form = format_for(target)
        tree, warnings = read_places(source).tree_and_warnings()
        show_warnings(warnings)
        show_written(write_places(tree, target, form, overwrite=overwrite), as_json)

    return app


def read_draft(source: Path | None, open_store: OpenStore | None) -> Draft:
    """The draft of a file or folder, or of the database when none is named."""
    if source is not None:
        return read_places(source)
    if open_store is None:
        raise ConfigurationError(
            "name a .geojson file or a folder with places.csv (the database needs redwhistle[server])"
        )
    with open_store() as store:
        tree = store.load()
    return Draft.of(tree)


def show_warnings(warnings: list[Problem]) -> None:
    """Print the warnings to standard error."""
    for problem in warnings:
        typer.echo(f"warning: {problem}", err=True)


def show_written(files: list[Path], as_json: bool) -> None:
    """Print the names of the files that were written."""
    if as_json:
        typer.echo(json.dumps({"written": [str(file) for file in files]}, ensure_ascii=False))
        return
    for file in files:
        typer.echo(f"written: {file}")


def describe_counts(places: int, points: int, companies: int) -> str:
    """`93 places, 80 points, 4 companies`."""
    return f"{places} places, {points} points, {companies} companies"


def _problems_text(draft: Draft, problems: list[Problem]) -> str:
    lines = [f"{problem.severity}: {problem}" for problem in problems]
    errors = len(errors_of(problems))
    counts = describe_counts(len(draft.places), len(draft.points), len(draft.companies))
    lines.append(f"{counts}: {errors} errors, {len(problems) - errors} warnings")
    return "\n".join(lines)


def _problems_json(draft: Draft, problems: list[Problem]) -> str:
    errors = len(errors_of(problems))
    shown = {
        "places": len(draft.places),
        "points": len(draft.points),
        "companies": len(draft.companies),
        "errors": errors,
        "warnings": len(problems) - errors,
        "problems": [
            {"severity": problem.severity, "code": problem.code, "where": problem.where, "text": problem.text}
            for problem in problems
        ],
    }
    return json.dumps(shown, ensure_ascii=False, indent=2)


def _draw(tree: PlaceTree, place: Place, depth: int | None) -> Iterator[str]:
    """One line a place, with the branches of a tree before it; depth-first without recursion."""
    waiting = [(place, "", "", 0)]
    while waiting:
        here, lead, branch, level = waiting.pop()
        yield lead + branch + _title(tree, here)
        children = tree.children(here.id)
        beneath = lead + {"": "", "├─ ": "│  ", "└─ ": "   "}[branch]
        if depth is not None and level >= depth:
            continue
        marks = ["├─ "] * (len(children) - 1) + ["└─ "] * bool(children)
        waiting += reversed(
            [(child, beneath, mark, level + 1) for child, mark in zip(children, marks, strict=True)]
        )


def _title(tree: PlaceTree, place: Place) -> str:
    parts = [place.name_zh, place.name_en, f"({LEVEL_ZH[place.level]} {place.level}: {place.id})"]
    parts += [f"#{tag}" for tag in place.tags]
    own = len(tree.points_at(place.id))
    if own:
        parts.append(f"· {own} points")
    return " ".join(part for part in parts if part)


def _node(tree: PlaceTree, place: Place, depth: int | None) -> dict[str, Any]:
    left = None if depth is None else depth - 1
    children = tree.children(place.id) if depth is None or depth > 0 else ()
    return {
        "id": place.id,
        "level": place.level,
        "name_zh": place.name_zh,
        "name_en": place.name_en,
        "tags": place.tags,
        "points": [
            {"id": point.id, "kind": point.kind, "name_zh": point.name_zh, "location": point.location}
            for point in tree.points_at(place.id)
        ],
        "children": [_node(tree, child, left) for child in children],
    }


CHECK_HELP = """Check places; every problem names its file and line (or feature) and says what to do.

Leaves with 1 when there is an error; warnings alone leave with 0.

\b
Examples:
  redwhistle places check city.geojson
  redwhistle places check city-csv/ --json
"""
TREE_HELP = """Print the tree of places.

\b
Examples:
  redwhistle places tree city.geojson --depth 3
  redwhistle places tree city.geojson --at jinyuan
"""
CONVERT_HELP = """Convert places between one GeoJSON file and a folder of CSV tables; nothing is lost on the way.

\b
Examples:
  redwhistle places convert city.geojson city-csv
  redwhistle places convert city-csv city.geojson --overwrite
"""
