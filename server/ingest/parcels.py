"""One MQTT message read: what in it can be stored, what must be set aside, and what was no envelope at all. Pure.

A bad item never takes its neighbours with it: where the whole does not validate, each item is tried by itself. What that
costs is bounded by the size of the message: nothing of it is read twice, and no item is kept together with all others.
"""

import json
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from redwhistle.contracts import codec
from redwhistle.contracts.envelope import Envelope
from redwhistle.contracts.events import Event
from redwhistle.contracts.ids import DeviceId, Lane, Seq
from redwhistle.contracts.readings import GapRecord, MetricName, ReadingColumns
from redwhistle.contracts.topics import Leaf, Topic
from redwhistle.contracts.wire import MAX_DATA_BYTES, MAX_ITEMS
from redwhistle.errors import ContractError, Malformed, TooLarge

_LEAF_OF_LANE = {Lane.ALARM: Leaf.ALARM, Lane.TELEMETRY: Leaf.TELEMETRY}
M = TypeVar("M", Event, GapRecord)
_SEQ: TypeAdapter[int] = TypeAdapter(Seq)
_SERIES: TypeAdapter[tuple[str, str]] = TypeAdapter(tuple[DeviceId, MetricName])
MAX_SALVAGED = 4 * MAX_ITEMS
"""Items of one message that are tried one by one; with more it is refused whole."""


