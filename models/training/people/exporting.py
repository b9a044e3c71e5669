"""From the trained network to the file of a box."""

import copy
from pathlib import Path

import onnx
import torch

from models.training.crowd.network import CrowdNet
from models.training.people.network import YoloxNano

_OPSET = 17


def export(net: YoloxNano | CrowdNet, path: Path, width_px: int, height_px: int) -> None:
    """Write an ONNX file with one input (1, 3, H, W) and one output; no names of machines or tools in it."""
    net = copy.deepcopy(net).to(memory_format=torch.contiguous_format).eval()
    net.backbone.join_first()
    example = torch.zeros(1, 3, height_px, width_px)
    torch.onnx.export(
        net,
        (example,),
        str(path),
        dynamo=False,
        opset_version=_OPSET,
        input_names=["images"],
        output_names=["output"],
    )
    model = onnx.load(str(path))
    model.producer_name, model.producer_version, model.doc_string = "", "", ""
    for node in model.graph.node:
        node.doc_string = ""
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
