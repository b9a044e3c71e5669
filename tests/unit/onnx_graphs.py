"""Small ONNX graphs written byte by byte, and manifest entries for them."""

import hashlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.agent.detectors.manifest import ModelEntry
from edge.agent.pipeline import Image

# Just enough of protobuf and of ONNX's schema to write a graph.


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def number(tag: int, value: int) -> bytes:
    return varint(tag << 3) + varint(value)


def block(tag: int, data: bytes | str) -> bytes:
    raw = data.encode() if isinstance(data, str) else data
    return varint(tag << 3 | 2) + varint(len(raw)) + raw


def tensor_type(name: str, shape: tuple[int, ...]) -> bytes:
    # A side of 0 is left open, with a name.
    dimensions = b"".join(block(1, number(1, side) if side else block(2, "n")) for side in shape)
    return block(1, name) + block(2, block(1, number(1, 1) + block(2, dimensions)))


def node(operator: str, inputs: list[str], output: str) -> bytes:
    return b"".join(block(1, each) for each in inputs) + block(2, output) + block(4, operator)


def graph_of(
    nodes: list[bytes], input_shape: tuple[int, ...], output_shape: tuple[int, ...], tensors: bytes = b""
) -> bytes:
    graph = b"".join(block(1, each) for each in nodes) + block(2, "g") + tensors
    graph += block(11, tensor_type("in", input_shape)) + block(12, tensor_type("out", output_shape))
    return number(1, 8) + block(7, graph) + block(8, block(1, "") + number(2, 13))


def constant_model(output: npt.NDArray[np.float32], input_shape: tuple[int, ...]) -> bytes:
    """Gives `output` whatever the picture shows."""
    sides = b"".join(number(1, side) for side in output.shape)
    tensor = block(5, sides + number(2, 1) + block(8, "c") + block(9, output.tobytes()))
    return graph_of([node("Identity", ["c"], "out")], input_shape, output.shape, tensor)


def mean_model(height_px: int, width_px: int, batch: int = 1) -> bytes:
    """A classifier whose three scores are the means of the input's channels; batch 0 is left open."""
    nodes = [node("GlobalAveragePool", ["in"], "mean"), node("Flatten", ["mean"], "out")]
    return graph_of(nodes, (batch, 3, height_px, width_px), (batch, 3))


def entry(model: bytes, **fields: object) -> ModelEntry:
    given_fields = {
        "name": "tiny",
        "version": "1",
        "task": "fire",
        "kind": "classifier",
        "file": "tiny.onnx",
        "sha256": hashlib.sha256(model).hexdigest(),
        "width_px": 32,
        "height_px": 32,
        "labels": {"flame": 0, "smoke": 1},
        "licence": "Apache-2.0",
    }
    return ModelEntry.model_validate({**given_fields, **fields})


def toml(each: ModelEntry) -> str:
    labels = ", ".join(f"{label} = {column}" for label, column in each.labels.items())
    return (
        f'[[model]]\nname = "{each.name}"\nversion = "{each.version}"\ntask = "{each.task}"\nkind = "{each.kind}"\n'
        f'file = "{each.file}"\nsha256 = "{each.sha256}"\nwidth_px = {each.width_px}\nheight_px = {each.height_px}\n'
        f'labels = {{ {labels} }}\nlicence = "{each.licence}"\n'
    )


def plain_image(blue: int, green: int, red: int, height_px: int = 60, width_px: int = 80) -> Image:
    return np.full((height_px, width_px, 3), (blue, green, red), dtype=np.uint8)


def write(folder: Path, each: ModelEntry, model: bytes) -> None:
    (folder / each.file).write_bytes(model)
    (folder / "manifest.toml").write_text("version = 1\n" + toml(each))
