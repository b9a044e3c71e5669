"""Any items, in any order, with any times: no crash, no lost alarm, the same bytes again, and a sound screen."""

import json
import math
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from redwhistle.contracts.events import EventKind
from redwhistle.contracts.readings import Metric
from redwhistle.errors import Malformed
from server.alerts import engine, rules
from server.alerts.engine import PRESENCE_STEP_MS, Screen, records
from server.alerts.engine.events import is_alarm
from server.alerts.model import (
    BoxItem,
    ClosedItem,
    DoubtItem,
    EventItem,
    Hazard,
    Item,
    PresenceItem,
    Raise,
    ReadingItem,
    Silence,
    SilenceItem,
    Subject,
    Suppressed,
    WakeItem,
)
from tests.unit.engine_world import START_MS, World, pack, replay

PACKS = (
    rules.default_pack(),
    pack(
        "{id: t, type: threshold, hazard: crowd, severity: 3, metric: people_count, above: 10, clear: 5, for_s: 20,"
        " overrides: [{when: 'local.minute < 30', above: 4}, {when: 'item.value > 3.0', severity: 1}]}",
        "{id: b, type: threshold, hazard: gas, severity: 1, metric: co_ppm, below: 3, cooldown_s: 0}",
        "{id: s, type: sequence, hazard: gate, severity: 2, first: {kinds: [smoke, sos]},"
        " then: {kinds: [sos], when: 'item.data.level > 1.0'}, window_s: 30, scope: building}",
        "{id: c, type: count, hazard: flood, severity: 2, kinds: [smoke], n: 3, window_s: 60, per: place}",
        "{id: f, type: fusion, hazard: fire, severity: 1, kinds: [sos], rules: [t, c], window_s: 60, scope: compound}",
        "{id: a, type: absence, hazard: device, severity: 3, heartbeat_s: 20, resolves: true, cooldown_s: 10}",
        "{id: x, type: box, hazard: device, severity: 3, for_s: 5, inhibits: [a], resolves: true}",
    ),
    pack("{id: x, type: box, hazard: device, severity: 3}"),
)
PLACES = ((), ("jinyuan",), ("jinyuan", "b7"), ("jinyuan", "b7", "u1"), ("jinyuan", "b9"))
EXTREME_MS = st.one_of(
    st.integers(START_MS - 600_000, START_MS + 600_000), st.sampled_from([-(2**70), -1, 0, 2**53, 2**70])
)
TEXT = st.text(max_size=8)
LATER = st.sampled_from([0, 10**7])
"""Also when a wake-up is overdue."""

subjects = st.builds(
    lambda device, box, kind, path, tags, heartbeat, zone: Subject(
        "jinyuan",
        box,
        device,
        kind,
        path[-1] if path else "",
        path,
        tags,
        heartbeat_s=heartbeat,
        timezone=zone,
    ),
    st.sampled_from(["d1", "d2", "d3", "box"]),
    st.sampled_from(["box-1", "box-2"]),
    st.sampled_from(["smoke", "camera", "gate", "box", "other", ""]),
    st.sampled_from(PLACES),
    st.sampled_from([(), ("school",), ("elderly_home", "school")]),
    st.sampled_from([None, 1.0, 60.0, 0.0, -1.0, math.inf, math.nan]),
    st.sampled_from(["Asia/Shanghai", "Europe/Paris", "Nowhere", ""]),
)
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXT)
data = st.dictionaries(
    st.one_of(st.sampled_from(["level", "count", "limit", "active"]), TEXT), scalars, max_size=3
)
events = st.builds(
    EventItem,
    TEXT,
    subjects,
    st.one_of(st.sampled_from(sorted(EventKind)), TEXT),
    EXTREME_MS,
    st.booleans(),
    st.sampled_from([False, False, False, True]),
    st.integers(-5, 2**60),
    data,
    st.sampled_from(["alarm", "telemetry"]),
)
values = st.one_of(st.floats(), st.floats(-5, 100), st.sampled_from([3.0, 4.0, 5.0, 10.0, 57.0, 50.0]))
readings = st.builds(
    ReadingItem,
    TEXT,
    subjects,
    st.one_of(st.sampled_from(sorted(Metric)), st.just("people_count"), TEXT),
    values,
    EXTREME_MS,
)
presences = st.builds(PresenceItem, TEXT, subjects, EXTREME_MS)
silences = st.builds(
    Silence,
    st.sampled_from(["s1", "s2"]),
    st.dictionaries(
        st.sampled_from(["hazard", "place", "device", "rule", "site", "odd"]),
        st.sampled_from(["fire", "device", "b7", "jinyuan"]),
        max_size=2,
    ),
    EXTREME_MS,
    EXTREME_MS,
    st.just("Li"),
    TEXT,
    st.sampled_from([None, "Li", "Wang"]),
)
items: st.SearchStrategy[Item] = st.one_of(
    events,
    events,
    readings,
    readings,
    presences,
    st.builds(BoxItem, TEXT, subjects, st.booleans(), EXTREME_MS, TEXT),
    st.builds(DoubtItem, TEXT, subjects, EXTREME_MS, TEXT, TEXT, st.one_of(st.just("smoke"), TEXT)),
    st.builds(ClosedItem, TEXT, TEXT, EXTREME_MS),
    st.builds(SilenceItem, TEXT, silences, EXTREME_MS),
    st.builds(WakeItem, TEXT, EXTREME_MS),
)
steps = st.lists(
    st.tuples(items, st.one_of(st.integers(0, 120), st.sampled_from([-600, 100_000]))), max_size=25
)
many = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def _run(which: rules.Pack, script: list[tuple[Item, int]], closes: int = 0) -> World:
    """Take all steps, time moving by the given seconds; every `closes`-th open alert is closed on the way."""
    world = World(pack=which)
    for number, (item, seconds) in enumerate(script):
        world.now_s += seconds
        world.take(item)
        if closes and number % closes == 0:
            for alert_id in world.open_ids()[:1]:
                world.close(alert_id)
        if seconds % 7 == 0:
            world.wake(world.now_s)
    return world


