"""`redwhistle alert …`: what the engine decided, why it fired, and why nobody was told."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from redwhistle.errors import RulesError
from server import words
from server.alerts import rules
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
from server.store.connection import Connection, connect
from server.store.reading import Row
from server.words import Lang

alert_app = typer.Typer(
    no_args_is_help=True, help="Alerts: what was decided, and why. 告警：为何报警，为何没有通知。"
)


def attach(app: typer.Typer) -> None:
    """Add `alert` to the root command."""
    app.add_typer(alert_app, name="alert")


@alert_app.command("list")
def list_alerts(
    at: Annotated[
        str | None, typer.Option("--at", metavar="PLACE", help="Only at this place and below.")
    ] = None,
    closed: Annotated[bool, typer.Option("--all", help="Closed alerts, too.")] = False,
    exercise: Annotated[str, typer.Option(help="Alerts of this exercise instead of real ones.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=reading.MAX_ROWS, help="At most this many.")] = 200,
    lang: LangOption = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """List alerts, the newest first.

    Example: redwhistle alert list --at jinyuan --all
    """
    with connect(Settings.read(database_url=database_url).database, name="cli") as connection:
        found = reading.list_alerts(connection, at=at, exercise=exercise, closed=closed, limit=limit)
    if as_json:
        print_json({"alerts": found})
        return
    spoken, now = pick_lang(lang), datetime.now(UTC)
    if not found:
        typer.echo("没有告警" if spoken is Lang.ZH else "There are no alerts.")
        return
    headers = (
        ("告警", "等级", "险情", "可信度", "地点", "规则", "次数", "任务", "已过")
        if spoken is Lang.ZH
        else ("Alert", "Grade", "Hazard", "Certainty", "Place", "Rule", "Count", "Item", "Age")
    )
    print_table(headers, [_cells(row, now, spoken) for row in found])


@alert_app.command()
def show(
    number: Annotated[str, typer.Argument(metavar="N", help="The alert's number (or id).")],
    why: Annotated[
        bool, typer.Option("--why", help="The rule in plain words, sources, values and limits.")
    ] = False,
    lang: LangOption = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Show an alert's timeline; with --why, why it fired and why nobody was told of the rest.

    Example: redwhistle alert show 12 --why
    """
    now = datetime.now(UTC)
    with connect(Settings.read(database_url=database_url).database, name="cli") as connection:
        alert = reading.read_alert(connection, number, now)
        explained = _explain(connection, alert) if why or as_json else None
    if as_json:
        quiet = [
            entry
            for entry in (*alert["log"], *alert["suppressed"])
            if entry.get("quiet") or entry.get("reason")
        ]
        told = {"quiet": [_quiet(entry) for entry in quiet], "rule_in_words": explained}
        print_json({**alert, **told})
        return
    spoken = pick_lang(lang)
    for text in [*_head(alert, spoken), *_timeline(alert, spoken, why=why)]:
        typer.echo(clean(text))
    if why:
        for text in [*_rule(alert, explained, spoken), *_why_nobody(alert, spoken)]:
            typer.echo(clean(text))


def _cells(row: Row, now: datetime, lang: Lang) -> list[str]:
    return [
        str(row["number"]),
        words.SIGNS.get(row["severity"], str(row["severity"])),
        words.word(words.HAZARDS, row["hazard"], lang),
        words.word(words.CERTAINTIES, row["certainty"], lang),
        words.place_path(row["path"], lang),
        row["rule"],
        f"×{row['count']}",
        f"#{row['item_number']} {words.word(words.STATES, row['item_state'], lang)}",
        age(row["raised_at"], now),
    ]


def _head(alert: Row, lang: Lang) -> list[str]:
    zh = lang is Lang.ZH
    exercise = f"[{'演练' if zh else 'drill'} {alert['exercise']}] " if alert["exercise"] else ""
    hazard = words.word(words.HAZARDS, alert["hazard"], lang)
    certainty = words.word(words.CERTAINTIES, alert["certainty"], lang)
    sign = words.SIGNS.get(alert["severity"], str(alert["severity"]))
    place = words.place_path(alert["path"], lang)
    state = words.word(words.STATES, alert["item_state"], lang)
    owner = f" {alert['item_owner']}" if alert["item_owner"] else ""
    lines = [
        f"{'告警' if zh else 'Alert'} {alert['number']}  {exercise}{sign} {hazard} ({certainty})  {place}  ×{alert['count']}",
        f"{'任务' if zh else 'Work item'} #{alert['item_number']}  {state}{owner}  {'网格' if zh else 'grid'} {alert['grid']}",
    ]
    if alert["late_ms"] >= 1000:
        late = alert["late_ms"] // 1000
        lines.append(f"迟到 {late} 秒才收到" if zh else f"It reached the server {late} s late.")
    if alert["linked"]:
        numbers = ", ".join(str(number) for number in alert["linked"])
        lines.append(f"同源告警：{numbers}" if zh else f"Alerts of the same cause: {numbers}")
    return lines


