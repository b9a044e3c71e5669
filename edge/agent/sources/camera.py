"""A camera as a source: keeps a reader process alive, asks it for frames, and lets the pipeline look at them."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace

from edge.agent.observation import EventSeen, Moment
from edge.agent.pipeline import CameraPipeline, Detector, Frame, Meter, Watch, Witness
from edge.agent.policy import reader as watch
from edge.agent.policy.reader import ReaderAct, ReaderLimits, ReaderPhase
from edge.agent.ports import Sink
from edge.agent.sources.camera_process import Ended, FrameReady, Gone, Opened, ReaderProcess
from edge.agent.sources.camera_settings import CameraSettings, hide_secrets, shown
from redwhistle.contracts.events import DeviceData, EventKind
from redwhistle.errors import ConfigurationError, SourceError
from redwhistle.logs import get_logger

STALLED = "camera_stalled"
_GLANCE_S = 0.2
_PROCESS_START_S = 5.0
"""A small machine that has just booted takes this long to load a reader's libraries."""

_log = get_logger()


def build(
    settings: CameraSettings,
    *,
    moment: Callable[[], Moment],
    detectors: Callable[[], Sequence[Detector]],
    witness: Witness | None = None,
    meter: Callable[[], Meter] | None = None,
) -> "CameraSource":
    """The source of one camera. `detectors` makes its detectors when it starts, and again when it is restarted.

    `meter` likewise makes what compares its pictures; without one every frame is looked at and no view is judged.

    An example: `build(section, moment=clock.moment, detectors=lambda: models.detectors_for(people="auto"))`.
    """
    return CameraSource(settings, moment, detectors, witness, meter)


