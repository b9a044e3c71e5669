"""One actuator's thread and the disk beside it."""

import threading
from pathlib import Path

from edge.agent.actuators.double import DoubleActuator
from edge.agent.actuators.held import HeldOrders
from edge.agent.actuators.worker import ActuatorWorker
from edge.agent.moments import BoxClock
from edge.agent.orders import Act, Order
from edge.agent.policy.actuation import Holding
from redwhistle.clock import SystemClock
from tests.unit.edge_actuators.desk import BOOT, wait_for


class HangingDisk(HeldOrders):
    """A card that does not come back from a write until it is let go."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, BOOT)
        self.let_go = threading.Event()

    def keep(self, actuator: str, holding: Holding | None) -> None:
        if holding is not None:
            assert self.let_go.wait(20)
        super().keep(actuator, holding)


def test_a_disk_that_hangs_holds_up_no_siren(tmp_path: Path) -> None:
    siren, disk = DoubleActuator("siren-1"), HangingDisk(tmp_path / "held.json")
    clock = BoxClock(SystemClock(), BOOT, lambda: True)
    worker = ActuatorWorker(siren, 600.0, clock.moment, lambda _: None, disk)
    worker.start()
    try:
        worker.give(Order("siren-1", Act.ON, "reflex smoke", for_s=60))
        wait_for(lambda: Act.ON in [order.act for order in siren.orders], "the siren sounds", timeout_s=5)
        assert disk.of("siren-1") is None
        disk.let_go.set()
        wait_for(lambda: disk.of("siren-1") is not None, "and is kept when the disk is back")
    finally:
        disk.let_go.set()
        assert worker.stop(10)
