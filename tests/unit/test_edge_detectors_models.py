"""The manifest, the session and the choice of detectors, on small graphs written byte by byte."""

import math
import re
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from edge.agent.detectors.detector import ModelDetector, alarm_scores
from edge.agent.detectors.manifest import Manifest, parse_manifest, read_manifest, read_model
from edge.agent.detectors.models import Models, OpenedModel
from edge.agent.detectors.motion import MotionDetector
from edge.agent.detectors.prepare import Preparer
from edge.agent.detectors.session import ModelSession
from edge.agent.detectors.trial import open_session
from edge.agent.policy.handover import CountMode
from edge.measuring.coco import read_people
from edge.measuring.people import StillCounter, count_pictures, summarise_people
from edge.measuring.pictures import read_picture, read_rows
from redwhistle.errors import ConfigurationError, SourceError
from tests.shared_data import shared_files
from tests.unit.onnx_graphs import constant_model, entry, mean_model, plain_image, toml, write

ROOT = Path(__file__).resolve().parents[2]


def test_the_model_is_given_channels_in_its_order_and_scale() -> None:
    model = mean_model(32, 32)
    for colour, hot in (("bgr", "flame"), ("rgb", None)):
        each = entry(model, colour=colour, fit="stretch", scale=1 / 255, score_min=0.5)
        found = ModelDetector(each, ModelSession(each, model)).look(plain_image(255, 0, 0))
        labels = [d.label for d in found.detections]
        # softmax(1, 0, 0) = 0.576, 0.212, 0.212: blue is class 0 in BGR and class 2 in RGB.
        assert labels == ([hot] if hot else [])
    scores = ModelSession(each, model).run(Preparer(each).prepare(plain_image(51, 102, 153))[0])
    assert scores[0] == pytest.approx([0.6, 0.4, 0.2], abs=1e-6)


def test_mean_and_std_are_taken_off() -> None:
    model = mean_model(32, 32)
    each = entry(model, fit="stretch", scale=1 / 255, mean=(0.2, 0.4, 0.6), std=(0.5, 0.25, 0.1))
    scores = ModelSession(each, model).run(Preparer(each).prepare(plain_image(102, 102, 255))[0])
    assert scores[0] == pytest.approx([0.4, 0.0, 4.0], abs=1e-5)


def test_letterbox_keeps_the_shape_pads_with_114_and_maps_boxes_back() -> None:
    output = np.zeros((1, 21, 6), dtype=np.float32)
    output[0, 0] = [1, 1, 0, 0, 1, 1]  # centre (8, 8), size 8 in the input
    model = constant_model(output, (1, 3, 32, 32))
    each = entry(model, task="people", kind="yolox", labels={"person": 0})
    preparer = Preparer(each)
    inputs, ratio = preparer.prepare(plain_image(7, 7, 7, 40, 80))
    assert ratio.x == ratio.y == pytest.approx(0.4)
    assert (inputs[0, :, :16, :] == 7).all()
    assert (inputs[0, :, 16:, :] == 114).all()
    inputs, _ = preparer.prepare(plain_image(9, 9, 9, 80, 40))
    assert (inputs[0, :, :, :16] == 9).all()
    assert (inputs[0, :, :, 16:] == 114).all()
    (person,) = ModelDetector(each, ModelSession(each, model)).look(plain_image(0, 0, 0, 40, 80)).detections
    assert (person.label, person.score) == ("person", 1.0)
    assert person.box_xyxy_px == pytest.approx((10, 10, 30, 30))


def yolov8_output() -> npt.NDArray[np.float32]:
    output = np.zeros((1, 5, 3), dtype=np.float32)
    output[0, :, 1] = [16, 8, 8, 8, 0.9]
    return output


def nanodet_output() -> npt.NDArray[np.float32]:
    """32x32 with strides 8, 16, 32: 16 + 4 + 1 cells; the cell (2, 1) of stride 8 reaches half a cell all round."""
    output = np.zeros((1, 21, 1 + 4 * 8), dtype=np.float32)
    output[0, 6, 0] = 0.9
    output[0, 6, 1:] = np.tile([0, 0, -99, -99, -99, -99, -99, -99], 4)
    return output


def fastestdet_output() -> npt.NDArray[np.float32]:
    output = np.zeros((1, 6, 4, 4), dtype=np.float32)
    output[0, :, 1, 2] = [1, 0, 0, -math.log(3), -math.log(3), 1]  # sizes: sigmoid = a quarter
    return output


@pytest.mark.parametrize(
    ("kind", "output"),
    [("yolov8", yolov8_output()), ("nanodet", nanodet_output()), ("fastestdet", fastestdet_output())],
)
def test_each_kind_of_detector_puts_the_same_box_into_the_frame(
    kind: str, output: npt.NDArray[np.float32]
) -> None:
    """12..20 x 4..12 of a 32 px letterbox is 30..50 x 10..30 of an 80x40 frame, whatever the kind."""
    model = constant_model(output, (1, 3, 32, 32))
    each = entry(model, task="people", kind=kind, labels={"person": 0}, score_min=0.5)
    (person,) = ModelDetector(each, open_session(each, model)).look(plain_image(0, 0, 0, 40, 80)).detections
    assert person.score >= 0.9 - 1e-6
    assert person.box_xyxy_px == pytest.approx((30, 10, 50, 30), abs=1e-3)


