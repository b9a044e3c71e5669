"""The box's composition root: takes the parts that `fittings` makes and puts them together; nothing else does."""

import platform
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from edge.agent.commands import CommandRunner
from edge.agent.detectors.models import ModelTrouble
from edge.agent.detectors.reporting import ModelReports
from edge.agent.evidence.desk import CameraView, EvidenceDesk
from edge.agent.gpio.chip import LibgpiodChips
from edge.agent.gpio.port import Gpio
from edge.agent.health import BoxHealth
from edge.agent.metrics import Gauge, MetricsDoor
from edge.agent.observation import EventSeen
from edge.agent.outbox.evidence import SqliteEvidence
from edge.agent.outbox.machine import read_fingerprint
from edge.agent.outbox.refuge import MAX_BYTES, find_refuge
from edge.agent.outbox.sqlite import SqliteOutbox
from edge.agent.ports import Finding, FindingCode, Source
from edge.agent.sink import OutboxSink
from edge.agent.sources.camera import CameraSource
from edge.agent.sources.camera_settings import CameraSettings
from edge.agent.sources.card_key import KEY_FILE
from edge.agent.supervisor import Supervisor
from edge.agent.tending import Tender
from edge.agent.uplink.connection import MqttConnection
from edge.agent.uplink.link import LinkState
from edge.agent.uplink.sender import Uplink
from edge.fittings import (
    MadeLater,
    build_clock,
    build_models,
    build_reflexes,
    build_source,
    find_model_problems,
)
from edge.pushed import PushedConfiguration
from edge.settings import BoxSettings, LoadedSettings, SourceSettings
from redwhistle import __version__
from redwhistle.contracts.commands import Command, CommandName
from redwhistle.contracts.events import BoxHealthData, DeviceData, EventKind
from redwhistle.contracts.ids import Lane
from redwhistle.contracts.readings import BOX_DEVICE
from redwhistle.contracts.state import BoxState
from redwhistle.errors import RedWhistleError, StorageRefused
from redwhistle.logs import get_logger

OUTBOX_FILE = "outbox.db"
EVIDENCE_FILE = "evidence.db"
OUTBOX_IN_MEMORY = "outbox_in_memory"
"""Code of the box's fault when its disk takes no outbox: what waits is lost when power fails."""
STOP_SOURCES_S = 1.8
STOP_REFLEXES_S = 0.8
STOP_UPLINK_S = 1.6


