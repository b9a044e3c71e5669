"""The doors of the simulator: command words, lines of a script, and input that is none."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.simulate.desk import Desk
from edge.simulate.input_lines import InputLines
from edge.simulate.running import read_line
from edge.simulate.wishes import MAX_LINE_BYTES, Options, Wish, make_options, read_wish
from redwhistle.errors import ConfigurationError
from tests.unit.edge_simulate.boxes import make_desk, plan


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return make_desk(tmp_path_factory.mktemp("box"))


def test_words_and_json_are_the_same_wish() -> None:
    wanted = Wish(
        device="gate-1", act="denied", test=True, options=Options(card="0012", direction="in", people=2)
    )
    assert read_line(b"gate-1 denied direction=in card=0012 people=2 test\n") == wanted
    assert read_line(wanted.model_dump_json().encode()) == wanted


@pytest.mark.parametrize(
    "line",
    [
        b"gate-1",
        b"gate-1 denied card",
        b"gate-1 denied card=x",
        b"gate-1 denied colour=red",
        b"gate-1 denied value=nan",
        b"GATE! denied",
        b"gate-1 denied \xff",
        b'{"device": "gate-1"}',
        b'{"device": "gate-1", "act": "denied", "colour": "red"}',
        b'{"device": "gate-1", "act": "denied", "options": {"value": 1e999}}',
        b"x" * (MAX_LINE_BYTES + 1),
        b"{" * MAX_LINE_BYTES,
    ],
)
def test_lines_that_are_none_are_refused_in_a_sentence(line: bytes) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_line(line)
    assert 0 < len(str(caught.value)) < 2000


@given(st.binary(max_size=300) | st.text(max_size=100).map(str.encode))
def test_any_line_is_a_wish_or_refused(line: bytes) -> None:
    for read in (read_line, read_wish):
        try:
            assert isinstance(read(line), Wish)
        except ConfigurationError:
            continue


@given(
    device=st.sampled_from(["smoke-1", "gate-1", "panel-1", "water-2", "relay-1", "gate-4", "nobody"]),
    act=st.sampled_from(["alarm", "clear", "forced", "fire", "exceed", "card", "reading", "burn"]),
    test=st.booleans(),
    options=st.builds(
        Options,
        value=st.none() | st.floats(-1e9, 1e9),
        metric=st.none() | st.sampled_from(["temperature_c", "water_level_m", "love"]),
        zone=st.none() | st.integers(0, 0xFFFF),
        card=st.none() | st.from_regex(r"\A[0-9]{1,20}\Z"),
        bits=st.none() | st.sampled_from([26, 34, 37]),
        reader=st.none() | st.integers(0, 126),
        input=st.none() | st.sampled_from(["smoke", "fault", "test", "love"]),
    ),
)
def test_any_wish_is_planned_or_refused(
    desk: Desk, device: str, act: str, test: bool, options: Options
) -> None:
    try:
        steps = desk.plan(Wish(device=device, act=act, test=test, options=options), 0)
    except ConfigurationError:
        return
    assert steps
    assert all(each.shown() for each in steps)


def test_what_cannot_be_says_what_can(desk: Desk) -> None:
    with pytest.raises(ConfigurationError, match="simulate list"):
        plan(desk, "nobody", "alarm")
    with pytest.raises(ConfigurationError, match="it can: alarm, clear"):
        plan(desk, "smoke-1", "burn")
    with pytest.raises(ConfigurationError, match="takes no --zone: --direction"):
        plan(desk, "gate-1", "forced", zone=3)
    with pytest.raises(ConfigurationError, match=r"no test mark.*--yes"):
        plan(desk, "gate-4", "card", test=True)
    with pytest.raises(ConfigurationError):
        make_options(direction="sideways")


def test_lines_come_in_pieces_and_the_last_needs_no_end() -> None:
    reading, writing = os.pipe()
    lines = InputLines(reading, 10)
    assert lines.take(0) == b""
    os.write(writing, b"one\ntw")
    assert lines.take(1) == b"one"
    assert lines.take(0) == b""
    os.write(writing, b"o\n" + b"x" * 100)
    assert lines.take(1) == b"two"
    assert lines.take(1) == b"x" * 11, "its beginning, so that it is refused"
    os.write(writing, b"gate-1 forced\nlast")
    os.close(writing)
    found = []
    while (line := lines.take(1)) is not None:
        found.append(line)
    assert [each for each in found if each] == [b"last"], "the rest of the long one is no line of its own"
    os.close(reading)


@given(st.lists(st.binary(max_size=12)), st.integers(1, 7))
def test_lines_do_not_depend_on_how_they_come(parts: list[bytes], most: int) -> None:
    whole = b"".join(parts)
    wanted = [line[: most + 1] for line in whole.split(b"\n")]
    if wanted[-1] == b"":
        wanted.pop()
    reading, writing = os.pipe()
    lines, found = InputLines(reading, most), list[bytes]()
    for part in parts:
        os.write(writing, part)
        while line := lines.take(0):
            found.append(line)
    os.close(writing)
    while (last := lines.take(1)) is not None:
        found.append(last)
    os.close(reading)
    assert [line for line in found if line] == [line for line in wanted if line]


def test_a_file_is_read_to_its_end(tmp_path: Path) -> None:
    file = tmp_path / "script"
    file.write_bytes(b"a b\nc d\n")
    with file.open("rb") as opened:
        lines = InputLines(opened.fileno(), 100)
        assert [lines.take(1), lines.take(1)] == [b"a b", b"c d"]
        while (last := lines.take(1)) is not None:
            assert last == b""
