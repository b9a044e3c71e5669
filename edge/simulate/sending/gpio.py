"""Contacts and Wiegand readers by output lines of this machine that are wired to the box's inputs.

Low is a closed contact, as to ground; high is an open one.
"""

import time
from collections.abc import Mapping

from edge.agent.gpio.port import Gpio, OutputLine
from redwhistle.errors import ActuatorError, SimulationError

_PULSE_S = 0.0002
_BETWEEN_S = 0.002
"""Readers send pulses of 20 to 200 µs, one or two ms apart."""
_GAP_S = 0.1


class Wires:
    """`wires`: of each input line of the box, the output line that is wired to it. Used from one thread."""

    def __init__(self, gpio: Gpio, chip: str | None, wires: Mapping[int, int]) -> None:
        """`chip`: of the output lines; None: that of the input."""
        self._gpio = gpio
        self._chip = chip
        self._wires = dict(wires)
        self._taken: dict[tuple[str, int], OutputLine] = {}

    def close_contact(self, chip: str, line: int, closed: bool) -> str:
        """Raises SimulationError."""
        try:
            self._line(chip, line, closed).set(closed)
        except ActuatorError as error:
            raise SimulationError(str(error)) from None
        return "driven"

    def pulse(self, chip: str, d0: int, d1: int, bits: tuple[bool, ...]) -> str:
        """A frame, bit by bit. Raises SimulationError."""
        try:
            lines = (self._line(chip, d0, False), self._line(chip, d1, False))
            for bit in bits:
                line = lines[bit]
                line.set(True)
                time.sleep(_PULSE_S)
                line.set(False)
                time.sleep(_BETWEEN_S)
        except ActuatorError as error:
            raise SimulationError(str(error)) from None
        time.sleep(_GAP_S)
        return f"{len(bits)} bits sent"

    def close(self) -> None:
        """Let go of every line: what is wired to it sees an open contact then."""
        for line in self._taken.values():
            line.close()
        self._taken.clear()

    @property
    def used(self) -> bool:
        """Whether a line is driven."""
        return bool(self._taken)

    def _line(self, chip: str, number: int, closed: bool) -> OutputLine:
        out = self._wires.get(number)
        if out is None:
            raise SimulationError(
                f"line {number} of {chip} is read by the box and cannot be driven: wire an output line to it and name it "
                f"with --wire {number}=LINE"
            )
        key = (self._chip or chip, out)
        if key not in self._taken:
            self._taken[key] = self._gpio.output(*key, active_low=True, on=closed)
        return self._taken[key]
