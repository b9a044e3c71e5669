"""GPIO lines without a chip, for tests, demos and simulations: what is driven can be seen, what is read can be set."""

import threading
import time
from collections.abc import Mapping, Sequence

from edge.agent.gpio.port import Edge, InputLines, InputOptions, OutputLine
from redwhistle.errors import ActuatorError, SourceError


class DoubleChips:
    """Implements `port.Gpio`. Levels are electrical: True is high. A floating line follows its pull."""

    def __init__(self) -> None:
        self.levels: dict[tuple[str, int], bool] = {}
        self.broken: set[str] = set()
        """Chips that cannot be opened or used."""
        self._taken: set[tuple[str, int]] = set()
        self._watchers: list[_Inputs] = []
        self._changed = threading.Condition()

    def drive(self, chip: str, line: int, high: bool, at_ns: int | None = None) -> None:
        """From outside: a contact closes (low) or opens (high)."""
        with self._changed:
            before = self.levels.get((chip, line))
            self.levels[chip, line] = high
            for each in self._watchers:
                each.notice(chip, line, before, high, time.monotonic_ns() if at_ns is None else at_ns)
            self._changed.notify_all()

    def level(self, chip: str, line: int) -> bool | None:
        """As driven by either side; None: floating."""
        return self.levels.get((chip, line))

    def break_chip(self, chip: str) -> None:
        """From now on nothing works on it."""
        with self._changed:
            self.broken.add(chip)
            self._changed.notify_all()

    def inputs(self, chip: str, lines: Mapping[int, InputOptions]) -> InputLines:
        if chip in self.broken or any((chip, line) in self._taken for line in lines):
            raise SourceError(f"{chip}: lines cannot be taken: not there, or taken already")
        self._taken.update((chip, line) for line in lines)
        made = _Inputs(self, chip, dict(lines))
        self._watchers.append(made)
        return made

    def output(self, chip: str, line: int, *, active_low: bool, on: bool) -> OutputLine:
        if chip in self.broken or (chip, line) in self._taken:
            raise ActuatorError(f"{chip}: line {line} cannot be taken: not there, or taken already")
        self._taken.add((chip, line))
        made = _Output(self, chip, line, active_low)
        made.set(on)
        return made

    def release(self, chip: str, lines: Sequence[int], watcher: "_Inputs | None" = None) -> None:
        """A line is free again."""
        self._taken.difference_update((chip, line) for line in lines)
        if watcher in self._watchers:
            self._watchers.remove(watcher)

    @property
    def changed(self) -> threading.Condition:
        """Notified when a level changes or a chip breaks."""
        return self._changed


class _Inputs:
    def __init__(self, chips: DoubleChips, chip: str, lines: dict[int, InputOptions]) -> None:
        self._chips = chips
        self._chip = chip
        self._lines = lines
        self._edges: list[Edge] = []

    def notice(self, chip: str, line: int, before: bool | None, high: bool, at_ns: int) -> None:
        options = self._lines.get(line)
        if chip != self._chip or options is None:
            return
        if (options.pull == "up" if before is None else before) != high:
            self._edges.append(Edge(line, high != options.active_low, at_ns))

    def read(self) -> Mapping[int, bool]:
        self._check()
        return {line: self._value(line, options) for line, options in self._lines.items()}

    def wait(self, timeout_s: float) -> Sequence[Edge]:
        with self._chips.changed:
            self._chips.changed.wait_for(
                lambda: self._edges or self._chip in self._chips.broken, timeout=timeout_s
            )
            self._check()
            edges, self._edges = self._edges, []
        return edges

    def close(self) -> None:
        self._chips.release(self._chip, list(self._lines), self)

    def _value(self, line: int, options: InputOptions) -> bool:
        level = self._chips.level(self._chip, line)
        high = options.pull == "up" if level is None else level
        return high != options.active_low

    def _check(self) -> None:
        if self._chip in self._chips.broken:
            raise SourceError(f"{self._chip}: the lines cannot be read")


class _Output:
    def __init__(self, chips: DoubleChips, chip: str, line: int, active_low: bool) -> None:
        self._chips = chips
        self._chip = chip
        self._line = line
        self._active_low = active_low

    def set(self, on: bool) -> None:
        if self._chip in self._chips.broken:
            raise ActuatorError(f"{self._chip}: line {self._line} cannot be driven")
        self._chips.drive(self._chip, self._line, on != self._active_low)

    def close(self) -> None:
        self._chips.release(self._chip, [self._line])
