"""From the trained network to the file of a box: eight-bit numbers, calibrated on training views.

Says how far ONNX Runtime's answers lie from PyTorch's, and refuses to write a file that disagrees. Weights use seven of
the eight bits: on processors without VNNI the products of full eight-bit ones would overflow quietly.
"""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
import torch
from onnx import numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process
from torch.nn import functional

from models.training.fire.augment import HEIGHT_PX, WIDTH_PX, Augmenter, to_input
from models.training.fire.lite0 import FireNet
from models.training.fire.looking import as_input, wanted_of
from models.training.fire.pictures import Picture
from models.training.fire.scores import auc, tpr_at_fpr

Floats = npt.NDArray[np.float32]
_INPUT, _OUTPUT = "picture", "scores"
_CALIBRATION_VIEWS = 160
_MOST_BYTES = 2_000_000


def export(
    network: FireNet,
    out: Path,
    val: list[Picture],
    calibration: list[Picture],
    seed: int,
    precision: Literal["int8", "fp32"],
) -> None:
    """Write `out`. Raises SystemExit when the file disagrees with the network or is too large for a box."""
    with tempfile.TemporaryDirectory() as folder:
        plain = packed = Path(folder) / "plain.onnx"
        to_onnx(network, plain)
        _check_agreement(network, plain, val)
        if precision == "int8":
            packed = Path(folder) / "packed.onnx"
            _quantise(plain, packed, calibration, seed)
        content = packed.read_bytes()
        wanted = wanted_of(val)
        for name, path in {"fp32": plain, precision: packed}.items():
            scores = run_pictures(path, val)
            print(f"{name}: {path.stat().st_size} bytes, auc {auc(scores, wanted):.4f}, "
                  f"tpr at 1 % fpr {tpr_at_fpr(scores, wanted, 0.01):.4f}")  # fmt: skip
    if len(content) > _MOST_BYTES and precision != "fp32":
        raise SystemExit(f"{len(content)} bytes are more than the {_MOST_BYTES} that a box's model may have")
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(content)
    print(f'{out}\nsha256 = "{hashlib.sha256(content).hexdigest()}"')


def to_onnx(network: FireNet, path: Path) -> None:
    """Export in float32, batch 1; the padding before a strided convolution becomes part of it."""
    picture = torch.zeros(1, 3, HEIGHT_PX, WIDTH_PX)
    torch.onnx.export(
        network,
        (picture,),
        str(path),
        input_names=[_INPUT],
        output_names=[_OUTPUT],
        opset_version=17,
        dynamo=False,
    )
    model = onnx.load(path)
    _join_pads(model.graph)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def run_pictures(path: Path, pictures: list[Picture]) -> npt.NDArray[np.float64]:
    """P(flame) + P(smoke) of each whole picture, by ONNX Runtime on one thread."""
    session = _session(path)
    return np.array([1 - _softmax(_run(session, p))[2, 0] for p in pictures], np.float64)


def hottest_cells(path: Path, pictures: list[Picture]) -> npt.NDArray[np.float64]:
    """P(flame) of each picture's hottest cell, by ONNX Runtime on one thread."""
    session = _session(path)
    return np.array([_softmax(_run(session, p))[0, 1:].max() for p in pictures], np.float64)


class _Views(CalibrationDataReader):  # type: ignore[misc]
    """Training views for calibration."""

    def __init__(self, pictures: list[Picture], seed: int) -> None:
        augmenter = Augmenter(pictures)
        self._inputs = []
        for number in range(_CALIBRATION_VIEWS):
            rng = np.random.default_rng((seed, 1_000_000, number))
            picture = pictures[int(rng.integers(len(pictures)))]
            view = augmenter.pasted(rng) if number % 4 == 0 else augmenter.plain(picture, rng)
            self._inputs.append(as_input([view.image_bgr]).numpy())
        self._next = iter(self._inputs)

    def get_next(self) -> dict[str, Any] | None:
        """The next input, None at the end."""
        picture = next(self._next, None)
        return None if picture is None else {_INPUT: picture}


def _quantise(plain: Path, packed: Path, pictures: list[Picture], seed: int) -> None:
    prepared = plain.with_name("prepared.onnx")
    quant_pre_process(str(plain), str(prepared), skip_symbolic_shape=True)
    model = onnx.load(prepared)
    head = [n.name for n in model.graph.node if n.op_type not in {"Conv", "Add", "Clip"}]
    last = [n.name for n in model.graph.node if n.op_type == "Conv"][-2:]
    quantize_static(
        str(prepared),
        str(packed),
        _Views(pictures, seed),
        quant_format=QuantFormat.QDQ,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        per_channel=True,
        reduce_range=True,
        calibrate_method=CalibrationMethod.MinMax,
        nodes_to_exclude=head + last,
    )


def _join_pads(graph: onnx.GraphProto) -> None:
    """Put each Pad's numbers into the convolution that follows: one pass over the picture less."""
    makers = {node.output[0]: node for node in graph.node}
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant":
            values[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
    for node in list(graph.node):
        pad = makers.get(node.input[0]) if node.op_type == "Conv" else None
        if pad is None or pad.op_type != "Pad" or pad.input[1] not in values:
            continue
        amounts = [int(v) for v in values[pad.input[1]]]
        for attribute in node.attribute:
            if attribute.name == "pads":
                attribute.ints[:] = [*amounts[2:4], *amounts[6:8]]
        node.input[0] = pad.input[0]
        graph.node.remove(pad)


def _check_agreement(network: FireNet, path: Path, pictures: list[Picture]) -> None:
    session = _session(path)
    most = 0.0
    for picture in pictures[:: max(1, len(pictures) // 24)]:
        with torch.no_grad():
            said = functional.softmax(network(as_input([to_input(picture.image_bgr)]))[0], dim=0).numpy()
        most = max(most, float(np.abs(said - _softmax(_run(session, picture))).max()))
    print(f"ONNX Runtime and PyTorch differ by at most {most:.6f}")
    if most > 1e-3:
        raise SystemExit("the exported file does not say what the network says")


def _session(path: Path) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    return ort.InferenceSession(str(path), sess_options=options, providers=["CPUExecutionProvider"])


def _run(session: ort.InferenceSession, picture: Picture) -> Floats:
    """(3, 1 + cells) before softmax."""
    return session.run(None, {_INPUT: as_input([to_input(picture.image_bgr)]).numpy()})[0][0]  # type: ignore[no-any-return]


def _softmax(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max(axis=0, keepdims=True))
    return powers / powers.sum(axis=0, keepdims=True)  # type: ignore[no-any-return]
