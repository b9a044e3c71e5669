"""kill -9 of each process while readings and alarms of three boxes flow: nothing is lost, nothing stands twice."""

import pytest

from server.embedded.postgres import PostgresServer
from tests.faults.checks import assert_whole
from tests.faults.scripts import spread
from tests.faults.world import SITES, Box, World

FLOW_S = 18.0
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
    world.wait(
        lambda: world.one("SELECT count(*) FROM alerts") >= count, 60, f"{count} alerts", every_s=0.2
    )


def test_a_box_killed_three_times(world: World) -> None:
    world.start_dispatch()
    world.start_ingest()
    boxes = start_flow(world)
    for n, alarms in enumerate((20, 60, 100)):
        await_alarms(world, alarms)
        boxes[n % 2].kill()
        boxes[n % 2].start_again()
    assert_whole(world, within_s=90)
