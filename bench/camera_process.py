"""The throughput of cameras in one process, beside the bare model: a child of `bench.camera`.

Each camera is a thread with a reader process of its own that plays the clip in steps, as fast as it is asked. All
threads do a block of frames through the whole pipeline, then the same number of runs of the bare session on the same
inputs, and so on in turn, so that whatever else the machine does falls on both.
"""

import statistics
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bench.child import await_go, give_answer, read_task
from edge.agent.detectors.decode import Floats
from edge.agent.detectors.detector import ModelDetector
from edge.agent.detectors.manifest import read_manifest, read_model
from edge.agent.detectors.prepare import Preparer
from edge.agent.detectors.session import ModelSession
from edge.agent.observation import EventSeen, Moment, ReadingSeen
from edge.agent.pipeline import CameraPipeline, Frame, Image
from edge.agent.sources.camera_process import FrameReady, Opened, ReaderProcess
from edge.agent.sources.camera_settings import CameraSettings
from redwhistle.errors import ConfigurationError, SourceError


class Nowhere:
    """Takes what is seen. Implements `edge.agent.ports.Sink`."""

    def event(self, seen: EventSeen) -> None:
        """Nothing."""

    def reading(self, seen: ReadingSeen) -> None:
        """Nothing."""


class Lane:
    """One camera: its reader, its pipeline, and the bare session for its inputs."""

    def __init__(self, clip: str, models: Path) -> None:
        entry = read_manifest(models).find("people")
        if entry is None:
            raise ConfigurationError(f"{models}: its manifest has no model for people; give another --models")
        self._session = ModelSession(entry, read_model(models, entry))
        self._preparer = Preparer(entry)
        self._input: Floats = np.empty(0, np.float32)
        settings = CameraSettings.model_validate({"type": "camera", "device": "cam", "url": clip})
        self._order = replace(settings.reader_order(), step_s=0.0)
        self._pipeline = CameraPipeline(
            "cam", settings.rules, [ModelDetector(entry, self._session)], Nowhere()
        )
        self._reader = ReaderProcess(self._order)
        self._reader.ask()
        self._frames = 0
        self.pipeline_cpu_s = self.bare_cpu_s = 0.0

    def close(self) -> None:
        """End the reader."""
        self._reader.close()

    def through_pipeline(self, frames: int) -> None:
        """Take so many frames."""
        began_s = time.thread_time()
        for _ in range(frames):
            self._frames += 1
            image_bgr = self._next()
            moment = Moment(40 * self._frames, 40 * self._frames, synced=True)
            self._pipeline.process(Frame(image_bgr, moment))
            self._reader.ask()
        self.pipeline_cpu_s += time.thread_time() - began_s

    def take_input(self) -> None:
        """The bare session runs on what a frame of the clip looks like to it."""
        self._input = self._preparer.prepare(self._next())[0].copy()
        self._reader.ask()

    def bare(self, frames: int) -> None:
        """Run the session and nothing else."""
        began_s = time.thread_time()
        for _ in range(frames):
            self._session.run(self._input)
        self.bare_cpu_s += time.thread_time() - began_s

    def _next(self) -> Image:
        while True:
            answer = self._reader.wait(30)
            match answer:
                case FrameReady(image_bgr):
                    return image_bgr
                case Opened():
                    continue
                case None:
                    raise SourceError("the reader gives no frame")
                case _:  # the clip's end: from its beginning again
                    self._reader.close()
                    self._reader = ReaderProcess(self._order)
                    self._reader.ask()


def main() -> None:
    """Measure; the answer has frames a second of all cameras together, and the overhead of the middle block in percent."""
    task = read_task()
    lanes = [Lane(task["clip"], Path(task["models"])) for _ in range(task["cameras"])]
    for lane in lanes:
        lane.take_input()
        lane.through_pipeline(3)
        lane.bare(3)
        lane.pipeline_cpu_s = lane.bare_cpu_s = 0.0
    await_go()
    try:
        give_answer(_measure(lanes, task["blocks"], task["frames"]))
    finally:
        for lane in lanes:
            lane.close()


def _measure(lanes: list[Lane], blocks: int, frames: int) -> dict[str, Any]:
    pipeline_s: list[float] = []
    bare_s: list[float] = []
    for _ in range(blocks):
        pipeline_s.append(_all_at_once([lambda lane=lane: lane.through_pipeline(frames) for lane in lanes]))
        bare_s.append(_all_at_once([lambda lane=lane: lane.bare(frames) for lane in lanes]))
    done = frames * len(lanes)
    overheads = [100 * (ours / bare - 1) for ours, bare in zip(pipeline_s, bare_s, strict=True)]
    return {
        "pipeline_fps": round(done / statistics.median(pipeline_s), 2),
        "bare_onnx_fps": round(done / statistics.median(bare_s), 2),
        "overhead_pct": round(statistics.median(overheads), 1),
        "overhead_cpu_pct": round(
            100 * (sum(lane.pipeline_cpu_s for lane in lanes) / sum(lane.bare_cpu_s for lane in lanes) - 1), 1
        ),
    }


def _all_at_once(tasks: list[Any]) -> float:
    """Seconds until all are done."""
    threads = [threading.Thread(target=task) for task in tasks]
    began_s = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began_s


if __name__ == "__main__":
    main()
