"""`redwhistle-edge models …` over tiny graphs and pictures made here."""

import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from edge.cli import app
from tests.unit.onnx_graphs import constant_model, entry, mean_model, plain_image, toml

MODEL = mean_model(32, 32, 5)
TILED = 'fit = "stretch"\nscale = 0.02\ntiles = [{ columns = 2, rows = 2, whole = true }]\n'
PEOPLE = np.zeros((1, 21, 6), dtype=np.float32)
PEOPLE[0, 0] = [1, 1, 0, 0, 1, 0.9]  # 4..12 of 32
PEOPLE[0, 15] = [0, 0, 0, 0, 1, 0.2]  # 24..32 x 24..32 is row 15's cell (3, 3): under the threshold
PEOPLE_MODEL = constant_model(PEOPLE, (1, 3, 32, 32))
DENSITY = np.full((1, 1, 4, 4), 0.75, dtype=np.float32)
DENSITY_MODEL = constant_model(DENSITY, (1, 3, 32, 32))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Models for fire, people and crowd."""
    place = tmp_path / "models"
    place.mkdir()
    people = entry(
        PEOPLE_MODEL, name="finder", file="p.onnx", task="people", kind="yolox", labels={"person": 0}
    )
    crowd = entry(
        DENSITY_MODEL, name="heads", file="c.onnx", task="crowd", kind="density", labels={"head": 0}
    )
    (place / "tiny.onnx").write_bytes(MODEL)
    (place / "p.onnx").write_bytes(PEOPLE_MODEL)
    (place / "c.onnx").write_bytes(DENSITY_MODEL)
    text = toml(entry(MODEL)) + TILED + toml(people) + toml(crowd)
    (place / "manifest.toml").write_text("version = 1\n" + text)
    return place


def call(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["models", *map(str, words)])


def told(result: Result) -> dict[str, object]:
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert isinstance(found, dict)
    return found


def picture(path: Path, *, blue_corner: int = 0, red: int = 0) -> None:
    image = plain_image(0, 0, red, 80, 160)
    image[40:, 80:] = (blue_corner, 0, red)
    cv2.imwrite(str(path), image)


def test_list_says_which_auto_takes(folder: Path) -> None:
    models = told(call("list", "--models", folder, "--json"))["models"]
    assert isinstance(models, list)
    assert [(each["name"], each["auto"], each["precision"]) for each in models] == [
        ("tiny", True, "fp32"),
        ("finder", True, "fp32"),
        ("heads", True, "fp32"),
    ]
    assert "* people finder 1" in call("list", "--models", folder).stdout


def test_verify_refuses_a_changed_file(folder: Path) -> None:
    assert told(call("verify", "--models", folder, "--json"))["ok"] is True
    (folder / "p.onnx").write_bytes(PEOPLE_MODEL + b"\x00")
    refused = call("verify", "--models", folder, "--json")
    assert refused.exit_code == 1
    found = {each["name"]: each for each in json.loads(refused.stdout)["models"]}
    assert (found["tiny"]["ok"], found["finder"]["ok"]) == (True, False)
    assert "sha256 is" in found["finder"]["problem"]
    assert call("verify", "--models", folder, "--model", "tiny").exit_code == 0
    assert call("verify", "--models", folder, "--model", "absent").exit_code == 2


def test_a_folder_without_a_manifest_is_explained(tmp_path: Path) -> None:
    result = call("list", "--models", tmp_path)
    assert (result.exit_code, "there is no manifest.toml" in result.stderr) == (2, True)


def test_the_shipped_models_are_whole() -> None:
    assert told(call("verify", "--json"))["ok"] is True


def test_bench_times_every_model_and_compares_a_variant(folder: Path) -> None:
    variant = entry(MODEL, name="tiny-int8")
    with (folder / "manifest.toml").open("a") as file:
        file.write(toml(variant) + TILED + 'variant_of = "tiny"\nprecision = "int8"\n')
    found = told(call("bench", "--models", folder, "--rounds", "3", "--size", "64x48", "--compare", "--json"))
    models = {each["name"]: each for each in found["models"]}  # type: ignore[attr-defined]
    assert models["tiny"]["inputs"] == 5
    assert all(0 < each["run_p50_ms"] < each["p95_ms"] for each in models.values())
    assert all(each["p50_ms"] <= each["p95_ms"] for each in models.values())
    assert models["tiny-int8"]["of_original"] > 0
    assert "of_original" not in models["tiny"]
    alone = told(
        call("bench", "--models", folder, "--rounds", "1", "--model", "tiny-int8", "--compare", "--json")
    )
    assert [each["name"] for each in alone["models"]] == ["tiny-int8", "tiny"]  # type: ignore[attr-defined]
    assert call("bench", "--models", folder, "--size", "640").exit_code == 2


def test_eval_fire_scores_a_picture_by_its_hottest_tile(folder: Path, tmp_path: Path) -> None:
    """Class 0 (flame) is blue, 1 (smoke) green, 2 (neither) red."""
    picture(tmp_path / "corner.png", blue_corner=255)
    picture(tmp_path / "faint.png", blue_corner=100)
    picture(tmp_path / "red.png", red=255)
    picture(tmp_path / "dark.png")
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8 no picture")
    labels = tmp_path / "labels.csv"
    labels.write_text(
        "file,label,source\ncorner.png,fire,one\nfaint.png,smoke,two\nred.png,normal,one\ndark.png,normal,two\n"
        "broken.jpg,fire,one\nabsent.jpg,normal,one\nred.png,odd,one\n"
    )
    result = call("eval", "fire", "--models", folder, "--labels", labels, "--root", tmp_path, "--json")
    found = told(result)
    assert (found["n"], found["unreadable"]) == (4, 2)
    assert "broken.jpg" in result.stderr
    assert "absent.jpg" in result.stderr
    assert (found["auc"], found["tpr_at_fpr_1pct"], found["tpr_at_fpr_5pct"]) == (1.0, 1.0, 1.0)
    assert found["confusion"] == {
        "fire": {"alarm": 1, "none": 0},
        "normal": {"alarm": 1, "none": 1},
        "smoke": {"alarm": 1, "none": 0},
    }
    sources = found["sources"]
    assert isinstance(sources, dict)
    assert sources["two"]["n"] == 2
    plain = call("eval", "fire", "--models", folder, "--labels", labels, "--root", tmp_path).stdout
    assert re.search(r"^auc +1\.0$", plain, re.MULTILINE)
    assert re.search(r"^  two:\n    auc +1\.0$", plain, re.MULTILINE)
    none = call(
        "eval", "fire", "--models", folder, "--labels", labels, "--root", tmp_path / "absent", "--json"
    )
    assert none.exit_code == 1
    assert json.loads(none.stdout)["auc"] is None


@pytest.fixture
def crowd_list(tmp_path: Path) -> Path:
    picture(tmp_path / "a.png")
    counts = tmp_path / "counts.csv"
    counts.write_text("file,count\na.png,2\n")
    image = {"id": 1, "file_name": "a.png", "width": 32, "height": 16}
    # The picture is 160x80 and its truth is given for 32x16: what the model sees at 4..12 lies there too.
    box = {"image_id": 1, "category_id": 1, "bbox": [4, 4, 8, 8]}
    data = {"images": [image], "annotations": [box], "categories": [{"id": 1, "name": "person"}]}
    (tmp_path / "coco.json").write_text(json.dumps(data))
    return counts


@pytest.mark.parametrize(("mode", "mae"), [("people", 1.0), ("crowd", 10.0), ("auto", 10.0)])
def test_eval_people_counts_in_the_mode_of_a_camera(
    folder: Path, crowd_list: Path, mode: str, mae: float
) -> None:
    """One box above the threshold, and a density of 12 where 2 are true: auto believes the density, many can have no box."""
    words = ("eval", "people", "--models", folder, "--counts", crowd_list, "--root", crowd_list.parent)
    found = told(call(*words, "--mode", mode, "--json"))
    assert (found["count_mae"], found["within_20pct"], found["ap50"], found["n"]) == (mae, 0.0, None, 1)
    found = told(call(*words, "--mode", mode, "--coco", crowd_list.parent / "coco.json", "--json"))
    assert found["ap50"] == 1.0
    assert call(*words, "--mode", "heads").exit_code == 2


def test_eval_people_refuses_a_count_that_is_none(folder: Path, crowd_list: Path) -> None:
    crowd_list.write_text("file,count\na.png,many\n")
    words = ("eval", "people", "--models", folder, "--counts", crowd_list, "--root", crowd_list.parent)
    result = call(*words)
    assert (result.exit_code, "'many' is no whole number" in result.stderr) == (2, True)


def test_eval_names_the_model_that_is_missing(tmp_path: Path, crowd_list: Path) -> None:
    place = tmp_path / "empty"
    place.mkdir()
    (place / "manifest.toml").write_text("version = 1\n")
    result = call("eval", "people", "--models", place, "--counts", crowd_list, "--root", tmp_path)
    assert (result.exit_code, "needs a model for people" in result.stderr) == (2, True)
    assert told(call("list", "--models", place, "--json"))["models"] == []
