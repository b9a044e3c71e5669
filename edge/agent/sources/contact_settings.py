"""The configuration section of dry contacts on the machine's own GPIO lines."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from edge.agent.policy.detector import DetectorRules
from edge.agent.policy.door import DoorRules
from edge.agent.policy.rules import Rules, Seconds
from edge.agent.sources.detector_settings import DetectorSettings, refuse_twice
from edge.agent.sources.gpio_lines import DEFAULT_CHIP, ChipPath, ContactLineSettings, LineNumber
from redwhistle.contracts.state import DeviceInfo, DeviceKind

ContactKind = Literal[
    DeviceKind.SMOKE,
    DeviceKind.HEAT,
    DeviceKind.GAS,
    DeviceKind.SOS,
    DeviceKind.WATER_LEVEL,
    DeviceKind.VIBRATION,
    DeviceKind.GATE,
    DeviceKind.OTHER,
]


class ContactInputSettings(ContactLineSettings):
    """One contact of a device, with what supervises its wires."""

    says: Literal[
        "smoke",
        "heat",
        "gas",
        "carbon_monoxide",
        "water_leak",
        "vibration",
        "sos",
        "manual_call",
        "tamper",
        "fault",
        "battery_low",
        "test",
        "gate",
    ]
    """What it means when it leaves its normal position; `gate`: the gate is open."""
    opposite_line: LineNumber | None = None
    """The other side of a changeover contact: then a cut and a short are told from an alarm."""
    loop_line: LineNumber | None = None
    """A loop through the same cable, closed always: open, the cable is cut."""
    fault_for_s: Annotated[float, Field(ge=0.5, le=60)] = 2.0
    """A cut or a short counts after this long."""

    @model_validator(mode="after")
    def _supervision_fits(self) -> Self:
        if self.opposite_line is not None and self.loop_line is not None:
            raise ValueError(f"line {self.line}: give opposite_line or loop_line, not both")
        if self.opposite_line is not None and self.normally == "closed":
            raise ValueError(
                f"line {self.line}: with opposite_line, `line` is the side that closes in an alarm "
                "(normally: open)"
            )
        return self

    def lines(self) -> list[int]:
        """All that it takes."""
        return [each for each in (self.line, self.opposite_line, self.loop_line) if each is not None]


class ContactDeviceSettings(DetectorSettings):
    """A device that says what it has to say by contacts."""

    kind: ContactKind
    inputs: tuple[ContactInputSettings, ...] = Field(min_length=1, max_length=8)
    door: DoorRules = DoorRules(forced=False)
    """Of a gate's contact: how long it may stand open."""

    @model_validator(mode="after")
    def _says_each_once(self) -> Self:
        refuse_twice(f"{self.device}: input for", [each.says for each in self.inputs])
        if (self.kind is DeviceKind.GATE) != any(each.says == "gate" for each in self.inputs):
            raise ValueError(f"{self.device}: `says: gate` and `kind: gate` belong together")
        if self.limits:
            raise ValueError(f"{self.device}: a contact measures nothing: leave `limits` out")
        return self


class ContactSettings(Rules):
    """Contacts on one GPIO chip."""

    type: Literal["contact"]
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")] = "contact"
    """Of the source, in logs and fault reports."""
    chip: ChipPath = DEFAULT_CHIP
    devices: tuple[ContactDeviceSettings, ...] = Field(min_length=1, max_length=64)
    rules: DetectorRules = DetectorRules()
    repeat_s: Seconds = 1.0
    """How often a contact that stays closed is judged anew."""

    @model_validator(mode="after")
    def _names_and_lines_differ(self) -> Self:
        refuse_twice("device", [each.device for each in self.devices])
        refuse_twice("line", [str(line) for line in self.gpio_lines()])
        return self

    def gpio_lines(self) -> list[int]:
        """All lines of the chip that it takes."""
        return [line for each in self.devices for one in each.inputs for line in one.lines()]

    def device_infos(self) -> list[DeviceInfo]:
        """What the box reports in its state."""
        return [each.info(each.kind, None) for each in self.devices]
