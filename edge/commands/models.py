"""`redwhistle-edge models …`: the models that cameras look with: what there is, whether it is whole, how fast, how good."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge.options import EXIT_CONFIGURATION, EXIT_PROBLEM, AsJson, fail, print_json
from redwhistle.errors import ConfigurationError, RedWhistleError

if TYPE_CHECKING:
    from edge.agent.detectors.manifest import ModelEntry, ModelTask
    from edge.agent.detectors.models import OpenedModel

app = typer.Typer(help="The models that cameras look with.", no_args_is_help=True)
evaluation = typer.Typer(help="How good a model is, over labelled pictures.", no_args_is_help=True)
app.add_typer(evaluation, name="eval")

Folder = Annotated[
    Path | None,
    typer.Option(
        "--models", help="A folder with a manifest.toml; default: the models that come with the box."
    ),
]
Name = Annotated[str | None, typer.Option("--model", help="One model of the manifest, by its name.")]
Root = Annotated[Path, typer.Option("--root", help="The folder from which the list's file names count.")]
Where = Annotated[
    list[str] | None,
    typer.Option("--where", help="Only lines with COLUMN=VALUE; may be given again, all must hold."),
]
Threads = Annotated[int, typer.Option("--threads", min=1, max=2, help="Threads of one run.")]


def attach(root: typer.Typer) -> None:
    """Add `models` to the root command."""
    root.add_typer(app, name="models")


@app.command("list", epilog="Example: redwhistle-edge models list --json")
def list_models(folder: Folder = None, as_json: AsJson = False) -> None:
    """The manifest's models; * marks those that `auto` takes."""
    from edge.agent.detectors.manifest import read_manifest

    place = _folder(folder)
    try:
        manifest = read_manifest(place)
    except RedWhistleError as error:
        fail(error, EXIT_CONFIGURATION, as_json=as_json)
    told = [{**_describe(e), "auto": manifest.find(e.task) == e} for e in manifest.model]
    if as_json:
        print_json({"folder": str(place), "models": told})
        return
    if not told:
        typer.echo(f"no models in {place}; cameras count moving regions")
    for each in told:
        mark = "*" if each["auto"] else " "
        typer.echo(
            f"{mark} {each['task']:7}{each['name']} {each['version']}  {each['kind']}, {each['precision']}"
        )


@app.command("verify", epilog="Example: redwhistle-edge models verify --models /etc/redwhistle/models --json")
def verify_models(folder: Folder = None, name: Name = None, as_json: AsJson = False) -> None:
    """Is each model the file that the manifest names, does it open and run? Exit 1 when one does not."""
    from edge.agent.detectors.trial import check_models

    try:
        checks = check_models(_folder(folder), name)
    except RedWhistleError as error:
        fail(error, EXIT_CONFIGURATION, as_json=as_json)
    bad = any(check.problem is not None for check in checks)
    if as_json:
        told = [
            {
                "name": check.entry.name,
                "ok": check.problem is None,
                "bytes": check.size_bytes,
                "problem": check.problem,
            }
            for check in checks
        ]
        print_json({"ok": not bad, "models": told})
    else:
        for check in checks:
            typer.echo(
                f"{'OK' if check.problem is None else 'BAD':4}{check.entry.title}" + _after(check.problem)
            )
    if bad:
        raise typer.Exit(EXIT_PROBLEM)


