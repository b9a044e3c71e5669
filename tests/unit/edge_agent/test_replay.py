"""The replay source: exact times, named errors, enough speed."""

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.agent.moments import BoxClock
from edge.agent.observation import EventSeen, ReadingSeen
from edge.agent.sources.replay import ReplaySource
from edge.agent.sources.replay_log import check_log, read_log
from edge.agent.sources.replay_settings import ReplaySettings
from redwhistle.clock import SystemClock
from redwhistle.contracts.events import EventKind, SmokeData
from redwhistle.errors import SourceError
from tests.unit.edge_agent.test_supervisor import ListSink
from tests.unit.edge_outbox.making import open_outbox

CLOCK = BoxClock(SystemClock(), "b" * 32, lambda: True)


def write_log(path: Path, *lines: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def temperature(t_s: float, value: float = 20.0) -> dict[str, Any]:
    return {"t_s": t_s, "device": "smoke-1", "metric": "temperature_c", "value": value}


def play(file: Path, **more: Any) -> ListSink:
    sink = ListSink()
    settings = ReplaySettings(type="replay", file=file, **({"speed": 1e6} | more))
    ReplaySource(settings, CLOCK).run(sink, threading.Event())
    return sink


def test_events_and_readings_come_out_as_written(tmp_path: Path) -> None:
    smoke = {
        "t_s": 0.5,
        "device": "smoke-1",
        "kind": "smoke",
        "data": {"level": 1},
        "test": True,
        "place": "hall",
    }
    sink = play(
        write_log(tmp_path / "log", temperature(0), smoke, temperature(1, -3.5)), repeat=2, exercise="drill-1"
    )
    assert [r.value for r in sink.readings] == [20, -3.5] * 2
    event = sink.events[0]
    assert event == EventSeen(
        "smoke-1",
        EventKind.SMOKE,
        SmokeData(level=1.0),
        event.moment,
        test=True,
        place="hall",
        exercise="drill-1",
    )
    assert {r.exercise for r in sink.readings} == {"drill-1"}


def test_times_are_kept_and_do_not_drift(tmp_path: Path) -> None:
    file = write_log(tmp_path / "log", *[temperature(n * 0.02) for n in range(51)])
    came_at: list[float] = []

    class SlowSink(ListSink):
        def reading(self, seen: ReadingSeen) -> None:
            super().reading(seen)
            came_at.append(time.monotonic())
            time.sleep(0.005)  # a slow receiver must not make the next one late

    began = time.monotonic()
    ReplaySource(ReplaySettings(type="replay", file=file, speed=2), CLOCK).run(SlowSink(), threading.Event())
    assert 0.5 - 0.02 <= came_at[-1] - began < 0.7


def test_it_stops_in_the_middle_of_a_wait(tmp_path: Path) -> None:
    file = write_log(tmp_path / "log", temperature(0), temperature(3600))
    stop = threading.Event()
    thread = threading.Thread(
        target=ReplaySource(ReplaySettings(type="replay", file=file, loop=True), CLOCK).run,
        args=(ListSink(), stop),
    )
    thread.start()
    stop.set()
    thread.join(2)
    assert not thread.is_alive()


def test_after_a_failure_it_goes_on_where_it_stood(tmp_path: Path) -> None:
    file = write_log(tmp_path / "log", *[temperature(0, n) for n in range(10)])
    source = ReplaySource(ReplaySettings(type="replay", file=file, speed=1e6), CLOCK)
    sink = ListSink()

    class FailingSink(ListSink):
        def reading(self, seen: ReadingSeen) -> None:
            if seen.value == 4:
                raise SourceError("stumbled")
            sink.reading(seen)

    with pytest.raises(SourceError):
        source.run(FailingSink(), threading.Event())
    source.run(sink, threading.Event())
    assert [r.value for r in sink.readings] == list(range(10))


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("{", "line 2"),
        ("[1]", "line 2"),
        ('{"t_s": 1, "device": "a"}', "line 2: kind"),
        ('{"t_s": 1, "device": "a", "kind": "smok"}', "line 2: kind"),
        ('{"t_s": 1, "device": "A b", "metric": "x", "value": 1}', "line 2: device"),
        ('{"t_s": 1, "device": "a", "metric": "x", "value": NaN}', "line 2"),
        (
            '{"t_s": 1, "device": "a", "kind": "crowd_formed", "data": {"count": 1}}',
            "line 2: data of crowd_formed",
        ),
        ('{"t_s": -1, "device": "a", "metric": "x", "value": 1}', "line 2: t_s"),
        ('{"t_s": 0.1, "device": "a", "metric": "x", "value": 1}', "line 2: t_s runs backwards"),
        ("x" * 70_000, "line 2: longer than"),
    ],
)
def test_errors_name_the_line_before_anything_is_played(tmp_path: Path, line: str, fault: str) -> None:
    file = write_log(tmp_path / "log", temperature(0.5))
    file.write_text(file.read_text() + line + "\n")
    sink = ListSink()
    with pytest.raises(SourceError) as caught:
        ReplaySource(ReplaySettings(type="replay", file=file), CLOCK).run(sink, threading.Event())
    assert fault in str(caught.value)
    assert sink.readings == []


def test_a_missing_log_and_an_endless_loop_of_no_length_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="Check the source's `file`"):
        play(tmp_path / "missing")
    with pytest.raises(SourceError, match="cannot be looped"):
        play(write_log(tmp_path / "log", temperature(0)), loop=True)


@given(content=st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.getbasetemp() / "any.jsonl"
    file.write_bytes(content)
    try:
        check_log(file)
        list(read_log(file))
    except SourceError:
        pass


def test_twenty_thousand_readings_reach_the_outbox_in_a_few_seconds(tmp_path: Path) -> None:
    """2,000 readings/s is what the fault tests need; a tenth of the time usual here is still allowed."""
    file = write_log(tmp_path / "log", *[temperature(n * 1e-6, n) for n in range(20_000)])
    outbox = open_outbox(tmp_path)

    class IntoOutbox(ListSink):
        def reading(self, seen: ReadingSeen) -> None:
            outbox.put_reading(seen)

    began = time.monotonic()
    ReplaySource(ReplaySettings(type="replay", file=file), CLOCK).run(IntoOutbox(), threading.Event())
    outbox.flush()
    assert time.monotonic() - began < 10
    outbox.close()
