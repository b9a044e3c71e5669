"""One camera's way from a frame to the outbox: is it worth a look, detect, judge, keep. Adds no copy of the picture."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from edge.agent.observation import Detection, EventSeen, FireGrid, FrameSeen, Moment
from edge.agent.policy import camera as policy
from edge.agent.policy import motion_gate, night, schedule, view
from edge.agent.policy.camera import CameraRules
from edge.agent.policy.motion_gate import GateRules, GateState, Glance
from edge.agent.policy.sight import FLAME, PERSON, SMOKE, Sight
from edge.agent.policy.view import KIND_OF, NOTE_OF, Learn, ViewMeasures, ViewRules, ViewState
from edge.agent.ports import Sink
from redwhistle.contracts.events import DeviceData
from redwhistle.logs import get_logger

_HINT = 0.5
"""A score of this share of what counts is a reason to look at every frame."""
Image = npt.NDArray[np.uint8]
"""(height, width, 3), BGR, 0..255."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture and when it was taken. `image_bgr` may be a view of memory that the next frame overwrites."""

    image_bgr: Image
    moment: Moment


@dataclass(frozen=True, slots=True)
class Found:
    """What one detector found in one picture, in pixels of that picture."""

    detections: tuple[Detection, ...] = ()
    moving_regions: tuple[tuple[float, float, float, float], ...] = field(default=())
    crowd_points: tuple[tuple[float, float, float], ...] | None = None
    """x, y, people; not None: these count, the boxes of people are known to be too few."""
    fire: FireGrid | None = None


class Detector(Protocol):
    """Looks at one camera's pictures, in order. Used from one thread."""

    @property
    def labels(self) -> frozenset[str]:
        """What it can find, of `person`, `flame`, `smoke`; empty: moving regions only."""

    @property
    def model(self) -> str | None:
        """Name and version of its model, None where there is no model."""

    def look(self, image_bgr: Image) -> Found:
        """Find. Must not keep or change the picture. Raises SourceError when the model fails."""


class Witness(Protocol):
    """Who may want the picture to an alarm."""

    def see(
        self, device: str, frame: Frame, people_xyxy_px: Sequence[tuple[float, float, float, float]] | None
    ) -> None:
        """Offered each frame once its events are kept; None: no model looked for people. Never keeps it, never raises."""


class Meter(Protocol):
    """Cheap measures of one camera's pictures. Used from one thread; never keeps or changes the picture it is given."""

    def glance(self, image_bgr: Image, now_ms: int) -> Glance:
        """Compare a picture with the one that was looked at last; the calls below are about this picture."""

    def looked(self) -> None:
        """The models looked at it."""

    def measure(self) -> ViewMeasures:
        """What tells whether the camera still sees what it should."""

    def learn(self, now_ms: int) -> None:
        """It is a usual picture of this view; `measure` came before."""

    def forget(self) -> None:
        """The view is another one from now on."""


@dataclass(frozen=True, slots=True)
class Watch:
    """The cheap look at every picture: whether the models need to look, and whether the camera still sees."""

    meter: Meter
    gate: GateRules = field(default_factory=GateRules)
    view: ViewRules = field(default_factory=ViewRules)


