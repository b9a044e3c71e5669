"""What can be simulated on a box, by its own configuration, and what goes out for a wish. Pure."""

from collections.abc import Iterator

from edge.agent.sources.camera_settings import CameraSettings
from edge.agent.sources.contact_settings import ContactSettings
from edge.agent.sources.esphome_settings import EsphomeSettings
from edge.agent.sources.gate_settings import GateHttpSettings, GateSettings
from edge.agent.sources.gbt26875_settings import Gbt26875Settings
from edge.agent.sources.modbus_settings import ModbusSettings
from edge.agent.sources.osdp_settings import OsdpSettings
from edge.agent.sources.replay_settings import ReplaySettings
from edge.agent.sources.wiegand_settings import WiegandSettings
from edge.agent.sources.zigbee_settings import ZigbeeSettings
from edge.settings import BoxSettings, SourceSettings
from edge.simulate.families.contacts import ContactFamily, OsdpFamily, WiegandFamily
from edge.simulate.families.esphome import EsphomeFamily
from edge.simulate.families.gates import GateFamily
from edge.simulate.families.modbus import ModbusFamily
from edge.simulate.families.panels import PanelFamily
from edge.simulate.families.port import Family
from edge.simulate.families.zigbee import ZigbeeFamily
from edge.simulate.steps import Step
from edge.simulate.wishes import Simulated, Wish
from redwhistle.errors import ConfigurationError

_ENDS = {"alarm": "clear", "forced": "closed", "fire": "reset", "exceed": "reading", "opened": "closed"}
"""What a tour lets follow, so that nothing is left in alarm."""
_CAMERA = "a camera is what it looks at: give the path of a video file as its `url`"
_REPLAY = "it plays its recorded log by itself"


class Desk:
    """The families of one configuration."""

    def __init__(self, settings: BoxSettings) -> None:
        self._families = [family for each in settings.sources if (family := _family(each)) is not None]
        self._by_device = {
            found.device: (family, found) for family in self._families for found in family.roster()
        }
        self.not_simulated: dict[str, str] = {
            each.name: _CAMERA if isinstance(each, CameraSettings) else _REPLAY
            for each in settings.sources
            if isinstance(each, CameraSettings | ReplaySettings)
        }
        """By source: why it has no device here, and what to do instead."""

    def roster(self) -> list[Simulated]:
        """Every device that can be simulated, in the order of the configuration."""
        return [found for _, found in self._by_device.values()]

    def plan(self, wish: Wish, now_ms: int) -> list[Step]:
        """What goes out. Raises ConfigurationError for a device, an act or an option that there is not."""
        known = self._by_device.get(wish.device)
        if known is None:
            raise ConfigurationError(
                f"no device {wish.device!r} can be simulated on this box: see `redwhistle-edge simulate list`"
            )
        family, found = known
        found.act(wish)
        return family.plan(wish, now_ms)

    def tour(self, *, test: bool) -> Iterator[Wish]:
        """Each section of the configuration once: its first device alarms, and is calm again.

        `test`: marked as tests, and only those devices that can mark one.
        """
        for family in self._families:
            for found in family.roster():
                act = found.acts[0]
                if act.name == "offline" or (test and not act.test):
                    continue
                yield Wish(device=found.device, act=act.name, test=test)
                end = _ENDS.get(act.name)
                if not test and end in {each.name for each in found.acts}:
                    yield Wish(device=found.device, act=str(end))
                break


def _family(section: SourceSettings) -> Family | None:
    match section:
        case ZigbeeSettings():
            return ZigbeeFamily(section)
        case EsphomeSettings():
            return EsphomeFamily(section)
        case GateSettings() | GateHttpSettings():
            return GateFamily(section)
        case Gbt26875Settings():
            return PanelFamily(section)
        case ModbusSettings():
            return ModbusFamily(section)
        case ContactSettings():
            return ContactFamily(section)
        case WiegandSettings():
            return WiegandFamily(section)
        case OsdpSettings():
            return OsdpFamily(section)
        case CameraSettings() | ReplaySettings():
            return None
