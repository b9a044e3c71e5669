"""Whether what a configuration names can be reached: addresses, serial lines, chips, programs. Nothing is driven."""

import shutil
import socket
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

from edge.agent.actuators.settings import (
    AnyActuatorSettings,
    CoilSettings,
    GpioRelaySettings,
    HttpSpeakerSettings,
    MqttSettings,
    MqttSpeakerSettings,
    SpeakerSettings,
)
from edge.agent.sources.camera_order import CameraKind
from edge.agent.sources.camera_settings import CameraSettings, kind_of, shown
from edge.agent.sources.contact_settings import ContactSettings
from edge.agent.sources.esphome_settings import EsphomeSettings
from edge.agent.sources.gate_settings import GateSettings
from edge.agent.sources.modbus_settings import ModbusSettings
from edge.agent.sources.osdp_settings import OsdpSettings
from edge.agent.sources.wiegand_settings import WiegandSettings
from edge.agent.sources.zigbee_settings import ZigbeeSettings
from edge.settings import BoxSettings, SourceSettings

TIMEOUT_S = 2.0
_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
Problem = str | None
"""None: reachable."""


def reach_all(settings: BoxSettings) -> Iterator[tuple[str, Problem]]:
    """Every source and actuator that has something to be reached, all at once."""
    tries: list[tuple[str, Callable[[], Problem]]] = []
    for source in settings.sources:
        tries += [(f"source {source.name}", each) for each in _of_source(source)]
    for actuator in settings.actuators:
        tries += [(f"actuator {actuator.device}", each) for each in _of_actuator(actuator)]
    with ThreadPoolExecutor(max_workers=16) as pool:
        for (name, _), problem in zip(tries, pool.map(lambda each: each[1](), tries), strict=True):
            yield name, problem


def reach_address(host: str, port: int) -> Problem:
    """A connection and nothing more."""
    try:
        socket.create_connection((host, port), timeout=TIMEOUT_S).close()
    except (OSError, UnicodeError, ValueError, OverflowError) as error:
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return f"{host}:{port} cannot be reached ({why}): check cable, power and address"
    return None


def reach_device_file(path: str, what: str) -> Problem:
    """A character device that is there and is one."""
    try:
        mode = Path(path).stat().st_mode
    except OSError as error:
        return f"{path} is not there ({error.strerror}): check the {what}"
    return None if stat.S_ISCHR(mode) else f"{path} is no {what}"


def _of_source(source: SourceSettings) -> Iterator[Callable[[], Problem]]:
    match source:
        case CameraSettings():
            yield lambda: reach_camera(source.url.get_secret_value())
        case ZigbeeSettings() | EsphomeSettings() | GateSettings():
            yield lambda: reach_address(source.broker.host, source.broker.port)
        case ModbusSettings():
            tcp, rtu = source.tcp, source.rtu
            if tcp is not None:
                yield lambda: reach_address(tcp.host, tcp.port)
            if rtu is not None:
                yield lambda: reach_device_file(rtu.port, "serial adapter")
        case OsdpSettings():
            yield lambda: reach_device_file(source.port, "serial adapter")
            if source.gpio_lines():
                yield lambda: reach_device_file(source.chip, "GPIO chip")
        case ContactSettings() | WiegandSettings():
            yield lambda: reach_device_file(source.chip, "GPIO chip")
        case _:
            return  # it listens, or reads a file: `run --check` says


def _of_actuator(actuator: AnyActuatorSettings) -> Iterator[Callable[[], Problem]]:
    match actuator:
        case GpioRelaySettings():
            yield lambda: reach_device_file(actuator.chip, "GPIO chip")
        case MqttSettings() | MqttSpeakerSettings():
            yield lambda: reach_address(actuator.broker.host, actuator.broker.port)
        case CoilSettings():
            tcp, rtu = actuator.tcp, actuator.rtu
            if tcp is not None:
                yield lambda: reach_address(tcp.host, tcp.port)
            if rtu is not None:
                yield lambda: reach_device_file(rtu.port, "serial adapter")
        case SpeakerSettings():
            yield lambda: _reach_program(actuator.command[0])
        case HttpSpeakerSettings():
            parts = urlsplit(actuator.url)
            yield lambda: reach_address(parts.hostname or "", parts.port or _PORTS[parts.scheme])


def _reach_program(name: str) -> Problem:
    return None if shutil.which(name) else f"the program {name} is not installed: apt-get install alsa-utils?"


def reach_camera(url: str) -> Problem:
    """The host of a stream, the device file of a camera at this machine, or the file."""
    match kind_of(url):
        case CameraKind.DEVICE:
            return reach_device_file(shown(url), "camera")
        case CameraKind.FILE:
            return None if Path(url).exists() else f"{shown(url)} is not there"
        case CameraKind.STREAM:
            parts = urlsplit(url)
            try:
                port = parts.port or _PORTS[parts.scheme.lower()]
            except ValueError:
                return f"{shown(url)}: the port is no number"
            return reach_address(parts.hostname or "", port)
