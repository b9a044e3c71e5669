"""The six-byte time label: second, minute, hour, day, month, year − 2000, each a binary byte, in local time."""

from datetime import date, datetime, timedelta, timezone
from typing import NamedTuple, Self

TIME_BYTES = 6


class PanelTime(NamedTuple):
    """Six bytes as they stand; they need not be a date. No zone: it is the transmitter's local time."""

    second: int
    minute: int
    hour: int
    day: int
    month: int
    year: int

    @classmethod
    def read(cls, data: bytes) -> Self:
        """From exactly six bytes."""
        return cls(*data)

    @classmethod
    def of(cls, at_ms: int, utc_offset_min: int) -> Self:
        """The wall time of `at_ms` (since 1970) in a zone; years outside 2000–2099 count modulo a hundred."""
        zone = timezone(timedelta(minutes=utc_offset_min))
        at = datetime.fromtimestamp(at_ms / 1000, zone)
        return cls(at.second, at.minute, at.hour, at.day, at.month, at.year % 100)

    def text(self) -> str | None:
        """`2012-09-26 09:58:32`, or None when the bytes are no date."""
        try:
            day = date(2000 + self.year, self.month, self.day)
        except ValueError:
            return None
        if self.hour > 23 or self.minute > 59 or self.second > 59 or self.year > 99:
            return None
        return f"{day.isoformat()} {self.hour:02}:{self.minute:02}:{self.second:02}"
