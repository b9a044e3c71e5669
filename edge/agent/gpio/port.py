"""What the agent needs of GPIO lines, whoever drives them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Pull = Literal["up", "down", "none"]


@dataclass(frozen=True, slots=True)
class InputOptions:
    """Of one line. `active_low`: the line reads true when it is pulled to ground."""

    pull: Pull = "up"
    active_low: bool = True


@dataclass(frozen=True, slots=True)
class Edge:
    """A line changed; `on` is its value afterwards. `at_ns` counts on a clock of the chip's own: compare, do not date."""

    line: int
    on: bool
    at_ns: int


class InputLines(Protocol):
    """Lines that are read. Used from one thread."""

    def read(self) -> Mapping[int, bool]:
        """The value of every line now. Raises SourceError."""

    def wait(self, timeout_s: float) -> Sequence[Edge]:
        """Edges since the last call, oldest first; wait for one at most so long. Raises SourceError."""

    def close(self) -> None:
        """Give the lines back; safe to call twice."""


class OutputLine(Protocol):
    """A line that is driven. Used from one thread."""

    def set(self, on: bool) -> None:
        """Drive it. Raises ActuatorError."""

    def close(self) -> None:
        """Give the line back; safe to call twice. What it does then is the chip's business."""


class Gpio(Protocol):
    """All chips of this machine."""

    def inputs(self, chip: str, lines: Mapping[int, InputOptions]) -> InputLines:
        """Take `lines` of `chip`. Raises SourceError: not there, not allowed, taken by another program."""

    def output(self, chip: str, line: int, *, active_low: bool, on: bool) -> OutputLine:
        """Take a line and drive it to `on` at once. Raises ActuatorError."""
