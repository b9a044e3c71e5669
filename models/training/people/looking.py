"""Looks at pictures with a network or an ONNX file, through the decoding that a box uses."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime as ort
import torch

from edge.agent.detectors.decode import decode_yolox, select
from models.training.people.data import Image, Picture, letterbox, read_image
from models.training.people.network import YoloxNano
from models.training.people.scoring import Floats, Result

Run = Callable[[Floats], Floats]
"""(1, 3, H, W) in, (1, N, 6) out."""
IOU_MAX = 0.55
SCORE_FLOOR = 0.02


def run_network(net: YoloxNano, *, fast: bool = False) -> Run:
    """The network as a function of numpy arrays; `fast` in half precision, for teaching."""

    def run(inputs: Floats) -> Floats:
        tensor = torch.from_numpy(inputs).contiguous(memory_format=torch.channels_last)
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=fast):
            return net(tensor).float().numpy()  # type: ignore[no-any-return]

    return run


def run_file(path: Path, threads: int = 1) -> Run:
    """An ONNX file as a function, one thread unless told."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda inputs: session.run(None, {name: inputs})[0]


def find(
    run: Run,
    image: Image,
    width_px: int,
    height_px: int,
    floor: float = SCORE_FLOOR,
    iou_max: float = IOU_MAX,
) -> tuple[Floats, Floats]:
    """Boxes (N, 4) in pixels of the picture and scores (N,), best first."""
    canvas, scale = letterbox(image, width_px, height_px)
    inputs = np.ascontiguousarray(canvas.transpose(2, 0, 1)[None].astype(np.float32))
    boxes, scores = decode_yolox(run(inputs), width_px, height_px)
    kept = select(boxes, scores[:, 0], floor, iou_max)
    height, width = image.shape[:2]
    found = boxes[kept] / np.float32(scale)
    return np.clip(found, 0, [width, height, width, height]).astype(np.float32), scores[kept, 0]


def look_at(
    run: Run, pictures: list[Picture], width_px: int, height_px: int, iou_max: float = IOU_MAX
) -> list[Result]:
    """One result a picture; `boxes` of each must be known."""
    results = []
    for picture in pictures:
        assert picture.boxes is not None
        boxes, scores = find(run, read_image(picture.path), width_px, height_px, iou_max=iou_max)
        results.append(Result(picture.source, boxes, scores, picture.boxes))
    return results
