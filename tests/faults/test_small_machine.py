"""The real agent with a camera and the shipped models for people and crowds, on a machine of 400 MB and a quarter of a processor."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest
import yaml

from bench.servers.waiting import wait_for
from edge.agent.detectors.shipped import shipped_models
from edge.agent.outbox.export import read_envelopes
from redwhistle.clock import SystemClock, to_ms
from redwhistle.contracts.envelope import Stamp
from redwhistle.errors import OutboxError
from tests.faults.cgroups import capped
from tests.faults.programs import ROOT
from tests.integration.cameras import make_clip
from tests.unit.onnx_graphs import constant_model

pytestmark = pytest.mark.faults
MEMORY_BYTES, CPU_SHARE = 400 * 2**20, 0.25
WANTED = {"flame_seen", "people_count", "frames_per_s"}


def test_one_camera_is_judged_in_four_hundred_megabytes_and_a_quarter_of_a_processor(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The memory from its start, the processor once it has started. Where no cgroup can be made the agent runs uncapped and its memory is measured; the test says which way it took."""
    shutil.copytree(shipped_models(), tmp_path / "models", ignore=shutil.ignore_patterns("training"))
    write_fire(tmp_path / "models")
    config = write_config(tmp_path, make_clip(tmp_path / "clip.avi"))
    log = tmp_path / "agent.log"
    with capped(MEMORY_BYTES) as cap, log.open("wb") as out:
        agent = subprocess.Popen(
            [sys.executable, "-c", "from edge.cli import main; main()", "run", "--config", str(config)],
            cwd=ROOT,
            stdout=out,
            stderr=out,
            preexec_fn=None if cap is None else cap.join,  # noqa: PLW1509  nothing but a write to two files
        )
        try:
            wait_for(lambda: "camera_opened" in log.read_text(), timeout_s=60, what="the agent has started")
            if cap is not None:
                cap.slow_down(CPU_SHARE)
            wait_for(lambda: kept(tmp_path / "data") >= WANTED, timeout_s=60, what="an alarm and counts")
            assert agent.poll() is None
            tree = [psutil.Process(agent.pid), *psutil.Process(agent.pid).children(recursive=True)]
            used_bytes = sum(process.memory_full_info().pss for process in tree)
            way = "measured, no cgroup here" if cap is None else "capped by cgroup"
            peak_bytes = used_bytes if cap is None else cap.peak_bytes()
            kills = 0 if cap is None else cap.kills()
        finally:
            agent.terminate()
            ended = agent.wait(60)
    with capsys.disabled():
        print(f"\n{way}: peak {peak_bytes / 2**20:.0f} MB, agent and reader {used_bytes / 2**20:.0f} MB")
    assert ended == 0
    assert kills == 0
    assert used_bytes < MEMORY_BYTES
    written = log.read_text()
    assert "camera_opened" in written
    assert not [word for word in ("camera_stalled", "source_failed", "model_unusable") if word in written]


def write_config(folder: Path, clip: Path) -> Path:
    camera = {"type": "camera", "device": "cam", "url": str(clip), "loop": True, "stall_s": 60}
    config = {
        "site": "small",
        "box": "small-1",
        "data_dir": "data",
        "models_dir": "models",
        "broker": {"host": "127.0.0.1", "port": 1},
        "clock": "always",
        "sources": [{**camera, "detect": {"fire": "all-flame"}, "rules": {"reading_every_s": 1}}],
    }
    path = folder / "box.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


def write_fire(folder: Path) -> None:
    """Beside the shipped models one that sees flame in every picture."""
    model = constant_model(np.array([[5.0, 0.0, 0.0]], np.float32), (1, 3, 32, 32))
    (folder / "fire.onnx").write_bytes(model)
    fields = {
        "name": "all-flame",
        "version": "1",
        "task": "fire",
        "kind": "classifier",
        "file": "fire.onnx",
        "sha256": hashlib.sha256(model).hexdigest(),
        "width_px": 32,
        "height_px": 32,
        "licence": "Apache-2.0",
    }
    lines = ["", "[[model]]", *(f"{key} = {json.dumps(value)}" for key, value in fields.items())]
    with (folder / "manifest.toml").open("a", encoding="utf-8") as manifest:
        manifest.write("\n".join([*lines, "labels = { flame = 0 }", ""]))


def kept(data: Path) -> set[str]:
    """What the outbox holds: kinds of events, names of readings."""
    now = Stamp(at_ms=to_ms(SystemClock().now()), mono_ms=1, boot="0" * 32, synced=True)
    found: set[str] = set()
    try:
        for envelope in read_envelopes(data / "outbox.db", "small", "small-1", now):
            found |= {event.kind for event in envelope.events}
            found |= {metric for columns in envelope.readings for _, metric in columns.series}
    except OutboxError:
        return set()  # it is only being made
    return found
