"""Rows to envelopes: pure. The same rows always give byte-identical items, whatever they are packed with."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from edge.agent.outbox.rows import EventRow, GapRow, ReadingRow, Row, Stream
from redwhistle.contracts.envelope import Envelope, Stamp
from redwhistle.contracts.events import Event
from redwhistle.contracts.readings import GapRecord, ReadingColumns

ITEMS_PER_ENVELOPE = 500
BYTES_PER_ENVELOPE = 128 * 1024
"""Estimated from above; the wire's limit is twice this."""
BLOCKS_PER_ENVELOPE = 16


def pack(rows: Sequence[Row], stream: Stream, site: str, box: str, sent: Stamp) -> list[Envelope]:
    """Envelopes of `rows` (rising `seq`) of one stream, exercises apart, each within the wire's limits."""
    return [
        Envelope(
            site=site,
            box=box,
            epoch=stream.epoch,
            lane=stream.lane,
            sent=sent,
            exercise=exercise,
            events=part.events,
            readings=[block.build() for block in part.blocks],
            gaps=part.gaps,
        )
        for exercise, group in _by_exercise(rows).items()
        for part in _cut(group)
    ]


def seqs_of(envelope: Envelope) -> list[int]:
    """The sequence numbers of all items, rising."""
    return sorted(
        [event.seq for event in envelope.events]
        + [gap.seq for gap in envelope.gaps]
        + [seq for block in envelope.readings for seq in block.seq]
    )


@dataclass(slots=True)
class _Block:
    """Readings of one boot and one clock state on their way into columns."""

    boot: str
    synced: bool
    index: dict[tuple[str, str], int] = field(default_factory=dict)
    row_series: list[int] = field(default_factory=list)
    rows: list[ReadingRow] = field(default_factory=list)

    def add(self, row: ReadingRow) -> None:
        self.row_series.append(self.index.setdefault((row.device, row.metric), len(self.index)))
        self.rows.append(row)

    def build(self) -> ReadingColumns:
        return ReadingColumns(
            boot=self.boot,
            synced=self.synced,
            series=list(self.index),
            seq=[row.seq for row in self.rows],
            row_series=self.row_series,
            value=[row.value for row in self.rows],
            at_ms=[row.at_ms for row in self.rows],
            mono_ms=[row.mono_ms for row in self.rows],
        )


@dataclass(slots=True)
class _Part:
    """What goes into one envelope."""

    events: list[Event] = field(default_factory=list)
    gaps: list[GapRecord] = field(default_factory=list)
    blocks: list[_Block] = field(default_factory=list)
    items: int = 0
    size_bytes: int = 0

    def needs_block(self, row: Row) -> bool:
        if not isinstance(row, ReadingRow):
            return False
        last = self.blocks[-1] if self.blocks else None
        return last is None or (last.boot, last.synced) != (row.boot, row.synced)

    def has_room(self, row: Row) -> bool:
        if self.needs_block(row) and len(self.blocks) >= BLOCKS_PER_ENVELOPE:
            return False
        return self.items < ITEMS_PER_ENVELOPE and self.size_bytes + _size_bytes(row) <= BYTES_PER_ENVELOPE

    def add(self, row: Row) -> None:
        if isinstance(row, EventRow):
            self.events.append(row.item)
        elif isinstance(row, GapRow):
            self.gaps.append(row.item)
        else:
            if self.needs_block(row):
                self.blocks.append(_Block(row.boot, row.synced))
            self.blocks[-1].add(row)
        self.items += 1
        self.size_bytes += _size_bytes(row)


def _by_exercise(rows: Iterable[Row]) -> dict[str | None, list[Row]]:
    groups: dict[str | None, list[Row]] = {}
    for row in rows:
        exercise = None if isinstance(row, GapRow) else row.exercise
        groups.setdefault(exercise, []).append(row)
    return groups


def _cut(rows: Iterable[Row]) -> list[_Part]:
    parts: list[_Part] = []
    for row in rows:
        if not parts or not parts[-1].has_room(row):
            parts.append(_Part())
        parts[-1].add(row)
    return parts


def _size_bytes(row: Row) -> int:
    """An upper bound of what a row adds to the JSON text."""
    if isinstance(row, EventRow):
        return row.size_bytes + 1
    if isinstance(row, GapRow):
        return 150 + 6 * len(row.item.reason)
    return 90 + len(row.device) + len(row.metric)
