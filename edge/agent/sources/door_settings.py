"""What all doors and gates that the box watches by wires have in common."""

from typing import Annotated, Literal

from pydantic import Field

from edge.agent.policy.door import DoorRules
from edge.agent.policy.gate import GateRules
from edge.agent.policy.liveness import LivenessRules
from edge.agent.policy.rules import Rules, Seconds
from edge.agent.sources.gpio_lines import ContactLineSettings
from redwhistle.contracts.ids import DeviceId, PlaceId, Text
from redwhistle.contracts.state import DeviceInfo, DeviceKind

Direction = Literal["in", "out", "unknown"]
SourceName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]


class DoorLinesSettings(Rules):
    """A door's own contacts, each of them optional."""

    contact: ContactLineSettings | None = None
    """Closed while the door is closed: `normally: closed`."""
    exit_button: ContactLineSettings | None = None
    release: ContactLineSettings | None = None
    """The lock's line or the fire release: actuated while the lock is open."""
    passage_in: ContactLineSettings | None = None
    """A light barrier: one pulse a person."""
    passage_out: ContactLineSettings | None = None

    def lines(self) -> list[ContactLineSettings]:
        """Those that are there."""
        every = (self.contact, self.exit_button, self.release, self.passage_in, self.passage_out)
        return [each for each in every if each is not None]


class DoorSettings(Rules):
    """One door or gate."""

    device: DeviceId
    place: PlaceId | None = None
    label: Text | None = None
    model: Text | None = None
    heartbeat_s: Seconds | None = None
    lines: DoorLinesSettings = DoorLinesSettings()
    door: DoorRules = DoorRules()

    def gate_rules(self, rules: GateRules) -> GateRules:
        """`rules` with this gate's heartbeat in them."""
        liveness = LivenessRules(heartbeat_s=self.heartbeat_s, missed=rules.liveness.missed)
        return rules.model_copy(update={"liveness": liveness})

    def info(self) -> DeviceInfo:
        """As the box announces it."""
        return DeviceInfo(
            id=self.device,
            kind=DeviceKind.GATE,
            model=self.model,
            label=self.label,
            place=self.place,
            heartbeat_s=self.heartbeat_s or None,
        )