def test_detections_are_clipped_and_suppressed() -> None:
    output = np.zeros((1, 21, 6), dtype=np.float32)
    output[0, 0] = [0, 0, 1, 1, 1, 0.9]
    output[0, 1] = [-0.9, 0, 1, 1, 1, 0.8]
    model = constant_model(output, (1, 3, 32, 32))
    each = entry(model, task="people", kind="yolox", labels={"person": 0})
    (person,) = ModelDetector(each, ModelSession(each, model)).look(plain_image(0, 0, 0, 32, 32)).detections
    assert person.score == pytest.approx(0.9)
    assert person.box_xyxy_px[:2] == (0.0, 0.0)


@pytest.mark.parametrize("batch", [5, 1, 0])
def test_tiles_are_scored_one_by_one_or_in_a_batch(batch: int) -> None:
    """0 stands for an open batch. The lower right of four tiles is blue, the fifth is the whole frame."""
    model = mean_model(32, 32, batch)
    each = entry(model, fit="stretch", scale=1 / 255, tiles=({"columns": 2, "rows": 2, "whole": True},))
    picture = plain_image(0, 0, 0, 80, 160)
    picture[40:, 80:] = (255, 0, 0)
    detector = ModelDetector(each, ModelSession(each, model))
    boxes, scores = detector.score(picture)
    hot, quarter = np.exp([1, 0.25]) / (np.exp([1, 0.25]) + 2)
    assert scores[:, 0] == pytest.approx([1 / 3, 1 / 3, 1 / 3, hot, quarter], abs=1e-3)
    assert boxes[3:].tolist() == [[80, 40, 160, 80], [0, 0, 160, 80]]
    best = detector.look(picture).detections[0]
    assert (best.label, best.box_xyxy_px) == ("flame", (80, 40, 160, 80))
    assert alarm_scores(each, scores)[3] == pytest.approx(scores[3, 0] + scores[3, 1])


def test_a_tile_map_looks_at_the_whole_frame_in_one_run() -> None:
    output = np.zeros((1, 3, 2, 4), dtype=np.float32)
    output[0, 1, 1, 2] = 5
    model = constant_model(output, (1, 3, 32, 64))
    each = entry(model, kind="tile_map", fit="stretch", width_px=64, score_min=0.5)
    (smoke,) = ModelDetector(each, ModelSession(each, model)).look(plain_image(0, 0, 0, 120, 320)).detections
    assert smoke.label == "smoke"
    assert smoke.box_xyxy_px == pytest.approx((160, 60, 240, 120))


def test_a_batch_that_the_file_does_not_take_is_refused() -> None:
    model = mean_model(32, 32, 7)
    each = entry(model, fit="stretch", tiles=({"columns": 2, "rows": 2},))
    with pytest.raises(ConfigurationError, match="the manifest says"):
        ModelSession(each, model)


def test_a_class_that_the_model_has_not_is_explained() -> None:
    model = mean_model(32, 32)
    each = entry(model, labels={"flame": 7})
    with pytest.raises(SourceError, match="none with number 7"):
        ModelDetector(each, ModelSession(each, model)).look(plain_image(0, 0, 0))


def test_a_wrong_kind_is_explained() -> None:
    model = mean_model(32, 32)
    each = entry(model, kind="yolov8")
    with pytest.raises(SourceError, match="correct its kind"):
        ModelDetector(each, ModelSession(each, model)).look(plain_image(0, 0, 0))


def test_another_input_size_than_the_manifest_says_is_refused() -> None:
    model = mean_model(32, 32)
    with pytest.raises(ConfigurationError, match="the manifest says"):
        ModelSession(entry(model, width_px=64), model)


@pytest.mark.parametrize("garbage", [b"", b"\x00" * 50, b"not a model"])
def test_garbage_is_no_model(garbage: bytes) -> None:
    with pytest.raises(ConfigurationError, match="ONNX Runtime refuses"):
        ModelSession(entry(garbage), garbage)


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    model = mean_model(32, 32)
    write(tmp_path, entry(model), model + b"\x00")
    with pytest.raises(ConfigurationError, match="sha256 is"):
        read_model(tmp_path, read_manifest(tmp_path).model[0])
    with pytest.raises(ConfigurationError, match="sha256 is"):
        Models(tmp_path).detectors_for(fire="tiny")


def test_a_damaged_model_chosen_by_itself_leaves_the_camera_what_works(tmp_path: Path) -> None:
    model = mean_model(32, 32)
    write(tmp_path, entry(model), model + b"\x00")
    with capture_logs() as lines:
        (motion,) = Models(tmp_path).detectors_for()
    assert isinstance(motion, MotionDetector)
    assert [(line["event"], line["log_level"]) for line in lines] == [("model_unusable", "error")]


