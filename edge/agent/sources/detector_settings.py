"""What the configuration says of one detector, whatever carries its messages."""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from edge.agent.policy.detector import DetectorRules
from edge.agent.policy.event_data import Gas
from edge.agent.policy.limit import LimitRules
from edge.agent.policy.liveness import LivenessRules
from edge.agent.policy.rules import Rules, Seconds
from redwhistle.contracts.ids import DeviceId, PlaceId, Text
from redwhistle.contracts.state import DeviceInfo, DeviceKind

DetectorKind = Literal[
    DeviceKind.SMOKE,
    DeviceKind.HEAT,
    DeviceKind.GAS,
    DeviceKind.SOS,
    DeviceKind.WATER_LEVEL,
    DeviceKind.VIBRATION,
    DeviceKind.OTHER,
]
"""`other`: something else on the same network, whose presses are no calls for help; smoke is smoke even there."""


class DetectorSettings(Rules):
    """One detector: what it is called here, and what is to be made of it."""

    device: DeviceId
    place: PlaceId | None = None
    label: Text | None = None
    model: Text | None = None
    heartbeat_s: Seconds | None = None
    """The longest silence that this detector allows; it wins over its model's."""
    limits: tuple[LimitRules, ...] = Field(default=(), max_length=16)
    """Of measured values; a value beyond its limit is an event as if the detector had alarmed itself."""
    gas: Gas = "other"
    """For gas detectors that do not say which gas."""

    def rules_with(self, rules: DetectorRules, heartbeat_s: float | None) -> DetectorRules:
        """`rules` with what is this device's own in them."""
        liveness = LivenessRules(heartbeat_s=heartbeat_s, missed=rules.liveness.missed)
        own = {"liveness": liveness, "limits": (*rules.limits, *self.limits), "gas": self.gas}
        return rules.model_copy(update=own)

    def info(self, kind: DeviceKind, heartbeat_s: float | None) -> DeviceInfo:
        """As the box announces it."""
        return DeviceInfo(
            id=self.device,
            kind=kind,
            model=self.model,
            label=self.label,
            place=self.place,
            heartbeat_s=heartbeat_s or None,
        )


def refuse_twice(what: str, values: Sequence[str]) -> None:
    """Raise ValueError when a name stands twice."""
    if twice := sorted({v for v in values if values.count(v) > 1}):
        raise ValueError(f"{what} {twice[0]!r} is given twice")
