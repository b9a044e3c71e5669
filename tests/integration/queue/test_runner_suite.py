"""The runner and the acts on any store: each test runs on the double in memory and on a real database."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from redwhistle.clock import to_ms
from redwhistle.errors import ConfigurationError, NotFound, NotYours, QueueError
from server.alerts import acts, runner
from server.alerts.model import (
    Certainty,
    DoubtItem,
    Item,
    PresenceItem,
    Quiet,
    Severity,
    Silence,
    Subject,
    WakeItem,
)
from server.alerts.records import Changes, SiteKey
from server.alerts.terms import DEFAULT_TERMS
from server.alerts.testing import PlainJudge, PlainPack, PlainState, alarm
from server.alerts.work_item import Act, State, Transition

NOW = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)
MS = to_ms(NOW)
REAL = ("jinyuan", "")
JUDGE = PlainJudge()
PACK = PlainPack()


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def step(
    store: Any, items: Mapping[SiteKey, Sequence[Item]], now: datetime = NOW, pack: PlainPack = PACK
) -> Changes:
    with store.transaction() as uow:
        return runner.step(uow, items, pack, now, judge=JUDGE)


def perform(
    store: Any, ref: object, what: Act, now: datetime, actor: str = "张伟", **more: Any
) -> Transition:
    with store.transaction() as uow:
        return acts.perform(uow, str(ref), what, actor, now, pack=PACK, judge=JUDGE, **more)


def test_an_alarm_stands_in_the_queue_of_its_grid(store: Any) -> None:
    event = alarm("smoke-1", MS - 40, place="jinyuan-b7-u2")
    changes = step(store, {REAL: [event]})
    (item,), (alert,), (log,) = store.items(), store.alerts(), store.log()
    assert (item.grid, item.site, item.place) == ("jinsha-g3", "jinyuan", "jinyuan-b7-u2")
    assert (item.state, item.severity, item.count, item.version) == (
        State.SUSPECTED,
        Severity.IMPORTANT,
        1,
        1,
    )
    assert item.deadline_at == after(5 * 60)
    assert item.alert == alert.id == log.alert
    assert alert.happened_at == NOW - timedelta(milliseconds=40)
    assert alert.raised_at == NOW
    assert (log.decision, log.device, log.why["sources"]) == ("raise", "smoke-1", ["smoke-1"])
    assert [(e.act, e.actor, e.to_state) for e in store.history()] == [(Act.RAISE, "engine", State.SUSPECTED)]
    assert store.told() == [(item.id, State.SUSPECTED, 1)]
    assert store.steps() == {REAL: 1}
    assert changes.new_items[0].id == item.id


def test_repeats_raise_the_count_and_keep_the_version(store: Any) -> None:
    step(store, {REAL: [alarm("smoke-1", MS)]})
    perform(store, 1, Act.CLAIM, after(1))
    step(store, {REAL: [alarm("smoke-1", MS + n) for n in range(1, 5)]}, after(2))
    (item,) = store.items()
    assert (item.count, item.state, item.owner, item.version) == (5, State.CLAIMED, "张伟", 2)
    assert [e.decision for e in store.log()] == ["raise", "repeat", "repeat", "repeat", "repeat"]
    last = store.history()[-1]
    assert (last.act, last.data) == (Act.REPEAT, {"times": 4, "count": 5})
    assert store.alerts()[0].count == 5


def test_a_second_device_upgrades_and_the_claim_stays(store: Any) -> None:
    step(store, {REAL: [alarm("smoke-1", MS)]})
    perform(store, 1, Act.CLAIM, after(1))
    step(store, {REAL: [alarm("heat-2", MS + 500)]}, after(2))
    (item,) = store.items()
    assert (item.state, item.owner) == (State.CLAIMED, "张伟")
    assert (item.severity, item.certainty) == (Severity.URGENT, Certainty.CONFIRMED)
    assert item.deadline_at == after(2 + 180)
    released = perform(store, 1, Act.RELEASE, after(3)).item
    assert released.state is State.OPEN
    assert store.alerts()[0].certainty is Certainty.CONFIRMED


def test_an_upgrade_never_loosens_a_deadline(store: Any) -> None:
    step(store, {REAL: [alarm("smoke-1", MS)]})
    step(store, {REAL: [alarm("heat-2", MS + 500)]}, after(4 * 60))
    (item,) = store.items()
    assert item.state is State.OPEN
    assert item.deadline_at == after(5 * 60)


def test_one_step_for_many_sites_and_items(store: Any) -> None:
    drill = ("jinyuan", "drill-1")
    changes = step(
        store,
        {
            ("jinhe", ""): [alarm("s1", MS, site="jinhe", place="jinhe-b1")],
            drill: [alarm("s1", MS, item_id="d1")],
            REAL: [alarm("s1", MS), alarm("s2", MS), alarm("s3", MS, place="jinyuan-b8")],
        },
    )
    assert len(changes.new_alerts) == 4
    rows = {(i.site, i.exercise, i.place): i for i in store.items()}
    assert rows["jinhe", "", "jinhe-b1"].grid == "jinsha-g4"
    assert rows["jinyuan", "drill-1", "jinyuan-b7"].severity is Severity.IMPORTANT
    assert rows["jinyuan", "", "jinyuan-b7"].severity is Severity.URGENT
    assert rows["jinyuan", "", "jinyuan-b8"].count == 1
    assert store.steps() == {REAL: 1, drill: 1, ("jinhe", ""): 1}


def test_what_changes_nothing_writes_nothing(store: Any) -> None:
    step(store, {REAL: [alarm("s1", MS)]})
    told = len(store.told())
    doubtful = Subject("jinyuan", "box", "s1", "smoke", "jinyuan-b7", ())
    step(store, {REAL: [PresenceItem("p", doubtful, MS)], ("jinhe", ""): []})
    assert store.steps() == {REAL: 1}
    assert len(store.told()) in {0, told}


def test_a_test_raises_nothing_and_says_why(store: Any) -> None:
    step(store, {REAL: [alarm("s1", MS, test=True)]})
    assert store.items() == []
    (row,) = store.suppressions()
    assert (row.reason, row.device, row.site) == (Quiet.TEST, "s1", "jinyuan")


def test_alert_after_close_raises_anew(store: Any) -> None:
    step(store, {REAL: [alarm("s1", MS)]})
    perform(store, 1, Act.CLAIM, after(1))
    perform(store, 1, Act.RESOLVE, after(2), reason="burnt toast")
    perform(store, 1, Act.CLOSE, after(3))
    assert store.alerts()[0].closed_at == after(3)
    assert store.steps() == {REAL: 2}, "the engine was told"
    assert [e.decision for e in store.log()] == ["raise", "closed"]
    step(store, {REAL: [alarm("s1", MS + 4000)]}, after(4))
    first, second = store.items()
    assert (first.state, first.outcome, first.closed_by) == (State.CLOSED, State.RESOLVED, "张伟")
    assert (second.state, second.count) == (State.SUSPECTED, 1)
    assert first.alert != second.alert


@pytest.mark.parametrize("settle", [Act.RESOLVE, Act.FALSE_ALARM])
def test_a_trigger_inside_the_undo_window_reopens(store: Any, settle: Act) -> None:
    step(store, {REAL: [alarm("s1", MS)]})
    perform(store, 1, Act.CLAIM, after(1))
    perform(store, 1, settle, after(2), reason="nothing")
    step(store, {REAL: [alarm("s1", MS + 3000)]}, after(3))
    (item,) = store.items()
    assert (item.state, item.owner, item.outcome, item.count) == (State.SUSPECTED, None, None, 2)
    assert item.deadline_at == after(3 + 300)
    with store.transaction() as uow:
        assert not acts.close_if_due(uow, "1", after(30), pack=PACK, judge=JUDGE)


def test_the_undo_window_ends_in_a_close_that_the_engine_knows(store: Any) -> None:
    step(store, {REAL: [alarm("s1", MS)]})
    perform(store, 1, Act.CLAIM, after(1))
    perform(store, 1, Act.FALSE_ALARM, after(2), reason="steam")
    for late, closed in ((11, False), (12, True), (13, False)):
        with store.transaction() as uow:
            assert acts.close_if_due(uow, "1", after(late), pack=PACK, judge=JUDGE) is closed
    step(store, {REAL: [alarm("s1", MS + 14_000)]}, after(14))
    assert [i.state for i in store.items()] == [State.CLOSED, State.SUSPECTED]
    assert store.history()[-2].actor == "dispatch"


def test_the_cause_that_is_gone_resolves_where_nobody_need_look(store: Any) -> None:
    step(store, {REAL: [alarm("cam", MS, kind="device_lost")]})
    step(store, {REAL: [alarm("cam", MS + 9, kind="device_recovered")]}, after(9))
    (item,), (alert,) = store.items(), store.alerts()
    assert (item.state, item.outcome, item.closed_by) == (State.CLOSED, State.RESOLVED, "engine")
    assert alert.closed_at == after(9)
    assert [e.act for e in store.history()] == [Act.RAISE, Act.RESOLVE, Act.CLOSE]
    step(store, {REAL: [alarm("cam", MS + 10, kind="device_lost")]}, after(10))
    assert len(store.items()) == 2


def test_a_fire_that_went_out_by_itself_stays_in_the_queue(store: Any) -> None:
    step(store, {REAL: [alarm("s1", MS)]})
    step(store, {REAL: [alarm("s1", MS + 9, active=False, item_id="end")]}, after(9))
    (item,), (alert,) = store.items(), store.alerts()
    assert item.state is State.SUSPECTED
    assert alert.condition_ended_at == after(9)
    assert alert.closed_at is None
    assert store.history()[-1].act is Act.CONDITION_ENDED


def test_an_item_on_which_the_engine_fails_raises_a_plain_alert_and_its_neighbours_live(store: Any) -> None:
    step(store, {REAL: [alarm("s1", MS, crash=True), alarm("s2", MS, place="jinyuan-b8")]})
    hazards = {(a.hazard.value, a.device) for a in store.alerts()}
    assert hazards == {("emergency", "s1"), ("smoke", "s2")}


def test_a_state_that_cannot_be_read_is_begun_anew(store: Any) -> None:
    class Forgetful(PlainJudge):
        def load(self, text: str) -> PlainState:
            raise ValueError(text)

    step(store, {REAL: [alarm("s1", MS)]})
    with store.transaction() as uow:
        runner.step(uow, {REAL: [alarm("s1", MS + 5)]}, PACK, after(5), judge=Forgetful())
    assert len(store.items()) == 2, "in doubt, alarm again"


def test_an_alert_that_only_the_engine_knows_is_raised_again(store: Any) -> None:
    """The engine holds an alert that the store lacks (a dump put back by hand): the next trigger is not swallowed."""
    gone = PlainState("jinyuan", "", open={"smoke|jinyuan-b7": {"id": "a" * 8 + "-0000-5000-8000-" + "b" * 12,
                                                                "devices": ["s1"], "count": 3}})  # fmt: skip

    class Remembering(PlainJudge):
        def new_state(self, site: str, exercise: str) -> PlainState:
            assert (site, exercise) == REAL
            return gone

    with store.transaction() as uow:
        runner.step(uow, {REAL: [alarm("s1", MS)]}, PACK, NOW, judge=Remembering())
    (item,) = store.items()
    assert item.count == 1
    step(store, {REAL: [alarm("s1", MS + 1)]}, after(1))
    assert store.items()[0].count == 2


def test_an_alert_closed_behind_the_engine_s_back_is_raised_again(store: Any) -> None:
    before = PlainState("jinyuan", "")
    step(store, {REAL: [alarm("s1", MS)]})
    known = JUDGE.decide(PACK, before, alarm("s1", MS), MS)[0]
    perform(store, 1, Act.CLAIM, after(1))
    perform(store, 1, Act.RESOLVE, after(2), reason="x")
    perform(store, 1, Act.CLOSE, after(3))

    class OldCopy(PlainJudge):
        def load(self, text: str) -> PlainState:
            assert text
            return known

    with store.transaction() as uow:
        runner.step(uow, {REAL: [alarm("s1", MS + 4)]}, PACK, after(4), judge=OldCopy())
    assert [i.state for i in store.items()] == [State.CLOSED, State.SUSPECTED]


def test_a_first_item_that_comes_back_after_the_close_reopens_its_item(store: Any) -> None:
    step(store, {REAL: [alarm("s1", MS, item_id="same")]})
    perform(store, 1, Act.CLAIM, after(1))
    perform(store, 1, Act.RESOLVE, after(2), reason="x")
    perform(store, 1, Act.CLOSE, after(3))
    step(store, {REAL: [alarm("s1", MS, item_id="same")]}, after(4))
    (item,), (alert,) = store.items(), store.alerts()
    assert (item.state, item.count, item.closed_by) == (State.SUSPECTED, 2, None)
    assert alert.closed_at is None


def test_a_place_that_nobody_knows_counts_as_its_site(store: Any) -> None:
    step(store, {REAL: [alarm("s1", MS, place="no-such-place"), alarm("s2", MS, place="nor-this")]})
    assert [(i.place, i.grid) for i in store.items()] == [("jinyuan", "jinsha-g3")] * 2
    assert store.history()[0].data == {"stated_place": "no-such-place"}


def test_an_unknown_site_is_refused_and_nothing_is_written(store: Any) -> None:
    with pytest.raises(NotFound, match="atlantis"):
        step(store, {REAL: [alarm("s1", MS)], ("atlantis", ""): [alarm("s1", MS, site="atlantis")]})
    assert store.items() == []
    assert store.steps() == {}


def test_absurd_times_and_texts_are_stored_all_the_same(store: Any) -> None:
    rude = "a\x00b\ud800c"
    subject = Subject("jinyuan", "box", rude, "smoke", "jinyuan-b8", ())
    doubt = DoubtItem("q1", subject, 10**18, "malformed", rude)
    step(store, {REAL: [alarm("s1", -(10**15)), doubt]})
    first, second = store.alerts()
    assert first.happened_at.year == 1970
    assert second.happened_at.year == 9999
    assert "\x00" not in second.device or store.told()[0][0] != ""


def test_new_rules_keep_open_alerts(store: Any) -> None:
    step(store, {REAL: [alarm("s1", MS)]})
    step(store, {REAL: [alarm("s1", MS + 1)]}, after(1), PlainPack(hash="other", name="other", source="# y"))
    (alert,) = store.alerts()
    assert (alert.count, alert.pack_hash) == (2, "plain")


def test_wake_ups_are_kept_for_the_timer(store: Any) -> None:
    step(store, {REAL: [alarm("s1", MS, wake_at_ms=MS + 5000)]})
    changes = step(store, {REAL: [WakeItem("w", MS + 5000)]}, after(5))
    assert changes.states[0].wake_at is None
    past = step(store, {REAL: [alarm("s1", MS, wake_at_ms=5)]}, after(6))
    assert past.states[0].wake_at == after(6) + timedelta(milliseconds=runner.MIN_WAKE_MS)
    absurd = step(store, {REAL: [alarm("s1", MS, wake_at_ms=10**20)]}, after(7))
    assert absurd.states[0].wake_at is not None
    assert absurd.states[0].wake_at.year == 9999


def test_a_step_that_fails_leaves_nothing(store: Any) -> None:
    def fail() -> None:
        with store.transaction() as uow:
            runner.step(uow, {REAL: [alarm("s1", MS)]}, PACK, NOW, judge=JUDGE)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert (store.items(), store.alerts(), store.history(), store.told()) == ([], [], [], [])


def test_items_are_found_by_number_and_id(store: Any) -> None:
    step(store, {REAL: [alarm("s1", MS)]})
    (item,) = store.items()
    assert perform(store, item.id, Act.CLAIM, after(1)).item.owner == "张伟"
    assert perform(store, item.number, Act.RENEW, after(2)).item.number == item.number
    for wrong in ("99", "nonsense", "0b9f6f6e-0000-5000-8000-000000000001"):
        with pytest.raises(NotFound):
            perform(store, wrong, Act.CLAIM, after(3))


def test_a_refused_act_leaves_no_trace(store: Any) -> None:
    step(store, {REAL: [alarm("s1", MS)]})
    with pytest.raises(NotYours):
        perform(store, 1, Act.CLAIM, after(1), grid="jinsha-g4")
    assert len(store.history()) == 1


def silence(**changes: Any) -> Silence:
    values: dict[str, Any] = {
        "id": "s-1",
        "matchers": {"hazard": "gate"},
        "start_ms": MS,
        "end_ms": MS + 3_600_000,
        "author": "张伟",
        "comment": "the gate is being repaired",
    }
    return Silence(**(values | changes))


def test_silences_reach_the_engine_and_end(store: Any) -> None:
    with store.transaction() as uow:
        acts.add_silence(uow, REAL, silence(), NOW, pack=PACK, judge=JUDGE)
    step(store, {REAL: [alarm("s1", MS + 1)]}, after(1))
    assert store.items()[0].quiet is Quiet.SILENCED
    with store.transaction() as uow:
        ended = acts.end_silence(uow, "s-1", "李娜", after(2), pack=PACK, judge=JUDGE)
    assert ended.ended_by == "李娜"
    step(store, {REAL: [alarm("s1", MS + 3)]}, after(3))
    item = store.items()[0]
    assert item.quiet is None, "announced from now on"
    assert item.version == 2
    with store.transaction() as uow, pytest.raises(QueueError, match="over"):
        acts.end_silence(uow, "s-1", "李娜", after(4), pack=PACK, judge=JUDGE)


def test_a_silence_is_approved_by_another(store: Any) -> None:
    with store.transaction() as uow:
        acts.add_silence(uow, REAL, silence(matchers={"hazard": "smoke"}), NOW, pack=PACK, judge=JUDGE)
    with store.transaction() as uow, pytest.raises(QueueError, match="second person"):
        acts.approve_silence(uow, "s-1", "张伟", after(1), pack=PACK, judge=JUDGE)
    with store.transaction() as uow:
        acts.approve_silence(uow, "s-1", "李娜", after(1), pack=PACK, judge=JUDGE)
    with store.transaction() as uow, pytest.raises(QueueError, match="already"):
        acts.approve_silence(uow, "s-1", "王芳", after(2), pack=PACK, judge=JUDGE)
    with store.transaction() as uow:
        assert uow.find_silence("s-1").silence.second_person == "李娜"


@pytest.mark.parametrize(
    "changes",
    [
        {"matchers": {}},
        {"matchers": {"colour": "red"}},
        {"matchers": {"hazard": "dragons"}},
        {"matchers": {"place": ""}},
        {"end_ms": MS},
        {"end_ms": MS - 5, "start_ms": MS - 10},
        {"end_ms": MS + 40 * 86_400_000},
        {"comment": " "},
        {"author": ""},
        {"second_person": "李娜"},
    ],
)
def test_silences_that_cannot_be(store: Any, changes: dict[str, Any]) -> None:
    with store.transaction() as uow, pytest.raises((ConfigurationError, QueueError)):
        acts.add_silence(uow, REAL, silence(**changes), NOW, pack=PACK, judge=JUDGE)


def test_the_default_terms_are_the_ones_of_the_design() -> None:
    assert (DEFAULT_TERMS.lease_s, DEFAULT_TERMS.undo_s) == (900, 10)
