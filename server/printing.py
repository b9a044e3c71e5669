"""How commands print: tables for people, JSON for scripts, times and spans in words."""

import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from server.words import Lang

DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database-url", help="postgresql://… [default: REDWHISTLE_DATABASE_URL]", show_default=False
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON, for scripts.")]
LangOption = Annotated[
    Lang | None,
    typer.Option(
        "--lang", help="zh or en [default: by LANG, Chinese unless it is English]", show_default=False
    ),
]
WIDE = 160
"""Columns where there is no terminal: a log or a pipe need not fold lines."""


def pick_lang(asked: Lang | None, environment: Mapping[str, str] | None = None) -> Lang:
    """The language asked for; else English where the system speaks English, Chinese otherwise."""
    if asked is not None:
        return asked
    environment = os.environ if environment is None else environment
    locale = next((environment[n] for n in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(n)), "")
    return Lang.EN if locale.lower().startswith("en") else Lang.ZH


def print_json(value: Any) -> None:
    """One JSON value on one line; times in ISO 8601."""
    typer.echo(json.dumps(value, ensure_ascii=False, default=_plain))


def print_table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table as wide as the terminal. Cells are text, never markup."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for header in headers:
        table.add_column(header, overflow="fold")
    for row in rows:
        table.add_row(*(Text(clean(cell)) for cell in row))
    width = shutil.get_terminal_size((WIDE, 50)).columns if sys.stdout.isatty() else WIDE
    Console(width=width, highlight=False, emoji=False).print(table)


def clean(text: str) -> str:
    """The text without characters that steer a terminal."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)


def span(seconds: float) -> str:
    """A span as people read it: 02:14 below an hour, then 3h05, then 2d4h."""
    whole = int(abs(seconds))
    if whole < 3600:
        return f"{whole // 60:02d}:{whole % 60:02d}"
    if whole < 86400:
        return f"{whole // 3600}h{whole % 3600 // 60:02d}"
    return f"{whole // 86400}d{whole % 86400 // 3600}h"


def age(moment: datetime | None, now: datetime) -> str:
    """How long ago; '-' for never."""
    return "-" if moment is None else span((now - moment) / timedelta(seconds=1))


def clock_time(moment: datetime | None) -> str:
    """Local date and time to the second; '-' for none."""
    return "-" if moment is None else f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
