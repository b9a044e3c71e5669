"""A recorded log: one observation a line, as JSON. Pure but for reading the file.

    {"t_s": 0.5, "device": "smoke-3-1", "kind": "smoke", "data": {"level": 0.8}}
    {"t_s": 1.0, "device": "smoke-3-1", "metric": "temperature_c", "value": 21.5}

`t_s` counts seconds from the log's beginning and never runs backwards. Events may carry `test` and `place`.
Empty lines are allowed. Errors name the file and the line.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from redwhistle.contracts.codec import describe
from redwhistle.contracts.events import DATA_OF, EventData, EventKind
from redwhistle.contracts.ids import DeviceId, PlaceId
from redwhistle.contracts.readings import MetricName
from redwhistle.errors import SourceError

MAX_LINE_BYTES = 64 * 1024


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    t_s: Annotated[float, Field(ge=0, le=366 * 86400)]
    device: DeviceId


class ReadingLine(_Line):
    """A periodic value."""

    metric: MetricName
    value: float


class EventLine(_Line):
    """Something that happened; `data` has the shape of its kind."""

    kind: EventKind
    data: dict[str, Any] = Field(default_factory=dict)
    test: bool = False
    place: PlaceId | None = None

    def typed_data(self) -> EventData:
        """Raises ValidationError for data of another shape."""
        return DATA_OF[self.kind].model_validate(self.data, strict=False)


LogLine = ReadingLine | EventLine


def read_log(path: Path) -> Iterator[tuple[int, LogLine]]:
    """Line numbers (from 1) and observations; raise SourceError at the first line that is none."""
    before_s = 0.0
    try:
        with path.open("rb") as file:
            for number, raw in enumerate(iter(lambda: file.readline(MAX_LINE_BYTES + 1), b""), 1):
                if not raw.strip():
                    continue
                line = _parse(raw, f"{path}, line {number}")
                if line.t_s < before_s:
                    raise SourceError(
                        f"{path}, line {number}: t_s runs backwards ({before_s} → {line.t_s}): sort the log"
                    )
                before_s = line.t_s
                yield number, line
    except OSError as error:
        raise SourceError(f"the log cannot be read: {error}. Check the source's `file`.") from error


def check_log(path: Path) -> float:
    """Read the whole log; return the time of its last line in seconds. Raises SourceError."""
    last_s = 0.0
    for number, line in read_log(path):
        last_s = line.t_s
        if isinstance(line, EventLine):
            try:
                line.typed_data()
            except ValidationError as error:
                raise SourceError(f"{path}, line {number}: data of {line.kind}: {describe(error)}") from error
    return last_s


_READING: TypeAdapter[ReadingLine] = TypeAdapter(ReadingLine)
_EVENT: TypeAdapter[EventLine] = TypeAdapter(EventLine)


def _parse(raw: bytes, where: str) -> LogLine:
    if len(raw) > MAX_LINE_BYTES:
        raise SourceError(f"{where}: longer than {MAX_LINE_BYTES} bytes")
    adapter: TypeAdapter[ReadingLine] | TypeAdapter[EventLine] = _READING if b'"metric"' in raw else _EVENT
    try:
        return adapter.validate_json(raw)
    except ValidationError as error:
        raise SourceError(f"{where}: {describe(error)}") from error
    except ValueError as error:
        raise SourceError(f"{where}: {error}") from error
