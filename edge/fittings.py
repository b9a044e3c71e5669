"""The parts of a box, each made from its section of the configuration: here concrete classes are named, beside `wiring`."""

import threading
from collections.abc import Callable
from pathlib import Path

from edge.agent.actuators import http_speaker, local_topics, player
from edge.agent.actuators.gpio_relay import GpioRelay
from edge.agent.actuators.held import HeldOrders
from edge.agent.actuators.settings import (
    AnyActuatorSettings,
    CoilSettings,
    GpioRelaySettings,
    HttpSpeakerSettings,
    MqttSettings,
    MqttSpeakerSettings,
    SpeakerSettings,
)
from edge.agent.actuators.worker import ActuatorWorker
from edge.agent.detectors.counting import Counting
from edge.agent.detectors.good_models import GoodModels
from edge.agent.detectors.models import Models, ModelTrouble
from edge.agent.detectors.shipped import shipped_models
from edge.agent.detectors.trial import check_models
from edge.agent.gpio.port import Gpio
from edge.agent.moments import BoxClock, is_wall_clock_synced, read_boot_id
from edge.agent.observation import EventSeen, Observation
from edge.agent.pipeline import Detector, Meter, Witness
from edge.agent.ports import Actuator, Sink, Source
from edge.agent.reflexes import Reflexes
from edge.agent.sources import camera, contact, esphome, gate, gate_http, gbt26875, wiegand, zigbee
from edge.agent.sources.camera_settings import CameraSettings
from edge.agent.sources.contact_settings import ContactSettings
from edge.agent.sources.esphome_settings import EsphomeSettings
from edge.agent.sources.gate_settings import GateHttpSettings, GateSettings
from edge.agent.sources.gbt26875_settings import Gbt26875Settings
from edge.agent.sources.modbus_settings import ModbusSettings
from edge.agent.sources.osdp_settings import OsdpSettings
from edge.agent.sources.replay import ReplaySource
from edge.agent.sources.replay_settings import ReplaySettings
from edge.agent.sources.wiegand_settings import WiegandSettings
from edge.agent.sources.zigbee_settings import ZigbeeSettings
from edge.settings import BoxSettings, ClockTrust, SourceSettings
from redwhistle.clock import SystemClock
from redwhistle.errors import ConfigurationError

HELD_FILE = "held.json"
GOOD_MODELS_DIR = "models-good"


def detectors_of(camera_settings: CameraSettings, models: Models) -> list[Detector]:
    """New detectors for this camera, counting as it is told. Raises ConfigurationError for a name that cannot be had."""
    wish = camera_settings.detect
    counting = Counting(wish.mode, wish.crowd, wish.handover, camera_settings.analyse_fps)
    return models.detectors_for(people=wish.people, fire=wish.fire, counting=counting)


def build_source(
    section: SourceSettings,
    clock: BoxClock,
    data_dir: Path,
    models: Callable[[], Models],
    gpio: Gpio,
    witness: Witness | None = None,
) -> Source:
    """The source that a section of the configuration describes. Raises ConfigurationError or SourceError."""
    match section:
        case ReplaySettings():
            return ReplaySource(section, clock)
        case CameraSettings():
            return camera.build(
                section,
                moment=clock.moment,
                detectors=lambda: detectors_of(section, models()),
                witness=witness,
                meter=_new_meter,
            )
        case ZigbeeSettings():
            return zigbee.build(section, moment=clock.moment)
        case ContactSettings():
            return contact.build(section, moment=clock.moment, gpio=gpio)
        case EsphomeSettings():
            return esphome.build(section, moment=clock.moment)
        case ModbusSettings():
            # Here: pymodbus takes a while, and few boxes have such a line.
            from edge.agent.sources import modbus

            return modbus.build(section, moment=clock.moment)
        case GateSettings():
            return gate.build(section, moment=clock.moment, data_dir=data_dir)
        case GateHttpSettings():
            return gate_http.build(section, moment=clock.moment, data_dir=data_dir)
        case OsdpSettings():
            from edge.agent.sources import osdp

            return osdp.build(section, moment=clock.moment, gpio=gpio, data_dir=data_dir)
        case WiegandSettings():
            return wiegand.build(section, moment=clock.moment, gpio=gpio, data_dir=data_dir)
        case Gbt26875Settings():
            return gbt26875.build(section, moment=clock.moment)


