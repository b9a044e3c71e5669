"""The arithmetic of evaluation, against values worked out by hand and against slow, plain loops."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.measuring.coco import find_truth, read_people
from edge.measuring.counting import count_errors
from edge.measuring.pictures import parse_where, read_picture, read_rows
from edge.measuring.precision import Boxes, Judged, average_precision
from edge.measuring.ranking import auc, tpr_at_fpr
from redwhistle.errors import ConfigurationError


def scores(*values: float) -> Boxes:
    return np.array(values, dtype=np.float64)


def test_auc_counts_pairs_and_half_of_the_ties() -> None:
    # .8 > .5, .8 > .2, .5 = .5, .5 > .2: 3.5 of 4 pairs.
    assert auc(scores(0.8, 0.5), scores(0.5, 0.2)) == pytest.approx(0.875)
    assert auc(scores(1, 1), scores(1, 1, 1)) == pytest.approx(0.5)
    assert auc(scores(), scores(1)) is None
    assert auc(scores(1), scores()) is None


def test_tpr_at_fpr_lets_no_more_alarms_through_than_allowed() -> None:
    others = np.arange(100) / 100
    # One of a hundred may alarm: .99; the threshold lies above .98.
    assert tpr_at_fpr(scores(0.985, 0.99, 0.5, 1.0), others, 0.01) == pytest.approx(0.75)
    assert tpr_at_fpr(scores(0.985, 0.99, 0.5, 1.0), others, 0.05) == pytest.approx(0.75)
    # With ten others 1 % is none of them; a tie with the highest of them is no alarm.
    assert tpr_at_fpr(scores(0.9, 0.95), scores(0.9, *np.zeros(9)), 0.01) == pytest.approx(0.5)
    # Two others share the best score: letting one through lets both through.
    assert tpr_at_fpr(scores(0.9), scores(0.9, 0.9, *np.zeros(98)), 0.01) == 0
    assert tpr_at_fpr(scores(0.1), scores(0.9), 1.0) == 1
    assert tpr_at_fpr(scores(), scores(1), 0.01) is None


coarse = st.lists(st.integers(0, 8).map(lambda i: i / 8), min_size=1, max_size=30)


@given(coarse, coarse, st.sampled_from([0.0, 0.01, 0.05, 0.2, 0.5]))
def test_ranking_agrees_with_plain_loops(alarms: list[float], others: list[float], fpr_max: float) -> None:
    pairs = list(itertools.product(alarms, others))
    plain_auc = sum((a > b) + 0.5 * (a == b) for a, b in pairs) / len(pairs)
    assert auc(scores(*alarms), scores(*others)) == pytest.approx(plain_auc)
    thresholds = [*{*alarms, *others}, 2.0]
    allowed = [t for t in thresholds if sum(o >= t for o in others) <= fpr_max * len(others) + 1e-9]
    plain_tpr = max(sum(a >= t for a in alarms) for t in allowed) / len(alarms)
    assert tpr_at_fpr(scores(*alarms), scores(*others), fpr_max) == pytest.approx(plain_tpr)


def test_count_errors() -> None:
    errors = count_errors([0, 1, 8, 13, 5], [0, 0, 10, 10, 5])
    assert errors is not None
    # Errors 0, 1, 2, 3, 0; a true 0 must be 0, 8 of 10 is within a fifth, 13 of 10 is not.
    assert (errors.mae, errors.within_20pct, errors.bias) == pytest.approx((6 / 5, 3 / 5, 2 / 5))
    assert count_errors([], []) is None


def judged(
    found: list[tuple[float, ...]], true: list[tuple[float, ...]], ignored: list[bool] | None = None
) -> Judged:
    """`found`: x1, y1, x2, y2, score."""
    rows = np.array(found, dtype=np.float64).reshape(-1, 5)
    boxes = np.array(true, dtype=np.float64).reshape(-1, 4)
    return Judged(rows[:, :4], rows[:, 4], boxes, np.array(ignored or [False] * len(true), dtype=bool))


A, B = (0.0, 0.0, 10.0, 10.0), (20.0, 0.0, 30.0, 10.0)


def test_average_precision_by_hand() -> None:
    first = judged([(*A, 0.9), (50, 50, 60, 60, 0.8)], [A, B])
    second = judged([(0, 0, 10, 9, 0.7)], [A])
    # Ranked: right, wrong, right; of 3 true boxes. Recall 1/3 at precision 1, 2/3 at 2/3: 34 and 33 of 101 points.
    assert average_precision([first, second]) == pytest.approx((34 + 33 * 2 / 3) / 101)


def test_average_precision_of_all_and_of_nothing() -> None:
    assert average_precision([judged([(*A, 0.9), (*B, 0.2)], [A, B])]) == pytest.approx(1)
    assert average_precision([judged([], [A])]) == 0
    assert average_precision([judged([(*A, 0.9)], [])]) is None
    assert average_precision([]) is None


def test_a_true_box_is_taken_once_and_the_overlap_is_half_or_more() -> None:
    # The second detection of A is wrong, and comes before B's: precision 1, 1/2, 2/3.
    twice = average_precision([judged([(*A, 0.9), (*A, 0.8), (*B, 0.7)], [A, B])])
    assert twice == pytest.approx((51 + 50 * 2 / 3) / 101)
    assert average_precision([judged([(0, 0, 10, 5, 0.9)], [A])]) == pytest.approx(1)  # exactly 0.5
    assert average_precision([judged([(0, 0, 10, 4.9, 0.9)], [A])]) == 0


def test_a_group_neither_rewards_nor_punishes() -> None:
    on_group = judged([(41, 1, 49, 9, 0.95), (*A, 0.9)], [A, (40, 0, 80, 10)], [False, True])
    assert average_precision([on_group]) == pytest.approx(1)


def test_a_box_takes_the_free_true_box_that_fits_best() -> None:
    near, nearer = (0, 0, 10, 10), (2, 0, 12, 10)
    both = judged([(2, 0, 12, 10, 0.9), (0, 0, 10, 10, 0.8)], [near, nearer])
    assert average_precision([both]) == pytest.approx(1)


def test_lists_are_read_and_chosen_from(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("\ufefffile,label,split,source\na.jpg,fire,val,x\nb.jpg,normal,train,y\n,fire,val,x\n")
    rows = read_rows(path, "label", parse_where(["split=val"]))
    assert [(row.file, row.source, row.columns["label"]) for row in rows] == [("a.jpg", "x", "fire")]
    with pytest.raises(ConfigurationError, match="columns missing: count"):
        read_rows(path, "count", {})
    with pytest.raises(ConfigurationError, match="COLUMN=VALUE"):
        parse_where(["split"])
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_rows(tmp_path / "absent.csv", "label", {})


@given(data=st.binary(max_size=300))
def test_any_bytes_are_a_list_or_a_clear_error(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(data)
    said = "read"
    for read in (lambda: read_rows(path, "label", {}), lambda: read_people(path)):
        try:
            read()
        except ConfigurationError as error:
            said = str(error)
        assert said == "read" or str(path) in said
    assert read_picture(path.parent, "any") is None


def test_coco_people_are_read(tmp_path: Path) -> None:
    path = tmp_path / "annotations.json"
    images = [
        {"id": 1, "file_name": "images/a.jpg", "width": 100, "height": 50},
        {"id": 2, "file_name": "images/b.jpg", "width": 10, "height": 10, "annotation": "head_points"},
        {"id": 3, "file_name": "c.jpg", "width": 10, "height": 10, "annotation": "boxes"},
    ]
    boxes = [
        {"image_id": 1, "category_id": 7, "bbox": [10, 20, 30, 15]},
        {"image_id": 1, "category_id": 7, "bbox": [0, 0, 50, 50], "iscrowd": 1},
        {"image_id": 1, "category_id": 8, "bbox": [1, 1, 1, 1]},
    ]
    categories = [{"id": 7, "name": "person"}, {"id": 8, "name": "dog"}]
    path.write_text(json.dumps({"images": images, "annotations": boxes, "categories": categories}))
    truths = read_people(path)
    assert truths["images/a.jpg"].boxes_xyxy.tolist() == [[10, 20, 40, 35], [0, 0, 50, 50]]
    assert truths["images/a.jpg"].groups.tolist() == [False, True]
    assert find_truth(truths, "images/b.jpg") is None
    found = find_truth(truths, "elsewhere/c.jpg")
    assert found is not None
    assert found.boxes_xyxy.shape == (0, 4)
