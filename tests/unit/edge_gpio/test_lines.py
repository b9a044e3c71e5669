"""GPIO: the double and the real adapter keep the same promises; contacts settle by the chip's own times."""

import sys
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import gpiod
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.agent.gpio.chip import LibgpiodChips
from edge.agent.gpio.double import DoubleChips
from edge.agent.gpio.port import Edge, Gpio, InputOptions
from edge.agent.sources.gpio_lines import ContactLines, ContactLineSettings
from redwhistle.errors import ActuatorError, SourceError
from tests.unit.edge_gpio.watching import CHIP

Value = gpiod.line.Value


class Kernel:
    """The lines behind a `gpiod` library whose requests come here; settings, values and edges are the library's own."""

    def __init__(self) -> None:
        self.chips = DoubleChips()
        self.library: Any = SimpleNamespace(
            line=gpiod.line,
            LineSettings=gpiod.LineSettings,
            EdgeEvent=gpiod.EdgeEvent,
            request_lines=self.request,
        )

    def request(self, chip: str, config: Mapping[int, Any], consumer: str, **_: Any) -> "Request":
        assert consumer == "redwhistle-edge"
        pulls: dict[Any, Any] = {gpiod.line.Bias.PULL_UP: "up", gpiod.line.Bias.PULL_DOWN: "down"}
        (settings, *_rest) = config.values()
        try:
            if settings.direction is gpiod.line.Direction.INPUT:
                assert settings.edge_detection is gpiod.line.Edge.BOTH
                options = {
                    n: InputOptions(pulls.get(s.bias, "none"), s.active_low) for n, s in config.items()
                }
                return Request(self.chips.inputs(chip, options), list(config))
            (number,) = config
            on = settings.output_value is Value.ACTIVE
            output = self.chips.output(chip, number, active_low=settings.active_low, on=on)
            return Request(output, [number])
        except (SourceError, ActuatorError) as error:
            raise OSError(16, str(error)) from error


class Request:
    """What libgpiod's LineRequest is to its caller."""

    def __init__(self, lines: Any, offsets: list[int]) -> None:
        self._lines = lines
        self._offsets = offsets
        self._edges: list[Edge] = []

    def get_values(self, offsets: list[int]) -> list[Any]:
        values = self._try(self._lines.read)
        return [Value.ACTIVE if values[n] else Value.INACTIVE for n in offsets]

    def set_value(self, _line: int, value: Any) -> None:
        self._try(lambda: self._lines.set(value is Value.ACTIVE))

    def wait_edge_events(self, timeout: Any) -> bool:
        self._edges += self._try(lambda: self._lines.wait(timeout.total_seconds()))
        return bool(self._edges)

    def read_edge_events(self) -> list[gpiod.EdgeEvent]:
        edges, self._edges = self._edges, []
        kinds = gpiod.EdgeEvent.Type
        return [
            gpiod.EdgeEvent(
                (kinds.RISING_EDGE if each.on else kinds.FALLING_EDGE).value, each.at_ns, each.line, 0, 0
            )
            for each in edges
        ]

    def release(self) -> None:
        self._lines.close()

    def _try(self, act: Any) -> Any:
        try:
            return act()
        except (SourceError, ActuatorError) as error:
            raise OSError(5, str(error)) from error


@pytest.fixture(params=["double", "libgpiod"])
def pair(request: pytest.FixtureRequest) -> tuple[Gpio, DoubleChips]:
    """The port, and the lines behind it."""
    if request.param == "double":
        chips = DoubleChips()
        return chips, chips
    kernel = Kernel()
    return LibgpiodChips(lambda: kernel.library), kernel.chips