class MadeLater:
    """A source that could not be made at the start (a key, a secret, a library is missing) and keeps no other waiting.

    Implements `edge.agent.ports.Source`: each `run` tries to make it, so that the supervisor says why it cannot, tries
    again, and it works once somebody put things right.
    """

    def __init__(self, name: str, make: Callable[[], Source]) -> None:
        self.name = name
        self._make = make
        self._made: Source | None = None

    def run(self, sink: Sink, stop: threading.Event) -> None:
        """Raises ConfigurationError or SourceError for as long as it cannot be made."""
        if self._made is None:
            self._made = self._make()
        self._made.run(sink, stop)


def _new_meter() -> Meter:
    # Here: a box without a camera needs no OpenCV.
    from edge.agent.detectors.view import ViewMeter

    return ViewMeter()


def build_actuator(section: AnyActuatorSettings, gpio: Gpio) -> Actuator:
    """The actuator that a section of the configuration describes; nothing is opened yet."""
    match section:
        case GpioRelaySettings():
            return GpioRelay(section, gpio)
        case CoilSettings():
            # Here: pymodbus takes a while, and few boxes have such a relay.
            from edge.agent.actuators.modbus_coil import ModbusCoil

            return ModbusCoil(section)
        case MqttSettings():
            return local_topics.switch(section)
        case MqttSpeakerSettings():
            return local_topics.speaker(section)
        case HttpSpeakerSettings():
            return http_speaker.HttpSpeaker(section)
        case SpeakerSettings():
            return player.ClipPlayer(section)


def build_reflexes(settings: BoxSettings, clock: BoxClock, sink: Callable[[], Sink], gpio: Gpio) -> Reflexes:
    """The actuators with their workers, and the rules that drive them. What they have to say goes to `sink`."""
    held = HeldOrders(settings.data_dir / HELD_FILE, clock.boot)

    def report(seen: Observation) -> None:
        if isinstance(seen, EventSeen):
            sink().event(seen)
        else:
            sink().reading(seen)

    workers = {
        section.device: (
            section.kind,
            ActuatorWorker(build_actuator(section, gpio), section.most_on_s, clock.moment, report, held),
        )
        for section in settings.actuators
    }
    reflexes = Reflexes(workers, clock, lambda seen: sink().event(seen))
    reflexes.use(settings.reflexes, settings.release_checks)
    return reflexes


def build_models(settings: BoxSettings, report: Callable[[ModelTrouble], None] = lambda _: None) -> Models:
    """The models folder of the configuration, else the one beside the software; an empty one is no fault.

    What cannot be used, and what stands in for it, is told to `report`.
    """
    return Models(
        settings.models_dir or shipped_models(),
        good=GoodModels(settings.data_dir / GOOD_MODELS_DIR),
        report=report,
    )


def find_model_problems(settings: BoxSettings) -> list[str]:
    """Of each model of the manifest that is not whole or does not run: what to do about it."""
    try:
        checks = check_models(settings.models_dir or shipped_models())
    except ConfigurationError as error:
        return [f"models: {error}"]
    return [f"model {check.entry.name}: {check.problem}" for check in checks if check.problem is not None]


def build_clock(settings: BoxSettings) -> BoxClock:
    """The machine's clocks, trusted as the configuration says."""
    trust = settings.clock
    synced = is_wall_clock_synced if trust is ClockTrust.AUTO else lambda: trust is ClockTrust.ALWAYS
    return BoxClock(SystemClock(), read_boot_id(), synced)
