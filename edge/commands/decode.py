"""`redwhistle-edge decode …`: what bytes from a device say."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from edge.options import EXIT_PROBLEM, fail, print_json
from redwhistle.errors import ConfigurationError, RedWhistleError

app = typer.Typer(help="What bytes from a device say.", no_args_is_help=True)
MAX_DUMP_BYTES = 1024 * 1024


def attach(root: typer.Typer) -> None:
    """Add `decode` to the root command."""
    root.add_typer(app, name="decode")


@app.command("gbt26875", epilog="Example: redwhistle-edge decode gbt26875 --hex '40 40 01 00 …' --json")
def decode_gbt26875(
    text: Annotated[str | None, typer.Option("--hex", help="The frame in hex; blanks do not matter.")] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file", help="A file with frames, in hex or as they are; - for standard input.", allow_dash=True
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a frame and line, for scripts.")
    ] = False,
) -> None:
    """Decode frames of fire panels (GB/T 26875.3); without --hex and --file from standard input. Exit 1 on a bad one."""
    from edge.agent.gbt26875.describe import describe_frame, frame_lines
    from edge.agent.gbt26875.dump import read_dump, split_frames

    if text is not None and file is not None:
        raise typer.BadParameter("give --hex or --file, not both")
    try:
        for number, frame in enumerate(split_frames(read_dump(_given_bytes(text, file)))):
            if as_json:
                print_json(describe_frame(frame))
            else:
                typer.echo("\n".join([""] * bool(number) + frame_lines(frame)))
    except RedWhistleError as error:
        fail(error, EXIT_PROBLEM, as_json=as_json)


def _given_bytes(text: str | None, file: Path | None) -> bytes:
    if text is not None:
        return text.encode()
    try:
        if file is None or str(file) == "-":
            return sys.stdin.buffer.read(MAX_DUMP_BYTES + 1)
        with file.open("rb") as opened:
            return opened.read(MAX_DUMP_BYTES + 1)
    except OSError as error:
        fail(ConfigurationError(f"the frames cannot be read: {error}"), EXIT_PROBLEM)