@pytest.mark.parametrize(("pull", "active_low"), [("up", True), ("up", False), ("down", False)])
def test_inputs_read_their_level_and_give_their_edges(
    pair: tuple[Gpio, DoubleChips], pull: Any, active_low: bool
) -> None:
    gpio, chips = pair
    lines = gpio.inputs(CHIP, {4: InputOptions(pull, active_low), 5: InputOptions(pull, active_low)})
    rest = (pull == "up") != active_low
    assert lines.read() == {4: rest, 5: rest}
    assert list(lines.wait(0)) == []
    chips.drive(CHIP, 4, pull != "up", at_ns=1_000)
    chips.drive(CHIP, 4, pull == "up", at_ns=2_000)
    chips.drive(CHIP, 5, pull != "up", at_ns=3_000)
    assert list(lines.wait(1)) == [Edge(4, not rest, 1_000), Edge(4, rest, 2_000), Edge(5, not rest, 3_000)]
    assert lines.read() == {4: rest, 5: not rest}
    lines.close()


@pytest.mark.parametrize("active_low", [False, True])
def test_outputs_are_driven_from_the_first_moment(pair: tuple[Gpio, DoubleChips], active_low: bool) -> None:
    gpio, chips = pair
    line = gpio.output(CHIP, 7, active_low=active_low, on=False)
    assert chips.level(CHIP, 7) is active_low
    line.set(True)
    assert chips.level(CHIP, 7) is not active_low
    line.close()
    gpio.output(CHIP, 7, active_low=active_low, on=True).close()


def test_a_line_has_one_user_and_a_broken_chip_is_an_error(pair: tuple[Gpio, DoubleChips]) -> None:
    gpio, chips = pair
    lines, output = gpio.inputs(CHIP, {1: InputOptions()}), gpio.output(CHIP, 2, active_low=False, on=False)
    with pytest.raises(SourceError, match=CHIP):
        gpio.inputs(CHIP, {1: InputOptions()})
    with pytest.raises(ActuatorError, match=CHIP):
        gpio.output(CHIP, 2, active_low=False, on=False)
    chips.break_chip(CHIP)
    with pytest.raises(SourceError):
        lines.read()
    with pytest.raises(SourceError):
        lines.wait(1)
    with pytest.raises(ActuatorError):
        output.set(True)
    lines.close()
    output.close()


def test_without_the_library_it_is_said_how_to_get_it() -> None:
    def missing() -> Any:
        raise ImportError("no gpiod")

    gpio = LibgpiodChips(missing)
    with pytest.raises(SourceError, match=r"pip install 'redwhistle\[edge,gpio\]'"):
        gpio.inputs(CHIP, {1: InputOptions()})
    with pytest.raises(ActuatorError, match="pip install"):
        gpio.output(CHIP, 1, active_low=False, on=False)


def test_the_real_library_on_a_machine_without_the_chip_is_an_error() -> None:
    with pytest.raises(SourceError, match="gpioinfo"):
        LibgpiodChips().inputs("/dev/no-such-chip", {1: InputOptions()})
    with pytest.raises(ActuatorError, match="gpioinfo"):
        LibgpiodChips().output("/dev/no-such-chip", 1, active_low=False, on=False)


@pytest.mark.slow
def test_nothing_loads_the_library_before_a_line_is_taken() -> None:
    import subprocess

    program = "import edge.wiring, sys; sys.exit('gpiod' in sys.modules or 'osdp_sys' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def contact_lines(chips: DoubleChips, debounce_s: float = 0.03) -> ContactLines:
    return ContactLines(chips, CHIP, {4: ContactLineSettings(line=4, debounce_s=debounce_s)})


MS = 1_000_000


@given(st.lists(st.integers(1, 200), min_size=1, max_size=20))
def test_a_change_counts_when_it_has_lasted_and_never_before(lengths_ms: list[int]) -> None:
    """Levels that last for these times one after another, all read in one go, long after."""
    chips = DoubleChips()
    lines = contact_lines(chips, 0.03)
    at_ms, closed, expected, counts = 1000, False, list[tuple[int, bool]](), False
    for length_ms in lengths_ms:
        closed = not closed
        chips.drive(CHIP, 4, not closed, at_ns=at_ms * MS)
        at_ms += length_ms
        if length_ms >= 30 and closed != counts:
            counts = closed
            expected.append((4, closed))
    if closed != counts and lengths_ms[-1] < 30:
        expected.append((4, closed))  # the last level lasts until we look
    assert lines.turn(0) == expected
    assert lines.closed == {4: closed}
    lines.close()
