"""Detectors that are looked over the shoulder: what the pipeline was told about a frame, for those who draw and count."""

from collections.abc import Sequence

from edge.agent.observation import Detection
from edge.agent.pipeline import Detector, Found, Image


class WatchedDetector:
    """Another detector, with what it found last."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self.found = Found()

    @property
    def labels(self) -> frozenset[str]:
        return self._detector.labels

    @property
    def model(self) -> str | None:
        return self._detector.model

    def look(self, image_bgr: Image) -> Found:
        self.found = self._detector.look(image_bgr)
        return self.found


def detections_of(watched: Sequence[WatchedDetector]) -> list[Detection]:
    """What they found last, together."""
    return [detection for each in watched for detection in each.found.detections]


def regions_of(watched: Sequence[WatchedDetector]) -> list[tuple[float, float, float, float]]:
    """Moving regions that they found last."""
    return [region for each in watched for region in each.found.moving_regions]


def crowd_of(watched: Sequence[WatchedDetector]) -> int | None:
    """How many people a crowd model saw; None where it does not count, and each person found has a box."""
    points = next((each.found.crowd_points for each in watched if each.found.crowd_points is not None), None)
    return None if points is None else max(0, round(sum(people for _, _, people in points)))
