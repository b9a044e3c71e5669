"""The parts of the benchmarks that figures depend on."""

import itertools
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.__main__ import REGISTRY, main
from bench.figures import percentile, summary_ms
from bench.history import DAY, PER_DEVICE_DAY, TICK, devices_for
from bench.ingest import interleave
from bench.peer import pack
from bench.traffic import make_parcels
from redwhistle.contracts import codec, topics
from redwhistle.contracts.topics import Leaf


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60), st.floats(0.1, 100))
def test_a_percentile_is_the_smallest_value_that_so_many_do_not_exceed(
    values: list[float], percent: float
) -> None:
    found = percentile(values, percent)
    need = len(values) * percent / 100
    assert found in values
    assert sum(v <= found for v in values) >= need - 1e-9
    assert all(sum(v <= smaller for v in values) < need for smaller in values if smaller < found)


def test_there_is_no_percentile_of_nothing() -> None:
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 50)


def test_a_summary_is_in_milliseconds() -> None:
    assert summary_ms([n / 1000 for n in range(1, 101)]) == {
        "p50_ms": 50.0,
        "p95_ms": 95.0,
        "p99_ms": 99.0,
        "max_ms": 100.0,
    }


@given(st.lists(st.binary(max_size=50), max_size=20))
def test_packed_messages_come_apart_again(messages: list[bytes]) -> None:
    packed = pack(messages)
    (count,) = struct.unpack_from(">I", packed)
    found, at = [], 4
    for _ in range(count):
        (size,) = struct.unpack_from(">I", packed, at)
        found.append(packed[at + 4 : at + 4 + size])
        at += 4 + size
    assert (found, at) == (messages, len(packed))


@given(rows=st.integers(1, 700), per_envelope=st.integers(1, 300))
def test_parcels_hold_every_number_once_and_can_be_read(rows: int, per_envelope: int) -> None:
    parcels = make_parcels("site", "box", rows=rows, per_envelope=per_envelope)
    envelopes = [codec.decode_envelope(p.payload) for p in parcels]
    numbers = [seq for e in envelopes for block in e.readings for seq in block.seq]
    assert numbers == list(range(1, rows + 1))
    assert {topics.parse(p.topic) for p in parcels} == {
        topics.parse(topics.build("site", "box", Leaf.TELEMETRY))
    }
    assert [p.last for p in parcels] == list(itertools.accumulate(p.rows for p in parcels))


def test_parcels_of_boxes_take_turns() -> None:
    a = make_parcels("site", "a", rows=4, per_envelope=2)
    b = make_parcels("site", "b", rows=4, per_envelope=2)
    assert [p.box for p in interleave([a, b])] == ["a", "b", "a", "b"]


@given(st.integers(1, 10**9))
def test_devices_make_at_least_the_rows_asked_for(rows: int) -> None:
    devices = devices_for(rows)
    assert devices * PER_DEVICE_DAY * 30 >= rows
    assert devices == 1 or (devices - 1) * PER_DEVICE_DAY * 30 < rows


def test_the_pace_of_a_device_is_the_one_of_its_table() -> None:
    assert PER_DEVICE_DAY == 720 + 720 + 144 + 72 + 12
    assert not DAY % TICK


@pytest.mark.parametrize("name", [*REGISTRY, "all"])
def test_each_benchmark_tells_how_it_is_used(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert "--json" in told
    if name != "all":
        assert f"python -m bench {name}" in told


def test_a_disk_that_is_too_small_is_said_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["query", "--json", "--rows", "1000000000000"]) == 1
    out, err = capsys.readouterr()
    assert not out
    assert "--rows" in err
    assert "TMPDIR" in err


def test_arguments_that_make_no_sense_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["ingest", "--rows", "0"], ["latency", "--alarms", "-1"], ["query", "--queries", "x"]):
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code == 2
        assert words[1] in capsys.readouterr().err
