"""One camera's way from a frame to the outbox: detect, judge, keep. Adds no copy of the picture."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from edge.agent.observation import Detection, EventSeen, FireGrid, FrameSeen, Moment
from edge.agent.policy import camera as policy
from edge.agent.policy.camera import CameraRules
from edge.agent.policy.sight import FLAME, PERSON, SMOKE, Sight
from edge.agent.ports import Sink

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


class CameraPipeline:
    """Takes one camera's frames, in order."""

    def __init__(
        self,
        device: str,
        rules: CameraRules,
        detectors: Sequence[Detector],
        sink: Sink,
        witness: Witness | None = None,
    ) -> None:
        self._witness = witness
        self._device = device
        self._rules = rules
        self._detectors = tuple(detectors)
        self._sink = sink
        self._sight = sight_of(detectors)
        self._state = policy.begin(rules)

    def process(self, frame: Frame) -> None:
        """Look at one frame and keep what follows. Raises SourceError or OutboxError."""
        height_px, width_px = frame.image_bgr.shape[:2]
        found = [detector.look(frame.image_bgr) for detector in self._detectors]
        seen = FrameSeen(
            device=self._device,
            moment=frame.moment,
            width_px=width_px,
            height_px=height_px,
            detections=tuple(d for each in found for d in each.detections),
            moving_regions=tuple(r for each in found for r in each.moving_regions),
            fire=next((each.fire for each in found if each.fire is not None), None),
        )
        self._state, said = policy.look(self._rules, self._sight, self._state, seen)
        for observation in said:
            if isinstance(observation, EventSeen):
                self._sink.event(observation)
            else:
                self._sink.reading(observation)
        if self._witness is not None:
            people = [d.box_xyxy_px for d in seen.detections if d.label == PERSON]
            self._witness.see(self._device, frame, people if self._sight.people else None)


def sight_of(detectors: Sequence[Detector]) -> Sight:
    """What these detectors can find together."""
    fire = next((d.model for d in detectors if d.labels & {FLAME, SMOKE}), None)
    return Sight(people=any(PERSON in d.labels for d in detectors), model=fire)