def test_the_choice_of_detectors(tmp_path: Path) -> None:
    (motion,) = Models(tmp_path).detectors_for()
    assert (motion.labels, motion.model) == (frozenset(), None)
    assert Models(tmp_path).detectors_for(people="off") == []
    with pytest.raises(
        ConfigurationError,
        match=re.escape("there is no model 'x' for people in the manifest; there are: none"),
    ):
        Models(tmp_path).detectors_for(people="x")
    model = mean_model(32, 32)
    write(tmp_path, entry(model), model)
    models = Models(tmp_path)
    assert models.infos() == []
    motion, fire = models.detectors_for()
    assert (motion.model, fire.model) == (None, "tiny 1")
    assert fire.labels == {"flame", "smoke"}
    assert [info.name for info in models.infos()] == ["tiny"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"file": "../x.onnx"}, "file"),
        ({"sha256": "00"}, "sha256"),
        ({"labels": {"person": 0}}, "a model for fire"),
        ({"labels": {"face": 0}}, "labels"),
        ({"task": "people", "labels": {"person": 0}}, "classifier cannot count"),
        ({"kind": "density"}, "its task is crowd"),
        ({"tiles": [{"columns": 2, "rows": 2}]}, "tiles need fit"),
        ({"kind": "tile_map", "fit": "stretch", "tiles": [{"columns": 2, "rows": 2}]}, "only a classifier"),
        ({"fit": "stretch", "tiles": [{"columns": 32, "rows": 32}]}, "more than 256"),
        ({"variant_of": "tiny"}, "variant of itself"),
        ({"card": "../x.md"}, "card"),
        ({"kind": "yolox", "width_px": 100}, "multiples of 32"),
        ({"std": (0, 1, 1)}, "std"),
        ({"score_min": 0}, "score_min"),
    ],
)
def test_the_manifest_says_what_is_wrong(change: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        entry(b"", **change)


def test_a_variant_needs_its_original_in_the_same_manifest() -> None:
    first = toml(entry(b""))
    variant = toml(entry(b"", name="tiny-int8")) + 'variant_of = "tiny"\nprecision = "int8"\n'
    parsed = parse_manifest(("version = 1\n" + variant + first).encode())
    found = parsed.find("fire")
    assert found is not None
    assert (found.name, found.precision) == ("tiny-int8", "int8")
    with pytest.raises(ConfigurationError, match="must be an original for fire"):
        parse_manifest(("version = 1\n" + variant).encode())


def test_two_models_of_one_name_are_refused() -> None:
    text = "version = 1\n" + toml(entry(b"")) + toml(entry(b""))
    with pytest.raises(ConfigurationError, match="same name"):
        parse_manifest(text.encode())


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_a_manifest_or_a_clear_error(data: bytes) -> None:
    try:
        parsed: Manifest | str = parse_manifest(data)
    except ConfigurationError as error:
        parsed = str(error)
    assert isinstance(parsed, Manifest) or "manifest.toml" in parsed


def test_the_manifest_of_this_repository_is_sound() -> None:
    manifest = read_manifest(ROOT / "models")
    for each in manifest.model:
        read_model(ROOT / "models", each)


# --- the three public detectors, where the folder with shared data is there ---

PUBLIC: dict[str, dict[str, object]] = {
    "fastestdet_coco_352.onnx": {
        "kind": "fastestdet",
        "width_px": 352,
        "height_px": 352,
        "fit": "stretch",
        "scale": 1 / 255,
        "score_min": 0.55,
    },
    "yolox_nano_coco_416.onnx": {"kind": "yolox", "width_px": 416, "height_px": 416, "score_min": 0.25},
    "yolox_nano_person_192.onnx": {"kind": "yolox", "width_px": 192, "height_px": 192, "score_min": 0.15},
}
HERE = [path for path in shared_files("models/*.onnx") if path.name in PUBLIC]

if HERE:

    @pytest.mark.slow
    @pytest.mark.parametrize("path", HERE, ids=lambda path: path.name)
    def test_public_detectors_count_and_find_people(path: Path) -> None:
        """In 40 labelled photographs, about as well as the models' publishers say; these forty are hard, but decoded wrongly AP is near 0."""
        model = path.read_bytes()
        each = entry(model, task="people", labels={"person": 0}, **PUBLIC[path.name])
        counter = StillCounter(CountMode.PEOPLE, OpenedModel(each, ModelSession(each, model)), None)
        folder = path.parent.parent / "people"
        rows = read_rows(folder / "counts.csv", "count", {"source": "coco2017_lightly"})[:40]
        truths = read_people(folder / "annotations.json")
        run = count_pictures(counter, rows, partial(read_picture, folder), truths, lambda *_: None)
        found = summarise_people(run, CountMode.PEOPLE, each.score_min)
        assert found["n"] == 40
        assert isinstance(found["count_mae"], float)
        assert isinstance(found["ap50"], float)
        assert found["count_mae"] < 1.6
        assert found["ap50"] > 0.25