class CameraPipeline:
    """Takes one camera's frames, in order. Without a watch the models look at every frame, and no view is judged."""

    def __init__(
        self,
        device: str,
        rules: CameraRules,
        detectors: Sequence[Detector],
        sink: Sink,
        witness: Witness | None = None,
        watch: Watch | None = None,
    ) -> None:
        """Raises ValueError for rules whose night does not go with their day."""
        self._witness = witness
        self._watch = watch
        self._device = device
        self._rules = rules
        self._rules_of_day = night.rules_of_day(rules)
        self._detectors = tuple(detectors)
        self._sink = sink
        self._sight = sight_of(detectors)
        self._state = policy.begin(rules)
        self._gate = GateState()
        self._view = ViewState()
        self._found: list[Found] = []
        # Without a model there is nothing to save.
        self._gated = watch is not None and any(each.model is not None for each in self._detectors)
        if rules.lines and not self._sight.people:
            get_logger().warning(
                "lines_need_people",
                device=device,
                detail="no model finds people here: passages are not counted",
            )

    def process(self, frame: Frame) -> None:
        """Look at one frame and keep what follows. Raises SourceError or OutboxError."""
        height_px, width_px = frame.image_bgr.shape[:2]
        fresh = self._is_worth_a_look(frame)
        if fresh:
            self._found = [detector.look(frame.image_bgr) for detector in self._detectors]
            if self._watch is not None:
                self._watch.meter.looked()
        seen = FrameSeen(
            device=self._device,
            moment=frame.moment,
            width_px=width_px,
            height_px=height_px,
            detections=tuple(d for each in self._found for d in each.detections),
            moving_regions=tuple(r for each in self._found for r in each.moving_regions),
            fresh=fresh,
            crowd_points=next((f.crowd_points for f in self._found if f.crowd_points is not None), None),
            fire=next((each.fire for each in self._found if each.fire is not None), None),
        )
        rules = self._rules_of_day.at(schedule.part_at(self._rules.night, frame.moment))
        self._state, said = policy.look(rules, self._sight, self._state, seen)
        for observation in said:
            if isinstance(observation, EventSeen):
                self._sink.event(observation)
            else:
                self._sink.reading(observation)
        # Where people stand is known of frames that a model looked at; an alarm's picture waits for the next of them.
        if self._witness is not None and fresh:
            people = [d.box_xyxy_px for d in seen.detections if d.label == PERSON]
            # In a crowd not everybody has a box: the picture is then made as if no model had looked for people.
            found_all = self._sight.people and seen.crowd_points is None
            self._witness.see(self._device, frame, people if found_all else None)

    def reconnected(self) -> None:
        """The camera was away: the models look at the next frame, whatever it shows."""
        self._gate = GateState()

    def period_ms(self, moment: Moment, by_day_fps: float) -> float:
        """From one frame to the next at this hour; `by_day_fps` is the camera's own setting."""
        part = schedule.part_at(self._rules.night, moment)
        return 1000 / night.analyse_fps(self._rules, part, by_day_fps)

    def _is_worth_a_look(self, frame: Frame) -> bool:
        watch, now_ms = self._watch, frame.moment.mono_ms
        if watch is None:
            return True
        glance = watch.meter.glance(frame.image_bgr, now_ms)
        if view.is_due(watch.view, self._view, now_ms):
            self._judge_view(watch, frame.moment)
        if not self._gated:
            return True
        self._gate, look = motion_gate.decide(
            watch.gate, self._gate, glance, now_ms, uncertain=self._is_uncertain()
        )
        return look

    def _is_uncertain(self) -> bool:
        """Also while a model sees something of a fire that is not enough to count."""
        if self._state.is_uncertain:
            return True
        grids = [each.fire for each in self._found if each.fire is not None]
        return any(
            max((*scores, whole)) >= _HINT * rules.score_min
            for grid in grids
            for scores, whole, rules in (
                (grid.flame, grid.whole_flame, self._rules_of_day.unknown.flame),
                (grid.smoke, grid.whole_smoke, self._rules_of_day.unknown.smoke),
            )
        )

    def _judge_view(self, watch: Watch, moment: Moment) -> None:
        measures = watch.meter.measure()
        self._view, changes, learn = view.step(watch.view, self._view, measures, moment.mono_ms)
        if learn is Learn.SLOWLY:
            watch.meter.learn(moment.mono_ms)
        elif learn is Learn.ANEW:
            watch.meter.forget()
        for change in changes:
            note = NOTE_OF[change.code] if change.active else None
            data = DeviceData(active=change.active, code=change.code.value, note=note)
            self._sink.event(
                EventSeen(device=self._device, kind=KIND_OF[change.code], data=data, moment=moment)
            )


def sight_of(detectors: Sequence[Detector]) -> Sight:
    """What these detectors can find together."""
    fire = next((d.model for d in detectors if d.labels & {FLAME, SMOKE}), None)
    return Sight(people=any(PERSON in d.labels for d in detectors), model=fire)
