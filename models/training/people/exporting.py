"""From the trained network to the file of a box."""

import copy
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import torch

from models.training.crowd.network import CrowdNet
from models.training.people.network import YoloxNano
from models.training.people.quickening import without_joins

_OPSET = 17
_MOST_APART = 1e-3
"""In cells, logarithms and scores; rounding gives a hundredth of it."""


def export(net: YoloxNano | CrowdNet, path: Path, width_px: int, height_px: int) -> None:
    """Write an ONNX file with one input (1, 3, H, W) and one output; no names of machines or tools in it.

    Raises SystemExit, and leaves what stood at `path`, when it does not say what the network says.
    """
    net = copy.deepcopy(net).to(memory_format=torch.contiguous_format).eval()
    net.backbone.join_first()
    example = torch.zeros(1, 3, height_px, width_px)
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    torch.onnx.export(
        net,
        (example,),
        str(new),
        dynamo=False,
        opset_version=_OPSET,
        input_names=["images"],
        output_names=["output"],
    )
    model = onnx.load(str(new))
    model.producer_name, model.producer_version, model.doc_string = "", "", ""
    for node in model.graph.node:
        node.doc_string = ""
    onnx.save(without_joins(model), str(new))
    apart = _apart(net, new, height_px, width_px)
    if not apart <= _MOST_APART:
        new.unlink()
        raise SystemExit(f"{path}: the file and the network are {apart:.4f} apart; {path} is as it was")
    new.replace(path)
    print(f"{path}: at most {apart:.1e} from the network")


def _apart(net: YoloxNano | CrowdNet, path: Path, height_px: int, width_px: int) -> float:
    """The largest difference of any output, on noise."""
    noise = (np.random.default_rng(1).random((1, 3, height_px, width_px)) * 255).astype(np.float32)
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    said = session.run(None, {session.get_inputs()[0].name: noise})[0]
    with torch.inference_mode():
        wanted = net(torch.from_numpy(noise)).numpy()
    return float(np.abs(said - wanted).max())