@app.command(
    "bench", epilog="Example: redwhistle-edge models bench --threads 1 --size 640x360 --compare --json"
)
def bench_models(
    folder: Folder = None,
    name: Name = None,
    threads: Threads = 1,
    size: Annotated[str, typer.Option("--size", help="Of the frame, pixels.", metavar="WxH")] = "640x360",
    rounds: Annotated[int, typer.Option("--rounds", min=1, max=10_000, help="Frames a model.")] = 50,
    compare: Annotated[
        bool, typer.Option("--compare", help="Also each variant's time as a share of its original's.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Milliseconds a frame on this machine, p50 and p95: preparing, tiles, the run, decoding. Exit 1 on a bad model."""
    from edge.agent.detectors.manifest import read_manifest
    from edge.agent.detectors.trial import choose_entries
    from edge.measuring.timing import sample_frame, time_models

    place = _folder(folder)
    try:
        sides = _parse_size(size)
        manifest = read_manifest(place)
        chosen = choose_entries(manifest, name)
        if compare:
            originals = {each.variant_of for each in chosen} - {each.name for each in chosen}
            chosen += tuple(each for each in manifest.model if each.name in originals)
    except RedWhistleError as error:
        fail(error, EXIT_CONFIGURATION, as_json=as_json)
    try:
        opened = [_open(place, entry, threads) for entry in chosen]
        times = {each.name: each for each in time_models(opened, sample_frame(*sides), rounds)}
    except RedWhistleError as error:
        fail(error, EXIT_PROBLEM, as_json=as_json)
    told = []
    for entry in chosen:
        figures = asdict(times[entry.name])
        if compare and entry.variant_of is not None:
            figures["of_original"] = times[entry.name].p50_ms / times[entry.variant_of].p50_ms
        told.append({key: round(v, 3) if isinstance(v, float) else v for key, v in figures.items()})
    if as_json:
        print_json({"threads": threads, "width_px": sides[0], "height_px": sides[1], "models": told})
        return
    for each in told:
        line = f"{each['name']}: p50 {each['p50_ms']} ms, p95 {each['p95_ms']} ms a frame ({each['inputs']} inputs"
        line += f", bare run {each['run_p50_ms']} ms)"
        typer.echo(line + (f", {each['of_original']} of its original" if "of_original" in each else ""))


@evaluation.command(
    "fire",
    epilog="Example: redwhistle-edge models eval fire --labels labels.csv --root pictures --where split=val --json",
)
def eval_fire(
    labels: Annotated[Path, typer.Option("--labels", help="CSV: file,label (fire, smoke, normal).")],
    root: Root,
    folder: Folder = None,
    name: Name = None,
    where: Where = None,
    threads: Threads = 1,
    as_json: AsJson = False,
) -> None:
    """How well flame and smoke are told from the rest. A picture's score: the largest P(flame) + P(smoke) of its tiles.

    Exit 1 when no picture could be read.
    """
    from edge.measuring.fire import score_pictures, summarise_fire
    from edge.measuring.pictures import parse_where, read_picture, read_rows

    try:
        rows = read_rows(labels, "label", parse_where(where or []))
        model = _model_for("fire", _folder(folder), name, threads)
        if model is None:
            raise ConfigurationError("the manifest has no model for fire")
    except RedWhistleError as error:
        fail(error, EXIT_CONFIGURATION, as_json=as_json)
    try:
        run = score_pictures(model, rows, partial(read_picture, root), _progress())
    except RedWhistleError as error:
        fail(error, EXIT_PROBLEM, as_json=as_json)
    summary = summarise_fire(run, model.entry.score_min)
    _show({"model": model.entry.title, **summary}, run.unreadable, as_json)


@evaluation.command(
    "people",
    epilog="Example: redwhistle-edge models eval people --counts counts.csv --root . --coco annotations.json --json",
)
def eval_people(
    counts: Annotated[Path, typer.Option("--counts", help="CSV: file,count.")],
    root: Root,
    coco: Annotated[
        Path | None, typer.Option("--coco", help="COCO annotations; without them there is no ap50.")
    ] = None,
    mode: Annotated[
        str, typer.Option("--mode", help="people, crowd or auto, as a camera's setting.")
    ] = "auto",
    folder: Folder = None,
    name: Name = None,
    where: Where = None,
    threads: Threads = 1,
    as_json: AsJson = False,
) -> None:
    """How well people are counted at the manifest's threshold, and found (AP at IoU 0.5, 101 points).

    --model names another model for people. Exit 1 when no picture could be read.
    """
    from edge.agent.policy.handover import CountMode
    from edge.measuring.coco import read_people
    from edge.measuring.people import StillCounter, count_pictures, parse_mode, summarise_people
    from edge.measuring.pictures import parse_where, read_picture, read_rows

    try:
        chosen = parse_mode(mode)
        rows = read_rows(counts, "count", parse_where(where or []))
        truths = {} if coco is None else read_people(coco)
        place = _folder(folder)
        people = _model_for("people", place, name, threads)
        crowd = None if chosen is CountMode.PEOPLE else _model_for("crowd", place, None, threads)
        counter = StillCounter(chosen, people, crowd)
        run = count_pictures(counter, rows, partial(read_picture, root), truths, _progress())
    except ConfigurationError as error:
        fail(error, EXIT_CONFIGURATION, as_json=as_json)
    except RedWhistleError as error:
        fail(error, EXIT_PROBLEM, as_json=as_json)
    summary = summarise_people(run, chosen, None if people is None else people.entry.score_min)
    titles = [each.entry.title for each in (people, crowd) if each is not None]
    _show({"model": ", ".join(titles), **summary}, run.unreadable, as_json)


def _folder(folder: Path | None) -> Path:
    from edge.agent.detectors.manifest import MANIFEST
    from edge.agent.detectors.shipped import shipped_models

    place = shipped_models() if folder is None else folder
    if not (place / MANIFEST).is_file():
        fail(
            ConfigurationError(f"{place}: there is no {MANIFEST}; give the models' folder with --models"),
            EXIT_CONFIGURATION,
        )
    return place


def _model_for(task: "ModelTask", place: Path, name: str | None, threads: int) -> "OpenedModel | None":
    """The manifest's own model and no stand-in: figures must be of the model they name."""
    from edge.agent.detectors.manifest import read_manifest

    manifest = read_manifest(place)
    entry = manifest.find(task, name)
    if entry is None and name is not None:
        raise ConfigurationError(f"there is no model {name!r} for {task} in the manifest")
    return None if entry is None else _open(place, entry, threads)


def _open(place: Path, entry: "ModelEntry", threads: int) -> "OpenedModel":
    import cv2

    from edge.agent.detectors.manifest import read_model
    from edge.agent.detectors.models import OpenedModel
    from edge.agent.detectors.trial import open_session

    cv2.setNumThreads(threads)
    return OpenedModel(entry, open_session(entry, read_model(place, entry), threads))


def _describe(entry: "ModelEntry") -> dict[str, object]:
    keys = {
        "name",
        "version",
        "task",
        "kind",
        "file",
        "precision",
        "variant_of",
        "licence",
        "card",
        "score_min",
        "metrics",
    }
    return entry.model_dump(mode="json", include=keys)


def _parse_size(size: str) -> tuple[int, int]:
    width, _, height = size.partition("x")
    if not (
        width.isdecimal() and height.isdecimal() and 16 <= int(width) <= 8192 and 16 <= int(height) <= 8192
    ):
        raise ConfigurationError(f"--size is WIDTHxHEIGHT in pixels, 16 to 8192, not {size!r}")
    return int(width), int(height)


def _progress() -> Callable[[int, int], None]:
    """On a terminal a counter, elsewhere a line each thousand pictures; on standard error."""
    terminal = sys.stderr.isatty()

    def show(done: int, total: int) -> None:
        if terminal:
            typer.echo(f"\r{done}/{total}", err=True, nl=False)
        elif done and done % 1000 == 0:
            typer.echo(f"{done}/{total}", err=True)

    return show


def _show(summary: dict[str, object], unreadable: tuple[str, ...], as_json: bool) -> None:
    for file in unreadable:
        typer.echo(f"cannot be read as a picture: {file}", err=True)
    rounded = {key: _rounded(value) for key, value in summary.items()}
    if as_json:
        print_json(rounded)
    else:
        for line in _lines(rounded):
            typer.echo(line)
    if not summary["n"]:
        typer.echo("no picture could be read; check --root and the list", err=True)
        raise typer.Exit(EXIT_PROBLEM)


def _lines(figures: dict[str, object], indent: str = "") -> Iterator[str]:
    """A figure a line; those of a label or a source under its name."""
    for key, value in figures.items():
        if isinstance(value, dict):
            yield f"{indent}{key}:"
            yield from _lines(value, indent + "  ")
        else:
            yield f"{indent}{key:16} {'none' if value is None else value}"


def _rounded(value: object) -> object:
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    return round(value, 5) if isinstance(value, float) else value


def _after(problem: str | None) -> str:
    return "" if problem is None else f": {problem}"
