"""The whole decision over a recorded clip: the reader, pipeline and policy of the box, with the clip's own time as clock."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from edge.agent.detectors.view import ViewMeter
from edge.agent.evidence.blurring import Blurred, BlurredFilm, annotate, blur
from edge.agent.observation import EventSeen, Moment, ReadingSeen
from edge.agent.pipeline import CameraPipeline, Detector, Frame, Watch
from edge.agent.policy.camera import CameraRules
from edge.agent.policy.schedule import NightRules, zone_of
from edge.agent.policy.sight import PERSON
from edge.agent.sources.camera_process import Ended, FrameReady, Gone, Opened, ReaderProcess
from edge.agent.sources.camera_settings import CameraSettings, shown
from edge.viewing.analysis import Analysis, clip_event
from edge.viewing.marks import of_detections, of_settings
from edge.viewing.watching import WatchedDetector, crowd_of, detections_of, regions_of
from redwhistle.clock import to_ms
from redwhistle.errors import ConfigurationError, SourceError

_BOOTED_MS = 3_600_000
"""The simulated machine has been up for an hour."""
_DAY = (2026, 6, 1)
_TELL_EVERY_S = 0.5
_EVERY_FPS = 25.0
"""Of a film of every frame."""


@dataclass(frozen=True, slots=True)
class ClipJob:
    """What to look at: `settings.url` is the clip. `begins`: the moment of its first frame."""

    settings: CameraSettings
    begins: Moment
    every_frame: bool = False
    save: str | None = None
    """An MP4 file for the annotated video."""


def first_moment(time_of_day: str, rules: CameraRules) -> Moment:
    """The moment of a first frame: this time on a day in June, where the camera is. Raises ConfigurationError."""
    try:
        clock = datetime.strptime(time_of_day, "%H:%M")  # noqa: DTZ007  a time of day has no zone
    except ValueError as error:
        raise ConfigurationError(f"{time_of_day!r} is no time of day: give one such as 22:30") from error
    zone = zone_of(
        NightRules.model_fields["timezone"].default if rules.night is None else rules.night.timezone
    )
    local = datetime(*_DAY, clock.hour, clock.minute, tzinfo=zone)
    return Moment(to_ms(local.astimezone(UTC)), _BOOTED_MS, synced=True)


def analyse_clip(
    job: ClipJob, detectors: Sequence[Detector], tell: Callable[[float, int], None] | None = None
) -> Analysis:
    """Look at it to its end; `tell` hears how far it is (seconds of the clip, frames). Raises SourceError."""
    settings = job.settings
    watched = [WatchedDetector(detector) for detector in detectors]
    notes = _Notes()
    counts: list[int] = []
    began_s = told_s = heard_s = time.monotonic()
    clip_ms = frames = 0
    size_px = (0, 0)
    with ExitStack() as stack:
        witness = _Onlooker(settings, watched, films=job.save is not None)
        watch = Watch(ViewMeter(), settings.motion_gate, settings.view)
        pipeline = CameraPipeline(settings.device, settings.rules, watched, notes, witness, watch)
        period_s = pipeline.period_ms(job.begins, settings.analyse_fps) / 1000
        film = (
            None
            if job.save is None
            else BlurredFilm(job.save, _EVERY_FPS if job.every_frame else 1 / period_s)
        )
        if film is not None:
            stack.callback(film.close)
        step_s = 0.0 if job.every_frame else period_s
        order = replace(settings.reader_order(), step_s=step_s, loop=False, speed=1.0)
        reader = stack.enter_context(closing(ReaderProcess(order)))
        reader.ask()
        while True:
            match reader.wait(0.5):
                case FrameReady(image_bgr, _, _, at_ms, camera_px):
                    clip_ms, frames, size_px = at_ms, frames + 1, camera_px
                    pipeline.process(Frame(image_bgr, _later(job.begins, at_ms)))
                    reader.ask()
                    counts.append(witness.count)
                    if film is not None and witness.picture is not None:
                        film.add(witness.picture)
                    heard_s = time.monotonic()
                    if tell is not None and heard_s - told_s > _TELL_EVERY_S:
                        told_s = heard_s
                        tell(clip_ms / 1000, frames)
                case Ended():
                    break
                case Gone(reason):
                    raise SourceError(f"{shown(settings.url.get_secret_value())}: {reason}")
                case Opened() | None:
                    if time.monotonic() - heard_s > settings.stall_s:
                        raise SourceError(
                            f"{shown(settings.url.get_secret_value())}: the decoder hangs in it: record or copy it again"
                        )
    return Analysis(
        frames=frames,
        wall_s=time.monotonic() - began_s,
        clip_s=clip_ms / 1000,
        events=tuple(clip_event(event, job.begins.mono_ms, size_px) for event in notes.events),
        counts=tuple(counts),
        people=any(PERSON in detector.labels for detector in detectors),
    )


class _Notes:
    """Keeps what is said. Implements `edge.agent.ports.Sink`."""

    def __init__(self) -> None:
        self.events: list[EventSeen] = []

    def event(self, seen: EventSeen) -> None:
        self.events.append(seen)

    def reading(self, seen: ReadingSeen) -> None:
        """Not of interest: they are counts, and each frame's is taken."""


class _Onlooker:
    """Counts and draws. Implements `edge.agent.pipeline.Witness`: where the models need not look, what it has stands."""

    def __init__(self, settings: CameraSettings, watched: Sequence[WatchedDetector], *, films: bool) -> None:
        self._settings = settings
        self._watched = watched
        self._films = films
        self.count = 0
        self.picture: Blurred | None = None

    def wants(self, device: str) -> bool:  # noqa: ARG002  there is one
        return False

    def see(
        self,
        device: str,  # noqa: ARG002  there is one
        frame: Frame,
        people_xyxy_px: Sequence[tuple[float, float, float, float]] | None,
    ) -> None:
        regions = regions_of(self._watched)
        crowd = crowd_of(self._watched)
        self.count = (
            crowd if crowd is not None else len(regions if people_xyxy_px is None else people_xyxy_px)
        )
        if not self._films:
            return
        blurred = blur(frame.image_bgr, people_xyxy_px, self._settings.masks)
        height_px, width_px = frame.image_bgr.shape[:2]
        marks, _ = of_settings(self._settings.rules, self._settings.masks)
        annotate(
            blurred, [*marks, *of_detections(detections_of(self._watched), regions, (width_px, height_px))]
        )
        self.picture = blurred


def _later(begins: Moment, by_ms: int) -> Moment:
    return replace(begins, at_ms=begins.at_ms + by_ms, mono_ms=begins.mono_ms + by_ms)
