"""Carries out what was planned: opens each way to the box with the first step that needs it, and closes all at the end."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from edge.agent.gpio.port import Gpio
from edge.agent.local_broker import LocalBrokerSettings
from edge.agent.sources.gbt26875_settings import Gbt26875Settings
from edge.agent.sources.modbus_settings import ModbusSettings
from edge.agent.sources.osdp_settings import OsdpSettings
from edge.settings import BoxSettings
from edge.simulate.sending.gpio import Wires
from edge.simulate.sending.http import post
from edge.simulate.sending.modbus import LineServer
from edge.simulate.sending.mqtt import BrokerLink, LogIn
from edge.simulate.sending.osdp import ReaderLink
from edge.simulate.sending.panel import PanelLink
from edge.simulate.steps import Close, Post, Present, Publish, Pulses, Report, Step, Store, Wait
from redwhistle.errors import SimulationError

_FIRST_S = 45.0
"""A box that found the unit gone tries again after 30 s at most."""
_RETRY_MS = 2000


@dataclass(frozen=True, slots=True)
class Ways:
    """What the configuration of the box cannot say: how the simulator is wired to it."""

    log_in: LogIn | None = None
    lines: Mapping[str, str] = field(default_factory=dict)
    """By the source's name: this end of a serial line whose other end is the box's."""
    wires: Mapping[int, int] = field(default_factory=dict)
    """By the box's GPIO line: the output line that is wired to it."""
    chip: str | None = None
    """Of those output lines, where it is another one."""


Now = Callable[[], tuple[int, int]]
"""Wall time in ms since 1970, and monotonic ms."""


class Stage:
    """A context manager. Used from one thread."""

    def __init__(self, settings: BoxSettings, ways: Ways, gpio: Gpio, now: Now) -> None:
        self._settings = settings
        self._ways = ways
        self._now = now
        self._wires = Wires(gpio, ways.chip, ways.wires)
        self._brokers: dict[tuple[str, int, str | None], BrokerLink] = {}
        self._panels: dict[tuple[str, int], PanelLink] = {}
        self._lines: dict[str, LineServer] = {}
        self._readers: dict[str, ReaderLink] = {}
        self._troubled_ms: dict[tuple[str, int], int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def perform(self, step: Step) -> str:
        """Returns how far it got, as far as the protocol tells. Raises SimulationError."""
        match step:
            case Wait():
                time.sleep(step.seconds)
                return "waited"
            case Publish():
                return self._broker(step.broker).publish(step.topic, step.payload)
            case Post():
                return post(step.door, step.path, step.body, self._now()[0])
            case Report():
                return self._panel(step.centre, step.frame.source).report(step.frame)
            case Store():
                slowest_s = max(each.poll_s for each in step.line.map.units)
                return self._line(step.line).store(step.unit, step.cells, _FIRST_S + 3 * slowest_s)
            case Close():
                return self._wires.close_contact(step.chip, step.line, step.closed)
            case Pulses():
                return self._wires.pulse(step.chip, step.d0, step.d1, step.bits)
            case Present():
                return self._reader(step.line, step.address).present(step.bits)

    @property
    def lasts(self) -> bool:
        """Whether what was done holds only while the simulator runs: it is the unit, or drives the contact."""
        return bool(self._lines) or self._wires.used

    def serve(self) -> list[str]:
        """Be every Modbus unit of the configuration, calm; return what cannot be served, as sentences."""
        problems = []
        for section in self._settings.sources:
            if isinstance(section, ModbusSettings):
                try:
                    self._line(section)
                except SimulationError as error:
                    problems.append(f"{section.name}: {error}")
        return problems

    def tend(self) -> list[str]:
        """What serving needs now and then: signs of life of every transmitter, answers to what the box asks.

        Returns what was answered and what went wrong, as sentences; the latter is tried again later.
        """
        told = []
        for section in self._settings.sources:
            if not isinstance(section, Gbt26875Settings):
                continue
            for each in section.transmitters:
                key = (section.name, each.address)
                now_ms = self._now()[1]
                if now_ms - self._troubled_ms.get(key, now_ms - _RETRY_MS) < _RETRY_MS:
                    continue
                panel = self._panel(section, each.address)
                try:
                    panel.tend(each.heartbeat_s)
                except SimulationError as error:
                    if key not in self._troubled_ms:
                        told.append(f"{each.device}: {error}")
                    self._troubled_ms[key] = now_ms
                else:
                    self._troubled_ms.pop(key, None)
                told += [f"{each.device}: answered {what}" for what in panel.answered]
                panel.answered.clear()
        return told

    def rest(self) -> None:
        """Let every simulated unit and contact be calm again."""
        for line in self._lines.values():
            line.rest()
        self._wires.close()

    def close(self) -> None:
        """End every connection; never raises."""
        closers: list[Callable[[], None]] = [each.close for each in self._brokers.values()]
        closers += [each.close for each in self._panels.values()]
        closers += [each.close for each in self._lines.values()]
        closers += [each.close for each in self._readers.values()]
        for close in closers:
            with suppress(Exception):
                close()
        self._wires.close()
        self._brokers.clear()
        self._panels.clear()
        self._lines.clear()
        self._readers.clear()

    def _broker(self, broker: LocalBrokerSettings) -> BrokerLink:
        key = (broker.host, broker.port, broker.username)
        if key not in self._brokers:
            self._brokers[key] = BrokerLink(broker, self._ways.log_in, len(self._brokers))
        return self._brokers[key]

    def _panel(self, centre: Gbt26875Settings, address: int) -> PanelLink:
        key = (centre.name, address)
        if key not in self._panels:
            self._panels[key] = PanelLink(centre, address, self._now)
        return self._panels[key]

    def _line(self, settings: ModbusSettings) -> LineServer:
        if settings.name not in self._lines:
            serial = self._ways.lines.get(settings.name)
            if settings.rtu is not None and serial is None:
                raise SimulationError(
                    f"{settings.name} is a serial line that the box has open at {settings.rtu.port}: give its other end "
                    f"with --line {settings.name}=/dev/…"
                )
            server = LineServer(settings, serial)
            server.start()
            self._lines[settings.name] = server
        return self._lines[settings.name]

    def _reader(self, settings: OsdpSettings, address: int) -> ReaderLink:
        port = self._ways.lines.get(settings.name)
        if port is None:
            raise SimulationError(
                f"{settings.name} is a serial line that the box has open at {settings.port}: give its other end "
                f"with --line {settings.name}=/dev/…"
            )
        there = self._readers.get(settings.name)
        if there is not None and there.address != address:
            there.close()
            del self._readers[settings.name]
        if settings.name not in self._readers:
            reader = next(one for each in settings.devices for one in each.readers if one.address == address)
            self._readers[settings.name] = ReaderLink(settings, reader, port)
        return self._readers[settings.name]


def read_pairs(texts: list[str], what: str) -> dict[str, str]:
    """`["a=b"]` as a mapping. Raises SimulationError."""
    pairs: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name or not value:
            raise SimulationError(f"{what} {text!r}: write NAME=VALUE")
        pairs[name] = value
    return pairs


def make_log_in(username: str | None, password_file: Path | None) -> LogIn | None:
    """Raises SimulationError for a password without a user."""
    if username is None:
        if password_file is not None:
            raise SimulationError("--password-file needs --username")
        return None
    return LogIn(username, password_file)
