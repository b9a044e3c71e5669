"""What the box says to recorded clips: `python -m models.training.fire.clips DATA [--models models]`.

Runs in the box's environment, not in that of the training: each clip of DATA/video goes through the camera pipeline as on a
box (four frames a second), and what it says is printed beside what it should: an event within ten seconds of the first
visible flame or smoke, and none without. Exit code 1 when one is missed or false.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from edge.agent.detectors.models import OFF, Models
from edge.agent.observation import EventSeen, Moment, ReadingSeen
from edge.agent.pipeline import CameraPipeline, Detector, Frame, Image
from edge.agent.policy.camera import CameraRules
from redwhistle.contracts.events import SeenData

FIRST_VISIBLE_S = {
    "fire_onset_lawn_cctv": 0.0,
    "fire_petrol_station_van": 100 / 24,
    "fire_street_ebike": 95 / 30,
    "fire_warehouse_grey": 50 / 30,
    "fire_workshop_scooter": 130 / 30,
    "smoke_fills_room": 130 / 30,
}
"""Clips with flame or smoke, and when it is first seen: frame numbers of the data folder's README, read off by eye."""
IN_TIME_S = 10.0


@dataclass
class Heard:
    """Keeps what the pipeline says."""

    events: list[EventSeen] = field(default_factory=list)

    def event(self, seen: EventSeen) -> None:
        """One event."""
        self.events.append(seen)

    def reading(self, seen: ReadingSeen) -> None:
        """Readings are not looked at."""


@dataclass(frozen=True)
class Said:
    """One event of a clip."""

    at_s: float
    kind: str
    score: float


def main() -> None:
    """Parse the command line, play all clips, print a table or JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="the data folder, with video/")
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--fps", type=float, default=4.0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    models = fire_models(options.models)
    rows = []
    for clip in sorted((options.data / "video").glob("*.mp4")):
        said = play(clip, models.detectors_for(people=OFF), options.fps)
        rows.append((clip.stem, verdict(clip.stem, said), said))
        if not options.json:
            events = " ".join(f"{each.kind}@{each.at_s:.1f}s ({each.score:.2f})" for each in said)
            print(f"{clip.stem:28s} {rows[-1][1]:7s} {events}", flush=True)
    if options.json:
        print(json.dumps({name: [v, [vars(each) for each in said]] for name, v, said in rows}))
    bad = sum(v not in {"found", "quiet"} for _, v, _ in rows)
    raise SystemExit(min(bad, 1))


def fire_models(folder: Path) -> Models:
    """The models of a folder; raises SystemExit where none for fire can be used, or every clip would seem quiet."""
    models = Models(folder)
    if models.open("fire") is None:
        raise SystemExit(f"{folder}: no usable model for fire; see `redwhistle-edge models verify`")
    return models


def play(clip: Path, detectors: list[Detector], fps: float = 4.0) -> list[Said]:
    """The flame and smoke events of a clip, with their time in it; ends of events are left out."""
    heard = Heard()
    pipeline = CameraPipeline("clip", CameraRules(), detectors, heard)
    for at_s, image in frames(clip, fps):
        at_ms = round(at_s * 1000)
        pipeline.process(Frame(image, Moment(1_700_000_000_000 + at_ms, at_ms, synced=True)))
    return [
        Said(event.moment.mono_ms / 1000, event.kind.value, event.data.score)
        for event in heard.events
        if isinstance(event.data, SeenData) and event.data.active
    ]


def frames(clip: Path, fps: float) -> Iterator[tuple[float, Image]]:
    """Frames and their time, so many a second."""
    capture = cv2.VideoCapture(str(clip))
    of_clip = capture.get(cv2.CAP_PROP_FPS) or 25.0
    number, due_s = 0, 0.0
    while True:
        there, image = capture.read()
        if not there:
            break
        if number / of_clip + 1e-6 >= due_s:
            yield number / of_clip, np.asarray(image, dtype=np.uint8)
            due_s += 1 / fps
        number += 1
    capture.release()


def verdict(name: str, said: list[Said]) -> str:
    """found, late or missed where there is something; quiet or false where there is not."""
    first_s = FIRST_VISIBLE_S.get(name)
    if first_s is None:
        return "false" if said else "quiet"
    times_s = [each.at_s - first_s for each in said]
    if any(0 <= late_s <= IN_TIME_S for late_s in times_s):
        return "false" if min(times_s) < 0 else "found"
    return "late" if said else "missed"


if __name__ == "__main__":
    main()
