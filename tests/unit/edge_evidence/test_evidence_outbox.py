"""Pictures on a box: kept over a kill and a restart, bounded by number, bytes and age, never in the way."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.agent.moments import BoxClock
from edge.agent.observation import Moment
from edge.agent.outbox.evidence import EvidenceLimits
from redwhistle.clock import ManualClock
from redwhistle.errors import OutboxError
from tests.unit.edge_evidence.making import EPOCH, jpeg, open_pictures, taken

ROOT = Path(__file__).parents[3]


def test_a_picture_goes_on_the_wire_as_it_was_taken_and_stays_until_the_server_has_it(tmp_path: Path) -> None:
    kept = taken(place="b7", exercise="drill-1", people_blurred=3)
    first = open_pictures(tmp_path)
    first.put(kept)
    first.close()
    pictures = open_pictures(tmp_path)
    (waiting,) = pictures.waiting()
    sent = pictures.read(waiting)
    assert sent is not None
    assert (sent.id, sent.event, sent.device, sent.place, sent.exercise) == (
        waiting, kept.event, "cam", "b7", "drill-1"
    )  # fmt: skip
    assert (sent.site, sent.box, sent.epoch, sent.jpeg, sent.people_blurred) == (
        "jinsha", "box-1", EPOCH, kept.jpeg, 3
    )  # fmt: skip
    assert (sent.at_ms, sent.mono_ms, sent.synced) == (kept.moment.at_ms, 1_000, True)
    assert pictures.read(waiting) == sent
    assert pictures.drop([waiting]) == 1
    assert pictures.drop([waiting]) == 0
    assert pictures.waiting() == []
    assert pictures.read(waiting) is None
    assert pictures.given_up() == {}
    pictures.close()


def test_the_newest_comes_first_and_the_oldest_goes_first(tmp_path: Path) -> None:
    pictures = open_pictures(tmp_path, EvidenceLimits(max_pictures=3))
    events = [taken() for _ in range(5)]
    for one in events:
        pictures.put(one)
    left = [found.event for one in pictures.waiting() if (found := pictures.read(one))]
    assert left == [events[4].event, events[3].event, events[2].event]
    assert pictures.given_up() == {"full": 2}
    pictures.close()


def test_the_bytes_are_bounded_and_one_picture_always_fits(tmp_path: Path) -> None:
    size_bytes = len(jpeg())
    pictures = open_pictures(tmp_path, EvidenceLimits(max_bytes=2 * size_bytes + 1))
    for _ in range(4):
        pictures.put(taken())
    assert len(pictures.waiting()) == 2
    pictures.close()
    tight = open_pictures(tmp_path, EvidenceLimits(max_bytes=1))
    tight.put(taken())
    assert len(tight.waiting()) == 1
    tight.close()


def test_nothing_is_kept_for_longer_than_three_days_of_a_clock_that_can_be_trusted(tmp_path: Path) -> None:
    wall = ManualClock(datetime(2026, 5, 24, 8, 0, tzinfo=UTC))
    pictures = open_pictures(tmp_path, clock=BoxClock(wall, "b" * 32, lambda: True))
    now_ms = 1_779_609_600_000
    pictures.put(taken(moment=Moment(now_ms, 1, synced=True)))
    pictures.put(taken(moment=Moment(1_000, 1, synced=False)))
    wall.advance(72 * 3600 - 1)
    assert len(pictures.waiting()) == 2
    wall.advance(2)
    assert len(pictures.waiting()) == 1, "a time that nobody can trust says nothing of age"
    assert pictures.given_up() == {"expired": 1}
    pictures.close()


def test_a_picture_that_cannot_be_sent_does_not_stand_before_the_others(tmp_path: Path) -> None:
    pictures = open_pictures(tmp_path)
    pictures.put(replace(taken(), width_px=65))
    pictures.put(taken())
    assert [pictures.read(one) is not None for one in pictures.waiting()] == [True, False]
    assert len(pictures.waiting()) == 1
    assert pictures.given_up() == {"unreadable": 1}
    pictures.close()


@pytest.mark.parametrize("content", [b"no database" * 500, b""])
def test_a_broken_file_is_deleted_and_the_next_picture_is_kept(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "evidence.db").write_bytes(content)
    pictures = open_pictures(tmp_path)
    try:
        pictures.put(taken())
    except OutboxError:
        pictures.put(taken())
    assert len(pictures.waiting()) == 1
    pictures.close()


def test_where_nothing_can_be_written_it_is_said_and_tried_again(tmp_path: Path) -> None:
    folder = tmp_path / "not-there-yet"
    pictures = open_pictures(folder)
    with pytest.raises(OutboxError, match=r"evidence\.db"):
        pictures.put(taken())
    folder.mkdir()
    pictures.put(taken())
    assert len(pictures.waiting()) == 1
    pictures.close()


def test_a_deleted_picture_is_gone_from_the_file(tmp_path: Path) -> None:
    pictures = open_pictures(tmp_path)
    pictures.put(taken(jpeg=jpeg(33)))
    assert jpeg(33)[-200:] in (tmp_path / "evidence.db").read_bytes()
    pictures.drop(pictures.waiting())
    assert jpeg(33)[-200:] not in (tmp_path / "evidence.db").read_bytes()
    pictures.close()


CHILD = """
import sys
from pathlib import Path
from tests.unit.edge_evidence.making import open_pictures, taken
pictures = open_pictures(Path(sys.argv[1]))
while True:
    kept = taken()
    pictures.put(kept)
    print(kept.event, flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("after", [1, 7, 20])
def test_what_was_kept_outlives_a_kill(tmp_path: Path, after: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as child:
        assert child.stdout is not None
        said = [child.stdout.readline().strip() for _ in range(after)]
        os.kill(child.pid, signal.SIGKILL)
        said += [line.strip() for line in child.stdout if line.endswith("\n")]
    pictures = open_pictures(tmp_path)
    found = [str(one.event) for n in pictures.waiting() if (one := pictures.read(n))]
    assert len(set(found)) == len(found)
    assert set(said[-64:]) <= set(found) or len(found) == 64
    assert set(found) - set(said) <= set(found[:1]), "at most the one that was under way"
    pictures.close()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 5), max_size=40), st.integers(1, 5))
def test_any_order_of_keeping_and_dropping_keeps_the_bounds_and_the_count(
    tmp_path_factory: pytest.TempPathFactory, script: list[int], most: int
) -> None:
    pictures = open_pictures(tmp_path_factory.mktemp("box"), EvidenceLimits(max_pictures=most))
    kept = dropped = 0
    for step in script:
        waiting = pictures.waiting()
        if step > 1 or not waiting:
            pictures.put(taken())
            kept += 1
        elif step == 1:
            dropped += pictures.drop(waiting[-1:])
        else:
            pictures.give_up(waiting[0], "refused")
        assert len(pictures.waiting()) <= most
    assert kept == dropped + len(pictures.waiting()) + sum(pictures.given_up().values())
    pictures.close()
