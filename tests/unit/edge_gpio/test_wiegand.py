"""Wiegand: frames, parity, pulses, and doors whose readers are tapped; no card number leaves."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from edge.agent.gpio.double import DoubleChips
from edge.agent.observation import EventSeen, Observation
from edge.agent.policy import wiegand
from edge.agent.policy.wiegand import Assembling, Bits, Credential, Pulse, Unreadable, make_frame, read_frame
from edge.agent.sources.card_key import open_key
from edge.agent.sources.wiegand import WiegandSource, build
from edge.agent.sources.wiegand_settings import WiegandSettings
from tests.recording import RecordingSink, moment
from tests.unit.edge_actuators.desk import wait_for
from tests.unit.edge_gpio.watching import CHIP, running

MS, US = 1_000_000, 1_000
GAP = 30 * MS
cards = st.sampled_from(wiegand.LENGTHS).flatmap(
    lambda length: st.tuples(st.integers(0, (1 << (length - 2)) - 1), st.just(length))
)


def hashed(number: str) -> str:
    return f"#{number}#"


def bits_of(text: str) -> Bits:
    return tuple(each == "1" for each in text)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        # Facility 1, number 1: 0000 0001 0000 0000 0000 0001, parity by hand.
        ("1" + "000000010000" + "000000000001" + "0", (1 << 16) | 1),
        ("0" + "0" * 12 + "0" * 12 + "1", 0),
        ("0" + "1" * 12 + "1" * 12 + "1", (1 << 24) - 1),
        ("1" + "0" * 15 + "1" + "0" * 16 + "1", 1 << 16),
        ("1" + "0" * 17 + "1" + "0" * 17 + "0", 1 << 17),
    ],
    ids=["26", "26 of zeros", "26 of ones", "34", "37: the middle bit is in both halves"],
)
def test_frames_by_hand(text: str, number: int) -> None:
    assert read_frame(bits_of(text), hashed) == Credential(f"#{number}#")
    assert make_frame(number, len(text)) == bits_of(text)


@given(cards)
def test_every_card_comes_back_and_every_changed_bit_is_refused(card: tuple[int, int]) -> None:
    number, length = card
    bits = make_frame(number, length)
    assert len(bits) == length
    assert read_frame(bits, hashed) == Credential(f"#{number}#")
    for at in range(length):
        changed = (*bits[:at], not bits[at], *bits[at + 1 :])
        assert isinstance(read_frame(changed, hashed), Unreadable)


@given(st.lists(st.booleans(), max_size=140).map(tuple))
def test_any_bits_whatever_are_a_card_with_parity_or_none(bits: Bits) -> None:
    read = read_frame(bits, hashed)
    if isinstance(read, Credential):
        assert make_frame(int(read.hash.strip("#")), len(bits)) == bits
    if isinstance(read, Unreadable):
        assert re.search(r"[01]{5}", read.why) is None, "the frame itself is in no text"


@given(st.lists(cards, min_size=1, max_size=6), st.data())
def test_pulses_become_frames_however_they_are_read(
    played: list[tuple[int, int]], data: st.DataObject
) -> None:
    """Bits 0.2 to 2 ms apart, frames 30 ms or more, handed over in pieces; a ringing wire doubles some pulses."""
    frames = [make_frame(*card) for card in played]
    pulses, at_ns = list[Pulse](), 0
    for frame in frames:
        at_ns += data.draw(st.integers(GAP + 2 * MS, 10 * GAP))
        for bit in frame:
            at_ns += data.draw(st.integers(200 * US, 2 * MS))
            pulses.append(Pulse(bit, at_ns))
            if data.draw(st.booleans()):
                pulses.append(Pulse(bit, at_ns + 20 * US))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(pulses)), max_size=4)))
    state, got = Assembling(), list[Bits]()
    for begin, end in zip([0, *cuts], [*cuts, len(pulses)], strict=True):
        state, done = wiegand.hear(state, pulses[begin:end], gap_ns=GAP, shortest_ns=50 * US)
        got += done
    state, last = wiegand.tick(state, at_ns + GAP, gap_ns=GAP)
    assert [*got, last] == frames
    assert state == Assembling()


def test_noise_without_end_is_bounded() -> None:
    pulses = [Pulse(True, n * 300 * US) for n in range(1, 5000)]
    state, done = wiegand.hear(Assembling(), pulses, gap_ns=GAP, shortest_ns=0)
    assert done == []
    assert len(state.bits) == 128


def source(chips: DoubleChips, folder: Path, **door: Any) -> WiegandSource:
    device = {
        "device": "door-1",
        "readers": [{"d0": 20, "d1": 21, "direction": "in"}, {"d0": 22, "d1": 23, "direction": "out"}],
        **door,
    }
    settings = {"type": "wiegand", "devices": [device]}
    made = WiegandSettings.model_validate(settings)
    return build(made, moment=moment, gpio=chips, data_dir=folder)


class Reader:
    """Pulses as a reader gives them, 50 µs long and 1 ms apart."""

    def __init__(self, chips: DoubleChips, d0: int = 20) -> None:
        self._chips = chips
        self._d0 = d0
        self._at_ns = 0

    def send(self, bits: Bits) -> None:
        self._at_ns += 100 * MS
        for bit in bits:
            self._at_ns += MS
            line = self._d0 + bit
            self._chips.drive(CHIP, line, False, at_ns=self._at_ns)
            self._chips.drive(CHIP, line, True, at_ns=self._at_ns + 50 * US)


LINES = {
    "contact": {"line": 4, "normally": "closed", "debounce_s": 0},
    "exit_button": {"line": 5, "debounce_s": 0},
    "release": {"line": 6, "debounce_s": 0},
    "passage_in": {"line": 7, "debounce_s": 0},
}
CARD = 0x123456


def taken(chips: DoubleChips) -> None:
    wait_for(lambda: (CHIP, 20) in chips._taken, "the lines are taken")


def opened(said: list[Observation]) -> list[tuple[str, str | None]]:
    events = [each for each in said if isinstance(each, EventSeen)]
    return [(each.kind.value, getattr(each.data, "reason", None)) for each in events]


def test_without_a_contact_a_card_is_an_opening_with_its_direction(tmp_path: Path) -> None:
    chips = DoubleChips()
    with running(source(chips, tmp_path)) as said:
        taken(chips)
        Reader(chips).send(make_frame(CARD, 26))
        wait_for(lambda: len(said.events) == 1, "the card is said")
        Reader(chips, 22).send(make_frame(CARD, 37))
        wait_for(lambda: len(said.events) == 2, "the other reader's card is said")
        Reader(chips).send(bits_of("0110"))  # a key of its keypad
    data = [each.data.model_dump() for each in said.events]
    assert [(each["direction"], each["reason"]) for each in data] == [
        ("in", "card_read"),
        ("out", "card_read"),
    ]
    assert data[0]["credential"] == open_key(tmp_path / "gate.key").hash(str(CARD)) == data[1]["credential"]
    assert (said.values("door-1", "passed_in"), said.values("door-1", "passed_out")) == ([1], [1])
    assert said.values("door-1", "gate_open") == [], "without a contact nobody knows"
    assert str(CARD) not in repr(said.events)
    assert str(CARD) not in repr(said.readings)


def test_card_contact_button_and_barrier_together(tmp_path: Path) -> None:
    chips = DoubleChips()
    chips.drive(CHIP, 4, False)
    door = {"grant_s": 0.3, "held_open_s": 0.4}
    with running(source(chips, tmp_path, lines=LINES, door=door)) as said:
        wait_for(lambda: said.values("door-1", "gate_open") == [0], "it is closed")

        def step(line: int, high: bool, expected: list[tuple[str, str | None]]) -> None:
            said.events.clear()
            count = len(said.values("door-1", "gate_open")) + (line == 4)
            chips.drive(CHIP, line, high)
            wait_for(lambda: len(said.values("door-1", "gate_open")) >= count, "the door's position is said")
            wait_for(lambda: opened(list(said.events)) == expected, f"{expected}")

        Reader(chips).send(make_frame(CARD, 34))
        step(4, True, [("gate_opened", None)])
        chips.drive(CHIP, 7, False)
        wait_for(lambda: said.values("door-1", "passed_in") == [1, 1], "the person is counted")
        chips.drive(CHIP, 7, True)
        step(7, False, [("gate_opened", "tailgating")])
        said.events.clear()
        wait_for(lambda: opened(list(said.events)) == [("gate_held_open", None)], "it is held open")
        step(4, False, [("gate_held_open", None)])
        step(4, True, [("gate_forced", None)])
        step(4, False, [("gate_forced", None)])
        chips.drive(CHIP, 5, False)
        step(4, True, [("gate_opened", "exit_button")])
        step(4, False, [])
        chips.drive(CHIP, 6, False)
        step(4, True, [("gate_opened", "released")])
        step(4, False, [])
        chips.drive(CHIP, 6, True)
        said.events.clear()
        Reader(chips).send(make_frame(CARD, 34))
        wait_for(lambda: opened(list(said.events)) == [("gate_denied", "not_opened")], "it did not open")


def test_frames_that_cannot_be_read_are_a_fault_in_the_end(tmp_path: Path) -> None:
    chips = DoubleChips()
    settings = {"fault_after": 3, "fault_for_s": 0}
    made = source(chips, tmp_path)
    made._settings = made._settings.model_copy(
        update={"inputs": type(made._settings.inputs).model_validate(settings)}
    )
    with running(made) as said:
        taken(chips)
        reader, bad = Reader(chips), bits_of("1" * 26)
        for _ in range(3):
            reader.send(bad)
        wait_for(lambda: ("door-1", "malformed_messages", True) in said.codes(), "the fault is said")
        reader.send(make_frame(1, 26))
        wait_for(lambda: ("door-1", "malformed_messages", False) in said.codes(), "its end is said")
    assert isinstance(said, RecordingSink)


@pytest.mark.parametrize(
    "lines", [{"contact": {"line": 20}}, {"contact": {"line": 9}, "release": {"line": 9}}]
)
def test_a_line_has_one_use(tmp_path: Path, lines: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="given twice"):
        source(DoubleChips(), tmp_path, lines=lines)