@many
@given(st.sampled_from(PACKS), steps, st.integers(0, 4), st.integers(1, 9))
def test_a_log_gives_the_same_bytes_again_also_when_it_is_cut(
    which: rules.Pack, script: list[tuple[Item, int]], closes: int, cut_every: int
) -> None:
    world = _run(which, script, closes)
    expected = engine.dump(world.state), [records.write_decision(decision) for decision in world.made]
    assert replay(world) == expected
    assert replay(world, cut_every=cut_every) == expected


@many
@given(st.sampled_from(PACKS), steps, events, st.integers(-(2**65), 2**65))
def test_an_alarm_always_makes_itself_known(
    which: rules.Pack, script: list[tuple[Item, int]], alarm: EventItem, now_ms: int
) -> None:
    state = _run(which, script).state
    after, decisions = engine.decide(which, state, alarm, now_ms)
    assert engine.load(engine.dump(after)) == after
    if is_alarm(alarm) and alarm.active:
        assert decisions, "an alarm without any decision"
        if alarm.test:
            # It is a sign of life all the same, which may end what was missed of the device or its box.
            rules_of_presence = {rule.id for rule in (which.box_rule, *which.absences) if rule is not None}
            quiet = [decision for decision in decisions if isinstance(decision, Suppressed)]
            assert {each.reason for each in quiet if each.rule not in rules_of_presence} == {"test"}
            assert not [
                d for d in decisions if isinstance(d, Raise) and d.item_id == alarm.id and d.rule == "plain"
            ]


@many
@given(st.sampled_from(PACKS), steps)
def test_only_people_close_what_threatens_lives(which: rules.Pack, script: list[tuple[Item, int]]) -> None:
    world = World(pack=which)
    for item, seconds in script:
        world.now_s += seconds
        before = {alert.id for alert in world.state.alerts.values() if alert.hazard is not Hazard.DEVICE}
        world.take(item)
        if not isinstance(item, ClosedItem):
            assert before <= set(world.open_ids())


@many
@given(st.sampled_from(PACKS), steps, readings, LATER)
def test_the_screen_lets_only_what_changes_nothing_by(
    which: rules.Pack, script: list[tuple[Item, int]], reading: ReadingItem, later_ms: int
) -> None:
    world = _run(which, script)
    bounds = Screen(which).bounds(reading.metric)
    inside = bounds is None or bounds[0] < reading.value < bounds[1]
    assert inside is Screen(which).lets_by(reading.metric, reading.value)
    if inside and (reading.subject.device, reading.metric) not in world.state.hot:
        after, decisions = engine.decide(which, world.state, reading, world.now_ms + later_ms)
        assert after is world.state
        assert decisions == ()


@many
@given(st.sampled_from(PACKS), steps, subjects, st.integers(-(2**60), PRESENCE_STEP_MS - 1), LATER)
def test_presence_that_is_too_fresh_changes_nothing(
    which: rules.Pack, script: list[tuple[Item, int]], subject: Subject, newer_ms: int, later_ms: int
) -> None:
    world = _run(which, script)
    seen = world.state.seen.get(f"{subject.box}|{subject.device}")
    now_ms = world.now_ms + later_ms
    # What was heard "later than now", before the server's clock was set back, is never fresh: ingest knows that too.
    if seen is not None and seen.at_ms <= now_ms:
        item = PresenceItem("p", subject, seen.at_ms + newer_ms)
        after, decisions = engine.decide(which, world.state, item, now_ms)
        assert after is world.state
        assert decisions == ()


@many
@given(
    st.one_of(
        st.text(),
        st.recursive(st.one_of(scalars), lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner)).map(
            repr
        ),
    )
)
def test_any_text_loads_or_is_refused(text: str) -> None:
    try:
        state = engine.load(text)
    except Malformed:
        return
    else:
        assert engine.load(engine.dump(state)) == state


tables = st.sampled_from(
    [
        "alerts",
        "levels",
        "seen",
        "boxes",
        "windows",
        "silences",
        "told",
        "failed",
        "raised",
        "pack",
        "wake_at_ms",
    ]
)
junk: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=18) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=30,
)


@many
@given(steps, st.dictionaries(tables, junk, max_size=3), events)
def test_a_state_of_another_version_is_read_as_far_as_it_goes(
    script: list[tuple[Item, int]], broken: dict[str, Any], event: EventItem
) -> None:
    document = json.loads(engine.dump(_run(PACKS[0], script).state))
    document.update(broken)
    document["a field of tomorrow"] = 1
    try:
        state = engine.load(json.dumps(document))
    except Malformed:
        return
    engine.decide(PACKS[0], state, event, START_MS)


@many
@given(items, EXTREME_MS)
def test_a_log_line_says_the_item_again_or_is_refused(item: Item, now_ms: int) -> None:
    line = records.write_item(item, now_ms)
    try:
        entry = records.read_item(line)
    except Malformed:
        return  # what JSON cannot say (numbers that are none, lone surrogates) does not come off a wire either
    assert records.write_item(entry.item, entry.now_ms) == line


@many
@given(st.text(max_size=60))
def test_any_line_is_read_or_refused(line: str) -> None:
    try:
        records.read_item(line)
    except Malformed:
        return
