"""The box's clocks."""

from datetime import UTC, datetime
from pathlib import Path

from edge.agent.moments import BoxClock, is_wall_clock_synced, read_boot_id
from redwhistle.clock import ManualClock

START = datetime(2026, 5, 24, tzinfo=UTC)


def test_a_clock_before_the_program_was_made_is_never_called_synchronised() -> None:
    manual = ManualClock(START)
    clock = BoxClock(manual, "b" * 32, lambda: True)
    assert clock.moment().synced
    manual.set_wall(datetime(1970, 1, 1, 0, 5, tzinfo=UTC))
    assert not clock.moment().synced
    assert clock.moment().at_ms == 300_000


def test_the_clocks_state_is_asked_once_a_second() -> None:
    manual = ManualClock(START)
    asked: list[bool] = []

    def ask() -> bool:
        asked.append(True)
        return True

    clock = BoxClock(manual, "b" * 32, ask)
    for _ in range(100):
        clock.moment()
    assert len(asked) == 1
    manual.advance(1)
    clock.moment()
    assert len(asked) == 2


def test_wall_time_steps_do_not_touch_monotonic_time() -> None:
    manual = ManualClock(START, 5_000)
    clock = BoxClock(manual, "b" * 32, lambda: True)
    manual.set_wall(datetime(2030, 1, 1, tzinfo=UTC))
    assert clock.moment().mono_ms == 5_000
    manual.set_wall(datetime(1900, 1, 1, tzinfo=UTC))
    assert clock.stamp().at_ms == 0


def test_the_boot_id_is_the_kernels_or_random(tmp_path: Path) -> None:
    path = tmp_path / "boot_id"
    path.write_text("0d6b4dd2-38e0-4a0d-9a0f-0c3f4d7c2a11\n")
    assert read_boot_id(path) == "0d6b4dd238e04a0d9a0f0c3f4d7c2a11"
    assert len(read_boot_id(tmp_path / "missing")) == 32
    assert read_boot_id(tmp_path / "missing") != read_boot_id(tmp_path / "missing")


def test_timesyncd_vouches_for_the_clock(tmp_path: Path) -> None:
    flag = tmp_path / "synchronized"
    flag.touch()
    assert is_wall_clock_synced(flag)
    assert is_wall_clock_synced(tmp_path / "missing") in {True, False}