class Box:
    """One box's agent in this process. `start` and `stop` once each."""

    def __init__(self, loaded: LoadedSettings, gpio: Gpio | None = None) -> None:
        """Open the outbox and put everything together; raise ConfigurationError or OutboxError."""
        self._gpio = gpio or LibgpiodChips()
        self._pushed = PushedConfiguration(loaded)
        self._settings = settings = self._pushed.current()
        self._log = get_logger()
        self._clock = clock = build_clock(settings)
        with suppress(OSError):  # the outbox says what is wrong with it
            settings.data_dir.mkdir(parents=True, exist_ok=True)
        self._models = build_models(settings, self._report_model)
        self.evidence = SqliteEvidence(
            settings.data_dir / EVIDENCE_FILE,
            site=settings.site,
            box=settings.box,
            clock=clock,
            epoch=lambda: self.outbox.epoch,
        )
        self._desk = EvidenceDesk(self.evidence.put, clock.mono_ms)
        self._sources = [self._build_or_later(section) for section in settings.sources]
        self._storage_fault: str | None = None
        self.outbox = self._open_outbox()
        self.reflexes = build_reflexes(settings, clock, lambda: self._sink, self._gpio)
        self._sink = OutboxSink(self.outbox, self.reflexes.notice)
        self._sink.on_event(self._desk.hear)
        self._model_reports = ModelReports(clock.moment, self._sink.event)
        self._use(settings)
        self._supervisor = Supervisor(self._sink, clock)
        self._doors = Supervisor(self._sink, clock)
        """What a pushed configuration does not stop."""
        self._tender = Tender(self.outbox, self._report_finding)
        self.uplink = Uplink(
            self.outbox,
            lambda emit: MqttConnection(settings.broker, settings.site, settings.box, emit),
            clock,
            self._describe_state,
            self._take_command,
            evidence=self.evidence,
        )
        handlers = {
            CommandName.PING.value: self._ping,
            CommandName.REPORT.value: self._report,
            CommandName.CONFIGURE.value: self._configure,
            CommandName.ACTUATE.value: self.reflexes.actuate,
            CommandName.SILENCE.value: self.reflexes.silence,
            CommandName.DRILL.value: self.reflexes.permit,
        }
        self._commands = CommandRunner(settings.box, clock, self.outbox, handlers, self.uplink.reply)
        self.outbox.on_commit(self.uplink)
        self._configuring = threading.Lock()

    def _open_outbox(self) -> SqliteOutbox:
        """On the disk; in memory where the disk takes none, so that sensors, sirens and uplink work all the same."""
        settings = self._settings
        make = partial(
            SqliteOutbox,
            site=settings.site,
            box=settings.box,
            clock=self._clock,
            fingerprint=read_fingerprint(),
        )
        limits = settings.outbox.limits()
        try:
            return make(settings.data_dir / OUTBOX_FILE, limits=limits)
        except StorageRefused as error:
            self._storage_fault = str(error)
            self._log.error("outbox_in_memory", why=str(error))
            small = replace(limits, max_bytes=min(limits.max_bytes, MAX_BYTES), reserve_bytes=4096)
            return make(find_refuge(settings.box) / OUTBOX_FILE, limits=small)

    def start(self) -> None:
        """Begin with whatever devices there are; nothing here waits for the network."""
        self._log.info(
            "box_starting",
            epoch=self.outbox.epoch,
            version=__version__,
            sources=[s.name for s in self._sources],
        )
        self._note(BoxHealthData(code="started"))
        if self._storage_fault is not None:
            self._note(BoxHealthData(code="storage_low"))
            data = DeviceData(code=OUTBOX_IN_MEMORY, note=self._storage_fault[:1000])
            self._sink.event(EventSeen(BOX_DEVICE, EventKind.DEVICE_FAULT, data, self._clock.moment()))
        self._tender.start()
        self.reflexes.start()
        self.uplink.start()
        self._commands.start()
        health = BoxHealth(
            self._clock, self._settings.data_dir, self._count_rows, self._settings.health_every_s
        )
        self._supervisor.start([health, *self._sources])
        if self._settings.metrics_port is not None:
            self._doors.start([MetricsDoor(self._settings.metrics_port, self._gauges)])

    def rounds(self) -> int:
        """Rises once a second while the agent works: the watchdog's pulse."""
        return self._tender.rounds

    def _gauges(self) -> list[Gauge]:
        """What a local collector may know: counts and states, nothing of what was said."""
        lanes = [({"lane": lane.value}, float(self.outbox.pending(lane))) for lane in Lane]
        running = set(self._supervisor.names())
        sources = [({"source": each.name}, float(each.name in running)) for each in self._sources]
        held = self.reflexes.held()
        actuators = [
            ({"actuator": each.device}, float(each.device in held)) for each in self._settings.actuators
        ]
        synced = float(self._clock.moment().synced)
        link = float(self.uplink.state is LinkState.CONNECTED)
        return [
            Gauge("outbox_items", "Items that wait for the server.", lanes),
            Gauge("uplink_connected", "1 while the broker is connected.", [({}, link)]),
            Gauge("clock_synchronised", "1 while wall time can be trusted.", [({}, synced)]),
            Gauge("source_running", "1 while the source's thread lives.", sources),
            Gauge("actuator_on", "1 while the actuator is held on.", actuators),
        ]

    def stop(self) -> None:
        """Stop the sources, keep what they read, say goodbye: within 5 s, whatever hangs."""
        self._log.info("box_stopping")
        self._commands.stop(0.2)
        self._supervisor.stop(STOP_SOURCES_S)
        self._doors.stop(STOP_REFLEXES_S)
        self.reflexes.stop(STOP_REFLEXES_S)
        self._note(BoxHealthData(code="stopping"))
        self._tender.stop(0.2)
        if not self.uplink.stop(STOP_UPLINK_S):
            self._log.warning("uplink_left_behind", why="it did not end in time")
        try:
            self.outbox.close()
        except RedWhistleError as error:
            self._log.error("outbox_close_failed", why=str(error))
        self.evidence.close()
        self._log.info("box_stopped")

    def _take_command(self, payload: bytes, retained: bool) -> None:
        self._commands.take(payload, retained)

    def _count_rows(self) -> int:
        return sum(self.outbox.pending(lane) for lane in Lane)

    def _describe_state(self, online: bool, reason: str | None) -> BoxState:
        settings = self._settings
        return BoxState(
            site=settings.site,
            box=settings.box,
            online=online,
            epoch=self.outbox.epoch,
            stamp=self._clock.stamp(),
            version=__version__,
            os=platform.platform()[:1000],
            reason=reason,
            devices=settings.device_infos(),
            models=self._models.infos(),
        )

    def _build(self, section: SourceSettings) -> Source:
        folder = self._settings.data_dir
        return build_source(section, self._clock, folder, lambda: self._models, self._gpio, self._desk)

    def _build_or_later(self, section: SourceSettings) -> Source:
        """At the start: one that cannot be made now does not keep the others, sirens and uplink from working."""
        try:
            return self._build(section)
        except RedWhistleError as error:
            self._log.error("source_cannot_be_made", source=section.name, why=str(error))
            return MadeLater(section.name, lambda: self._build(section))

    def _use(self, settings: BoxSettings) -> None:
        """Tell those who need it where devices are and what cameras may show."""
        places = _places_of(settings)
        self._sink.use_places(places)
        self._desk.use_cameras(
            {
                section.device: CameraView(section.evidence, section.masks, places.get(section.device))
                for section in settings.sources
                if isinstance(section, CameraSettings)
            }
        )

    def _note(self, data: BoxHealthData) -> None:
        try:
            self._sink.event(EventSeen(BOX_DEVICE, EventKind.BOX_HEALTH, data, self._clock.moment()))
        except RedWhistleError as error:
            self._log.error("note_lost", code=data.code, why=str(error))

    def _report_finding(self, finding: Finding) -> None:
        """A broken outbox may have held alarms: that is an alarm itself. The rest is for the log."""
        self._log.warning(finding.code.value, why=finding.why)
        if finding.code is FindingCode.DISK_FULL:
            self._note(BoxHealthData(code="storage_low"))
        if finding.code is FindingCode.BROKEN:
            data = DeviceData(code=finding.code.value, note=finding.why[:1000])
            self._sink.event(EventSeen(BOX_DEVICE, EventKind.DEVICE_FAULT, data, self._clock.moment()))

    def _report_model(self, trouble: ModelTrouble) -> None:
        self._model_reports.tell(trouble)
        self.uplink.announce()  # with the models that are in use now

    def _ping(self, _command: Command) -> dict[str, Any]:
        return {
            "clock": self._clock.stamp().model_dump(),
            "epoch": self.outbox.epoch,
            "pending": {lane.value: self.outbox.pending(lane) for lane in Lane},
        }

    def _report(self, _command: Command) -> dict[str, Any]:
        self.uplink.announce()
        return {}

    def _configure(self, command: Command) -> dict[str, Any]:
        """Put a new configuration to use; the outbox and the connection stay as they are."""
        config = command.args.get("config")
        with self._configuring:
            settings = self._pushed.check(config)
            sources = [self._build(section) for section in settings.sources]
            self._pushed.write_pending(config)  # type: ignore[arg-type] # check refuses everything but a mapping
            late = self._supervisor.stop(STOP_SOURCES_S)
            if late:  # two readers of one device would be worse than the old configuration
                self._log.warning("configure_late_sources", sources=late)
            hand_over(self._sources, sources)
            self._settings, self._sources = settings, sources
            self._use(settings)
            self.reflexes.use(settings.reflexes, settings.release_checks)
            health = BoxHealth(self._clock, settings.data_dir, self._count_rows, settings.health_every_s)
            self._supervisor.start([health, *sources])
            self._pushed.confirm()
        self._note(BoxHealthData(code="configured"))
        self.uplink.announce()
        return {"sources": [source.name for source in sources], "left_behind": late}


