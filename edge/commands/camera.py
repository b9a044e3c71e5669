"""`redwhistle-edge camera …`: is it the right stream, what does it see, and what would be decided over a recorded clip."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge.agent.sources.camera_settings import CameraSettings
from edge.options import EXIT_CONFIGURATION, EXIT_PROBLEM, AsJson, fail, load, print_json
from redwhistle.errors import ConfigurationError, RedWhistleError

if TYPE_CHECKING:
    from edge.settings import LoadedSettings
    from edge.viewing.analysis import Analysis

app = typer.Typer(help="Look through a camera; try a recorded clip.", no_args_is_help=True)

MaybeConfig = Annotated[
    Path | None, typer.Option("--config", "-c", help="The box's YAML file.", dir_okay=False)
]
Device = Annotated[
    str | None, typer.Option("--device", help="One of its cameras; needed where it has several.")
]


def attach(root: typer.Typer) -> None:
    """Add `camera` to the root command."""
    root.add_typer(app, name="camera")


@app.command(
    "probe", epilog="Example: redwhistle-edge camera probe rtsp://user:password@192.168.1.20/stream2"
)
def probe(
    url: Annotated[
        str | None, typer.Argument(help="Address, /dev/video…, or a file; or use --config.")
    ] = None,
    config: MaybeConfig = None,
    device: Device = None,
    seconds: Annotated[float, typer.Option("--seconds", min=1, max=120, help="Look for so long.")] = 5.0,
    as_json: AsJson = False,
) -> None:
    """Open a camera as the box would: size, rate, codec, delay, light, and what to change. Exit 1 when it gives nothing.

    On a command line every user of this machine can read a password: give it with --config where there are others.
    """
    from edge.viewing.probing import look_for

    if url is not None and config is None:
        settings = _camera_at(url, as_json)
    elif config is not None and url is None:
        settings = _camera_of(config, device, as_json)[0]
    else:
        raise typer.BadParameter("give an address or --config, not both and not neither")
    try:
        found = look_for(settings, seconds)
    except RedWhistleError as error:
        fail(error, EXIT_PROBLEM, as_json=as_json)
    if as_json:
        print_json({"ok": True, **found.to_json()})
    else:
        typer.echo("\n".join(found.lines()))


@app.command(
    "snapshot", epilog="Example: redwhistle-edge camera snapshot -c box.yaml --device cam-south --out pic.jpg"
)
def snapshot(
    config: Annotated[Path, typer.Option("--config", "-c", help="The box's YAML file.", dir_okay=False)],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where the JPEG goes.", dir_okay=False)],
    device: Device = None,
    as_json: AsJson = False,
) -> None:
    """One picture with zones, lines, masks and what is found, people blurred as in every picture that leaves a box."""
    from edge.fittings import build_models, detectors_of
    from edge.viewing.snapshot import take

    settings, box = _camera_of(config, device, as_json)
    try:
        _check_spare(out, (".jpg", ".jpeg"), Path(settings.url.get_secret_value()))
        detectors = detectors_of(settings, build_models(box.settings))
        taken = take(settings, detectors)
        _keep(out, taken.jpeg)
    except RedWhistleError as error:
        fail(error, EXIT_PROBLEM, as_json=as_json)
    if as_json:
        print_json({"ok": True, "out": str(out), **taken.to_json()})
    else:
        typer.echo(f"{out}: {taken.width_px}x{taken.height_px}, {taken.describe()}")


@app.command(
    "analyse", epilog="Example: redwhistle-edge camera analyse night.mp4 --config camera.yaml --json"
)
def analyse(
    clip: Annotated[Path, typer.Argument(help="A recorded video.")],
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="One camera's section in YAML, without url.", dir_okay=False),
    ] = None,
    models: Annotated[
        Path | None, typer.Option("--models", help="Models folder; default: the one that came along.")
    ] = None,
    every_frame: Annotated[
        bool, typer.Option("--every-frame", help="Look at each frame, not at analyse_fps.")
    ] = False,
    begins: Annotated[
        str, typer.Option("--begins", help="Local time of the clip's first frame, for rules of the night.")
    ] = "12:00",
    save: Annotated[
        Path | None,
        typer.Option("--save", help="Write an annotated video here, people blurred.", dir_okay=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """What the box would have decided over a clip, as fast as it can; times count from the clip's first frame."""
    from edge.agent.detectors.models import Models
    from edge.agent.detectors.shipped import shipped_models
    from edge.fittings import detectors_of
    from edge.viewing.analysing import ClipJob, analyse_clip, first_moment

    settings = _camera_for(clip, config, as_json)
    try:
        if save is not None:
            _check_spare(save, (".mp4",), clip)
        detectors = detectors_of(settings, Models(models or shipped_models()))
        job = ClipJob(
            settings,
            first_moment(begins, settings.rules),
            every_frame=every_frame,
            save=str(save) if save else None,
        )
        analysis = analyse_clip(
            job, detectors, None if as_json or not sys.stderr.isatty() else _tell_progress
        )
    except RedWhistleError as error:
        fail(error, EXIT_PROBLEM, as_json=as_json)
    if as_json:
        print_json(analysis.to_json())
    else:
        _print(analysis)


def _print(analysis: "Analysis") -> None:
    for event in analysis.events:
        typer.echo(event.line())
    typer.echo(analysis.summary())


def _tell_progress(clip_s: float, frames: int) -> None:
    typer.echo(f"\r{clip_s:8.1f} s  {frames} frames", err=True, nl=False)


def _camera_at(url: str, as_json: bool) -> CameraSettings:
    from edge.viewing.sections import check_section

    try:
        return check_section({"url": url}, "the address")
    except RedWhistleError as error:
        fail(error, EXIT_CONFIGURATION, as_json=as_json)


def _camera_of(config: Path, device: str | None, as_json: bool) -> "tuple[CameraSettings, LoadedSettings]":
    from edge.viewing.sections import choose_camera

    loaded = load(config)
    try:
        return choose_camera(loaded.settings.sources, device), loaded
    except RedWhistleError as error:
        fail(error, EXIT_CONFIGURATION, as_json=as_json)


def _camera_for(clip: Path, config: Path | None, as_json: bool) -> CameraSettings:
    from edge.viewing.sections import check_section, read_section

    try:
        section = {} if config is None else read_section(config)
        return check_section({**section, "url": str(clip)}, str(config or clip))
    except RedWhistleError as error:
        fail(error, EXIT_CONFIGURATION, as_json=as_json)


def _check_spare(out: Path, endings: tuple[str, ...], source: Path) -> None:
    """Raise ConfigurationError for a name that would overwrite what is looked at, or a file of another kind."""
    if out.suffix.lower() not in endings:
        raise ConfigurationError(f"{out}: give a name that ends with {endings[0]}")
    if out.exists() and source.exists() and out.samefile(source):
        raise ConfigurationError(f"{out}: this is what is looked at; give another name")


def _keep(out: Path, jpeg: bytes) -> None:
    try:
        out.write_bytes(jpeg)
    except OSError as error:
        raise ConfigurationError(
            f"{out}: cannot be written ({error.strerror}); give another --out"
        ) from error
