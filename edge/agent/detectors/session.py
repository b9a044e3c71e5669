"""A model in ONNX Runtime with bounded threads. Safe to run from several threads."""

from typing import cast

import numpy as np
import onnxruntime as ort

from edge.agent.detectors.decode import Floats
from edge.agent.detectors.manifest import ModelEntry
from redwhistle.errors import ConfigurationError, SourceError

_FATAL_ONLY = 4


class ModelSession:
    """Runs one model: float32 pictures in the manifest's shape in, its first output out."""

    def __init__(self, entry: ModelEntry, model: bytes, threads: int = 1) -> None:
        """`threads` (1–2) compute one run; none of them spins while it waits. Raises ConfigurationError."""
        if not 1 <= threads <= 2:
            raise ConfigurationError(f"detector threads must be 1 or 2, not {threads}")
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.add_session_config_entry("session.inter_op.allow_spinning", "0")
        options.log_severity_level = _FATAL_ONLY
        try:
            self._session = ort.InferenceSession(
                model, sess_options=options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # the runtime raises its own family of exceptions
            raise ConfigurationError(f"{entry.file}: ONNX Runtime refuses it: {error}"[:500]) from error
        self._entry = entry
        self._input, self._one_by_one = _check_input(entry, self._session)
        self._output = self._session.get_outputs()[0].name

    def run(self, inputs: Floats) -> Floats:
        """The first output for prepared pictures, (B, …). Raises SourceError.

        A file whose batch is fixed to 1 is run once a picture.
        """
        try:
            if self._one_by_one and len(inputs) > 1:
                return np.concatenate([self._run(inputs[i : i + 1]) for i in range(len(inputs))])
            return self._run(inputs)
        except Exception as error:  # the runtime raises its own family of exceptions
            raise SourceError(f"model {self._entry.title} failed: {error}"[:500]) from error

    def _run(self, inputs: Floats) -> Floats:
        return cast("Floats", self._session.run([self._output], {self._input: inputs})[0])


def _check_input(entry: ModelEntry, session: ort.InferenceSession) -> tuple[str, bool]:
    """The input's name, and whether its batch is fixed to 1."""
    inputs = session.get_inputs()
    sides = (entry.height_px, entry.width_px)
    if len(inputs) != 1 or inputs[0].type != "tensor(float)" or len(inputs[0].shape) != 4:
        raise ConfigurationError(f"{entry.file}: one float input of four dimensions is needed")
    batch = inputs[0].shape[0]
    wanted = (
        entry.inputs if batch == entry.inputs else 1,
        *((3, *sides) if entry.layout == "nchw" else (*sides, 3)),
    )
    # A dimension that the file leaves open is a name or None.
    for found, want in zip(inputs[0].shape, wanted, strict=True):
        if isinstance(found, int) and found != want:
            raise ConfigurationError(
                f"{entry.file}: its input is {inputs[0].shape}, the manifest says {wanted}"
            )
    return cast("str", inputs[0].name), batch == 1
