"""A site for engine tests: devices, a clock that stands still, and checks that hold after every step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from server.alerts import engine, rules
from server.alerts.engine import records
from server.alerts.model import (
    BoxItem,
    ClosedItem,
    Decision,
    DoubtItem,
    EventItem,
    Item,
    PresenceItem,
    ReadingItem,
    Silence,
    SilenceItem,
    Subject,
    WakeItem,
)

D = TypeVar("D", bound=Decision)
START_MS = 1_780_020_000_000
"""Friday, 2026-05-29, 10:00:00 in Shanghai."""
SITE = "jinyuan"


def device(
    name: str,
    kind: str,
    *below: str,
    box: str = "box-1",
    tags: tuple[str, ...] = (),
    heartbeat_s: float | None = None,
) -> Subject:
    """A device of the compound; `below` are the building, the unit …; without them it stands outdoors."""
    path = (SITE, *below)
    return Subject(SITE, box, name, kind, path[-1], path, tags, heartbeat_s=heartbeat_s)


SMOKE_1 = device("smoke-1", "smoke", "b7", "b7-u1")
SMOKE_2 = device("smoke-2", "smoke", "b7", "b7-u2")
SMOKE_B9 = device("smoke-9", "smoke", "b9", "b9-u1")
CAMERA = device("camera-1", "camera", "b7")
YARD = device("camera-yard", "camera")
CALL_POINT = device("call-1", "fire_panel", "b7")
GATE = device("gate-1", "gate")
SOS = device("sos-1", "sos", "b7", "b7-u1")
BOX = device("box", "box")


@dataclass
class World:
    """Steps of one site. Times are given in seconds after START_MS."""

    pack: rules.Pack = field(default_factory=rules.default_pack)
    exercise: str = ""
    now_s: float = 0.0
    log: list[tuple[Item, int]] = field(default_factory=list)
    made: list[Decision] = field(default_factory=list)
    engine_may_fail: bool = False
    """Whether a failure inside the engine (which comes out as an alert) is what the test is about."""

    def __post_init__(self) -> None:
        self.state = engine.new_state(SITE, self.exercise)
        self._number = 0

    @property
    def now_ms(self) -> int:
        return START_MS + round(self.now_s * 1000)

    def at(self, seconds: float) -> "World":
        """Set the clock."""
        self.now_s = seconds
        return self

    def take(self, item: Item) -> list[Decision]:
        """One step; its decisions. Checks that the state survives storage, and that decisions can be written."""
        before = engine.dump(self.state)
        state, decisions = engine.decide(self.pack, self.state, item, self.now_ms)
        assert engine.dump(self.state) == before, "a step changed the state it was given"
        assert engine.load(engine.dump(state)) == state
        for decision in decisions:
            records.write_decision(decision).encode("utf-8")
            failed = getattr(decision, "why", {}).get("failed_rule") == "engine"
            assert self.engine_may_fail or not failed, decision
        self.state = state
        self.log.append((item, self.now_ms))
        self.made.extend(decisions)
        return list(decisions)

    def event(self, subject: Subject, kind: str, *, ago_s: float = 0, **fields: Any) -> list[Decision]:
        """An event that happened `ago_s` before now."""
        return self.take(EventItem(self._id(), subject, kind, self.now_ms - round(ago_s * 1000), **fields))

    def reading(self, subject: Subject, metric: str, value: float, *, ago_s: float = 0) -> list[Decision]:
        return self.take(ReadingItem(self._id(), subject, metric, value, self.now_ms - round(ago_s * 1000)))

    def heard(self, subject: Subject, *, ago_s: float = 0) -> list[Decision]:
        return self.take(PresenceItem(self._id(), subject, self.now_ms - round(ago_s * 1000)))

    def box(self, *, online: bool, subject: Subject = BOX, ago_s: float = 0) -> list[Decision]:
        return self.take(BoxItem(self._id(), subject, online, self.now_ms - round(ago_s * 1000), "will"))

    def doubt(self, subject: Subject, kind: str = "") -> list[Decision]:
        return self.take(DoubtItem(self._id(), subject, self.now_ms, "malformed", "not JSON", kind))

    def close(self, alert_id: str) -> list[Decision]:
        return self.take(ClosedItem(self._id(), alert_id, self.now_ms))

    def take_wake(self) -> list[Decision]:
        """A wake-up now, whether the engine asked for it or not."""
        return self.take(WakeItem(self._id(), self.now_ms))

    def silence(
        self,
        matchers: Mapping[str, str],
        *,
        start_s: float,
        end_s: float,
        second: str | None = None,
        name: str = "silence-1",
    ) -> list[Decision]:
        start, end = START_MS + round(start_s * 1000), START_MS + round(end_s * 1000)
        silence = Silence(name, matchers, start, end, "Li", "roof works", second)
        return self.take(SilenceItem(self._id(), silence, self.now_ms))

    def wake(self, until_s: float) -> list[Decision]:
        """Let time pass to `until_s`, with every wake-up at the moment the engine asked for."""
        found: list[Decision] = []
        until_ms = START_MS + round(until_s * 1000)
        for _ in range(10_000):
            due = self.state.wake_at_ms
            if due is None or due > until_ms:
                break
            self.now_s = max(self.now_s, (due - START_MS) / 1000)
            found += self.take(WakeItem(self._id(), self.now_ms))
        else:
            raise AssertionError("the engine asks to be woken for ever")
        self.now_s = until_s
        return found

    def open_ids(self) -> list[str]:
        return sorted(alert.id for alert in self.state.alerts.values())

    def _id(self) -> str:
        self._number += 1
        return f"item-{self._number}"


def only(kind: type[D], decisions: Sequence[Decision]) -> D:
    """The one decision of this kind; fails when there are none or several."""
    found = [decision for decision in decisions if isinstance(decision, kind)]
    assert len(found) == 1, f"{len(found)} {kind.__name__} in {decisions}"
    return found[0]


def every(kind: type[D], decisions: Sequence[Decision]) -> list[D]:
    """All decisions of this kind."""
    return [decision for decision in decisions if isinstance(decision, kind)]


def replay(world: World, *, cut_every: int | None = None) -> tuple[str, list[str]]:
    """The state and the decisions of the world's log once more, as bytes; stored and loaded every so many items."""
    state = engine.new_state(SITE, world.exercise)
    lines: list[str] = []
    for number, (item, now_ms) in enumerate(world.log):
        if cut_every and number % cut_every == 0:
            state = engine.load(engine.dump(state))
        state, decisions = engine.decide(world.pack, state, item, now_ms)
        lines += [records.write_decision(decision) for decision in decisions]
    return engine.dump(state), lines


def with_heartbeat(subject: Subject, heartbeat_s: float) -> Subject:
    """The same device with a regular silence of its own."""
    return replace(subject, heartbeat_s=heartbeat_s)


def pack(*rule_texts: str) -> rules.Pack:
    """A pack of the given rules (YAML flow mappings, without title: one is added)."""
    lines = [
        "  - {title: {zh: 名, en: name}, " + text.strip().removeprefix("{").removesuffix("}") + "}"
        for text in rule_texts
    ]
    return rules.load_pack("version: 1\nrules:\n" + "\n".join(lines) + "\n", name="test")
