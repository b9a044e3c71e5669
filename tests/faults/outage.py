"""E1: the network of three boxes is away for 60 s, each in another way. It mostly waits, so it runs beside others."""

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bench.servers.databases import Databases
from bench.servers.proxy import CuttableProxy
from bench.servers.timescaledb import running_timescaledb
from tests.faults.checks import assert_whole
from tests.faults.scripts import spread
from tests.faults.world import SITES, Box, World, build_world

OUTAGE_S = 60.0
BEFORE_S = 6.0
PLAY_S = BEFORE_S + OUTAGE_S + 6.0
FIRST = timedelta(seconds=20)
RATES = (50, 50, 1)
"""Readings per second of the three boxes: reset connections, a black hole, reset connections."""


@dataclass(frozen=True, slots=True)
class FirstSeconds:
    """Readings of one box whose time falls into the first 20 s of the outage: how many, and whether in one run."""

    rate: int
    values: list[int]


def run_outage(worlds: list[World]) -> list[FirstSeconds]:
    """The whole scenario; what it finds wrong is raised. The world is put into `worlds`, to be cancelled."""
    with ExitStack() as stack:
        server = stack.enter_context(running_timescaledb())
        world = build_world(stack, Databases(server.url))
        worlds.append(world)
        world.start_dispatch()
        world.start_ingest()
        proxies = [stack.enter_context(CuttableProxy(world.broker.port)) for _ in SITES]
        boxes = [
            world.add_box(
                f"box-{n}",
                site,
                spread(site, readings=round(rate * PLAY_S), alarms=24, seconds=PLAY_S),
                port=proxy.port,
                broker={"will_delay_s": 1},
            )
            for n, (site, rate, proxy) in enumerate(zip(SITES, RATES, proxies, strict=True), 1)
        ]
        try:
            world.await_connected(*boxes)
            world.pause(BEFORE_S)
            began = datetime.now(UTC)
            cut, hole, slow = proxies
            cut.cut()
            hole.black_hole()
            slow.cut()
            world.pause(25)
            _see_the_outage(world, boxes)
            world.pause(max(OUTAGE_S - (datetime.now(UTC) - began).total_seconds(), 0))
            for proxy in proxies:
                proxy.heal()
            assert_whole(world, within_s=90)
            return [_first_seconds(world, box, rate, began) for box, rate in zip(boxes, RATES, strict=True)]
        except Exception as error:
            error.add_note(world.tails())
            raise


def _see_the_outage(world: World, boxes: list[Box]) -> None:
    """A person who looks during the outage sees that the boxes are away, and for how long."""
    for row in world.json("box", "list")["boxes"]:
        seen = datetime.fromisoformat(row["last_seen_at"])
        assert datetime.now(UTC) - seen > timedelta(seconds=15), row
        assert (row["online"], row["offline_reason"]) == (False, "will"), row
    assert sum(box.waiting() for box in boxes) > 1500, "what the boxes see meanwhile is kept"


def _first_seconds(world: World, box: Box, rate: int, began: datetime) -> FirstSeconds:
    rows = world.rows(
        "SELECT r.value::bigint FROM readings r JOIN devices d USING (device_key) WHERE d.box = %s AND"
        " d.device LIKE 'sensor-%%' AND r.device_at BETWEEN %s AND %s ORDER BY r.value",
        box.name,
        began,
        began + FIRST,
    )
    return FirstSeconds(rate, [value for (value,) in rows])
