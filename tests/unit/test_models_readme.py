"""models/README.md: its manifests are valid, and its steps work as they stand there."""

import hashlib
import json
import re
import shlex
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from edge.agent.detectors.manifest import ModelEntry, ModelKind, parse_manifest
from edge.cli import app
from tests.unit.onnx_graphs import constant_model, mean_model, plain_image

README = (Path(__file__).resolve().parents[2] / "models" / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The README's fenced blocks, also those that are indented in a list."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^\1```", README, re.MULTILINE | re.DOTALL)
    return [re.sub(rf"^{indent}", "", text, flags=re.MULTILINE) for indent, text in found]


def filled(manifest: str, *checksums: str) -> str:
    for checksum in checksums:
        manifest = manifest.replace('sha256 = "…"', f'sha256 = "{checksum}"', 1)
    return manifest


def test_the_manifest_is_valid_and_names_defaults_as_they_are() -> None:
    (each,) = parse_manifest(filled(blocks("toml")[0], "0" * 64).encode()).model
    assert each.title == "yolox-nano-people 1.0"
    fields = ModelEntry.model_fields
    for name in ("layout", "colour", "fit", "scale", "mean", "std", "iou_max", "precision", "attribution"):
        assert getattr(each, name) == fields[name].default, name


def test_every_kind_and_field_is_described() -> None:
    for kind in ModelKind:
        assert f"| `{kind}` |" in README
    for name in ModelEntry.model_fields:
        assert re.search(rf"^{name} = |`{name}`", README, re.MULTILINE), name


def test_your_own_model_step_by_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The manifests of the steps, with tiny graphs of those shapes, and each command as it is written."""
    monkeypatch.chdir(tmp_path)
    folder = Path("my-models")
    folder.mkdir()
    fire = mean_model(224, 224, 0)
    boxes = np.zeros((1, 5, 8400), dtype=np.float32)
    boxes[0, :, 0] = [320, 180, 100, 200, 0.9]
    people = constant_model(boxes, (1, 3, 640, 640))
    (folder / "fire.onnx").write_bytes(fire)
    (folder / "people.onnx").write_bytes(people)
    text = filled(
        blocks("toml")[1] + blocks("toml")[2],
        hashlib.sha256(fire).hexdigest(),
        hashlib.sha256(people).hexdigest(),
    )
    (folder / "manifest.toml").write_text(text, encoding="utf-8")
    Path("pictures").mkdir()
    cv2.imwrite("pictures/red.png", plain_image(0, 0, 255, 360, 640))
    cv2.imwrite("pictures/dark.png", plain_image(0, 0, 0, 360, 640))
    Path("labels.csv").write_text("file,label\nred.png,fire\ndark.png,normal\n")
    Path("counts.csv").write_text("file,count\nred.png,1\ndark.png,1\n")
    image = {"id": 1, "file_name": "red.png", "width": 640, "height": 360}
    truth = {"image_id": 1, "category_id": 1, "bbox": [270, 80, 100, 200]}
    coco = {"images": [image], "annotations": [truth], "categories": [{"id": 1, "name": "person"}]}
    Path("annotations.json").write_text(json.dumps(coco))
    commands = [shlex.split(line)[1:] for line in blocks("sh")[0].splitlines()]
    assert len(commands) == 5
    said = {}
    for words in commands:
        quick = ["--rounds", "1"] if "bench" in words else []
        result = CliRunner().invoke(app, [*words, *quick, "--json"])
        assert result.exit_code == 0, result.output
        said[" ".join(words[1:3])] = json.loads(result.stdout)
    assert said["verify --models"]["ok"] is True
    assert said["bench --models"]["models"][0]["inputs"] == 7
    assert said["eval fire"]["auc"] == 1.0
    assert (said["eval people"]["count_mae"], said["eval people"]["ap50"]) == (0.0, 1.0)
