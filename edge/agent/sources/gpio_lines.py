"""GPIO inputs as contacts: each settled against bouncing, by the times that the chip gave its edges."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from edge.agent.gpio.port import Gpio, InputLines, InputOptions, Pull
from edge.agent.policy import debounce
from edge.agent.policy.debounce import Contact
from edge.agent.policy.rules import Rules

LineNumber = Annotated[int, Field(ge=0, le=1023)]
ChipPath = Annotated[str, Field(min_length=1, max_length=255)]
DEFAULT_CHIP = "/dev/gpiochip0"
_IDLE_S = 0.25


class ContactLineSettings(Rules):
    """A contact between a line and ground (or, with `pull: down`, between a line and 3.3 V). Never more than 3.3 V."""

    line: LineNumber
    normally: Literal["open", "closed"] = "open"
    """Its position at rest. Closed is the better one: a cut wire is then seen."""
    pull: Pull = "up"
    debounce_s: Annotated[float, Field(ge=0, le=10)] = 0.03
    """A change counts when it has lasted this long."""

    def options(self) -> InputOptions:
        """The line reads true while the contact is closed."""
        return InputOptions(pull=self.pull, active_low=self.pull != "down")


@dataclass(slots=True)
class _Line:
    raw: bool
    contact: Contact = field(default_factory=Contact)


class ContactLines:
    """Used from one thread. `closed` is what counts of each line; changes come out of `turn` in their order."""

    def __init__(self, gpio: Gpio, chip: str, lines: Mapping[int, ContactLineSettings]) -> None:
        """Take the lines. Raises SourceError."""
        self._settings = dict(lines)
        self._inputs: InputLines = gpio.inputs(chip, {n: each.options() for n, each in lines.items()})
        self._lines = {n: _Line(raw, Contact(raw)) for n, raw in self._inputs.read().items()}

    @property
    def closed(self) -> dict[int, bool]:
        """Of every line."""
        return {number: line.contact.closed for number, line in self._lines.items()}

    def turn(self, most_s: float = _IDLE_S) -> list[tuple[int, bool]]:
        """Wait for something to happen, at most so long: (line, closed) of each change that counts. Raises SourceError."""
        edges = self._inputs.wait(self._wait_s(most_s))
        changes: list[tuple[int, bool]] = []
        for edge in edges:
            self._hear(edge.line, None, edge.at_ns // 1_000_000, changes)
            self._hear(edge.line, edge.on, edge.at_ns // 1_000_000, changes)
        now_ms = time.monotonic_ns() // 1_000_000
        for number in self._lines:
            self._hear(number, None, now_ms, changes)
        return changes

    def close(self) -> None:
        self._inputs.close()

    def _hear(self, number: int, raw: bool | None, at_ms: int, changes: list[tuple[int, bool]]) -> None:
        """Take a level (None: as before) at a time; a pulse that began and ended before we looked is seen all the same."""
        line = self._lines[number]
        if raw is not None:
            line.raw = raw
        before = line.contact.closed
        line.contact = debounce.hear(line.contact, line.raw, at_ms, for_s=self._settings[number].debounce_s)
        if line.contact.closed != before:
            changes.append((number, line.contact.closed))

    def _wait_s(self, most_s: float) -> float:
        unsettled = [
            self._settings[number].debounce_s
            for number, line in self._lines.items()
            if line.contact.other_since_ms is not None
        ]
        return min([most_s, *(max(each, 0.001) for each in unsettled)])
