"""`redwhistle box …` and `redwhistle quarantine …`: what arrived from the boxes, what is missing, what was set aside."""

import base64
import re
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from redwhistle.contracts.ids import SLUG
from redwhistle.errors import ConfigurationError
from server.printing import (
    AsJson,
    DatabaseUrl,
    LangOption,
    age,
    clean,
    clock_time,
    pick_lang,
    print_json,
    print_table,
)
from server.settings import Settings
from server.store import reading
from server.store.connection import connect
from server.store.reading import Row
from server.words import Lang

box_app = typer.Typer(no_args_is_help=True, help="Boxes: online, clocks, gaps. 边缘盒：在线、时钟、缺口。")
quarantine_app = typer.Typer(
    no_args_is_help=True, help="What could not be stored as what it claims to be, with the reason. 隔离区。"
)
MAX_PREVIEW = 2000
CLOCK_OFF_MS = 5000
"""A clock that is further off than this is pointed out."""


def attach(app: typer.Typer) -> None:
    """Add `box` and `quarantine` to the root command."""
    app.add_typer(box_app, name="box")
    app.add_typer(quarantine_app, name="quarantine")


@box_app.command("list")
def list_boxes(
    at: Annotated[
        str | None, typer.Option("--at", metavar="PLACE", help="Only at this place and below.")
    ] = None,
    lang: LangOption = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """List boxes with what is missing of what they sent.

    Example: redwhistle box list --at jinchen
    """
    with connect(Settings.read(database_url=database_url).database, name="cli") as connection:
        found = reading.list_boxes(connection, at=at)
    if as_json:
        print_json({"boxes": found})
        return
    spoken, now = pick_lang(lang), datetime.now(UTC)
    if not found:
        typer.echo(
            "没有边缘盒：redwhistle box add BOX --site SITE"
            if spoken is Lang.ZH
            else "There are no boxes: redwhistle box add BOX --site SITE"
        )
        return
    headers = (
        ("边缘盒", "小区", "状态", "最后", "时钟", "缺口", "丢弃", "隔离", "提示")
        if spoken is Lang.ZH
        else ("Box", "Compound", "State", "Last seen", "Clock", "Missing", "Dropped", "Quarantined", "Note")
    )
    print_table(headers, [_cells(row, now, spoken) for row in found])


@box_app.command()
def show(
    box: Annotated[str, typer.Argument(metavar="BOX", help="The box's name.")],
    lang: LangOption = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Show one box: its clock, its devices, and each lane with its holes.

    Example: redwhistle box show jinyuan-1
    """
    with connect(Settings.read(database_url=database_url).database, name="cli") as connection:
        row = reading.read_box(connection, box)
    if as_json:
        print_json(row)
        return
    spoken, now = pick_lang(lang), datetime.now(UTC)
    for text in _described(row, now, spoken):
        typer.echo(clean(text))


@box_app.command()
def add(
    box: Annotated[str, typer.Argument(metavar="BOX", help="Its name: also its MQTT user and client id.")],
    site: Annotated[str, typer.Option(help="The compound that it serves.")],
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Register a box, or confirm one that was only seen so far. Doing it twice changes nothing.

    Example: redwhistle box add jinyuan-1 --site jinyuan
    """
    if not re.fullmatch(SLUG, box):
        raise ConfigurationError(
            f"{box[:60]!r} cannot be a box's name: use lower-case letters, digits, '.', '_', '-'"
        )
    with connect(Settings.read(database_url=database_url).database, name="cli") as connection:
        reading.add_box(connection, box, site)
    if as_json:
        print_json({"box": box, "site": site, "registered": True})
    else:
        typer.echo(f"{box} → {site}")


@quarantine_app.command("list")
def list_quarantine(
    box: Annotated[str | None, typer.Option(help="Only of this box.")] = None,
    settled: Annotated[bool, typer.Option("--all", help="Settled ones, too.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=reading.MAX_ROWS, help="At most this many.")] = 100,
    lang: LangOption = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """List what was set aside, the newest first.

    Example: redwhistle quarantine list --box jinyuan-1
    """
    with connect(Settings.read(database_url=database_url).database, name="cli") as connection:
        found = reading.list_quarantine(connection, box=box, settled=settled, limit=limit)
    if as_json:
        print_json({"quarantine": found})
        return
    spoken = pick_lang(lang)
    if not found:
        typer.echo("隔离区为空" if spoken is Lang.ZH else "Nothing is in quarantine.")
        return
    headers = (
        ("编号", "时间", "边缘盒", "通道", "序号", "原因", "说明", "字节")
        if spoken is Lang.ZH
        else ("No.", "When", "Box", "Lane", "Seq", "Code", "Detail", "Bytes")
    )
    rows = [
        [
            str(row["id"]),
            clock_time(row["at"]),
            row["box"] or "-",
            row["lane"] or "-",
            "-" if row["seq"] is None else str(row["seq"]),
            row["code"],
            row["detail"][:120],
            str(row["bytes"]),
        ]
        for row in found
    ]
    print_table(headers, rows)


@quarantine_app.command("show")
def show_quarantine(
    number: Annotated[int, typer.Argument(metavar="N", help="The number in `quarantine list`.")],
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Show one item that was set aside, with its bytes. With --json the payload is base64, whole.

    Example: redwhistle quarantine show 3 --json | jq -r .payload_base64 | base64 -d
    """
    with connect(Settings.read(database_url=database_url).database, name="cli") as connection:
        row = reading.read_quarantine(connection, number)
    payload: bytes = row.pop("payload")
    if as_json:
        print_json({**row, "payload_base64": base64.b64encode(payload).decode()})
        return
    for key, value in row.items():
        if value is not None:
            text = clock_time(value) if isinstance(value, datetime) else str(value)
            typer.echo(clean(f"{key}: {text}"))
    more = f" … ({len(payload) - MAX_PREVIEW} more bytes)" if len(payload) > MAX_PREVIEW else ""
    typer.echo(clean(payload[:MAX_PREVIEW].decode("utf-8", "backslashreplace")) + more)


def _cells(row: Row, now: datetime, lang: Lang) -> list[str]:
    lanes = row["lanes"]
    return [
        row["box"],
        row["site_zh"] if lang is Lang.ZH else row["site_en"] or row["site_zh"],
        _state(row, lang),
        age(row["last_seen_at"], now),
        _clock(row, lang),
        _sum(lanes, "missing"),
        _sum(lanes, "dropped"),
        _sum(lanes, "quarantined"),
        "; ".join(_notes(row, lang)),
    ]


def _state(row: Row, lang: Lang) -> str:
    zh = lang is Lang.ZH
    if row["online"]:
        return "在线" if zh else "online"
    if row["state_at"] is None:
        return "从未上线" if zh else "never seen online"
    reason = f" ({row['offline_reason']})" if row["offline_reason"] else ""
    return ("离线" if zh else "offline") + reason


def _clock(row: Row, lang: Lang) -> str:
    if row["clock_offset_ms"] is None:
        return "-"
    offset = f"{row['clock_offset_ms'] / 1000:+.1f} s"
    if row["clock_synced"]:
        return offset
    return offset + (" 未同步" if lang is Lang.ZH else " not synchronised")


def _notes(row: Row, lang: Lang) -> list[str]:
    zh = lang is Lang.ZH
    notes = []
    if row["twin_seen_at"] is not None:
        notes.append(
            "两台机器用同一个名字：给其中一台换名"
            if zh
            else "two machines use this name: give one of them another"
        )
    if not row["registered"]:
        hint = f"redwhistle box add {row['box']} --site {row['site']}"
        notes.append(f"未登记：{hint}" if zh else f"not registered: {hint}")
    if abs(row["clock_offset_ms"] or 0) > CLOCK_OFF_MS:
        notes.append("时钟不准" if zh else "its clock is off")
    return notes


def _described(row: Row, now: datetime, lang: Lang) -> list[str]:
    zh = lang is Lang.ZH
    lines = [
        f"{row['box']}  {row['site']}  {_state(row, lang)}  {'最后' if zh else 'last seen'} {age(row['last_seen_at'], now)}",
        f"{'时钟' if zh else 'clock'}: {_clock(row, lang)}   {'版本' if zh else 'version'}: {row['version'] or '-'}   {row['os'] or ''}",
        f"epoch: {row['epoch'] or '-'} ({'自' if zh else 'since'} {clock_time(row['epoch_since'])})",
        *_notes(row, lang),
        "",
    ]
    for lane in row["lanes"]:
        lines.extend(_lane(lane, now, lang))
    if row["device_list"]:
        lines += ["", "设备" if zh else "Devices"]
    for device in row["device_list"]:
        known = "" if device["announced"] else (" (未声明)" if zh else " (seen, but not announced)")
        parts = [
            device["device"],
            device["kind"],
            device["place"] or "-",
            device["label"] or "",
            device["model"] or "",
        ]
        lines.append("  ".join(part for part in parts if part) + known)
    return lines


def _lane(lane: Row, now: datetime, lang: Lang) -> list[str]:
    zh = lang is Lang.ZH
    old = "" if lane["current"] else (" 旧 epoch" if zh else f" of an earlier epoch {lane['epoch'][:8]}…")
    numbers = (
        f"连续存到 {lane['stored_up_to']}，最高 {lane['highest']}，丢弃 {lane['dropped']}，"
        f"隔离 {lane['quarantined']}，重复 {lane['duplicates']}，最后 {age(lane['last_at'], now)}"
        if zh
        else f"stored up to {lane['stored_up_to']}, highest {lane['highest']}, dropped {lane['dropped']}, "
        f"quarantined {lane['quarantined']}, duplicates {lane['duplicates']}, last {age(lane['last_at'], now)} ago"
    )
    lines = [f"{lane['lane']}{old}: {numbers}"]
    if lane["holes"]:
        shown = ", ".join(f"{first}–{last}" for first, last in lane["holes"][:20])
        more = " …" if len(lane["holes"]) > 20 else ""
        since = age(lane["hole_since"], now)
        lines.append(
            f"  缺口 {since}：{shown}{more}（共 {lane['missing']}）"
            if zh
            else f"  holes for {since}: {shown}{more} ({lane['missing']} items)"
        )
    return lines


def _sum(lanes: list[dict[str, Any]], key: str) -> str:
    return str(sum(lane[key] for lane in lanes))
