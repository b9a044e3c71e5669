"""Pictures that wait on a box."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import uuid_utils.compat

from edge.agent.moments import BoxClock
from edge.agent.observation import BlurredJpeg, EvidenceTaken, Moment
from edge.agent.outbox.evidence import EvidenceLimits, SqliteEvidence
from tests.unit.edge_outbox.making import make_clock

EPOCH = "c" * 32


def jpeg(level: int = 100) -> BlurredJpeg:
    done, encoded = cv2.imencode(".jpg", np.full((36, 64, 3), level, dtype=np.uint8))
    assert done
    return BlurredJpeg(encoded.tobytes())


def taken(**more: Any) -> EvidenceTaken:
    values: dict[str, Any] = {
        "event": uuid_utils.compat.uuid7(),
        "device": "cam",
        "place": None,
        "moment": Moment(1_779_609_600_000, 1_000, synced=True),
        "exercise": None,
        "width_px": 64,
        "height_px": 36,
        "people_blurred": 0,
        "method": "whole_frame",
        "jpeg": jpeg(),
    }
    return EvidenceTaken(**values | more)


def open_pictures(
    folder: Path, limits: EvidenceLimits | None = None, clock: BoxClock | None = None
) -> SqliteEvidence:
    return SqliteEvidence(
        folder / "evidence.db",
        site="jinsha",
        box="box-1",
        clock=clock or make_clock(),
        epoch=lambda: EPOCH,
        limits=limits,
    )