def hand_over(before: Sequence[Source], after: Sequence[Source]) -> None:
    """A camera that was said to be stalled, and whose address was corrected, has to be able to say that it is back."""
    cameras = {each.name: each for each in before if isinstance(each, CameraSource)}
    for each in after:
        if isinstance(each, CameraSource) and each.name in cameras:
            each.take_over(cameras[each.name])


def _places_of(settings: BoxSettings) -> dict[str, str]:
    return {device.id: device.place for device in settings.device_infos() if device.place is not None}


def check_box(loaded: LoadedSettings) -> list[str]:
    """What would keep a box from working, found without touching its outbox; nothing found: an empty list."""
    from edge.agent.uplink.probe import probe_broker

    problems = []
    settings = loaded.settings
    clock = build_clock(settings)
    gpio = LibgpiodChips()
    with TemporaryDirectory() as aside:
        # A check leaves no key behind: made by root, it would be closed to the agent's user.
        folder = settings.data_dir if (settings.data_dir / KEY_FILE).exists() else Path(aside)
        for section in settings.sources:
            try:
                build_source(section, clock, folder, lambda: build_models(settings), gpio)
            except RedWhistleError as error:
                problems.append(f"source {section.name}: {error}")
    if any(isinstance(section, CameraSettings) for section in settings.sources):
        problems += find_model_problems(settings)
    problem = probe_broker(settings.broker)
    return problems if problem is None else [*problems, problem]
