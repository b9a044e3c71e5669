"""Which time an item gets (E11): the box's word where its clock is set, its age where not, ours where nothing else can be."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from redwhistle.contracts.envelope import Stamp
from server.ingest.clocks import AHEAD_MS, BEHIND_MS, correct, offset_of
from server.records import BootOffset, TimeSource

NOW = 1_780_000_000_000
BOOT, EARLIER = "a" * 32, "b" * 32


def one(
    at_ms: int, mono_ms: int, *, synced: bool, boot: str = BOOT, boots: dict[str, BootOffset] | None = None
) -> tuple[int, int]:
    times, sources = correct(
        np.array([at_ms]),
        np.array([mono_ms]),
        boot=boot,
        synced=synced,
        sent=Stamp(at_ms=5, mono_ms=100_000, boot=BOOT, synced=synced),
        received_ms=NOW,
        boots=boots or {},
    )
    return int(times[0]), int(sources[0])


def test_a_synchronised_clock_is_believed_even_a_week_late() -> None:
    week_ago = NOW - 7 * 86_400_000
    assert one(week_ago, 1, synced=True) == (week_ago, TimeSource.SENT)


def test_an_unsynchronised_clock_is_replaced_by_the_age_at_sending() -> None:
    assert one(12345, 40_000, synced=False) == (NOW - 60_000, TimeSource.AGE)


def test_an_earlier_boot_is_dated_by_what_is_known_of_its_clock() -> None:
    known = {EARLIER: BootOffset(NOW - 500_000, synced=True)}
    assert one(12345, 40_000, synced=False, boot=EARLIER, boots=known) == (NOW - 460_000, TimeSource.BOOT)


def test_an_unknown_boot_gets_the_receive_time() -> None:
    assert one(12345, 40_000, synced=False, boot=EARLIER) == (NOW, TimeSource.RECEIVED)


def test_a_clock_in_the_year_2099_or_1970_is_clamped() -> None:
    assert one(4_070_908_800_000, 1, synced=True) == (NOW, TimeSource.RECEIVED)
    assert one(0, 1, synced=True) == (NOW, TimeSource.RECEIVED)


@given(
    st.integers(0, 253_402_300_799_000), st.integers(0, 2**53), st.booleans(), st.integers(-(2**53), 2**53)
)
def test_no_clock_whatever_leaves_the_plausible_span(
    at_ms: int, mono_ms: int, synced: bool, offset: int
) -> None:
    boots = {EARLIER: BootOffset(offset, synced=False)}
    for boot in (BOOT, EARLIER):
        time_ms, _ = one(at_ms, mono_ms, synced=synced, boot=boot, boots=boots)
        assert NOW - BEHIND_MS <= time_ms <= NOW + AHEAD_MS


def test_an_absurd_synchronised_stamp_does_not_become_the_boots_offset() -> None:
    offset = offset_of(Stamp(at_ms=4_070_908_800_000, mono_ms=10, boot=BOOT, synced=True), NOW)
    assert offset == BootOffset(NOW - 10, synced=False)
