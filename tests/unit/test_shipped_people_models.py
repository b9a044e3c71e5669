"""The shipped models for people and crowds are as good as their cards say: on drawn people always, on pictures when there.

Whoever replaces a model by a worse one, with its checksum, is stopped here.
"""

from functools import partial
from typing import cast

import numpy as np
import pytest

from edge.agent.detectors.density import CrowdCounter, count_of
from edge.agent.detectors.models import Models, OpenedModel
from edge.agent.detectors.shipped import shipped_models
from edge.agent.policy.handover import CountMode
from edge.measuring.coco import read_people
from edge.measuring.people import StillCounter, count_pictures, summarise_people
from edge.measuring.pictures import read_picture, read_rows
from models.training.drawing import draw_square, draw_street
from tests.shared_data import SHARED_DATA, shared_files


def opened(task: str) -> OpenedModel:
    model = Models(shipped_models()).open("crowd" if task == "crowd" else "people")
    assert model is not None
    assert not model.last_good
    return model


@pytest.fixture(scope="module")
def people() -> StillCounter:
    return StillCounter(CountMode.PEOPLE, opened("people"), None)


@pytest.fixture(scope="module")
def crowd() -> CrowdCounter:
    model = opened("crowd")
    return CrowdCounter(model.entry, model.session)


@pytest.fixture(scope="module")
def auto() -> StillCounter:
    return StillCounter(CountMode.AUTO, opened("people"), opened("crowd"))


@pytest.mark.parametrize("height_px", [60, 90, 140])
@pytest.mark.parametrize("number", [0, 1, 2, 4, 6])
def test_drawn_people_apart_from_each_other_are_counted(
    people: StillCounter, number: int, height_px: int
) -> None:
    picture = draw_street(number, height_px)
    assert people.count(picture, people.boxes(picture, 0.01)) == number


def test_drawn_people_are_found_where_they_stand(people: StillCounter) -> None:
    boxes = [b.box_xyxy_px for b in people.boxes(draw_street(4, 140), 0.4)]
    middles = sorted((x1 + x2) / 2 for x1, _, x2, _ in boxes)
    np.testing.assert_allclose(middles, [80, 240, 400, 560], atol=8)
    assert all(110 <= y2 - y1 <= 170 for _, y1, _, y2 in boxes)


def test_in_mode_auto_the_few_keep_their_boxes(auto: StillCounter) -> None:
    few = draw_street(4, 140)
    assert auto.count(few, auto.boxes(few, 0.01)) == 4


@pytest.mark.parametrize("task", ["people", "crowd"])
def test_the_file_is_small_enough_for_a_box(task: str) -> None:
    entry = opened(task).entry
    assert (shipped_models() / entry.file).stat().st_size <= 4_000_000
    assert entry.card is not None
    assert (shipped_models() / entry.card).is_file()


@pytest.mark.parametrize(("number", "height_px", "least"), [(20, 60, 15), (40, 60, 30), (40, 110, 26)])
def test_many_drawn_people_are_found_as_well_as_ever(
    people: StillCounter, number: int, height_px: int, least: int
) -> None:
    """They hide each other, so that not all can be found: what was found when the model was made, and little less."""
    pictures = [draw_square(number, height_px, seed) for seed in (1, 2, 3)]
    found = [people.count(picture, people.boxes(picture, 0.01)) for picture in pictures]
    assert least <= np.mean(found) <= number + 1


@pytest.mark.parametrize(
    ("number", "height_px", "least"), [(0, 60, 0), (20, 60, 16), (60, 60, 38), (120, 40, 69), (250, 30, 124)]
)
def test_drawn_crowds_weigh_as_much_as_ever(
    crowd: CrowdCounter, number: int, height_px: int, least: int
) -> None:
    """Drawn people are too few to it, and nobody is nobody."""
    pictures = [draw_square(number, height_px, seed) for seed in (1, 2, 3)]
    weighed = float(np.mean([count_of(crowd.look(picture)) for picture in pictures]))
    assert least <= weighed <= number + 0.5


def test_people_who_stand_close_are_weighed_too(crowd: CrowdCounter) -> None:
    assert count_of(crowd.look(draw_street(4, 140))) == pytest.approx(4, abs=0.7)


def test_in_mode_auto_a_crowd_is_weighed(auto: StillCounter) -> None:
    many = draw_square(60, 60, 1)
    assert auto.count(many, auto.boxes(many, 0.01)) >= 38


def figures(counter: StillCounter, mode: CountMode, source: str) -> dict[str, object]:
    """Of the val pictures of a source."""
    folder = SHARED_DATA / "people"
    rows = read_rows(folder / "counts.csv", "count", {"split": "val", "source": source})
    truths = read_people(folder / "annotations.json")
    run = count_pictures(counter, rows, partial(read_picture, folder), truths, lambda _done, _of: None)
    assert not run.unreadable
    return summarise_people(run, mode, None)


if shared_files("people/counts.csv"):

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("source", "mae_max", "ap50_min"),
        [("khiem_ppe_site_cams", 0.75, 0.64), ("coco2017_lightly", 1.1, 0.60)],
    )
    def test_people_of_the_data_folder(
        people: StillCounter, source: str, mae_max: float, ap50_min: float
    ) -> None:
        found = figures(people, CountMode.PEOPLE, source)
        assert cast("float", found["count_mae"]) <= mae_max
        assert cast("float", found["ap50"]) >= ap50_min

    @pytest.mark.slow
    def test_crowds_of_the_data_folder(auto: StillCounter) -> None:
        """Every picture is a crowd; the mean is 125."""
        assert cast("float", figures(auto, CountMode.AUTO, "shanghaitech_B")["count_mae"]) <= 23
