"""Cameras on a box: frames a second through the whole pipeline beside the bare model, memory, and what an idle box costs.

For 1, 2 and 4 cameras on one clip. `overhead_pct` is what reader, hand-over, preparing, decoding and policy add to the
bare ONNX session, measured in turn in one process; `overhead_cpu_pct` is the same in processor time of the agent,
which is the truer one where other programs want the same cores. Memory and idle load are those of `redwhistle-edge run` (broker and
server not there) with cameras that look once in five seconds: `rss_mb` is the agent's, `tree_mb` that of agent and
readers together (shared pages counted once), `idle_cpu_pct` the agent's between frames, `readers_cpu_pct` what
decoding the clip at its own pace costs beside. The figures at the top are those for one camera.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import yaml

from bench.arguments import positive
from bench.child import running_child
from bench.machine import describe_machine
from bench.say import Say
from bench.servers.installed import CHECKOUT
from bench.servers.waiting import wait_for
from edge.agent.detectors.manifest import read_manifest
from redwhistle.errors import ConfigurationError

DESCRIPTION = "cameras: pipeline beside bare model, memory, idle load"
CLIP = CHECKOUT / "demo-data" / "bikes.mp4"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this benchmark."""
    parser.add_argument(
        "--clip", type=Path, default=CLIP, help="a video (the demo's: make demo-data/bikes.mp4)"
    )
    parser.add_argument(
        "--models", type=Path, default=CHECKOUT / "models", help="models folder (the shipped one)"
    )
    parser.add_argument("--cameras", type=positive, nargs="+", default=[1, 2, 4], help="how many (1 2 4)")
    parser.add_argument("--blocks", type=positive, default=12, help="blocks of each kind (12)")
    parser.add_argument("--frames", type=positive, default=12, help="frames a camera and block (12)")
    parser.add_argument("--idle-s", type=positive, default=10, help="seconds to watch an idle box (10)")


def run(arguments: argparse.Namespace, say: Say) -> dict[str, Any]:
    """Measure for each number of cameras."""
    clip = arguments.clip.resolve()
    if not clip.is_file():
        raise ConfigurationError(f"there is no clip {clip}: run `make demo-data/bikes.mp4`, or give --clip")
    models = arguments.models.resolve()
    entry = read_manifest(models).find("people")
    if entry is None:
        raise ConfigurationError(f"{models}: its manifest names no model for people")
    model = entry.title
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        runs = []
        for cameras in arguments.cameras:
            say(f"{cameras} cameras, {model}")
            task = {
                "clip": str(clip),
                "models": str(models),
                "cameras": cameras,
                "blocks": arguments.blocks,
                "frames": arguments.frames,
            }
            with running_child("bench.camera_process", task) as child:
                child.go()
                speed = child.answer()
            with _idle_box(home / f"box-{cameras}", clip, models, cameras) as agent:
                runs.append({"cameras": cameras, **speed, **_watch(agent, arguments.idle_s)})
    return {**runs[0], "runs": runs, "model": model, "clip": clip.name, "machine": describe_machine()}


@contextmanager
def _idle_box(home: Path, clip: Path, models: Path, cameras: int) -> Iterator[psutil.Process]:
    """A running agent whose cameras have all been looked at once."""
    home.mkdir()
    config = {
        "site": "bench",
        "box": "bench-1",
        "data_dir": "data",
        "models_dir": str(models),
        "broker": {"host": "127.0.0.1", "port": 1},
        "clock": "always",
        "sources": [
            {"type": "camera", "device": f"cam-{n}", "url": str(clip), "loop": True, "analyse_fps": 0.2}
            for n in range(cameras)
        ],
    }
    (home / "box.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    log = home / "agent.log"
    with log.open("wb") as out:
        words = [sys.executable, "-c", "from edge.cli import main; main()", "run"]
        words += ["--config", str(home / "box.yaml")]
        process = subprocess.Popen(words, cwd=CHECKOUT, stdout=out, stderr=out)
    try:
        wait_for(
            lambda: log.read_text().count("camera_opened") >= cameras,
            timeout_s=60,
            what="the cameras are open",
        )
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(20)


def _watch(agent: psutil.Process, seconds: int) -> dict[str, float]:
    """By slices of a second: the middle one has no frame in it."""
    time.sleep(3)  # the first frames, and what is made at the beginning only
    slices = []
    readers = agent.children(recursive=True)
    readers_before_s = sum(_cpu_s(reader) for reader in readers)
    began_s = time.monotonic()
    for _ in range(seconds):
        before_s, at_s = _cpu_s(agent), time.monotonic()
        time.sleep(1)
        slices.append(100 * (_cpu_s(agent) - before_s) / (time.monotonic() - at_s))
    readers_s = sum(_cpu_s(reader) for reader in readers) - readers_before_s
    return {
        "rss_mb": round(agent.memory_info().rss / 2**20, 1),
        "tree_mb": round(sum(each.memory_full_info().pss for each in [agent, *readers]) / 2**20, 1),
        "idle_cpu_pct": round(statistics.median(slices), 2),
        "readers_cpu_pct": round(100 * readers_s / (time.monotonic() - began_s), 1),
    }


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
