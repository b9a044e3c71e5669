"""A box tells nobody but its own server: the model runtime's reports to its maker are off before it is loaded."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.tree import CHECKOUT

_RUNTIME = re.compile(r"^\s*(import|from) onnxruntime\b", re.MULTILINE)
_RUN_A_MODEL = """
from edge.agent.detectors.session import ModelSession
from tests.unit.onnx_graphs import entry, mean_model
model = mean_model(32, 32)
session = ModelSession(entry(model), model)
import numpy as np
session.run(np.zeros((1, 3, 32, 32), np.float32))
"""


@pytest.mark.slow
def test_a_model_that_runs_leaves_no_trace_of_reports_to_the_maker(tmp_path: Path) -> None:
    # A bare environment: the runtime keeps quiet by itself where it finds CI or a unit test.
    given = {
        "HOME": str(tmp_path),
        "PATH": os.defpath,
        "PYTHONPATH": str(CHECKOUT),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", _RUN_A_MODEL],
        env=given,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")] == []


def test_the_runtime_is_loaded_behind_the_switch_only() -> None:
    loading = {
        path.relative_to(CHECKOUT).parts[:3]
        for part in ("edge", "bench", "redwhistle", "server")
        for path in (CHECKOUT / part).rglob("*.py")
        if _RUNTIME.search(path.read_text(encoding="utf-8"))
    }
    assert loading == {("edge", "agent", "detectors")}


def test_service_and_image_switch_it_off_too() -> None:
    for name in ("docker/systemd/redwhistle-edge.service", "docker/Dockerfile.edge"):
        assert "ORT_DISABLE_TELEMETRY=1" in (CHECKOUT / name).read_text(encoding="utf-8"), name
