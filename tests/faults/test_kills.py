"""kill -9 of each process while readings and alarms of three boxes flow: nothing is lost, nothing stands twice."""

import pytest

from server.embedded.postgres import PostgresServer
from tests.faults.checks import assert_whole
from tests.faults.scripts import spread
from tests.faults.world import SITES, Box, World

FLOW_S = 14.0
READINGS = 20_000
ALARMS = 200

pytestmark = pytest.mark.timeout(180)


def start_flow(world: World, seconds: float = FLOW_S) -> list[Box]:
    """Three boxes that play 20,000 readings and 200 alarms together; returns when all are connected."""
    shares = (ALARMS // 3 + ALARMS % 3, ALARMS // 3, ALARMS // 3)
    boxes = [
        world.add_box(
            f"box-{n}",
            site,
            spread(site, readings=READINGS // 3 + 1, alarms=share, seconds=seconds),
        )
        for n, (site, share) in enumerate(zip(SITES, shares, strict=True), 1)
    ]
    world.await_connected(*boxes)
    return boxes


def await_alarms(world: World, count: int) -> None:
    """Return when the server holds `count` alarms: the flow is in full swing."""
    world.wait(lambda: world.one("SELECT count(*) FROM alerts") >= count, 60, f"{count} alerts", every_s=0.2)


def test_a_box_killed_three_times(world: World) -> None:
    world.start_dispatch()
    world.start_ingest()
    boxes = start_flow(world)
    for n, alarms in enumerate((20, 60, 100)):
        await_alarms(world, alarms)
        boxes[n % 2].kill()
        boxes[n % 2].start_again()
    assert_whole(world, within_s=90)


def test_the_broker_killed_without_persistence(world: World) -> None:
    world.start_dispatch()
    ingest = world.start_ingest()
    boxes = start_flow(world)
    await_alarms(world, 30)
    world.broker.kill()
    world.wait(lambda: ingest.count("broker_disconnected") >= 3, 20, "ingest has noticed")
    waiting = [box.waiting() for box in boxes]
    world.pause(3)
    assert all(box.waiting() > before for box, before in zip(boxes, waiting, strict=True)), (
        "the boxes keep what they see while the broker is gone"
    )
    world.broker.start()
    assert_whole(world, within_s=90)


def test_ingest_killed_and_started_again(world: World) -> None:
    world.start_dispatch()
    ingest = world.start_ingest()
    boxes = start_flow(world)
    await_alarms(world, 30)
    ingest.kill()
    stored = world.one("SELECT count(*) FROM readings")
    world.pause(3)
    assert sum(box.waiting() for box in boxes) > 1000, "nothing leaves a box on the broker's word alone"
    assert world.one("SELECT count(*) FROM readings") == stored
    ingest.start()
    world.await_ingest(ingest)
    assert_whole(world, within_s=90)


def test_the_database_killed_twice(world: World, fault_server: PostgresServer) -> None:
    dispatch = world.start_dispatch()
    ingest = world.start_ingest()
    start_flow(world)
    for alarms in (30, 110):
        await_alarms(world, alarms)
        fault_server.kill()
        world.wait(lambda: ingest.count("ingest_waiting_for_database") > 0, 20, "ingest has noticed")
        world.pause(2)
        fault_server.start()
    assert_whole(world, within_s=90)
    assert ingest.running
    assert dispatch.running


def test_one_of_two_ingests_hangs_and_is_killed(world: World) -> None:
    """The hung one holds its share of the messages: the holes are seen while they are open, and gone afterwards."""
    world.start_dispatch()
    world.start_ingest("ingest-a")
    hung = world.start_ingest("ingest-b")
    boxes = start_flow(world)
    await_alarms(world, 30)
    hung.freeze()
    holes = "SELECT box FROM box_progress WHERE hole_since IS NOT NULL AND lane = 'telemetry'"
    world.wait(lambda: world.rows(holes), 20, "a hole", every_s=0.05)
    seen = world.json("box", "list")["boxes"]
    hung.kill()
    assert sum(lane["missing"] for row in seen for lane in row["lanes"]) > 0, seen
    assert_whole(world, boxes, within_s=90)
    assert world.one("SELECT sum(duplicates) FROM box_progress") >= 0
