"""A box's reflexes on a desk: doubles for the devices, a list for the outbox."""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from edge.agent.actuators.double import DoubleActuator
from edge.agent.actuators.held import HeldOrders
from edge.agent.actuators.worker import ActuatorWorker
from edge.agent.moments import BoxClock
from edge.agent.observation import EventSeen, Observation, ReadingSeen
from edge.agent.policy.fire_release import ReleaseRules
from edge.agent.policy.reflex import ReflexRules
from edge.agent.reflexes import Reflexes
from redwhistle.clock import SystemClock
from redwhistle.contracts.commands import Command
from redwhistle.contracts.events import EventData, EventKind
from redwhistle.contracts.state import DeviceKind

BOOT = "ab" * 16
KINDS = {
    "siren-1": DeviceKind.SIREN,
    "speaker-1": DeviceKind.LOUDSPEAKER,
    "relay-gate": DeviceKind.RELAY,
}


def wait_for(condition: Callable[[], object], what: str, timeout_s: float = 10.0) -> None:
    end_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end_s, f"waited {timeout_s} s in vain: {what}"
        time.sleep(0.005)


class Desk:
    """`said`: what was reported; `devices`: the doubles."""

    def __init__(self, folder: Path, rules: list[dict[str, Any]], checks: list[dict[str, Any]]) -> None:
        self.clock = BoxClock(SystemClock(), BOOT, lambda: True)
        self.said: list[Observation] = []
        self.devices = {name: DoubleActuator(name) for name in KINDS}
        held = HeldOrders(folder / "held.json", BOOT)
        workers = {
            name: (
                KINDS[name],
                ActuatorWorker(
                    device,
                    None if KINDS[name] is DeviceKind.RELAY else 600.0,
                    self.clock.moment,
                    self.said.append,
                    held,
                    steady_s=0.5,
                ),
            )
            for name, device in self.devices.items()
        }
        self.reflexes = Reflexes(workers, self.clock, self.said.append)
        self.reflexes.use(
            [ReflexRules.model_validate(each) for each in rules],
            [ReleaseRules.model_validate(each) for each in checks],
        )

    def see(self, kind: EventKind = EventKind.SMOKE, device: str = "smoke-1", **more: Any) -> None:
        data = EventData(active=more.pop("active", True))
        self.reflexes.notice(EventSeen(device, kind, data, self.clock.moment(), **more))

    def gate(self, device: str, value: float) -> None:
        self.reflexes.notice(ReadingSeen(device, "gate_open", value, self.clock.moment()))

    def told(self, device: str) -> list[str]:
        """Acts after the first, which is `off` at the start of the box."""
        return [order.act.value for order in self.devices[device].orders[1:]]

    def faults(self) -> list[tuple[str, bool]]:
        return [
            (each.device, each.data.active)
            for each in self.said
            if isinstance(each, EventSeen) and each.kind is EventKind.DEVICE_FAULT
        ]

    def command(self, name: str, exercise: str | None = None, **args: Any) -> dict[str, Any]:
        now_ms = int(datetime.now(UTC).timestamp() * 1000)
        command = Command(
            id=uuid.uuid4(),
            name=name,
            args=args,
            issued_at_ms=now_ms,
            expires_at_ms=now_ms + 60_000,
            exercise=exercise,
        )
        act = {
            "actuate": self.reflexes.actuate,
            "silence": self.reflexes.silence,
            "drill": self.reflexes.permit,
        }
        return act[name](command)


RULES: list[dict[str, Any]] = [
    {
        "name": "fire",
        "when": ["smoke"],
        "do": [
            {"actuator": "siren-1", "for_s": 60},
            {"actuator": "speaker-1", "act": "speak", "message": "fire"},
            {"actuator": "relay-gate"},
        ],
    }
]
CHECKS: list[dict[str, Any]] = [{"gates": ["gate-1"], "within_s": 0.3, "released_by": "relay-gate"}]


@contextmanager
def running(
    folder: Path, rules: list[dict[str, Any]] | None = None, checks: list[dict[str, Any]] | None = None
) -> Iterator[Desk]:
    desk = Desk(folder, RULES if rules is None else rules, CHECKS if checks is None else checks)
    desk.reflexes.start()
    try:
        wait_for(lambda: all(each.orders for each in desk.devices.values()), "everything is off at the start")
        yield desk
    finally:
        desk.reflexes.stop(3)
    assert all(each.closed for each in desk.devices.values())
