"""GPIO by libgpiod 2. The library is loaded when the first line is taken: most boxes have none."""

import importlib
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from types import ModuleType
from typing import Any

from edge.agent.gpio.port import Edge, InputLines, InputOptions, OutputLine
from redwhistle.errors import ActuatorError, RedWhistleError, SourceError

CONSUMER = "redwhistle-edge"
_BUFFER = 4096
"""Edges that the kernel keeps for us: forty Wiegand cards."""


class LibgpiodChips:
    """Implements `port.Gpio`."""

    def __init__(self, load: Callable[[], ModuleType] = lambda: importlib.import_module("gpiod")) -> None:
        self._load = load

    def inputs(self, chip: str, lines: Mapping[int, InputOptions]) -> InputLines:
        gpiod = self._library(SourceError)
        line = gpiod.line
        bias = {"up": line.Bias.PULL_UP, "down": line.Bias.PULL_DOWN, "none": line.Bias.DISABLED}
        config = {
            number: gpiod.LineSettings(
                direction=line.Direction.INPUT,
                edge_detection=line.Edge.BOTH,
                bias=bias[options.pull],
                active_low=options.active_low,
            )
            for number, options in lines.items()
        }
        try:
            request = gpiod.request_lines(chip, config=config, consumer=CONSUMER, event_buffer_size=_BUFFER)
        except (OSError, ValueError) as error:
            raise SourceError(_why(chip, list(lines), error)) from error
        return _Inputs(gpiod, request, tuple(lines))

    def output(self, chip: str, line: int, *, active_low: bool, on: bool) -> OutputLine:
        gpiod = self._library(ActuatorError)
        value = gpiod.line.Value
        settings = gpiod.LineSettings(
            direction=gpiod.line.Direction.OUTPUT,
            active_low=active_low,
            output_value=value.ACTIVE if on else value.INACTIVE,
        )
        try:
            request = gpiod.request_lines(chip, config={line: settings}, consumer=CONSUMER)
        except (OSError, ValueError) as error:
            raise ActuatorError(_why(chip, [line], error)) from error
        return _Output(gpiod, request, line)

    def _library(self, error: type[RedWhistleError]) -> Any:
        try:
            return self._load()
        except ImportError:
            raise error("GPIO lines need the library gpiod: pip install 'redwhistle[edge,gpio]'") from None


class _Inputs:
    def __init__(self, gpiod: Any, request: Any, lines: tuple[int, ...]) -> None:
        self._gpiod = gpiod
        self._request = request
        self._lines = lines

    def read(self) -> Mapping[int, bool]:
        active = self._gpiod.line.Value.ACTIVE
        try:
            values = self._request.get_values(list(self._lines))
        except OSError as error:
            raise SourceError(f"the GPIO lines cannot be read: {error}") from error
        return {line: value == active for line, value in zip(self._lines, values, strict=True)}

    def wait(self, timeout_s: float) -> Sequence[Edge]:
        rising = self._gpiod.EdgeEvent.Type.RISING_EDGE
        try:
            if not self._request.wait_edge_events(timedelta(seconds=timeout_s)):
                return ()
            events = self._request.read_edge_events()
        except OSError as error:
            raise SourceError(f"the GPIO lines cannot be read: {error}") from error
        return [Edge(each.line_offset, each.event_type == rising, each.timestamp_ns) for each in events]

    def close(self) -> None:
        self._request.release()


class _Output:
    def __init__(self, gpiod: Any, request: Any, line: int) -> None:
        self._gpiod = gpiod
        self._request = request
        self._line = line

    def set(self, on: bool) -> None:
        value = self._gpiod.line.Value
        try:
            self._request.set_value(self._line, value.ACTIVE if on else value.INACTIVE)
        except OSError as error:
            raise ActuatorError(f"GPIO line {self._line} cannot be driven: {error}") from error

    def close(self) -> None:
        self._request.release()


def _why(chip: str, lines: Sequence[int], error: Exception) -> str:
    what = ", ".join(str(line) for line in lines)
    return (
        f"{chip}: GPIO lines {what} cannot be taken ({error}); see `gpioinfo`: another program may hold them, "
        "and the agent's user must be in the group gpio"
    )
