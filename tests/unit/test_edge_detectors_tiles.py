"""From any fire model's answer to the grid of the decision, and how change is measured."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.agent.detectors import decode_cells
from edge.agent.detectors.detector import alarm_scores
from edge.agent.detectors.manifest import ModelEntry
from edge.agent.detectors.tiles import COLUMNS, ROWS, ChangeMeter, FireDetector, picture_rows
from edge.agent.observation import FireGrid
from edge.agent.pipeline import Image

PLAIN: Image = np.full((180, 320, 3), 90, np.uint8)


class Answer:
    """A session that always says the same."""

    def __init__(self, output: npt.NDArray[np.float32]) -> None:
        self.output = output.astype(np.float32)

    def run(self, inputs: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        assert inputs.dtype == np.float32
        return self.output


def entry(kind: str, width_px: int = 320, height_px: int = 192, **more: object) -> ModelEntry:
    return ModelEntry.model_validate(
        {
            "name": "test",
            "version": "1",
            "task": "fire",
            "kind": kind,
            "file": "test.onnx",
            "sha256": "0" * 64,
            "width_px": width_px,
            "height_px": height_px,
            "fit": "stretch",
            "labels": {"flame": 0, "smoke": 1},
            "licence": "Apache-2.0",
            **more,
        }
    )


def look(of: ModelEntry, output: npt.NDArray[np.float32], image: Image = PLAIN) -> FireGrid:
    detector = FireDetector(of, Answer(output))  # type: ignore[arg-type]
    grid = detector.look(image).fire
    assert grid is not None
    return grid


def scene(columns: int = 10, rows: int = 6) -> npt.NDArray[np.float32]:
    """(1, 3, 1 + cells) logits: neither everywhere, flame in the whole picture, smoke in the fourth cell."""
    logits = np.zeros((1, 3, 1 + columns * rows), np.float32)
    logits[0, 2] = 9
    logits[0, :, 0] = (9, 0, 0)
    logits[0, :, 4] = (0, 9, 0)
    return logits


def test_a_scene_map_is_taken_cell_by_cell() -> None:
    grid = look(entry("scene_map"), scene())
    assert (grid.columns, grid.rows) == (10, 6)
    assert np.argmax(grid.smoke) == 3
    assert max(grid.smoke) > 0.99
    assert max(grid.flame) < 0.01
    assert grid.whole_flame > 0.99
    assert grid.whole_smoke < 0.01


def test_its_cells_are_drawn_where_they_lie_and_the_whole_is_not() -> None:
    detector = FireDetector(entry("scene_map"), Answer(scene()))  # type: ignore[arg-type]
    (only,) = detector.look(PLAIN).detections
    assert only.label == "smoke"
    assert only.box_xyxy_px == pytest.approx((96, 0, 128, 30))


def test_a_single_picture_is_judged_by_the_row_of_the_whole() -> None:
    of = entry("scene_map")
    scores = decode_cells.decode_scene_map(scene(), 320, 192)[1]
    assert alarm_scores(of, picture_rows(of, scores)) == pytest.approx([1.0], abs=1e-3)
    calm = scene()
    calm[0, :, 0] = (0, 0, 9)
    calmer = decode_cells.decode_scene_map(calm, 320, 192)[1]
    assert alarm_scores(of, picture_rows(of, calmer)).max() < 0.01
    assert len(picture_rows(entry("tile_map"), calmer)) == len(calmer)


@pytest.mark.parametrize("cells", [0, 1, 59, 61, 240])
def test_a_scene_map_of_another_size_is_refused_or_square(cells: int) -> None:
    logits = np.zeros((1, 3, 1 + cells), np.float32)
    if cells == 240:
        boxes, _ = decode_cells.decode_scene_map(logits, 320, 192)
        assert boxes[1].tolist() == [0, 0, 16, 16]
    else:
        with pytest.raises(ValueError, match=r"scene_map output|square"):
            decode_cells.decode_scene_map(logits, 320, 192)


@given(
    shape=st.lists(st.integers(0, 70), min_size=1, max_size=4),
    fill=st.sampled_from([0.0, float("nan"), float("inf"), -1e30]),
)
def test_whatever_comes_a_scene_map_is_read_or_refused(shape: list[int], fill: float) -> None:
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            boxes, scores = decode_cells.decode_scene_map(np.full(shape, fill, np.float32), 320, 192)
    except ValueError:
        return
    assert len(boxes) == len(scores)


def test_a_tile_map_keeps_its_own_grid() -> None:
    logits = np.zeros((1, 3, 3, 5), np.float32)
    logits[0, 2] = 9
    logits[0, :, 2, 1] = (9, 0, 0)
    grid = look(entry("tile_map", 320, 192), logits)
    assert (grid.columns, grid.rows) == (5, 3)
    assert np.argmax(grid.flame) == 11
    assert grid.whole_flame == 0


def test_boxes_are_laid_over_a_grid() -> None:
    """A box of a yolov8 model: the cells that it covers to a quarter, and a tiny one in its cell."""
    rows = np.array(
        [[96, 48, 64, 32, 0.9, 0.0], [304, 176, 8, 8, 0.0, 0.8], [200, 100, 10, 10, 0.01, 0.0]], np.float32
    )
    grid = look(entry("yolov8"), rows.T[None])
    assert (grid.columns, grid.rows) == (COLUMNS, ROWS)
    assert [i for i, v in enumerate(grid.flame) if v > 0] == [12, 13]
    assert [i for i, v in enumerate(grid.smoke) if v > 0] == [59]
    assert grid.flame[12] == pytest.approx(0.9)


def test_numbers_that_are_none_count_as_nothing() -> None:
    grid = look(entry("scene_map"), np.full((1, 3, 61), np.nan, np.float32))
    assert set(grid.flame) == {0.0}
    assert grid.whole_flame == 0.0


def test_change_is_where_it_is() -> None:
    meter = ChangeMeter(10, 6)
    assert max(meter.measure(PLAIN)[0]) == 0
    flicker = PLAIN.copy()
    flicker[150:180, 288:320] = 200  # the last cell
    changed, drifted = meter.measure(flicker)
    assert changed[59] > 0.9
    assert max(changed[:48]) == 0
    assert drifted[59] > 0.9
    changed, drifted = meter.measure(flicker)
    assert max(changed) == 0, "it stands still again"
    assert drifted[59] > 0.9, "but it is not what was usual"


def test_another_light_is_no_change() -> None:
    meter = ChangeMeter(10, 6)
    meter.measure(PLAIN)
    bright = cv2.convertScaleAbs(PLAIN, alpha=1, beta=60).astype(np.uint8)
    assert max(meter.measure(bright)[0]) == 0
    half = PLAIN.copy()
    half[:, :96] += 60  # a lamp that lights three of ten columns
    assert max(ChangeMeter(10, 6).measure(half)[0]) == 0
    changed, _ = meter.measure(half)
    assert changed[0] > 0.9
    assert changed[9] == 0


def test_what_stays_becomes_usual_and_noise_is_no_change() -> None:
    meter, rng = ChangeMeter(10, 6), np.random.default_rng(1)
    meter.measure(PLAIN)
    moved = PLAIN.copy()
    moved[:60, :64] = 200
    assert meter.measure(moved)[1][0] > 0.9
    for _ in range(400):
        noisy = np.clip(moved.astype(np.int16) + rng.normal(0, 4, moved.shape), 0, 255).astype(np.uint8)
        changed, drifted = meter.measure(noisy)
    assert max(changed) < 0.04
    assert max(drifted) < 0.04
