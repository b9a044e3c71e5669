"""The receiving centre for fire transmission devices: frames in, observations and replies out. No sockets here.

A transmitter that nobody wrote into the configuration is heard all the same, under a name of its own: its fire is a fire.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterable

from edge.agent.gbt26875.frame import Command, Damaged, Frame, reply_to
from edge.agent.gbt26875.panel_time import PanelTime
from edge.agent.observation import EventSeen, Moment
from edge.agent.policy import inputs
from edge.agent.policy.fire_panel import FirePanel, PanelRules, Subject
from edge.agent.policy.inputs import InputHealth
from edge.agent.policy.latch import Turn
from edge.agent.policy.liveness import LivenessRules
from edge.agent.policy.transmitter import Outcome, Transmitter, TransmitterRules
from edge.agent.sources.gbt26875_server import Gbt26875Source
from edge.agent.sources.gbt26875_settings import ComponentSettings, Gbt26875Settings, TransmitterSettings
from redwhistle.contracts.events import DeviceData, EventKind
from redwhistle.contracts.state import DeviceKind
from redwhistle.logs import get_logger

MALFORMED = "malformed_frames"
FAILED = "message_failed"
_UNMAPPED_KEPT = 64
_TRIP_EVERY_MS = 60_000
_UNMAPPED_DOUBT = "未登记的传输装置 / transmission device not in the configuration: {}"

_log = get_logger()


def build(settings: Gbt26875Settings, *, moment: Callable[[], Moment]) -> Gbt26875Source:
    """The source of all transmission devices that report to one address of the box."""
    return Gbt26875Source(settings, Centre(settings), moment)


class PanelDirectory:
    """Implements `policy.fire_panel.Directory` from the configuration of one transmitter."""

    def __init__(self, device: str, settings: TransmitterSettings | None) -> None:
        self._device = device
        self._place = None if settings is None else settings.place
        self._zones = {} if settings is None else {each.zone: each.place for each in settings.zones}
        self._components: dict[int, list[ComponentSettings]] = {}
        for each in () if settings is None else settings.components:
            self._components.setdefault(each.address, []).append(each)

    def find(self, system_type: int, system_address: int, address: int) -> Subject:
        """The configured component that fits best, else one named after its address and placed by its zone."""
        place = self._zones.get(address & 0xFFFF, self._place)
        fitting = [
            each
            for each in self._components.get(address, [])
            if each.system_type in {None, system_type} and each.system_address in {None, system_address}
        ]
        if fitting:
            best = max(fitting, key=lambda e: (e.system_type is not None) + (e.system_address is not None))
            kind = None if best.kind is DeviceKind.OTHER else best.kind
            return Subject(best.device, best.place or place, kind)
        return Subject(
            unmapped_component(self._device, system_type, system_address, address), place, known=False
        )


class Centre:
    """Knows every transmitter by its source address. Used from one thread; raises nothing, whatever the frames."""

    def __init__(self, settings: Gbt26875Settings) -> None:
        self._settings = settings
        self._configured = {each.address: each for each in settings.transmitters}
        self._known: dict[int, Transmitter] = {}
        self._unmapped: OrderedDict[int, Transmitter] = OrderedDict()
        self._inputs = InputHealth()
        self._tripped_ms: int | None = None
        self._log = _log.bind(source=settings.name)

    def hear(self, item: Frame | Damaged, moment: Moment) -> Outcome:
        """Take what stood in a stream. What was `said` is to be kept before the frames are sent."""
        if isinstance(item, Damaged):
            return Outcome([*self.garbage(moment)], [self._deny(item.header, moment)])
        health, turn = inputs.good(self._inputs)
        self._inputs = health
        ended = [] if turn is None else [self.fault(MALFORMED, False, moment)]
        try:
            out = self._transmitter(item.source, moment).hear(item, moment)
        except (
            Exception
        ) as error:  # a frame that our own code trips over must not end the hearing of the others
            return Outcome([*ended, *self._trip(error, moment)], [self._deny(item, moment)])
        out.said += ended
        return out

    def garbage(self, moment: Moment) -> list[EventSeen]:
        """Take note of bytes that were no frame; persisting, they are a fault."""
        self._inputs, turn, log = inputs.bad(self._settings.inputs, self._inputs, moment.mono_ms)
        if log:
            self._log.warning("gbt26875_malformed", total=self._inputs.total)
        if turn is not Turn.RAISED:
            return []
        note = "收到的数据包损坏 / what arrives is damaged or no GB/T 26875.3: check the line and the transmitter's protocol"
        return [self.fault(MALFORMED, True, moment, note)]

    def tick(self, moment: Moment, linked: Iterable[int]) -> dict[int, Outcome]:
        """Let time pass at every transmitter. `linked` are the addresses that can be reached now."""
        reachable = set(linked)
        for address in self._configured:
            self._transmitter(address, moment)
        everybody = [*self._known.values(), *self._unmapped.values()]
        return {each.address: each.tick(moment, linked=each.address in reachable) for each in everybody}

    def fault(self, code: str, active: bool, moment: Moment, note: str | None = None) -> EventSeen:
        """A fault of the receiving itself."""
        data = DeviceData(active=active, code=code, note=note)
        return EventSeen(self._settings.receiver_device, EventKind.DEVICE_FAULT, data, moment)

    def _transmitter(self, address: int, moment: Moment) -> Transmitter:
        known = self._known.get(address) or self._unmapped.get(address)
        if known is not None:
            return known
        settings = self._configured.get(address)
        if settings is None:
            device = unmapped_transmitter(address)
            self._log.warning("gbt26875_unmapped_transmitter", address=address, device=device)
            quiet = TransmitterRules(liveness=LivenessRules(heartbeat_s=None), panel=PanelRules())
            made = self._make(quiet, device, address, None, moment)
            self._unmapped[address] = made
            if len(self._unmapped) > _UNMAPPED_KEPT:
                self._unmapped.popitem(last=False)
            return made
        made = self._make(self._settings.rules_of(settings), settings.device, address, settings, moment)
        self._known[address] = made
        return made

    def _make(
        self,
        rules: TransmitterRules,
        device: str,
        address: int,
        settings: TransmitterSettings | None,
        moment: Moment,
    ) -> Transmitter:
        panel = FirePanel(
            rules.panel,
            device,
            PanelDirectory(device, settings),
            place=None if settings is None else settings.place,
            doubt=_UNMAPPED_DOUBT.format(address) if settings is None else None,
        )
        return Transmitter(
            rules,
            panel,
            device=device,
            address=address,
            centre=self._settings.centre_address,
            utc_offset_min=self._settings.utc_offset_min,
            now_ms=moment.mono_ms,
        )

    def _deny(self, header: Frame, moment: Moment) -> Frame:
        time = PanelTime.of(moment.at_ms, self._settings.utc_offset_min)
        return reply_to(header, Command.DENY, time)

    def _trip(self, error: Exception, moment: Moment) -> list[EventSeen]:
        """Say, once a minute at most, that a frame was lost to a fault of ours."""
        self._log.error("gbt26875_frame_failed", error=type(error).__name__, exc_info=error)
        if self._tripped_ms is not None and moment.mono_ms - self._tripped_ms < _TRIP_EVERY_MS:
            return []
        self._tripped_ms = moment.mono_ms
        note = f"消息处理出错 / a frame could not be handled ({type(error).__name__}): look at the panel, report this fault"
        return [self.fault(FAILED, True, moment, note)]


def unmapped_transmitter(address: int) -> str:
    """The device id of a transmitter that is not in the configuration."""
    return f"unmapped-fire-panel-{address}"


def unmapped_component(panel: str, system_type: int, system_address: int, address: int) -> str:
    """The device id of a component that is not in the configuration: the same one always gets the same id."""
    tail = f"s{system_type}-{system_address}-c{address & 0xFFFF}-{address >> 16}"
    if len(panel) + 1 + len(tail) <= 64:
        return f"{panel}-{tail}"
    digest = hashlib.sha256(panel.encode()).hexdigest()[:8]
    return f"{panel[:24].rstrip('-._')}-{digest}-{tail}"