def _timeline(alert: Row, lang: Lang, *, why: bool) -> list[str]:
    zh = lang is Lang.ZH
    lines = [
        "",
        "时间线（发生时间 / 处理时间）" if zh else "Timeline (when it happened / when the server took it)",
    ]
    for entry in alert["log"]:
        what = words.word(words.DECISIONS, entry["decision"], lang)
        parts = [clock_time(entry["happened_at"]), clock_time(entry["at"]), entry["device"] or "-", what]
        if entry["quiet"]:
            parts.append(
                f"({'未通知' if zh else 'nobody told'}: {words.word(words.QUIETS, entry['quiet'], lang)})"
            )
        lines.append("  ".join(parts))
        if why:
            lines.extend(f"    {text}" for text in _why_lines(entry["why"], lang))
    return lines


_SHOWN_APART = frozenset({"title", "sources", "linked", "pack", "type"})


def _why_lines(why: Any, lang: Lang) -> list[str]:
    if not isinstance(why, Mapping):
        return []
    zh = lang is Lang.ZH
    lines = []
    facts = {key: value for key, value in why.items() if key not in _SHOWN_APART}
    if facts:
        lines.append(", ".join(f"{key}={_brief(value)}" for key, value in facts.items()))
    for source in why.get("sources") or []:
        text = (
            ", ".join(f"{k}={_brief(v)}" for k, v in source.items())
            if isinstance(source, Mapping)
            else str(source)
        )
        lines.append(f"{'来源' if zh else 'source'}: {text}")
    return lines


def _brief(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k}={_brief(v)}" for k, v in value.items()) + "}"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _rule(alert: Row, explained: dict[str, str] | None, lang: Lang) -> list[str]:
    zh = lang is Lang.ZH
    titles = [e["why"].get("title") for e in alert["log"] if isinstance(e["why"], Mapping)]
    title = next((t[lang.value] for t in titles if isinstance(t, Mapping) and lang.value in t), "")
    head = f"{'规则' if zh else 'Rule'} {alert['rule']} {title} ({'规则包' if zh else 'pack'} {alert['pack']} {alert['pack_hash'][:12]})"
    return ["", head, *([explained[lang.value]] if explained else [])]


def _explain(connection: Connection, alert: Row) -> dict[str, str] | None:
    """The rule in plain words, from the very pack that decided; None for built-in rules."""
    stored = reading.read_pack_source(connection, alert["pack_hash"])
    if stored is None:
        return None
    try:
        pack = rules.load_pack(stored[1], name=stored[0])
    except RulesError:
        return None  # written for another version of the program
    spec = next((spec for spec in pack.spec.rules if spec.id == alert["rule"]), None)
    if spec is None:
        return None
    zh, en = rules.explain(spec)
    return {"zh": zh, "en": en}


def _why_nobody(alert: Row, lang: Lang) -> list[str]:
    zh = lang is Lang.ZH
    quiet = [entry for entry in alert["log"] if entry["quiet"]]
    lines = ["", "为何没有通知" if zh else "Why nobody was told"]
    if not quiet and not alert["suppressed"]:
        return [*lines, "每次都通知了" if zh else "Every decision was announced."]
    for entry in quiet:
        by = f" ({entry['quiet_by']})" if entry["quiet_by"] else ""
        lines.append(f"{clock_time(entry['at'])}  {words.word(words.QUIETS, entry['quiet'], lang)}{by}")
    for entry in alert["suppressed"]:
        detail = f"  {entry['rule']} {entry['detail']}".rstrip()
        reason = words.word(words.QUIETS, entry["reason"], lang)
        lines.append(f"{clock_time(entry['at'])}  {entry['device']}  {reason}{detail}")
    return lines


def _quiet(entry: Row) -> dict[str, Any]:
    code = entry.get("quiet") or entry.get("reason")
    return {
        "at": entry["at"],
        "device": entry["device"],
        "code": code,
        "text": words.both(words.QUIETS, code),
    }
