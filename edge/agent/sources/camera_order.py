"""What a camera's reader process is told, and the memory that it and the agent share."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

HEADER_BYTES = 64
"""Before the pixels in the shared slot; it begins with the frame's sequence number."""


class CameraKind(StrEnum):
    """How a camera's pictures come."""

    STREAM = "stream"
    """Over the network: rtsp, rtsps, http, https."""
    DEVICE = "device"
    """A camera at this machine: Video4Linux."""
    FILE = "file"
    """A recorded clip."""


@dataclass(frozen=True, slots=True)
class DeviceFormat:
    """What a camera at this machine is asked for; it may answer with something near."""

    width_px: int
    height_px: int
    fps: float
    pixels: str
    """Four characters, as `v4l2-ctl --list-formats` gives them."""


@dataclass(frozen=True, slots=True)
class ReaderOrder:
    """What to read, and how."""

    url: str
    kind: CameraKind
    max_side_px: int
    open_timeout_ms: int
    read_timeout_ms: int
    loop: bool = False
    speed: float = 1.0
    masks: Sequence[Sequence[Sequence[float]]] = ()
    """Polygons of (x, y) in 0..1 that are painted black as soon as a frame is decoded."""
    step_s: float | None = None
    """None: a file is played against the clock. Else it stands still until it is asked, and gives a frame for each
    step of its own time, as a camera looked at so often would; 0: each frame."""
    device: DeviceFormat | None = None

    def to_line(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"


def parse_order(line: bytes) -> ReaderOrder:
    """The order in a line that `to_line` made."""
    fields = json.loads(line)
    if fields["device"] is not None:
        fields["device"] = DeviceFormat(**fields["device"])
    return ReaderOrder(**{**fields, "kind": CameraKind(fields["kind"])})


def slot_bytes(max_side_px: int) -> int:
    """Size of the shared memory for frames of at most this side."""
    return HEADER_BYTES + max_side_px * max_side_px * 3
