"""Brings alarms and frames together: an alarm that was kept asks for a picture, the next frame that fits gives it.

No raw frame is kept, not for a moment: a frame is looked at while its camera's thread holds it, and what leaves here is
blurred. Nothing here may stop a camera or delay an alarm: failures are logged.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from edge.agent.evidence.blurring import blur, encode
from edge.agent.observation import EventSeen, EvidenceTaken
from edge.agent.pipeline import Frame
from edge.agent.policy import evidence as policy
from edge.agent.policy.evidence import Alarm, EvidenceRules, EvidenceState
from edge.agent.policy.zones import Point
from redwhistle.logs import get_logger


@dataclass(frozen=True, slots=True)
class CameraView:
    """What the desk needs to know of one camera."""

    rules: EvidenceRules
    masks: tuple[tuple[Point, ...], ...] = ()
    place: str | None = None


class EvidenceDesk:
    """Safe from any thread. Implements `edge.agent.pipeline.Witness`."""

    def __init__(self, keep: Callable[[EvidenceTaken], None], mono_ms: Callable[[], int]) -> None:
        self._keep = keep
        self._mono_ms = mono_ms
        self._cameras: Mapping[str, CameraView] = {}
        self._rules: Mapping[str, EvidenceRules] = {}
        self._state = EvidenceState()
        self._lock = threading.Lock()
        self._log = get_logger()

    def use_cameras(self, cameras: Mapping[str, CameraView]) -> None:
        """The cameras as configured from now on, by device."""
        with self._lock:
            self._cameras = dict(cameras)
            self._rules = {device: view.rules for device, view in cameras.items()}

    def hear(self, event: UUID, seen: EventSeen) -> None:
        """An event was kept under this id."""
        try:
            alarm = policy.alarm_of(event, seen)
            if alarm is not None:
                with self._lock:
                    self._state = policy.ask(self._rules, self._state, alarm, self._mono_ms())
        except Exception as error:  # a picture is never worth an alarm's source
            self._log.exception("evidence_not_asked", why=f"{type(error).__name__}: {error}")

    def wants(self, device: str) -> bool:
        return self._state.waits_for(device)

    def see(
        self, device: str, frame: Frame, people_xyxy_px: Sequence[tuple[float, float, float, float]] | None
    ) -> None:
        if not self._state.waits_for(device):  # nearly always: costs nothing
            return
        with self._lock:
            view = self._cameras.get(device)
            self._state, alarms = policy.serve(self._state, device, frame.moment.mono_ms, self._mono_ms())
        if not alarms or view is None:
            return
        try:
            self._take(device, view, alarms, frame, people_xyxy_px)
        except Exception as error:  # a picture is never worth a camera
            self._log.exception("evidence_failed", device=device, why=f"{type(error).__name__}: {error}")

    def _take(
        self,
        device: str,
        view: CameraView,
        alarms: Sequence[Alarm],
        frame: Frame,
        people_xyxy_px: Sequence[tuple[float, float, float, float]] | None,
    ) -> None:
        blurred = blur(frame.image_bgr, people_xyxy_px, view.masks)
        jpeg, (width_px, height_px) = encode(blurred)
        for alarm in alarms:
            self._keep(
                EvidenceTaken(
                    event=alarm.event,
                    device=device,
                    place=view.place,
                    moment=frame.moment,
                    exercise=alarm.exercise,
                    width_px=width_px,
                    height_px=height_px,
                    people_blurred=blurred.people,
                    method=blurred.method.value,
                    jpeg=jpeg,
                )
            )
            self._log.info(
                "evidence_kept", device=device, kind=alarm.kind.value, alarm=str(alarm.event), bytes=len(jpeg)
            )
