"""A model of YOLOX-nano's size with random weights, written as ONNX by hand: for measuring time where no trained one is there.

416 x 416 in, (1, 3549, 6) out, 0.5 billion multiplications. It finds nothing: only its cost is like a real one's.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

SIDE_PX = 416
_PLAN = ((16, 2), (32, 2), (64, 2), (64, 1), (64, 1), (64, 1), (128, 2), (128, 2))
"""Channels and stride of each 3 x 3 convolution."""
_HEADS = {6: 8, 7: 16, 8: 32}
"""After which convolution, counted from 1, a head looks at cells of this many pixels."""
_OUTPUTS = 6
_MANIFEST = """version = 1
[[model]]
name = "random-people"
version = "0"
task = "people"
kind = "yolox"
file = "random.onnx"
sha256 = "{sha256}"
width_px = {side}
height_px = {side}
labels = {{ person = 0 }}
licence = "Apache-2.0"
"""


def write_models(folder: Path, seed: int = 7) -> None:
    """A models folder with this one model for people."""
    folder.mkdir(parents=True, exist_ok=True)
    model = make_model(seed)
    (folder / "random.onnx").write_bytes(model)
    manifest = _MANIFEST.format(sha256=hashlib.sha256(model).hexdigest(), side=SIDE_PX)
    (folder / "manifest.toml").write_text(manifest, encoding="utf-8")


def make_model(seed: int) -> bytes:
    """The file's bytes (ONNX IR 8, opset 13); the same for the same seed."""
    graph = b"".join(_parts(np.random.default_rng(seed))) + _block(2, "random")
    cells = sum((SIDE_PX // stride) ** 2 for stride in _HEADS.values())
    graph += _block(11, _tensor_type("in", (1, 3, SIDE_PX, SIDE_PX)))
    graph += _block(12, _tensor_type("out", (1, cells, _OUTPUTS)))
    return _number(1, 8) + _block(7, graph) + _block(8, _block(1, "") + _number(2, 13))


def _parts(chance: np.random.Generator) -> Iterator[bytes]:
    """Nodes and weights. Fields of GraphProto: 1 node, 5 initializer."""
    last, channels = "in", 3
    heads = []
    yield _tensor("flat", np.array([1, _OUTPUTS, -1], np.int64))
    for i, (wider, stride) in enumerate(_PLAN, 1):
        yield _weights(f"w{i}", (wider, channels, 3, 3), chance)
        yield _node(
            "Conv",
            [last, f"w{i}"],
            f"c{i}",
            {"strides": [stride] * 2, "pads": [1] * 4, "kernel_shape": [3, 3]},
        )
        yield _node("Relu", [f"c{i}"], f"r{i}", {})
        last, channels = f"r{i}", wider
        if i in _HEADS:
            yield _weights(f"h{i}", (_OUTPUTS, channels, 1, 1), chance)
            yield _node("Conv", [last, f"h{i}"], f"o{i}", {"kernel_shape": [1, 1]})
            yield _node("Reshape", [f"o{i}", "flat"], f"f{i}", {})
            heads.append(f"f{i}")
    yield _node("Concat", heads, "all", {"axis": 2})
    yield _node("Transpose", ["all"], "out", {"perm": [0, 2, 1]})


def _weights(name: str, shape: tuple[int, ...], chance: np.random.Generator) -> bytes:
    spread = 0.01 / np.sqrt(np.prod(shape[1:]))
    return _tensor(name, (chance.standard_normal(shape) * spread).astype(np.float32))


def _tensor(name: str, values: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> bytes:
    sides = b"".join(_number(1, side) for side in values.shape)
    kind = 1 if values.dtype == np.float32 else 7
    return _block(5, sides + _number(2, kind) + _block(8, name) + _block(9, values.tobytes()))


def _node(operator: str, inputs: list[str], output: str, attributes: dict[str, int | list[int]]) -> bytes:
    data = b"".join(_block(1, each) for each in inputs) + _block(2, output) + _block(4, operator)
    for name, value in attributes.items():
        if isinstance(value, int):
            data += _block(5, _block(1, name) + _number(3, value) + _number(20, 2))
        else:
            data += _block(5, _block(1, name) + b"".join(_number(8, each) for each in value) + _number(20, 7))
    return _block(1, data)


def _tensor_type(name: str, shape: tuple[int, ...]) -> bytes:
    dimensions = b"".join(_block(1, _number(1, side)) for side in shape)
    return _block(1, name) + _block(2, _block(1, _number(1, 1) + _block(2, dimensions)))


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _number(tag: int, value: int) -> bytes:
    return _varint(tag << 3) + _varint(value)


def _block(tag: int, data: bytes | str) -> bytes:
    raw = data.encode() if isinstance(data, str) else data
    return _varint(tag << 3 | 2) + _varint(len(raw)) + raw
