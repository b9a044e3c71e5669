"""One picture of a camera as it is set up: blurred as evidence is, with zones, masks and what the models find drawn on it."""

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from edge.agent.evidence.blurring import annotate, blur, encode
from edge.agent.observation import BlurredJpeg, Detection
from edge.agent.pipeline import Detector, Image
from edge.agent.policy.sight import PERSON
from edge.agent.sources.camera_process import Ended, FrameReady, Gone, Opened, ReaderProcess
from edge.agent.sources.camera_settings import CameraSettings, hide_secrets, shown
from edge.viewing.marks import Legend, of_detections, of_settings
from edge.viewing.watching import WatchedDetector, crowd_of, detections_of, regions_of
from redwhistle.errors import SourceError

FRAMES = 6
"""The last of so many is drawn: motion needs some to settle, and so does a camera that was just opened."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The picture, and what is on it; boxes in pixels of the frame as the models saw it."""

    jpeg: BlurredJpeg
    width_px: int
    height_px: int
    people_blurred: int
    method: str
    detections: tuple[Detection, ...]
    moving_regions: int
    crowd: int | None
    """People, where a crowd model counted them; not all of them have a box."""
    legend: tuple[Legend, ...]

    def describe(self) -> str:
        """One line."""
        counts = [f"{name} {n}" for name, n in self._counts().items()] or ["nothing found"]
        legend = [f"{each.mark} = {each.name}" for each in self.legend]
        return "; ".join([", ".join(counts), *legend])

    def to_json(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "width_px": self.width_px,
            "height_px": self.height_px,
            "method": self.method,
            "people_blurred": self.people_blurred,
            "found": self._counts(),
            "legend": {each.mark: each.name for each in self.legend},
        }

    def _counts(self) -> dict[str, int]:
        labels = [detection.label for detection in self.detections]
        counts = {label: labels.count(label) for label in sorted(set(labels))}
        others = {"moving_regions": self.moving_regions or None, "people_in_crowd": self.crowd}
        return counts | {name: n for name, n in others.items() if n is not None}


def take(settings: CameraSettings, detectors: Sequence[Detector]) -> Snapshot:
    """Open the camera, look a few times, draw the last picture. Raises SourceError when none comes."""
    url = settings.url.get_secret_value()
    watched = [WatchedDetector(detector) for detector in detectors]
    patience_s = settings.open_timeout_s + settings.read_timeout_s
    seen = 0
    until_s = time.monotonic() + patience_s
    with closing(ReaderProcess(settings.reader_order())) as reader:
        reader.ask()
        while True:
            match reader.wait(0.2):
                case FrameReady(image_bgr):
                    for each in watched:
                        each.look(image_bgr)
                    seen += 1
                    if seen == FRAMES:
                        return _draw(settings, watched, image_bgr)
                    time.sleep(1 / settings.analyse_fps)
                    until_s = time.monotonic() + patience_s
                    reader.ask()
                case Gone(reason):
                    raise SourceError(f"{shown(url)}: {hide_secrets(url)(reason)}; try: camera probe")
                case Ended():
                    raise SourceError(f"{shown(url)}: it ended after {seen} pictures; {FRAMES} are needed")
                case Opened() | None:
                    if time.monotonic() > until_s:
                        raise SourceError(f"{shown(url)}: no picture came in time; try: camera probe")


def _draw(settings: CameraSettings, watched: Sequence[WatchedDetector], image_bgr: Image) -> Snapshot:
    height_px, width_px = image_bgr.shape[:2]
    detections, regions = detections_of(watched), regions_of(watched)
    crowd = crowd_of(watched)
    # As an alarm's picture: without a model, and in a crowd, not everybody has a box, and the whole is blurred more.
    all_found = crowd is None and any(PERSON in each.labels for each in watched)
    people = [d.box_xyxy_px for d in detections if d.label == PERSON] if all_found else None
    blurred = blur(image_bgr, people, settings.masks)
    marks, legend = of_settings(settings.rules, settings.masks)
    annotate(blurred, [*marks, *of_detections(detections, regions, (width_px, height_px))])
    jpeg, size_px = encode(blurred)
    return Snapshot(
        jpeg=jpeg,
        width_px=size_px[0],
        height_px=size_px[1],
        people_blurred=blurred.people,
        method=blurred.method.value,
        detections=tuple(detections),
        moving_regions=len(regions),
        crowd=crowd,
        legend=tuple(legend),
    )
