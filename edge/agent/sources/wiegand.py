"""Doors whose readers speak Wiegand, by GPIO lines: cards are hashed where the bits become a number."""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from edge.agent.gpio.port import Edge, Gpio, InputLines, InputOptions
from edge.agent.observation import Moment, Observation
from edge.agent.policy import inputs, wiegand
from edge.agent.policy.inputs import InputHealth
from edge.agent.policy.latch import Turn
from edge.agent.policy.wiegand import Assembling, Bits, Credential, Pulse
from edge.agent.ports import Sink
from edge.agent.sources.card_key import KEY_FILE, CardHasher, open_key
from edge.agent.sources.door_lines import DoorLines
from edge.agent.sources.doors import Doors
from edge.agent.sources.gpio_lines import ContactLines
from edge.agent.sources.handover import Handover
from edge.agent.sources.roster import MALFORMED, fault
from edge.agent.sources.wiegand_settings import (
    WiegandDoorSettings,
    WiegandReaderSettings,
    WiegandSettings,
)
from redwhistle.errors import SourceError
from redwhistle.logs import get_logger

_IDLE_S = 0.25
_CONTACT_S = 0.1
_NOTE = "读卡数据无法识别 / its frames cannot be read: check D0, D1, ground and the level shifter; 26, 34, 37 bits"
_NS = 1_000_000_000


def build(
    settings: WiegandSettings, *, moment: Callable[[], Moment], gpio: Gpio, data_dir: Path
) -> "WiegandSource":
    """The source of the doors on one chip. Makes the card key on the first run. Raises SourceError."""
    return WiegandSource(settings, gpio, open_key(settings.key_file or data_dir / KEY_FILE), moment)


@dataclass(slots=True)
class _Reader:
    settings: WiegandReaderSettings
    door: WiegandDoorSettings
    frame: Assembling = field(default_factory=Assembling)
    health: InputHealth = field(default_factory=InputHealth)


class WiegandSource:
    """Implements `edge.agent.ports.Source`."""

    def __init__(
        self, settings: WiegandSettings, gpio: Gpio, hasher: CardHasher, moment: Callable[[], Moment]
    ) -> None:
        self.name = settings.name
        self._settings = settings
        self._gpio = gpio
        self._hasher = hasher
        self._moment = moment
        self._handover = Handover()
        self._readers = [_Reader(each, door) for door in settings.devices for each in door.readers]
        self._bit_of = {each.settings.d0: (each, False) for each in self._readers}
        self._bit_of |= {each.settings.d1: (each, True) for each in self._readers}
        self._doors = Doors(
            {each.device: (each.door, each.gate_rules(settings.rules)) for each in settings.devices}
        )
        self._lines = DoorLines(self._doors, {each.device: each.lines for each in settings.devices})
        self._log = get_logger(source=settings.name)
        self._gap_ns = round(settings.gap_s * _NS)

    def run(self, sink: Sink, stop: threading.Event) -> None:
        """Watch until `stop` is set. Raises SourceError when the lines cannot be taken or read, OutboxError."""
        options = InputOptions(pull="up", active_low=True)
        data = self._gpio.inputs(self._settings.chip, dict.fromkeys(self._bit_of, options))
        contacts: ContactLines | None = None
        try:
            if self._lines.settings():
                contacts = ContactLines(self._gpio, self._settings.chip, self._lines.settings())
                self._handover.give(sink, self._lines.begin(contacts.closed, self._moment()))
            while not stop.is_set():
                self._turn(data, contacts, sink)
        finally:
            with suppress(SourceError):
                data.close()
            if contacts is not None:
                contacts.close()

    def _turn(self, data: InputLines, contacts: ContactLines | None, sink: Sink) -> None:
        receiving = any(each.frame.bits for each in self._readers)
        # Contacts have their own lines and are looked at between frames: a door moves slower than a card is read.
        idle_s = _IDLE_S if contacts is None else _CONTACT_S
        wait_s = self._settings.gap_s if receiving else idle_s
        edges = data.wait(wait_s)
        moment = self._moment()
        said: list[Observation] = []
        for reader in self._readers:
            for bits in self._frames(reader, edges):
                said.extend(self._read(reader, bits, moment))
        if contacts is not None:
            said.extend(self._lines.hear(contacts.turn(0), moment))
        self._handover.give(sink, [*said, *self._doors.tick(moment)])

    def _frames(self, reader: _Reader, edges: Sequence[Edge]) -> list[Bits]:
        pulses = []
        for edge in edges:
            owner, bit = self._bit_of[edge.line]
            if owner is reader and edge.on:  # the line goes low: a pulse begins
                pulses.append(Pulse(bit, edge.at_ns))
        reader.frame, done = wiegand.hear(
            reader.frame,
            pulses,
            gap_ns=self._gap_ns,
            shortest_ns=round(self._settings.shortest_s * _NS),
        )
        reader.frame, last = wiegand.tick(reader.frame, time.monotonic_ns(), gap_ns=self._gap_ns)
        return done if last is None else [*done, last]

    def _read(self, reader: _Reader, bits: Bits, moment: Moment) -> list[Observation]:
        device = reader.door.device
        read = wiegand.read_frame(bits, self._hasher.hash)
        if read is None:
            return []
        if not isinstance(read, Credential):
            reader.health, turn, log = inputs.bad(self._settings.inputs, reader.health, moment.mono_ms)
            if log:
                self._log.warning(
                    "wiegand_unreadable", device=device, why=read.why, total=reader.health.total
                )
            return [fault(device, MALFORMED, True, moment, _NOTE)] if turn is Turn.RAISED else []
        reader.health, turn = inputs.good(reader.health)
        said = self._doors.card(
            device,
            read.hash,
            reader.settings.direction,
            moment,
            has_contact=reader.door.lines.contact is not None,
        )
        ended = [fault(device, MALFORMED, False, moment)] if turn is Turn.ENDED else []
        return [*said, *ended]
