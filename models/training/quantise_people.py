"""Makes an int8 variant of models/people.onnx or models/crowd.onnx by static calibration, to be measured against it.

    python -m models.training.quantise_people DATA --model models/people.onnx --out people-int8.onnx

Calibrated on train pictures alone; weights by channel. Whether it is faster at equal quality is for `measure_people` and
`redwhistle-edge models bench` to say; the card tells what came of it.
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnxruntime as ort
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from models.training.people.data import letterbox, read_image, read_pictures
from models.training.people.scoring import Floats


class _Pictures(CalibrationDataReader):  # type: ignore[misc]
    """Letterboxed train pictures, one at a time."""

    def __init__(self, inputs: Iterator[Floats], name: str):
        self._inputs = inputs
        self._name = name

    def get_next(self) -> dict[str, Floats] | None:
        found = next(self._inputs, None)
        return None if found is None else {self._name: found}


def main() -> None:
    """Calibrate and write."""
    wish = _arguments()
    model = ort.InferenceSession(str(wish.model), providers=["CPUExecutionProvider"]).get_inputs()[0]
    pictures = [p for p in read_pictures(wish.data) if p.split == "train"]
    chosen = np.random.default_rng(wish.seed).permutation(len(pictures))[: wish.pictures]

    def inputs() -> Iterator[Floats]:
        for i in chosen:
            canvas, _ = letterbox(read_image(pictures[i].path), model.shape[3], model.shape[2])
            yield np.ascontiguousarray(canvas.transpose(2, 0, 1)[None].astype(np.float32))

    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        quant_pre_process(str(wish.model), str(prepared), skip_symbolic_shape=True)
        quantize_static(
            str(prepared),
            str(wish.out),
            _Pictures(inputs(), model.name),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["Conv"],
        )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--pictures", type=int, default=48)
    parser.add_argument("--seed", type=int, default=22)
    return parser.parse_args()


if __name__ == "__main__":
    main()
