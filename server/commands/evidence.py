"""`redwhistle evidence …`: the blurred pictures of alarms, and who looked at them. Every look is recorded."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from redwhistle.errors import ConfigurationError
from server import words
from server.printing import (
    AsJson,
    DatabaseUrl,
    LangOption,
    clean,
    clock_time,
    pick_lang,
    print_json,
    print_table,
    span,
)
from server.rights.scope import Scope
from server.settings import Settings
from server.store import evidence as store
from server.store import reading
from server.store.connection import Connection, connect
from server.store.evidence import Look, Row
from server.words import Lang

evidence_app = typer.Typer(
    no_args_is_help=True,
    help="Evidence: blurred pictures of alarms, and who looked. 证据：已模糊的告警图片，及查看留痕。",
)
Item = Annotated[
    str | None, typer.Option("--item", metavar="N", help="Only of this work item (number or id).")
]
At = Annotated[str | None, typer.Option("--at", metavar="PLACE", help="Only at this place and below.")]
Limit = Annotated[int, typer.Option(min=1, max=store.MAX_ROWS, help="At most this many.")]


def attach(app: typer.Typer) -> None:
    """Add `evidence` to the root command."""
    app.add_typer(evidence_app, name="evidence")


@evidence_app.command("list")
def list_evidence(
    item: Item = None,
    at: At = None,
    exercise: Annotated[str, typer.Option(help="Of this exercise instead of real ones.")] = "",
    limit: Limit = 200,
    lang: LangOption = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """List pictures, the newest first. That is no look: the pictures themselves are not shown.

    Example: redwhistle evidence list --item 17

    Example: redwhistle evidence list --at jinyuan --json
    """
    now = datetime.now(UTC)
    with connect(
        Settings.read(database_url=database_url).database, name="cli", autocommit=True
    ) as connection:
        found = store.list_evidence(
            connection,
            Scope.ALL,
            now,
            item=_item_id(connection, item),
            at=_place(connection, at),
            exercise=None if item else exercise,
            limit=limit,
        )
    if as_json:
        print_json({"evidence": found})
        return
    spoken = pick_lang(lang)
    if not found:
        typer.echo("没有证据图片" if spoken is Lang.ZH else "There is no evidence.")
        return
    headers = (
        ("编号", "拍摄", "设备", "地点", "任务", "大小", "处理", "查看次数", "保存")
        if spoken is Lang.ZH
        else ("Id", "Taken", "Device", "Place", "Item", "Size", "Blurred", "Looks", "Kept")
    )
    print_table(headers, [_cells(row, now, spoken) for row in found])


@evidence_app.command()
def view(
    evidence: Annotated[
        str, typer.Argument(metavar="ID", help="The picture's id; `evidence list` shows it.")
    ],
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="A new file for the picture (JPEG).")],
    name: Annotated[
        str, typer.Option("--as", metavar="NAME", help="Your name: it is recorded that you looked.")
    ],
    item: Item = None,
    lang: LangOption = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Look at a picture: it is written to a file that only you can read, and your look is recorded first.

    Example: redwhistle evidence view 019a1b2c-3d4e-7f50-8a6b-7c8d9e0f1a2b --to fire.jpg --as zhangwei
    """
    if not name.strip():
        raise ConfigurationError("--as needs a name: every look is recorded")
    file = _new_file(to)
    try:
        with (
            os.fdopen(file, "wb") as target,
            connect(
                Settings.read(database_url=database_url).database, name="cli", autocommit=True
            ) as connection,
        ):
            look = Look(person=name.strip(), door="cli", item=_item_id(connection, item))
            jpeg = store.view(connection, Scope.ALL, evidence, look, datetime.now(UTC))
            target.write(jpeg)
    except BaseException:
        to.unlink(missing_ok=True)
        raise
    if as_json:
        print_json({"evidence": evidence, "file": str(to), "bytes": len(jpeg), "recorded_as": name.strip()})
        return
    told = (
        f"已保存到 {to}；已记录：{name.strip()} 查看了此图片。用完请删除。"
        if pick_lang(lang) is Lang.ZH
        else f"written to {to}; recorded that {name.strip()} looked. Delete it when you are done."
    )
    typer.echo(clean(told))


@evidence_app.command()
def views(
    evidence: Annotated[
        str | None, typer.Argument(metavar="ID", help="Only of this picture; all without it.")
    ] = None,
    person: Annotated[
        str | None, typer.Option("--by", metavar="NAME", help="Only looks of this person.")
    ] = None,
    at: At = None,
    limit: Limit = 200,
    lang: LangOption = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """List who looked at which picture, the newest first; of pictures that are gone, too.

    Example: redwhistle evidence views --by zhangwei
    """
    with connect(
        Settings.read(database_url=database_url).database, name="cli", autocommit=True
    ) as connection:
        found = store.list_views(
            connection,
            Scope.ALL,
            evidence=evidence,
            person=person,
            at=_place(connection, at),
            exercise=None,
            limit=limit,
        )
    if as_json:
        print_json({"views": found})
        return
    spoken = pick_lang(lang)
    if not found:
        typer.echo("没有人查看过" if spoken is Lang.ZH else "Nobody has looked.")
        return
    headers = (
        ("时间", "谁", "途径", "任务", "设备", "地点", "图片")
        if spoken is Lang.ZH
        else ("When", "Who", "By", "Item", "Device", "Place", "Picture")
    )
    print_table(headers, [_view_cells(row, spoken) for row in found])


def _cells(row: Row, now: datetime, lang: Lang) -> list[str]:
    left = (row["expires_at"] - now).total_seconds()
    kept = words.word(words.REMOVALS, row["removed_why"] or "expired", lang)
    if row["kept"]:
        kept = f"{span(left)} 后删除" if lang is Lang.ZH else f"deleted in {span(left)}"
    return [
        row["id"],
        clock_time(row["taken_at"]),
        row["device"],
        words.place_path(row["path"], lang),
        " ".join(f"#{item['number']}" for item in row["items"]),
        f"{row['bytes'] / 1024:.0f} KiB",
        words.word(words.METHODS, row["method"], lang),
        str(row["views"]),
        kept,
    ]


def _view_cells(row: Mapping[str, Any], lang: Lang) -> list[str]:
    return [
        clock_time(row["at"]),
        f"{row['person_name']} ({row['person']})" if row["person_name"] else row["person"],
        f"{row['door']} {row['address']}".strip(),
        f"#{row['item_number']}" if row["item_number"] is not None else "-",
        row["device"],
        words.place_path(row["path"], lang),
        row["evidence"],
    ]


def _item_id(connection: Connection, item: str | None) -> str | None:
    return None if item is None else str(reading.read_item(connection, item)["id"])


def _place(connection: Connection, at: str | None) -> str | None:
    if at is not None:
        reading.read_place(connection, at)
    return at


def _new_file(path: Path) -> int:
    """A new file that only its owner can read; raise ConfigurationError when it cannot be made or is there already."""
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConfigurationError(f"{path} is there already: name a new file") from None
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror or error}") from error
