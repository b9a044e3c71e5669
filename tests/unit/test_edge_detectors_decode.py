"""Decoding, checked against values worked out by hand and against slow, plain loops."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.agent.detectors import decode, decode_cells
from edge.agent.detectors.decode import Floats
from edge.agent.detectors.detector import decode_output
from edge.agent.detectors.manifest import ModelEntry


def zeros(*shape: int) -> Floats:
    return np.zeros(shape, dtype=np.float32)


def test_yolox_places_a_box_by_cell_and_stride() -> None:
    # 64x32: stride 8 has 8x4 cells, stride 16 has 4x2, stride 32 has 2x1.
    output = zeros(1, 32 + 8 + 2, 7)
    output[0, 8 * 2 + 3] = [0.5, 0.25, math.log(2), math.log(3), 0.8, 0.5, 1.0]
    output[0, 32 + 4 + 1] = [0, 0, 0, 0, 1, 1, 0]
    boxes, scores = decode.decode_yolox(output, 64, 32)
    # Cell (3, 2) of stride 8: centre (28, 18), size (16, 24).
    assert boxes[19] == pytest.approx([20, 6, 36, 30])
    assert scores[19] == pytest.approx([0.4, 0.8])
    # Cell (1, 1) of stride 16: centre (16, 16), size 16.
    assert boxes[37] == pytest.approx([8, 8, 24, 24])


def test_yolov8_reads_columns() -> None:
    output = zeros(1, 6, 3)
    output[0, :, 1] = [100, 50, 20, 10, 0.3, 0.9]
    boxes, scores = decode.decode_yolov8(output)
    assert boxes[1] == pytest.approx([90, 45, 110, 55])
    assert scores[1] == pytest.approx([0.3, 0.9])


def test_fastestdet_reads_cells() -> None:
    output = zeros(1, 7, 2, 4)
    output[0, :, 1, 2] = [0.5, 0.2, -0.1, 0.0, 1.0, 0.6, 0.0]
    boxes, scores = decode.decode_fastestdet(output, 400, 200)
    x, y = (2 + math.tanh(0.2)) / 4 * 400, (1 + math.tanh(-0.1)) / 2 * 200
    w, h = 0.5 * 400, 200 / (1 + math.exp(-1))
    assert boxes[6] == pytest.approx([x - w / 2, y - h / 2, x + w / 2, y + h / 2], abs=1e-3)
    assert scores[6] == pytest.approx([0.5**0.6 * 0.6**0.4, 0.0])


def test_nanodet_takes_the_mean_of_each_distance() -> None:
    # 40x20 with strides 8 and 16: 5x3 and 3x2 cells (sides rounded up). reg_max 3: four bins a distance.
    output = zeros(1, 15 + 6, 2 + 16)
    row = output[0, 5 * 1 + 2]  # cell (2, 1) of stride 8: point (16, 8)
    row[:2] = [0.25, 0.75]
    row[2:] = -1000
    row[[2 + 1, 6 + 0, 10 + 3, 14 + 2]] = 0  # left 1, top 0, right 3, bottom 2 cells
    row[[2 + 2]] = 0  # left: half 1, half 2
    boxes, scores = decode.decode_nanodet(output, 40, 20, (8, 16), 3, 0.0)
    assert boxes[7] == pytest.approx([16 - 1.5 * 8, 8, 16 + 3 * 8, 8 + 2 * 8])
    assert scores[7] == pytest.approx([0.25, 0.75])
    boxes, _ = decode.decode_nanodet(output, 40, 20, (8, 16), 3, 0.5)
    assert boxes[7] == pytest.approx([20 - 1.5 * 8, 12, 20 + 3 * 8, 12 + 2 * 8])
    # Equal logits: 1.5 cells all round; row 15 + 4 is cell (1, 1) of stride 16.
    assert boxes[19] == pytest.approx([24 - 24, 24 - 24, 24 + 24, 24 + 24])


def test_classifier_gives_probabilities_for_each_tile() -> None:
    tiles = np.array([[0, 0, 30, 20], [30, 0, 60, 20]], dtype=np.float32)
    logits = np.array([[1000, 1000 + math.log(3)], [0, 0]], dtype=np.float32)
    boxes, scores = decode.decode_classifier(logits, tiles)
    assert boxes.tolist() == tiles.tolist()
    assert scores == pytest.approx(np.array([[0.25, 0.75], [0.5, 0.5]]), abs=1e-3)
    assert decode.decode_classifier(logits.reshape(2, 2, 1, 1), tiles)[1].tolist() == scores.tolist()


def test_a_tile_map_has_a_box_a_cell() -> None:
    output = zeros(1, 3, 2, 4)
    output[0, :, 1, 2] = np.log([0.7, 0.2, 0.1])
    boxes, scores = decode_cells.decode_tile_map(output, 64, 48)
    assert boxes.shape == (8, 4)
    assert boxes[6].tolist() == [32, 24, 48, 48]
    assert scores[6] == pytest.approx([0.7, 0.2, 0.1], abs=1e-6)
    assert scores[0] == pytest.approx([1 / 3] * 3)


def test_a_density_gives_people_at_the_middle_of_their_cells() -> None:
    output = zeros(1, 1, 2, 4)
    output[0, 0, 1, 3] = 0.75
    output[0, 0, 0, 0] = 2.0
    output[0, 0, 0, 1] = -5.0
    output[0, 0, 1, 0] = np.nan
    points = decode_cells.decode_density(output, 64, 48)
    assert points.tolist() == [[8, 12, 2.0], [56, 36, 0.75]]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: decode.decode_yolox(zeros(1, 41, 7), 64, 32), r"\(1, 42, 5 \+ C\)"),
        (lambda: decode.decode_yolox(zeros(2, 42, 7), 64, 32), "batch 1"),
        (lambda: decode.decode_yolov8(zeros(1, 4, 7)), "4 \\+ C"),
        (lambda: decode.decode_fastestdet(zeros(1, 5, 2, 2), 64, 32), "5 \\+ C"),
        (lambda: decode.decode_fastestdet(zeros(1, 6, 2), 64, 32), "4 dimensions"),
        (lambda: decode.decode_nanodet(zeros(1, 41, 33), 64, 32, (8, 16, 32), 7, 0.0), r"\(1, 42, C \+ 32\)"),
        (lambda: decode.decode_nanodet(zeros(1, 42, 32), 64, 32, (8, 16, 32), 7, 0.0), r"\(1, 42, C \+ 32\)"),
        (lambda: decode.decode_classifier(zeros(2, 3), zeros(3, 4)), r"\(3, C\)"),
        (lambda: decode.decode_classifier(zeros(3), zeros(3, 4)), r"\(3, C\)"),
        (lambda: decode_cells.decode_tile_map(zeros(1, 3, 2), 64, 32), "4 dimensions"),
        (lambda: decode_cells.decode_density(zeros(1, 2, 3, 3), 64, 32), r"\(1, 1, h, w\)"),
    ],
)
def test_another_shape_is_refused(call: object, says: str) -> None:
    assert callable(call)
    with pytest.raises(ValueError, match=says):
        call()


box = st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(1, 30), st.integers(1, 30))


def iou(a: list[float], b: list[float]) -> float:
    w = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    h = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    area = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return w * h / (area - w * h)


@given(st.lists(st.tuples(box, st.integers(1, 1000)), max_size=25), st.sampled_from([0.3, 0.45, 0.7]))
def test_suppression_is_the_greedy_one(
    candidates: list[tuple[tuple[int, int, int, int], int]], most: float
) -> None:
    boxes = np.array([(x, y, x + w, y + h) for (x, y, w, h), _ in candidates], dtype=np.float32).reshape(
        -1, 4
    )
    scores = np.array([s / 1000 for _, s in candidates], dtype=np.float32)
    kept = decode.suppress(boxes, scores, most)
    plain: list[int] = []
    for i in sorted(range(len(scores)), key=lambda i: (-scores[i], i)):
        if all(iou(boxes[i].tolist(), boxes[j].tolist()) <= most + 1e-6 for j in plain):
            plain.append(i)
    assert kept.tolist() == plain


def test_boxes_of_the_largest_numbers_are_weighed_without_overflow() -> None:
    """Their areas lie far above what 32 bits hold."""
    far = np.float32(3e38)
    boxes = np.array([[0, 0, far, far], [0, 0, far, far], [0, 0, far, far / 4]], dtype=np.float32)
    scores = np.array([0.8, 0.9, 0.7], dtype=np.float32)
    with np.errstate(all="raise"):
        assert decode.select(boxes, scores, 0.3, 0.45).tolist() == [1, 2]


wild = st.floats(width=32, allow_nan=True, allow_infinity=True)
YOLOX = ModelEntry.model_validate(
    {
        "name": "x",
        "version": "1",
        "task": "people",
        "kind": "yolox",
        "file": "x.onnx",
        "sha256": "0" * 64,
        "width_px": 64,
        "height_px": 32,
        "labels": {"person": 0},
        "licence": "none",
    }
)


@given(st.lists(st.tuples(wild, wild, wild, wild, wild, wild), max_size=4))
def test_a_model_gone_mad_gives_no_absurd_box(rows: list[tuple[float, ...]]) -> None:
    output = zeros(1, 42, 6)
    for i, row in enumerate(rows):
        output[0, i * 10] = row
    boxes, scores = decode_output(YOLOX, output)
    kept = decode.select(boxes, scores[:, 0], 0.3, 0.45)
    assert np.isfinite(boxes[kept]).all()
    assert np.isfinite(scores[kept]).all()


KINDS: dict[str, dict[str, object]] = {
    "yolox": {},
    "yolov8": {},
    "nanodet": {"strides": (8, 16), "reg_max": 1},
    "fastestdet": {},
    "tile_map": {"task": "fire", "labels": {"flame": 0}},
}
shapes = st.one_of(
    st.lists(st.integers(0, 5), max_size=5),
    st.sampled_from([[1, 42, 6], [1, 5, 42], [1, 40, 9], [1, 6, 2, 3], [1, 3, 2, 2]]),
)


@pytest.mark.parametrize("kind", KINDS)
@given(shape=shapes, values=st.lists(wild, min_size=1, max_size=20))
def test_any_output_is_decoded_or_refused(kind: str, shape: list[int], values: list[float]) -> None:
    """Whatever shape and numbers a model gives: a ValueError, or boxes and scores that fit each other."""
    given_entry = YOLOX.model_dump() | {"kind": kind} | KINDS[kind]
    output = np.resize(np.array(values, dtype=np.float32), shape)
    try:
        boxes, scores = decode_output(ModelEntry.model_validate(given_entry), output)
    except ValueError:
        return
    assert boxes.shape == (len(scores), 4)
    assert boxes.dtype == scores.dtype == np.float32
    for column in scores.T:
        kept = decode.select(boxes, column, 0.3, 0.45)
        assert np.isfinite(boxes[kept]).all()
        assert np.isfinite(column[kept]).all()


@pytest.mark.parametrize("kind", KINDS)
@given(
    shape=shapes,
    values=st.lists(st.floats(0, 1, width=32) | wild, min_size=1, max_size=60),
    least=st.sampled_from([0.0, 0.3, 1.0]),
)
def test_what_no_score_reaches_changes_no_box(
    kind: str, shape: list[int], values: list[float], least: float
) -> None:
    given_entry = ModelEntry.model_validate(YOLOX.model_dump() | {"kind": kind} | KINDS[kind])
    output = np.resize(np.array(values, dtype=np.float32), shape)
    try:
        all_of_them = decode_output(given_entry, output)
    except ValueError as error:
        with pytest.raises(ValueError, match=re.escape(str(error))):
            decode_output(given_entry, output, least)
        return
    likely = decode_output(given_entry, output, least)
    for column in range(all_of_them[1].shape[1]):
        kept, wanted = (
            boxes[decode.select(boxes, scores[:, column], least, 0.45)]
            for boxes, scores in (likely, all_of_them)
        )
        assert np.array_equal(kept, wanted)


def test_of_thousands_only_the_likely_get_a_box() -> None:
    output = zeros(1, 42, 6)
    output[0, 7, 4:] = 1.0, 0.5  # what just reaches it is likely
    assert len(decode.decode_yolox(output, 64, 32, 0.5)[0]) == 1
    assert len(decode.decode_yolov8(output.transpose(0, 2, 1), 0.5)[0]) == 1
    assert len(decode.decode_nanodet(zeros(1, 42, 33) + 0.1, 64, 32, (8, 16, 32), 7, 0.0, 0.5)[0]) == 0


@given(shape=shapes, values=st.lists(wild, min_size=1, max_size=20))
def test_any_density_is_people_or_refused(shape: list[int], values: list[float]) -> None:
    output = np.resize(np.array(values, dtype=np.float32), shape)
    try:
        points = decode_cells.decode_density(output, 64, 32)
    except ValueError:
        return
    assert np.isfinite(points).all()
    assert (points[:, 2] > 0).all()
    assert (points[:, :2] >= 0).all()
    assert (points[:, :2] <= (64, 32)).all()
