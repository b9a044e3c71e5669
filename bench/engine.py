"""Items per second through `decide()` on one core, with the default pack and without the screen.

The mix, of one hour of ten compounds with 60 devices each (cameras, smoke, heat and gas detectors, gates, water):

* 90 % readings within all bounds: temperature, gas, people, water, battery, and metrics that no rule looks at;
* 5 % readings beyond or around a limit, as a real site flaps: most of them a few devices near their threshold;
* 2 % presence, half of it fresh enough to be taken;
* 3 % events: gates opened and denied, and alarms (smoke, flame, crowd, SOS, gas) of which most repeat open alerts;
* boxes that come and go, wake-ups as the engine asks for them, and closings of open alerts.
"""

import argparse
import random
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from bench.machine import describe_machine
from server.alerts import engine, rules
from server.alerts.model import (
    BoxItem,
    ClosedItem,
    EventItem,
    Item,
    PresenceItem,
    Raise,
    ReadingItem,
    Subject,
    WakeItem,
)

DESCRIPTION = "items per second through the pure engine, one core"
START_MS = 1_780_000_000_000
SITES = 10
KINDS = ("camera", "smoke", "heat", "gas", "gate", "water_level")
NORMAL: dict[str, tuple[tuple[str, float, float], ...]] = {
    "camera": (("people_count", 0, 18), ("frames_per_s", 5, 25)),
    "smoke": (("temperature_c", 5, 40), ("battery_pct", 35, 100), ("link_quality", 20, 255)),
    "heat": (("temperature_c", 5, 40), ("battery_pct", 35, 100)),
    "gas": (("gas_lel_pct", 0, 6), ("co_ppm", 0, 20)),
    "gate": (("gate_open", 0, 1), ("battery_pct", 35, 100)),
    "water_level": (("water_level_m", 0, 0.08), ("temperature_c", 5, 40)),
}
NEAR: dict[str, tuple[str, float, float]] = {
    "camera": ("people_count", 15, 70),
    "smoke": ("temperature_c", 48, 62),
    "heat": ("temperature_c", 48, 62),
    "gas": ("gas_lel_pct", 5, 14),
    "gate": ("battery_pct", 10, 34),
    "water_level": ("water_level_m", 0.05, 0.2),
}
EVENTS: dict[str, tuple[tuple[str, dict[str, Any]], ...]] = {
    "camera": (("flame_seen", {"score": 0.8}), ("crowd_formed", {"count": 40, "limit": 30, "zone": "z"})),
    "smoke": (("smoke", {}), ("battery_low", {"battery_pct": 9.0})),
    "heat": (("heat", {"temperature_c": 60.0}),),
    "gas": (("gas", {"lel_pct": 12.0}),),
    "gate": (("gate_opened", {}), ("gate_opened", {}), ("gate_opened", {}), ("gate_denied", {})),
    "water_level": (("water_level", {"level_m": 0.2}),),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this benchmark."""
    parser.add_argument("--items", type=int, default=300_000, help="items in the log (300000)")
    parser.add_argument("--seed", type=int, default=7, help="of the made-up log (7)")


def run(arguments: argparse.Namespace, say: Callable[[str], None]) -> dict[str, Any]:
    """Make the log, then time `decide()` over it; making the log is not timed."""
    say(__doc__ or "")
    log = make_log(arguments.items, arguments.seed)
    mix = Counter(type(item).__name__ for _, item in log)
    say("the log: " + ", ".join(f"{count} {name}" for name, count in mix.most_common()))
    decisions, changes, wakes, seconds = play(rules.default_pack(), log)
    total = len(log) + wakes
    told = ", ".join(f"{count} {name}" for name, count in decisions.most_common())
    say(f"{total} items ({wakes} of them wake-ups) in {seconds:.2f} s; {changes} changed the state; {told}")
    return {
        "items_per_s": round(total / seconds),
        "items": total,
        "decisions": sum(decisions.values()),
        "state_changes": changes,
        "machine": describe_machine(),
    }


def make_log(items: int, seed: int) -> list[tuple[str, Item]]:
    """(site, item) in the order of time, over one hour."""
    chance = random.Random(seed)
    subjects = [_subject(site, number) for site in range(SITES) for number in range(60)]
    near = [chance.randrange(len(subjects)) for _ in range(20)]
    log: list[tuple[str, Item]] = []
    for number in range(items):
        at_ms = START_MS + number * 3_600_000 // items
        name = f"i{number}"
        draw = chance.random()
        subject = subjects[chance.randrange(len(subjects))]
        item: Item
        if draw < 0.90:
            metric, low, high = chance.choice(NORMAL[subject.kind])
            item = ReadingItem(name, subject, metric, chance.uniform(low, high), at_ms)
        elif draw < 0.95:
            subject = subjects[chance.choice(near)]
            metric, low, high = NEAR[subject.kind]
            item = ReadingItem(name, subject, metric, chance.uniform(low, high), at_ms)
        elif draw < 0.97:
            item = PresenceItem(name, subject, at_ms)
        elif draw < 0.9999:
            # Alarms gather where something happens; gates are used everywhere.
            subject = subjects[chance.choice(near)] if chance.random() < 0.5 else subject
            kind, data = chance.choice(EVENTS[subject.kind])
            item = EventItem(name, subject, kind, at_ms, active=chance.random() > 0.1, data=data)
        else:
            item = BoxItem(name, subject, chance.random() < 0.5, at_ms)
        log.append((subject.site, item))
    return log


def play(pack: rules.Pack, log: list[tuple[str, Item]]) -> tuple[Counter[str], int, int, float]:
    """Decisions by name, changes of state, wake-ups, and seconds. One alert in sixteen is closed at once."""
    states = {f"site-{number}": engine.new_state(f"site-{number}") for number in range(SITES)}
    decide = engine.decide
    decisions: Counter[str] = Counter()
    changes = wakes = 0
    started = time.perf_counter()
    for site, item in log:
        now_ms = item.at_ms
        state = states[site]
        if state.wake_at_ms is not None and state.wake_at_ms < now_ms:
            state, made = decide(pack, state, WakeItem("wake", state.wake_at_ms), state.wake_at_ms)
            wakes += 1
            decisions.update([type(decision).__name__ for decision in made])
        after, made = decide(pack, state, item, now_ms)
        if made:
            decisions.update([type(decision).__name__ for decision in made])
            for decision in made:
                if isinstance(decision, Raise) and decision.alert_id[0] == "0":
                    after, _ = decide(pack, after, ClosedItem("close", decision.alert_id, now_ms), now_ms)
        if after is not states[site]:
            changes += 1
            states[site] = after
    return decisions, changes, wakes, time.perf_counter() - started


def _subject(site: int, number: int) -> Subject:
    kind = KINDS[number % len(KINDS)]
    building = f"site-{site}-b{number % 12}"
    unit = f"{building}-u{number % 3}"
    outdoors = kind in ("camera", "gate") and number % 4 == 0
    path = (f"site-{site}",) if outdoors else (f"site-{site}", building, unit)
    tags = ("school",) if site == 0 else ()
    return Subject(
        f"site-{site}",
        f"box-{site}-{number % 3}",
        f"{kind}-{number}",
        kind,
        path[-1],
        path,
        tags,
        heartbeat_s=300.0,
    )
