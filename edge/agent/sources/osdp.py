"""Doors whose readers speak OSDP: cards, tamper, readers that fall silent, and the doors' own contacts."""

import threading
from collections.abc import Callable
from pathlib import Path

from edge.agent.gpio.port import Gpio
from edge.agent.observation import EventSeen, Moment, Observation
from edge.agent.policy.rules import passed_s
from edge.agent.ports import Sink
from edge.agent.sources.card_key import KEY_FILE, CardHasher, open_key
from edge.agent.sources.door_lines import DoorLines
from edge.agent.sources.doors import Doors
from edge.agent.sources.gpio_lines import ContactLines
from edge.agent.sources.handover import Handover
from edge.agent.sources.osdp_panel import KEY_BYTES, CardSeen, OsdpPanel, PanelReader, ReaderState, Said
from edge.agent.sources.osdp_settings import OsdpDoorSettings, OsdpReaderSettings, OsdpSettings
from edge.agent.sources.roster import fault
from redwhistle.contracts.events import DeviceData, EventKind
from redwhistle.errors import SourceError
from redwhistle.logs import get_logger

READER_OFFLINE = "reader_offline"
READER_POWER = "reader_power"
_TURN_S = 0.02
_RETRY_S = 2.0
"""Half of a try: the reader is taken off the list, and put on it again."""


def build(
    settings: OsdpSettings, *, moment: Callable[[], Moment], gpio: Gpio, data_dir: Path
) -> "OsdpSource":
    """The source of the doors on one line. Makes the card key on the first run. Raises SourceError."""
    hasher = open_key(settings.card_key_file or data_dir / KEY_FILE)
    readers = [(one, door) for door in settings.devices for one in door.readers]
    keys = [PanelReader(one.address, _read_key(one)) for one, _ in readers]
    return OsdpSource(settings, keys, gpio, hasher, moment)


class OsdpSource:
    """Implements `edge.agent.ports.Source`."""

    def __init__(
        self,
        settings: OsdpSettings,
        readers: list[PanelReader],
        gpio: Gpio,
        hasher: CardHasher,
        moment: Callable[[], Moment],
    ) -> None:
        self.name = settings.name
        self._settings = settings
        self._panel_readers = readers
        self._gpio = gpio
        self._hasher = hasher
        self._moment = moment
        self._handover = Handover()
        self._readers: list[tuple[OsdpReaderSettings, OsdpDoorSettings]] = [
            (one, door) for door in settings.devices for one in door.readers
        ]
        self._doors = Doors(
            {each.device: (each.door, each.gate_rules(settings.rules)) for each in settings.devices}
        )
        self._lines = DoorLines(self._doors, {each.device: each.lines for each in settings.devices})
        self._answered_ms: dict[int, int] = {}
        self._retried_ms: dict[int, int] = {}
        self._offline: set[int] = set()
        self._states: dict[int, ReaderState] = {}
        self._log = get_logger(source=settings.name)

    def run(self, sink: Sink, stop: threading.Event) -> None:
        """Ask until `stop` is set. Raises SourceError when the line cannot be opened or is gone, OutboxError."""
        settings = self._settings
        panel = OsdpPanel(settings.port, settings.baud, self._panel_readers, self._hasher.hash)
        contacts: ContactLines | None = None
        try:
            now_ms = self._moment().mono_ms
            self._answered_ms = dict.fromkeys(range(len(self._readers)), now_ms)
            if self._lines.settings():
                contacts = ContactLines(self._gpio, settings.chip, self._lines.settings())
                self._handover.give(sink, self._lines.begin(contacts.closed, self._moment()))
            while not stop.wait(_TURN_S):
                said = panel.turn()
                moment = self._moment()
                heard = [each for one in said for each in self._hear(one, moment)]
                heard += self._watch(panel, moment)
                if contacts is not None:
                    heard += self._lines.hear(contacts.turn(0), moment)
                self._handover.give(sink, [*heard, *self._doors.tick(moment)])
        finally:
            panel.close()
            if contacts is not None:
                contacts.close()

    def _hear(self, said: Said, moment: Moment) -> list[Observation]:
        reader, door = self._readers[said.reader]
        if isinstance(said, CardSeen):
            return self._doors.card(
                door.device,
                said.credential,
                reader.direction,
                moment,
                has_contact=door.lines.contact is not None,
            )
        before = self._states.get(said.reader, ReaderState(said.reader, tamper=False, power=False))
        self._states[said.reader] = said
        heard: list[Observation] = []
        if said.tamper != before.tamper:
            note = f"读卡器被拆开 / reader {reader.address} was opened" if said.tamper else None
            data = DeviceData(active=said.tamper, code="tamper", note=note)
            heard.append(EventSeen(door.device, EventKind.TAMPER, data, moment))
        if said.power != before.power:
            note = f"读卡器电源故障 / reader {reader.address} has a power fault" if said.power else None
            heard.append(fault(door.device, READER_POWER, said.power, moment, note))
        return heard

    def _watch(self, panel: OsdpPanel, moment: Moment) -> list[Observation]:
        heard: list[Observation] = []
        online = panel.online()
        for index, (reader, door) in enumerate(self._readers):
            others = {n for n in self._offline if self._readers[n][1] is door and n != index}
            if online >> index & 1:
                self._answered_ms[index] = moment.mono_ms
                self._retried_ms.pop(index, None)
                heard.extend(self._doors.heard(door.device, moment))
                if index in self._offline:
                    self._offline.discard(index)
                    self._log.info("osdp_reader_back", device=door.device, address=reader.address)
                    if not others:
                        heard.append(fault(door.device, READER_OFFLINE, False, moment))
                continue
            silent_s = passed_s(self._answered_ms[index], moment.mono_ms)
            if passed_s(self._retried_ms.get(index, self._answered_ms[index]), moment.mono_ms) >= _RETRY_S:
                self._retried_ms[index] = moment.mono_ms
                panel.retry(index)
            if index not in self._offline and silent_s >= self._settings.offline_s:
                self._offline.add(index)
                self._log.warning("osdp_reader_offline", device=door.device, address=reader.address)
                note = f"读卡器离线 / reader {reader.address} does not answer: check its power, its address and its key"
                heard.append(fault(door.device, READER_OFFLINE, True, moment, note))
        return heard


def _read_key(reader: OsdpReaderSettings) -> bytes | None:
    path = reader.key_file
    if path is None:
        return None
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError):
        raise SourceError(f"{path}: the reader's key cannot be read: 32 hex digits are needed") from None
    if len(key) != KEY_BYTES:
        raise SourceError(f"{path}: the reader's key has {len(key)} bytes, {KEY_BYTES} are needed")
    return key
