"""Everything at once, in random order: boxes, broker, ingests, database and network fail while the flow goes on."""

import random
import time
from collections.abc import Callable

import pytest

from bench.servers.proxy import CuttableProxy
from server.embedded.postgres import PostgresServer
from tests.conftest import StartProxy
from tests.faults.checks import assert_whole
from tests.faults.programs import Program
from tests.faults.scripts import spread
from tests.faults.world import SITES, Box, World

FLOW_S = 22.0
READINGS, ALARMS = 20_000, 200


class Chaos:
    """What can be done to the world; each act ends with everything running again."""

    def __init__(
        self, world: World, database: PostgresServer, line: CuttableProxy, boxes: list[Box], seed: int
    ) -> None:
        self._world = world
        self._database = database
        self._line = line
        self._boxes = boxes
        self._random = random.Random(seed)
        self.done: list[str] = []

    def act_for(self, seconds: float) -> None:
        """Each act once in random order, then any, until the time is over."""
        acts: list[Callable[[], None]] = [
            self.kill_box,
            self.kill_broker,
            self.kill_ingest,
            self.hang_ingest,
            self.kill_database,
            self.cut,
            self.swallow,
            self.stall,
        ]
        self._random.shuffle(acts)
        left = list(acts)
        ends_at = time.monotonic() + seconds
        while left or time.monotonic() < ends_at:
            act = left.pop() if left else self._random.choice(acts)
            self.done.append(act.__name__)
            act()
            self._world.pause(self._random.uniform(0.3, 1.5))

    def kill_box(self) -> None:
        box = self._random.choice(self._boxes)
        box.kill()
        box.start_again()

    def kill_broker(self) -> None:
        self._world.broker.kill()
        self._pause()
        self._world.broker.start()

    def kill_ingest(self) -> None:
        program = self._random.choice(self._ingests())
        program.kill()
        self._pause()
        program.start()

    def hang_ingest(self) -> None:
        program = self._random.choice(self._ingests())
        program.freeze()
        self._pause()
        program.kill()
        program.start()

    def kill_database(self) -> None:
        self._database.kill()
        self._pause()
        self._database.start()

    def cut(self) -> None:
        self._line.cut()
        self._pause()
        self._line.heal()

    def swallow(self) -> None:
        self._line.black_hole()
        self._pause()
        self._line.heal()

    def stall(self) -> None:
        self._line.stall()
        self._pause()
        self._line.heal()

    def _pause(self) -> None:
        self._world.pause(self._random.uniform(0.2, 2.5))

    def _ingests(self) -> list[Program]:
        return [program for program in self._world.programs if program.name.startswith("ingest")]


@pytest.mark.timeout(240)
@pytest.mark.parametrize("seed", [1, 2])
def test_everything_fails_in_random_order(
    world: World, fault_server: PostgresServer, proxy: StartProxy, seed: int
) -> None:
    dispatch = world.start_dispatch()
    for name in ("ingest-a", "ingest-b"):
        world.start_ingest(name)
    line = proxy(world.broker.port)
    boxes = [
        world.add_box(
            f"box-{n}",
            site,
            spread(site, readings=READINGS // 3, alarms=ALARMS // 3, seconds=FLOW_S),
            port=line.port,
        )
        for n, site in enumerate(SITES, 1)
    ]
    world.await_connected(*boxes)
    chaos = Chaos(world, fault_server, line, boxes, seed)
    try:
        chaos.act_for(FLOW_S)
    finally:
        print("done, in this order:", ", ".join(chaos.done))
    assert_whole(world, within_s=120)
    assert dispatch.running
