"""The queue's acts: every allowed move, every refusal, and that no order of acts breaks an item."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redwhistle.errors import AlreadyClaimed, NotYours, QueueError, WrongState
from server.alerts import queue
from server.alerts.model import Certainty, Hazard, Severity
from server.alerts.terms import Deadlines, Terms
from server.alerts.testing import check_like_the_table
from server.alerts.work_item import PEOPLES_ACTS, Act, Entry, State, WorkItem

NOW = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)
TERMS = Terms()


def item(**changes: object) -> WorkItem:
    made = WorkItem(
        id="0b9f6f6e-0000-5000-8000-000000000001",
        alert="0b9f6f6e-0000-5000-8000-000000000002",
        exercise="",
        grid="g3",
        site="jinyuan",
        place="jinyuan-b7",
        hazard=Hazard.SMOKE,
        severity=Severity.IMPORTANT,
        certainty=Certainty.SUSPECTED,
        state=State.SUSPECTED,
        opened_at=NOW,
        deadline_at=NOW + timedelta(minutes=5),
        last_at=NOW,
        number=7,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def claimed(by: str = "张伟", at: datetime = NOW) -> WorkItem:
    return queue.act(item(), Act.CLAIM, by, at).item


def settled(by: str = "张伟") -> WorkItem:
    return queue.act(claimed(by), Act.RESOLVE, by, NOW, reason="out").item


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_the_whole_way_with_its_history() -> None:
    steps = [
        (Act.CLAIM, "", State.CLAIMED),
        (Act.ON_SCENE, "", State.ON_SCENE),
        (Act.COMMENT, "a pan on the stove", State.ON_SCENE),
        (Act.RESOLVE, "put out, aired", State.RESOLVED),
        (Act.CLOSE, "", State.CLOSED),
    ]
    now, standing = NOW, item()
    entries: list[Entry] = []
    for what, reason, state in steps:
        now += timedelta(seconds=1)
        done = queue.act(standing, what, " 张伟 ", now, reason=reason)
        assert done.item.state is state
        assert len(done.entries) == 1
        assert done.entries[0].from_state is standing.state
        assert done.entries[0].at == now
        standing = done.item
        entries += done.entries
    assert [e.act for e in entries] == [what for what, _, _ in steps]
    assert {e.actor for e in entries} == {"张伟"}
    assert standing.closed_by == "张伟"
    assert standing.outcome is State.RESOLVED
    assert standing.owner is None
    assert standing.lease_until is None


def test_the_second_to_claim_is_told_who_was_first() -> None:
    with pytest.raises(AlreadyClaimed) as caught:
        queue.act(claimed("张伟"), Act.CLAIM, "李娜", after(1))
    assert caught.value.owner == "张伟"
    assert "张伟" in str(caught.value)
    assert "item 7" in str(caught.value)


def test_a_claim_again_by_the_owner_renews() -> None:
    again = queue.act(claimed(), Act.CLAIM, "张伟", after(60)).item
    assert again.owner == "张伟"
    assert again.lease_until == after(60 + TERMS.lease_s)


@pytest.mark.parametrize("what", [Act.RENEW, Act.ON_SCENE, Act.COMMENT])
def test_any_act_of_the_owner_renews_the_lease(what: Act) -> None:
    done = queue.act(claimed(), what, "张伟", after(600), reason="still here")
    assert done.item.lease_until == after(600 + TERMS.lease_s)


def test_a_comment_of_another_does_not_renew() -> None:
    held = claimed()
    done = queue.act(held, Act.COMMENT, "李娜", after(600), reason="I hear it, too")
    assert done.item == held
    assert done.entries[0].actor == "李娜"


@pytest.mark.parametrize("certainty", list(Certainty))
def test_a_lease_that_runs_out_puts_it_back(certainty: Certainty) -> None:
    resting = State.OPEN if certainty is Certainty.CONFIRMED else State.SUSPECTED
    held = queue.act(item(certainty=certainty, state=resting), Act.CLAIM, "张伟", NOW).item
    assert queue.lapse(held, after(TERMS.lease_s - 0.001)) is None
    lapsed = queue.lapse(held, after(TERMS.lease_s))
    assert lapsed is not None
    assert lapsed.item.state is resting
    assert lapsed.item.owner is None
    assert lapsed.entries[0].actor == queue.DISPATCH
    assert "张伟" in lapsed.entries[0].reason


def test_a_claim_after_the_lease_ran_out_wins_before_the_timer_came() -> None:
    done = queue.act(claimed("张伟"), Act.CLAIM, "李娜", after(TERMS.lease_s))
    assert done.item.owner == "李娜"
    assert [e.act for e in done.entries] == [Act.LAPSE, Act.CLAIM]
    assert [e.version for e in done.entries] == [3, 4]


def test_the_owner_whose_lease_ran_out_has_to_claim_again() -> None:
    with pytest.raises(WrongState, match="claim it first"):
        queue.act(claimed(), Act.RESOLVE, "张伟", after(TERMS.lease_s), reason="done")


@pytest.mark.parametrize("what", [Act.RENEW, Act.RELEASE, Act.ON_SCENE, Act.RESOLVE, Act.FALSE_ALARM])
def test_only_the_owner(what: Act) -> None:
    with pytest.raises(NotYours, match="张伟"):
        queue.act(claimed("张伟"), what, "李娜", after(1), reason="x")
    with pytest.raises(WrongState, match="claim it first"):
        queue.act(item(), what, "李娜", after(1), reason="x")
    with pytest.raises(WrongState):
        queue.act(settled("张伟"), what, "张伟", after(1), reason="x")


@pytest.mark.parametrize("what", [Act.RESOLVE, Act.FALSE_ALARM, Act.COMMENT])
@pytest.mark.parametrize("reason", ["", "  \n "])
def test_a_reason_is_needed(what: Act, reason: str) -> None:
    with pytest.raises(QueueError):
        queue.act(claimed(), what, "张伟", after(1), reason=reason)


@pytest.mark.parametrize("what", PEOPLES_ACTS)
def test_another_grid_s_item_is_not_yours(what: Act) -> None:
    with pytest.raises(NotYours, match="g3"):
        queue.act(claimed(), what, "张伟", after(1), reason="x", grid="g4")


def test_release_gives_it_back() -> None:
    done = queue.act(claimed(), Act.RELEASE, "张伟", after(5))
    assert done.item.state is State.SUSPECTED
    assert done.item.owner is None


@pytest.mark.parametrize("what", [Act.RESOLVE, Act.FALSE_ALARM])
@pytest.mark.parametrize("arrived", [True, False])
def test_undo_within_the_window(what: Act, arrived: bool) -> None:
    held = queue.act(claimed(), Act.ON_SCENE, "张伟", after(1)).item if arrived else claimed()
    done = queue.act(held, what, "张伟", after(2), reason="x").item
    assert done.closes_at == after(2 + TERMS.undo_s)
    with pytest.raises(NotYours):
        queue.act(done, Act.UNDO, "李娜", after(3))
    undone = queue.act(done, Act.UNDO, "张伟", after(3)).item
    assert undone.state is held.state
    assert undone.outcome is None
    assert undone.closes_at is None
    with pytest.raises(WrongState):
        queue.act(undone, Act.UNDO, "张伟", after(4))


def test_closing() -> None:
    done = settled("张伟")
    with pytest.raises(NotYours):
        queue.act(done, Act.CLOSE, "李娜", after(TERMS.undo_s - 1))
    assert queue.act(done, Act.CLOSE, "李娜", after(TERMS.undo_s)).item.closed_by == "张伟"
    assert queue.expire_undo(done, after(TERMS.undo_s - 0.001)) is None
    closed = queue.expire_undo(done, after(TERMS.undo_s))
    assert closed is not None
    assert closed.item.state is State.CLOSED
    assert closed.item.outcome is State.RESOLVED
    with pytest.raises(WrongState):
        queue.act(claimed(), Act.CLOSE, "张伟", after(1))
    for what in (Act.CLAIM, Act.CLOSE, Act.UNDO):
        with pytest.raises(WrongState):
            queue.act(closed.item, what, "张伟", after(99))
    note = queue.act(closed.item, Act.COMMENT, "李娜", after(99), reason="the pan was theirs")
    assert note.item == closed.item


def test_an_expected_version_must_fit() -> None:
    assert queue.act(item(), Act.CLAIM, "张伟", NOW, version=1).item.version == 2
    with pytest.raises(WrongState, match="version 1, not 2"):
        queue.act(item(), Act.CLAIM, "张伟", NOW, version=2)


@pytest.mark.parametrize("actor", ["", "  ", "engine", "Dispatch", "x" * 101, "a\x00b", "a\x07"])
def test_names_that_are_no_person_s(actor: str) -> None:
    with pytest.raises(QueueError):
        queue.act(item(), Act.CLAIM, actor, NOW)


@pytest.mark.parametrize("what", [a for a in Act if a not in PEOPLES_ACTS])
def test_the_engine_s_acts_are_no_person_s(what: Act) -> None:
    with pytest.raises(WrongState):
        queue.act(item(), what, "张伟", NOW)


def test_urgency() -> None:
    rows = [
        item(number=1, severity=Severity.NOTICE, deadline_at=NOW - timedelta(hours=5)),
        item(number=2, severity=Severity.URGENT, deadline_at=after(60)),
        item(number=3, severity=Severity.IMPORTANT, deadline_at=after(10)),
        item(number=4, severity=Severity.IMPORTANT, deadline_at=after(-10)),
        item(number=6, severity=Severity.URGENT, deadline_at=after(60)),
        item(number=5, severity=Severity.URGENT, deadline_at=after(60)),
    ]
    assert [i.number for i in queue.by_urgency(rows, NOW)] == [2, 5, 6, 4, 3, 1]


def test_deadlines_by_hazard_come_before_those_by_severity() -> None:
    table = Deadlines(by_hazard={(Hazard.DEVICE, Severity.NORMAL): 240})
    assert table.minutes(Hazard.DEVICE, Severity.NORMAL) == 240
    assert table.minutes(Hazard.GATE, Severity.NORMAL) == 15
    assert table.minutes(Hazard.FIRE, Severity.URGENT) == 3


def test_absurd_clocks_do_not_break_a_claim() -> None:
    end = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert queue.act(item(), Act.CLAIM, "张伟", end).item.lease_until == end


ACTORS = ("张伟", "李娜")


@given(
    st.lists(
        st.tuples(
            st.sampled_from([*PEOPLES_ACTS, "lapse", "expire", "reopen", "engine"]),
            st.sampled_from(ACTORS),
            st.integers(0, 1200),
            st.sampled_from(["", "why"]),
        ),
        max_size=30,
    )
)
def test_no_order_of_acts_breaks_an_item(acts: list[tuple[Act | str, str, int, str]]) -> None:
    now, standing = NOW, item()
    for what, actor, wait_s, reason in acts:
        now += timedelta(seconds=wait_s)
        before = standing
        try:
            if what == "lapse":
                done = queue.lapse(standing, now)
            elif what == "expire":
                done = queue.expire_undo(standing, now)
            elif what == "engine":
                done = queue.resolve_by_engine(standing, now, "gone")
            elif what == "reopen":
                done = queue.reopen(standing, now) if standing.state in queue.SETTLED else None
            else:
                done = queue.act(standing, Act(what), actor, now, reason=reason)
        except QueueError:
            continue
        if done is None:
            continue
        standing = done.item
        check_like_the_table(standing)
        if standing.state in queue.HELD:
            assert standing.lease_until is not None
            assert standing.lease_until > now
        states = [before.state]
        for entry in done.entries:
            assert entry.from_state is states[-1]
            states.append(entry.to_state)
        assert states[-1] is standing.state
        assert standing.version >= before.version
        if before.state is State.CLOSED:
            assert standing == before


@given(st.text(max_size=2000), st.text(max_size=200))
def test_any_text_is_taken_or_refused(reason: str, actor: str) -> None:
    try:
        done = queue.act(claimed(), Act.COMMENT, actor, after(1), reason=reason)
    except QueueError:
        return
    entry = done.entries[-1]
    assert "\x00" not in entry.reason + entry.actor
    (entry.reason + entry.actor).encode()
