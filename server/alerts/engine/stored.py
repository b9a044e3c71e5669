"""The state as text: canonical JSON (sorted keys, no spaces, ASCII), so that equal states are equal bytes."""

import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

from redwhistle.errors import Malformed
from server.alerts.engine.state import (
    BoxSeen,
    Known,
    Level,
    Mark,
    OpenAlert,
    Seen,
    SilenceHeld,
    SiteState,
    Told,
)
from server.alerts.model import Certainty, Hazard, Quiet, Severity

V = TypeVar("V")
_TABLES = ("alerts", "levels", "seen", "boxes", "windows", "silences", "told", "failed")


def dump(state: SiteState) -> str:
    """Raise nothing; floats that are no numbers are kept as Python's JSON writes them (this text is for `load`)."""
    document: dict[str, Any] = {
        "site": state.site,
        "exercise": state.exercise,
        "pack": state.pack,
        "raised": state.raised,
        "wake_at_ms": state.wake_at_ms,
    }
    for name in _TABLES:
        table = getattr(state, name)
        if table:
            document[name] = {key: _plain(value) for key, value in table.items()}
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def load(text: str) -> SiteState:
    """A dumped state, also of another version: what cannot be read in it is left out, the rest is kept.

    Raise Malformed when nothing can be read: the caller then starts a new state and says so.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Malformed(
            f"the engine's state is not JSON ({error}); start a new one for this site"[:300]
        ) from error
    if not isinstance(document, dict) or not isinstance(document.get("site"), str):
        raise Malformed("this text is no state of the engine; start a new one for this site")
    try:
        return _read(document)
    except (TypeError, ValueError, OverflowError) as error:
        raise Malformed(
            f"the engine's state cannot be read ({error}); start a new one for this site"
        ) from error


def hot_of(levels: Mapping[str, Level]) -> frozenset[tuple[str, str]]:
    """The (device, metric) pairs of all levels."""
    return frozenset((level.known.device, level.metric) for level in levels.values())


def _read(document: Mapping[str, Any]) -> SiteState:
    levels = _table(document, "levels", _level)
    return SiteState(
        site=document["site"],
        exercise=_text(document.get("exercise", "")),
        pack=_text(document.get("pack", "")),
        raised=_whole(document.get("raised", 0)),
        wake_at_ms=_maybe(document.get("wake_at_ms")),
        alerts=_table(document, "alerts", _alert),
        levels=levels,
        seen=_table(document, "seen", _seen),
        boxes=_table(document, "boxes", _box),
        windows=_table(document, "windows", _marks),
        silences=_table(document, "silences", _silence),
        told=_table(document, "told", lambda row: Told(*(_whole(value) for value in row))),
        failed=_table(document, "failed", _text),
        hot=hot_of(levels),
    )


def _plain(value: Any) -> Any:
    """Values as lists in the order of their fields: short, and read by the functions below."""
    if is_dataclass(value):
        return [_plain(getattr(value, part.name)) for part in fields(value)]
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return value


def _table(document: Mapping[str, Any], name: str, read: Callable[[Any], V]) -> dict[str, V]:
    rows = document.get(name)
    found: dict[str, V] = {}
    if not isinstance(rows, dict):
        return found
    for key, row in rows.items():
        try:
            found[key] = read(row)
        except (TypeError, ValueError, IndexError, KeyError, AttributeError, OverflowError):
            continue  # written by another version: better to go on with the rest than to stop judging alarms
    return found


def _alert(row: Any) -> OpenAlert:
    (
        identity,
        hazard,
        severity,
        certainty,
        place,
        path,
        rule,
        device,
        raised,
        count,
        told,
        cool,
        quiet,
        by,
    ) = row[:14]
    sources, holds, sticky = row[14:17]
    return OpenAlert(
        _text(identity),
        Hazard(hazard),
        Severity(severity),
        Certainty(certainty),
        _text(place),
        _texts(path),
        _text(rule),
        _text(device),
        _whole(raised),
        _whole(count),
        _maybe(told),
        _whole(cool),
        None if quiet is None else Quiet(quiet),
        _text(by),
        _texts(sources),
        _texts(holds),
        sticky is not False,
    )


def _level(row: Any) -> Level:
    metric, since, last, value, limit, severity, due, item, known = row[:9]
    return Level(
        _text(metric),
        _whole(since),
        _whole(last),
        float(value),
        float(limit),
        Severity(severity),
        _maybe(due),
        _text(item),
        _known(known),
    )


def _seen(row: Any) -> Seen:
    at, due, silence, missing, rule, known = row[:6]
    return Seen(_whole(at), _maybe(due), _whole(silence), missing is True, _text(rule), _known(known))


def _box(row: Any) -> BoxSeen:
    online, at, due, lost, reason, known = row[:6]
    return BoxSeen(online is True, _whole(at), _maybe(due), lost is True, _text(reason), _known(known))


def _marks(row: Any) -> tuple[Mark, ...]:
    return tuple(
        Mark(_whole(at), _text(device), _text(item), _text(kind), _text(place), _texts(path), _whole(step))
        for at, device, item, kind, place, path, step in row
    )


def _silence(row: Any) -> SilenceHeld:
    identity, matchers, start, end, approved, at = row[:6]
    pairs = tuple((_text(key), _text(value)) for key, value in matchers)
    return SilenceHeld(_text(identity), pairs, _whole(start), _whole(end), approved is True, _whole(at))


def _known(row: Any) -> Known:
    device, box, kind, place, path, tags, timezone = row[:7]
    return Known(
        _text(device), _text(box), _text(kind), _text(place), _texts(path), _texts(tags), _text(timezone)
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _texts(values: Any) -> tuple[str, ...]:
    if not isinstance(values, list):
        raise TypeError("not a list")
    return tuple(_text(value) for value in values)


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("not a whole number")
    return value


def _maybe(value: Any) -> int | None:
    return None if value is None else _whole(value)
