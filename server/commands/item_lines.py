"""A work item as people and scripts see it: a line, the cells of a table, a JSON object."""

from datetime import datetime, timedelta
from typing import Any

from server import words
from server.alerts.work_item import Transition
from server.printing import age, clean, clock_time, span
from server.store.reading import Row
from server.words import Lang


def said(done: Transition, row: Row, now: datetime, lang: Lang) -> str:
    if done.entries:
        last = done.entries[-1]
        parts = [f"{last.actor}: {words.word(words.ACTS, last.act, lang)}", line(row, now, lang)]
    else:
        already = "早已如此，未作改动" if lang is Lang.ZH else "that is so already, nothing was changed"
        parts = [already, line(row, now, lang)]
    if row["lease_until"] is not None and row["closes_at"] is None:
        until = clock_time(row["lease_until"])
        parts.append(f"租约至 {until}" if lang is Lang.ZH else f"claim holds until {until}")
    if row["closes_at"] is not None:
        hint = f"redwhistle queue undo {row['number']} --as …"
        at = clock_time(row["closes_at"])
        parts.append(f"{at} 关闭；撤销：{hint}" if lang is Lang.ZH else f"closes at {at}; to undo: {hint}")
    return "\n".join(clean(part) for part in parts)


def shown(row: Row, now: datetime) -> dict[str, Any]:
    """One item for scripts: what is stored, with words in both languages and times in seconds."""
    stored = {key: value for key, value in row.items() if key != "history"}
    open_for = (row["closed_at"] or now) - row["opened_at"]
    return {
        **stored,
        "hazard_name": words.both(words.HAZARDS, row["hazard"]),
        "state_name": words.both(words.STATES, row["state"]),
        "place_name": {lang.value: words.place_path(row["path"], lang) for lang in Lang},
        "quiet_name": words.both(words.QUIETS, row["quiet"]) if row["quiet"] else None,
        "left_s": None if row["closed_at"] else round((row["deadline_at"] - now) / timedelta(seconds=1), 1),
        "open_s": round(open_for / timedelta(seconds=1), 1),
    }


def cells(row: Row, now: datetime, lang: Lang) -> list[str]:
    return [
        str(row["number"]),
        _sign(row),
        _hazard(row, lang),
        words.place_path(row["path"], lang),
        words.place_name({"name_zh": row["grid_zh"] or row["grid"], "name_en": row["grid_en"]}, lang),
        _state(row, lang),
        row["owner"] or row["closed_by"] or "",
        _left(row, now, lang),
        f"×{row['count']}",
        age(row["opened_at"], now),
    ]


def line(row: Row, now: datetime, lang: Lang) -> str:
    number, *others = cells(row, now, lang)
    return clean("  ".join([f"#{number}", *(cell for cell in others if cell)]))


def _sign(row: Row) -> str:
    return words.SIGNS.get(row["severity"], str(row["severity"]))


def _hazard(row: Row, lang: Lang) -> str:
    text = words.word(words.HAZARDS, row["hazard"], lang)
    if row["exercise"]:
        text = f"[{'演练' if lang is Lang.ZH else 'drill'} {row['exercise']}] {text}"
    return text


def _state(row: Row, lang: Lang) -> str:
    text = words.word(words.STATES, row["state"], lang)
    if row["state"] == "closed" and row["outcome"]:
        text = f"{text} ({words.word(words.STATES, row['outcome'], lang)})"
    if row["quiet"]:
        text += f" [{'未通知' if lang is Lang.ZH else 'nobody told'}: {row['quiet']}]"
    return text


def _left(row: Row, now: datetime, lang: Lang) -> str:
    if row["closed_at"] is not None:
        return ""
    left_s = (row["deadline_at"] - now) / timedelta(seconds=1)
    if left_s >= 0:
        return f"剩 {span(left_s)}" if lang is Lang.ZH else f"{span(left_s)} left"
    return f"+{span(left_s)} 超时" if lang is Lang.ZH else f"+{span(left_s)} overdue"


def detail_text(data: dict[str, Any]) -> str:
    return ", ".join(f"{key}={value}" for key, value in data.items() if value not in (None, "", []))