@dataclass(frozen=True, slots=True)
class BadItem:
    """An item that cannot be stored as what it claims to be. `seq` None: not even its number can be read."""

    seq: int | None
    code: str
    detail: str
    payload: bytes
    """The item as JSON (or the whole message where nothing smaller can be cut out)."""
    kind: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A readable envelope: `envelope` holds only what validated, `bad` the rest."""

    envelope: Envelope
    bad: tuple[BadItem, ...] = ()


def open_parcel(topic: Topic, payload: bytes) -> Parcel:
    """Read one lane message; raise a ContractError when not even the header can be believed."""
    try:
        parcel = _check_items(Parcel(codec.decode_envelope(payload)))
    except Malformed:
        parcel = _salvage(payload)
    envelope = parcel.envelope
    if (envelope.site, envelope.box) != (topic.site, topic.box):
        raise Malformed(
            f"says it is from {envelope.site}/{envelope.box}, but came under {topic.site}/{topic.box}"
        )
    if _LEAF_OF_LANE[envelope.lane] is not topic.leaf:
        raise Malformed(f"an envelope of the {envelope.lane} lane came under {topic.leaf}")
    return parcel


def _check_items(parcel: Parcel) -> Parcel:
    """What a model cannot say of one item: its data are those of its kind, and a gap record declares telemetry."""
    envelope = parcel.envelope
    good: list[Event] = []
    gaps: list[GapRecord] = []
    bad: list[BadItem] = list(parcel.bad)
    for event in envelope.events:
        fault = _fault_of(event)
        if fault is None:
            good.append(event)
        else:
            bad.append(
                BadItem(
                    event.seq, fault[0], fault[1], event.model_dump_json().encode(), event.kind, event.device
                )
            )
    for gap in envelope.gaps:
        why = _fault_of_gap(gap, envelope.lane)
        if why is None:
            gaps.append(gap)
        else:
            bad.append(BadItem(gap.seq, "malformed", why, gap.model_dump_json().encode()))
    readings = [block for block in envelope.readings if len(block)]
    if len(bad) == len(parcel.bad) and len(readings) == len(envelope.readings):
        return parcel
    checked = envelope.model_copy(update={"events": good, "gaps": gaps, "readings": readings})
    return Parcel(checked, tuple(bad))


def _fault_of_gap(gap: GapRecord, lane: Lane) -> str | None:
    if lane is Lane.ALARM:
        return "a gap record in the alarm lane: alarms are never dropped, so none is believed to be"
    if gap.dropped[1] < gap.dropped[0]:
        return f"dropped: runs backwards, {gap.dropped[0]}..{gap.dropped[1]}"
    return None


def _fault_of(event: Event) -> tuple[str, str] | None:
    try:
        text = json.dumps(event.data, allow_nan=False)
    except ValueError:
        return "malformed", "data: holds NaN or an infinite number, which JSON cannot"
    if len(text) > MAX_DATA_BYTES:
        return "too_large", f"data: {len(text)} bytes, {MAX_DATA_BYTES} allowed"
    if "\\u0000" in text:
        return "malformed", "data: holds a NUL character"
    try:
        event.check_data()
    except ValidationError as error:
        return "malformed", "data." + codec.describe(error)
    return None


def _salvage(payload: bytes) -> Parcel:
    raw = codec.read_json_object(payload)
    events, readings, gaps = raw.pop("events", []), raw.pop("readings", []), raw.pop("gaps", [])
    total = sum(len(part) for part in (events, gaps) if isinstance(part, list))
    total += sum(_rows_in(block) for block in readings) if isinstance(readings, list) else 0
    if total > MAX_SALVAGED:
        raise TooLarge(f"{total} items, {MAX_ITEMS} allowed")
    try:
        header = Envelope.model_validate_json(codec.json_text(raw), extra="ignore")
    except ValidationError as error:
        raise Malformed(codec.describe(error)) from error
    bad: list[BadItem] = []
    envelope = header.model_copy(
        update={
            "events": [
                e for e in (_try(Event, item, bad) for item in _items(events, "events", bad)) if e is not None
            ],
            "gaps": [
                g for g in (_try(GapRecord, item, bad) for item in _items(gaps, "gaps", bad)) if g is not None
            ],
            "readings": [b for item in _items(readings, "readings", bad) for b in _salvage_block(item, bad)],
        }
    )
    return _check_items(Parcel(envelope, tuple(bad)))


def _items(value: Any, name: str, bad: list[BadItem]) -> list[Any]:
    if isinstance(value, list):
        return value
    bad.append(BadItem(None, "malformed", f"{name}: should be a list", _bytes(value)))
    return []


def _try(model: type[M], item: Any, bad: list[BadItem]) -> M | None:
    text = _bytes(item)
    try:
        return model.model_validate_json(text, extra="ignore")
    except (ValidationError, ContractError) as error:
        detail = codec.describe(error) if isinstance(error, ValidationError) else str(error)
        fields = item if isinstance(item, dict) else {}
        bad.append(
            BadItem(
                _seq_of(fields.get("seq")),
                "malformed",
                detail,
                text,
                str(fields.get("kind", ""))[:40],
                str(fields.get("device", ""))[:64],
            )
        )
        return None


def _rows_in(block: Any) -> int:
    """How many rows a block claims to have; a block that is none counts as one."""
    columns = [block.get(name) for name in _COLUMNS] if isinstance(block, dict) else []
    return max((len(c) for c in columns if isinstance(c, list)), default=1)


def _salvage_block(block: Any, bad: list[BadItem]) -> list[ReadingColumns]:
    text = _bytes(block)
    try:
        return [ReadingColumns.model_validate_json(text, extra="ignore")]
    except ValidationError as error:
        whole = codec.describe(error)
    fields = block if isinstance(block, dict) else {}
    columns = [c for c in (fields.get(name) for name in _COLUMNS) if isinstance(c, list)]
    fits = len(columns) == len(_COLUMNS) and len({len(c) for c in columns}) == 1
    if not fits or not _is_header(fields):
        numbers = fields.get("seq")
        known = [s for s in map(_seq_of, numbers if isinstance(numbers, list) else []) if s is not None]
        bad.extend(_set_whole_aside(known, whole, text))
        return []
    series = [_series_of(one) for one in fields["series"]]
    good: list[ReadingColumns] = []
    for row in zip(*columns, strict=True):
        try:
            good.append(
                ReadingColumns.model_validate_json(_bytes(_alone(fields, series, row)), extra="ignore")
            )
        except ValidationError as error:
            bad.append(BadItem(_seq_of(row[0]), "malformed", codec.describe(error), _bytes(list(row))))
    return good


def _set_whole_aside(known: list[int], detail: str, text: bytes) -> list[BadItem]:
    """The block is kept once, under its first number; the others say which block they mean."""
    first, others = (known[0], known[1:]) if known else (None, [])
    digest = codec.digest(text)
    return [BadItem(first, "malformed", detail, text)] + [
        BadItem(seq, "malformed", detail, _bytes({"seq": seq, "block": first, "sha256": digest}))
        for seq in others
    ]


def _is_header(fields: dict[str, Any]) -> bool:
    """Whether what all rows of the block share can be read."""
    if not isinstance(fields.get("series"), list):
        return False
    empty: dict[str, list[Any]] = {name: [] for name in ("series", *_COLUMNS)}
    shared = {"boot": fields.get("boot"), "synced": fields.get("synced"), **empty}
    try:
        ReadingColumns.model_validate_json(_bytes(shared))
    except ValidationError:
        return False
    return True


def _series_of(value: Any) -> tuple[str, str] | None:
    try:
        return _SERIES.validate_json(_bytes(value), strict=True)
    except ValidationError:
        return None


def _alone(
    fields: dict[str, Any], series: list[tuple[str, str] | None], row: tuple[Any, ...]
) -> dict[str, Any]:
    """A block of this one row, with its own series only (none where that cannot be read)."""
    index = row[1]
    is_listed = isinstance(index, int) and not isinstance(index, bool) and 0 <= index < len(series)
    own = series[index] if is_listed else None
    columns = {name: [value] for name, value in zip(_COLUMNS, row, strict=True)}
    if is_listed:
        columns["row_series"] = [0]
    return {"boot": fields["boot"], "synced": fields["synced"], "series": [own] if own else [], **columns}


_COLUMNS = ("seq", "row_series", "value", "at_ms", "mono_ms")


def _seq_of(value: Any) -> int | None:
    try:
        return _SEQ.validate_python(value, strict=True)
    except ValidationError:
        return None


def _bytes(value: Any) -> bytes:
    return codec.json_text(value).encode("utf-8", "backslashreplace")
