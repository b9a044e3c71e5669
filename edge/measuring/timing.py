"""Milliseconds a frame: prepared, run, decoded and selected, as a camera does it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge.agent.detectors.decode_cells import decode_density
from edge.agent.detectors.manifest import ModelKind
from edge.agent.detectors.models import OpenedModel, detector_of
from edge.agent.detectors.prepare import Preparer
from edge.agent.pipeline import Image

_WARM_UP = 3


@dataclass(frozen=True, slots=True)
class FrameTimes:
    """Of one model: whole frames, and the bare run of the session."""

    name: str
    inputs: int
    p50_ms: float
    p95_ms: float
    run_p50_ms: float


def time_models(models: Sequence[OpenedModel], frame: Image, rounds: int) -> list[FrameTimes]:
    """Each round each model looks once, so that a busy moment of the machine slows all of them. Raises SourceError."""
    lookers = [_Looker(model, frame) for model in models]
    for number in range(_WARM_UP + rounds):
        for looker in lookers:
            looker.look(keep=number >= _WARM_UP)
    return [looker.times() for looker in lookers]


def sample_frame(width_px: int, height_px: int) -> Image:
    """A frame with coarse and fine structure, the same each time."""
    rng = np.random.default_rng(7)
    blocks = rng.integers(0, 200, ((height_px + 31) // 32, (width_px + 31) // 32, 3))
    coarse = np.kron(blocks, np.ones((32, 32, 1), dtype=np.int64))[:height_px, :width_px]
    return (coarse + rng.integers(0, 55, coarse.shape)).astype(np.uint8)


class _Looker:
    def __init__(self, model: OpenedModel, frame: Image) -> None:
        self._model = model
        self._frame = frame
        self._preparer = Preparer(model.entry)
        self._inputs = self._preparer.prepare(frame)[0].copy()
        self._detector = (
            None if model.entry.kind is ModelKind.DENSITY else detector_of(model.entry, model.session)
        )
        self._frame_ms: list[float] = []
        self._run_ms: list[float] = []

    def look(self, keep: bool) -> None:
        entry, session = self._model.entry, self._model.session
        begun = time.perf_counter()
        if self._detector is not None:
            self._detector.look(self._frame)
        else:
            decode_density(
                session.run(self._preparer.prepare(self._frame)[0]), entry.width_px, entry.height_px
            )
        seen = time.perf_counter()
        session.run(self._inputs)
        ended = time.perf_counter()
        if keep:
            self._frame_ms.append((seen - begun) * 1000)
            self._run_ms.append((ended - seen) * 1000)

    def times(self) -> FrameTimes:
        p50, p95 = (float(v) for v in np.percentile(self._frame_ms, [50, 95]))
        return FrameTimes(
            self._model.entry.name, self._model.entry.inputs, p50, p95, float(np.median(self._run_ms))
        )
