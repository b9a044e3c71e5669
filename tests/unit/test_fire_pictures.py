"""What fire-smoke learns from where people are: their pictures are normal ones, whatever they wear."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.training.fire.augment import Augmenter
from models.training.fire.clothing import dress
from models.training.fire.light import lamplit
from models.training.fire.pictures import CLASS_OF, Corners, Image, Picture, read_people, read_visitors

WIDTH, HEIGHT = 80, 60
PERSON = Corners(0.4, 0.2, 0.6, 0.9)
BLUE = (150, 70, 40)


def room_with_person() -> Image:
    """A grey room, and somebody in blue."""
    image = np.full((HEIGHT, WIDTH, 3), 120, np.uint8)
    image[int(PERSON.y1 * HEIGHT) : int(PERSON.y2 * HEIGHT), 34:46] = BLUE
    return image


@given(st.integers(0, 2**32))
def test_a_garment_takes_a_colour_of_fire_and_the_room_keeps_its_own(seed: int) -> None:
    image = room_with_person()
    assert dress(np.random.default_rng(seed), image, PERSON)
    changed = (image != room_with_person()).any(axis=2)
    rows, columns = np.nonzero(changed)
    assert rows.min() >= int(PERSON.y1 * HEIGHT)
    assert rows.max() < int(np.ceil(PERSON.y2 * HEIGHT))
    assert columns.min() >= int(PERSON.x1 * WIDTH)
    assert columns.max() < int(np.ceil(PERSON.x2 * WIDTH))
    hsv = cv2.cvtColor(image[:, 38:42], cv2.COLOR_BGR2HSV)
    worn = hsv[changed[:, 38:42]]
    warm = (worn[:, 0] <= 45) & (worn[:, 1] > 100)
    bands = worn[:, 1] < 100
    assert warm.mean() > 0.5
    assert (warm | bands).mean() > 0.8


@given(
    st.integers(0, 2**32),
    st.tuples(*[st.floats(-0.5, 1.5)] * 4),
    st.integers(1, 40),
    st.integers(1, 40),
)
def test_any_corners_of_any_picture_can_be_tried(
    seed: int, corners: tuple[float, float, float, float], width: int, height: int
) -> None:
    image = np.full((height, width, 3), 90, np.uint8)
    if not dress(np.random.default_rng(seed), image, Corners(*corners)):
        assert (image == 90).all()


def test_who_is_too_small_stays_as_they_are() -> None:
    image = room_with_person()
    assert not dress(np.random.default_rng(1), image, Corners(0.4, 0.2, 0.42, 0.3))
    np.testing.assert_array_equal(image, room_with_person())


@given(st.integers(0, 2**32))
def test_a_view_of_people_is_a_normal_one_everywhere(seed: int) -> None:
    picture = Picture("p", CLASS_OF["normal"], "s", "g", room_with_person(), (), True, (PERSON,))
    view = Augmenter([picture]).plain(picture, np.random.default_rng(seed))
    assert view.label == CLASS_OF["normal"]
    assert (view.cells == CLASS_OF["normal"]).all()
    np.testing.assert_array_equal(picture.image_bgr, room_with_person())  # the next view begins from it again


@given(st.floats(0.1, 1.6), st.integers(0, 255))
def test_lamps_make_grey_things_warm_and_black_stays_black(warmth: float, brightness: int) -> None:
    image = np.zeros((2, 3, 3), np.uint8)
    image[1] = brightness
    lit = lamplit(image, warmth)
    assert lit.dtype == np.uint8
    blue, green, red = lit[1, 0].tolist()
    assert red >= green >= blue
    assert red > blue or brightness * warmth < 6
    assert (lit[0] == 0).all()


@given(st.integers(0, 255))
def test_light_without_warmth_changes_nothing_but_by_rounding(brightness: int) -> None:
    image = np.full((2, 2, 3), brightness, np.uint8)
    assert np.abs(lamplit(image, 0.0).astype(int) - brightness).max() <= 1


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four pictures of people: one for training with a box, and three that are not for it."""
    entries = [
        {"id": 1, "file_name": "images/a.png", "source": "yard", "split": "train", "annotation": "boxes"},
        {"id": 2, "file_name": "images/b.png", "source": "yard", "split": "val", "annotation": "boxes"},
        {"id": 3, "file_name": "images/c.png", "source": "crowd", "split": "train", "annotation": "head_points"},
        {"id": 4, "file_name": "images/d.png", "source": "coco2017_lightly", "split": "train", "annotation": "boxes"},
    ]  # fmt: skip
    for entry in entries:
        entry |= {"width": 800, "height": 600, "group": "one", "count": 1, "head_points": []}
    (tmp_path / "people" / "images").mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "people" / "images" / "a.png"), np.full((600, 800, 3), 9, np.uint8))
    notes = {"images": entries, "annotations": [{"image_id": 1, "bbox": [400, 300, 200, 150]}]}
    (tmp_path / "people" / "annotations.json").write_text(json.dumps(notes))
    return tmp_path


def test_pictures_of_people_are_read_with_their_boxes_and_only_those_meant(folder: Path) -> None:
    (picture,) = read_people(folder, "train")
    assert (picture.label, picture.complete, picture.boxes) == (CLASS_OF["normal"], True, ())
    assert picture.people == (Corners(0.5, 0.5, 0.75, 0.75),)
    assert picture.image_bgr.shape == (240, 320, 3)


def test_visitors_are_whoever_is_tall_enough_in_everyday_pictures_close_by(folder: Path) -> None:
    notes_file = folder / "people" / "annotations.json"
    notes = json.loads(notes_file.read_text())
    for image, box in ((4, [0, 0, 100, 402]), (4, [780, 100, 60, 199]), (1, [0, 0, 100, 402])):
        notes["annotations"].append({"image_id": image, "bbox": box})
    notes_file.write_text(json.dumps(notes))
    cv2.imwrite(str(folder / "people" / "images" / "d.png"), np.full((600, 800, 3), 9, np.uint8))
    (visitor,) = read_visitors(folder)
    assert (visitor.source, visitor.group) == ("coco2017_lightly", "coco2017_lightly/close/d.png")
    assert (visitor.label, visitor.complete) == (CLASS_OF["normal"], True)
    # 0.55 of 402 px of height, from a seventh above the head; the picture ends at its rim.
    assert visitor.image_bgr.shape == (187, 234, 3)


def test_a_picture_that_is_missing_is_named(folder: Path) -> None:
    with pytest.raises(SystemExit, match=r"b\.png: cannot be read"):
        read_people(folder, "val")
