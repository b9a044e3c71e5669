"""A whole box whose models are damaged: it runs, looks with the last good one, and says so."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import yaml

from edge.settings import load_settings
from edge.wiring import Box, check_box
from redwhistle.contracts.events import Event
from redwhistle.contracts.ids import Lane
from tests.unit.onnx_graphs import entry, mean_model, write

MODEL = mean_model(32, 32)


def make_box(folder: Path) -> Path:
    """The configuration of a box with one camera and one fire model; its broker is not there."""
    film = cv2.VideoWriter(str(folder / "film.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    for _ in range(10):
        film.write(np.full((48, 64, 3), 60, dtype=np.uint8))
    film.release()
    (folder / "models").mkdir()
    write(folder / "models", entry(MODEL, score_min=0.9), MODEL)
    camera = {
        "type": "camera",
        "device": "camera-1",
        "url": str(folder / "film.avi"),
        "loop": True,
        "detect": {"people": "off"},
    }
    config = {
        "site": "jinsha",
        "box": "box-1",
        "data_dir": "data",
        "models_dir": "models",
        "broker": {"host": "127.0.0.1", "port": 1},
        "sources": [camera],
    }
    (folder / "box.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return folder / "box.yaml"


def run_until(config: Path, met: Callable[[Box, list[Event]], bool]) -> None:
    """A box from its start until `met` says so of its events; then it stops. 20 s at most."""
    box = Box(load_settings(config))
    box.start()
    try:
        end = time.monotonic() + 20
        while not met(box, events_of(box)):
            assert time.monotonic() < end, events_of(box)
            time.sleep(0.02)
    finally:
        box.stop()


def events_of(box: Box) -> list[Event]:
    found: list[Event] = []
    now_ms = time.monotonic_ns() // 1_000_000
    for lane in Lane:
        for envelope in box.outbox.take(lane, limit=1000, now_mono_ms=now_ms, resend_after_ms=1):
            found += envelope.events
    return found


def says(kind: str, text: str) -> Callable[[Box, list[Event]], bool]:
    return lambda _, events: any(each.kind == kind and text in str(each.data) for each in events)


def test_a_box_with_a_damaged_manifest_goes_on_with_the_last_good_model(tmp_path: Path) -> None:
    config = make_box(tmp_path)
    run_until(config, lambda box, _: [each.version for each in box._models.infos()] == ["1"])
    assert not [problem for problem in check_box(load_settings(config)) if "model" in problem]
    (tmp_path / "models" / "manifest.toml").write_bytes(b"\x00 damaged")
    assert any("manifest.toml: not TOML" in problem for problem in check_box(load_settings(config)))
    run_until(config, says("box_health", "fire: tiny 1 stands in"))
    shutil.rmtree(tmp_path / "data" / "models-good")
    run_until(config, says("device_fault", "model_unusable_fire"))