class CameraSource:
    """Implements `edge.agent.ports.Source`. `run` returns when a file that is not looped has been played."""

    def __init__(
        self,
        settings: CameraSettings,
        moment: Callable[[], Moment],
        detectors: Callable[[], Sequence[Detector]],
        witness: Witness | None = None,
        meter: Callable[[], Meter] | None = None,
    ) -> None:
        self._witness = witness
        self._make_meter = meter
        self.name = settings.name
        self._settings = settings
        self._moment = moment
        self._make_detectors = detectors
        self._limits = ReaderLimits(
            settings.stall_s,
            settings.retry_first_s,
            settings.retry_cap_s,
            open_s=_PROCESS_START_S + settings.open_timeout_s,
        )
        self._hide = hide_secrets(settings.url.get_secret_value())
        self._reader: ReaderProcess | None = None
        self._reason = "no frame came"
        self._stalled = False
        self._log = _log.bind(source=self.name, device=settings.device)

    @property
    def reader_pid(self) -> int | None:
        """Process id of the reader, None while there is none."""
        reader = self._reader
        return None if reader is None else reader.pid

    @property
    def is_stalled(self) -> bool:
        """A stall was said and has not ended."""
        return self._stalled

    def take_over(self, before: "CameraSource") -> None:
        """Stand in, before `run`, for one of the same device that was stopped: a stall that it said ends here."""
        self._stalled = before.is_stalled

    def run(self, sink: Sink, stop: threading.Event) -> None:
        """Read until `stop` is set or the file ends. Raises SourceError for a detector that cannot be used."""
        try:
            detectors = self._make_detectors()
        except ConfigurationError as error:
            raise SourceError(f"{self.name}: {error}") from error
        settings, meter = self._settings, self._make_meter
        watch = None if meter is None else Watch(meter(), settings.motion_gate, settings.view)
        pipeline = CameraPipeline(settings.device, settings.rules, detectors, sink, self._witness, watch)
        self._log.info("camera_begun", url=shown(self._settings.url.get_secret_value()))
        try:
            self._watch(pipeline, sink, stop)
        finally:
            self._close_reader()

    def _watch(self, pipeline: CameraPipeline, sink: Sink, stop: threading.Event) -> None:
        pace = _Pace()
        state = watch.begin(self._moment().mono_ms, stalled=self._stalled)
        while not stop.is_set() and state.phase is not ReaderPhase.ENDED:
            moment = self._moment()
            silent_s = watch.silent_s(state, moment.mono_ms)
            state, acts = watch.tick(self._limits, state, moment.mono_ms)
            self._carry_out(acts, silent_s, sink, moment)
            if self._reader is None:
                stop.wait(_GLANCE_S)
                continue
            answer = self._reader.wait(_GLANCE_S)
            moment = self._moment()
            match answer:
                case FrameReady(image_bgr, age_ms):
                    silent_s = watch.silent_s(state, moment.mono_ms)
                    state, acts = watch.frame_came(state, moment.mono_ms)
                    self._carry_out(acts, silent_s, sink, moment)
                    pipeline.process(Frame(image_bgr, _earlier(moment, age_ms)))
                    period_ms = pipeline.period_ms(moment, self._settings.analyse_fps)
                    stop.wait(pace.pause_s(period_ms, moment.mono_ms, self._moment().mono_ms))
                    state = watch.asked(state, self._moment().mono_ms)
                    self._reader.ask()
                case Opened(facts):
                    self._log.info("camera_opened", **asdict(facts))
                case Ended():
                    state = watch.ended(state)
                    self._log.info("camera_file_ended")
                case Gone(reason):
                    self._reason = self._hide(reason)
                    self._close_reader()
                    pace = _Pace()
                    pipeline.reconnected()
                    state = watch.exited(self._limits, state, moment.mono_ms)
                    self._log.warning("camera_reader_gone", reason=self._reason, failures=state.failures)
                case None:
                    pass

    def _carry_out(self, acts: tuple[ReaderAct, ...], silent_s: float, sink: Sink, moment: Moment) -> None:
        for act in acts:
            match act:
                case ReaderAct.START:
                    self._reader = self._start_reader()
                case ReaderAct.KILL:
                    self._reason = "the reader hung and was replaced"
                    self._log.warning("camera_reader_killed", pid=self.reader_pid, silent_s=silent_s)
                    self._close_reader()
                case ReaderAct.SAY_STALLED:
                    self._log.error("camera_stalled", silent_s=silent_s, reason=self._reason)
                    sink.event(self._event(EventKind.DEVICE_FAULT, True, silent_s, moment))
                    self._stalled = True
                case ReaderAct.SAY_RECOVERED:
                    self._log.info("camera_recovered", silent_s=silent_s)
                    sink.event(self._event(EventKind.DEVICE_FAULT, False, silent_s, moment))
                    sink.event(self._event(EventKind.DEVICE_RECOVERED, True, silent_s, moment))
                    self._stalled = False

    def _start_reader(self) -> ReaderProcess:
        order = self._settings.reader_order()
        self._hide = hide_secrets(order.url)
        reader = ReaderProcess(order)
        reader.ask()
        self._log.info("camera_reader_started", pid=reader.pid)
        return reader

    def _close_reader(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()

    def _event(self, kind: EventKind, active: bool, silent_s: float, moment: Moment) -> EventSeen:
        fault = kind is EventKind.DEVICE_FAULT and active
        data = DeviceData(
            active=active,
            code=STALLED,
            silent_s=max(0.0, silent_s),
            note=f"无画面 / no picture: {self._reason}"[:1000] if fault else None,
        )
        return EventSeen(device=self._settings.device, kind=kind, data=data, moment=moment)


class _Pace:
    """Asks for frames against an absolute clock: a frame that came late does not push back those after it."""

    def __init__(self) -> None:
        self._due_ms = -1.0

    def pause_s(self, period_ms: float, came_ms: int, now_ms: int) -> float:
        """Seconds until the next frame is due, after one that came at `came_ms`."""
        self._due_ms = period_ms + (came_ms if self._due_ms < 0 else self._due_ms)
        self._due_ms = max(self._due_ms, now_ms)
        return (self._due_ms - now_ms) / 1000


def _earlier(moment: Moment, age_ms: int) -> Moment:
    age_ms = min(age_ms, moment.mono_ms)
    return replace(moment, at_ms=moment.at_ms - age_ms, mono_ms=moment.mono_ms - age_ms)
