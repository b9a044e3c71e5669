"""What training changes about a picture: boxes go where their people go."""

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st

from models.training.people.augment import Sample, mirror, mosaic, place, turn

Boxes = npt.NDArray[np.float32]
NOBODY = np.zeros((0, 4), np.float32)
WHITE = 255


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    """A dark picture with one bright person."""
    width, height = draw(st.integers(24, 90)), draw(st.integers(24, 90))
    x1, y1 = draw(st.integers(0, width - 12)), draw(st.integers(0, height - 12))
    x2, y2 = draw(st.integers(x1 + 10, width)), draw(st.integers(y1 + 10, height))
    image = np.zeros((height, width, 3), np.uint8)
    image[y1:y2, x1:x2] = WHITE
    return Sample(image, np.array([[x1, y1, x2, y2]], np.float32), NOBODY)


def bright(image: npt.NDArray[np.uint8]) -> Boxes:
    """The box of what is bright."""
    ys, xs = np.nonzero(image[..., 0] > WHITE // 2)
    return np.array([[xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]], np.float32)


@given(samples(), st.booleans())
def test_turning_takes_the_box_along(sample: Sample, left: bool) -> None:
    turned = turn(sample, left=left)
    np.testing.assert_array_equal(turned.people, bright(turned.image))
    assert turned.image.shape[:2] == sample.image.shape[1::-1]


@given(samples(), st.booleans())
def test_turning_back_gives_the_same(sample: Sample, left: bool) -> None:
    back = turn(turn(sample, left=left), left=not left)
    np.testing.assert_array_equal(back.image, sample.image)
    np.testing.assert_array_equal(back.people, sample.people)


@given(samples())
def test_mirroring_takes_the_box_along(sample: Sample) -> None:
    mirrored = mirror(sample)
    np.testing.assert_array_equal(mirrored.people, bright(mirrored.image))


@given(samples(), st.integers(0, 2**32))
def test_placing_takes_the_box_along_or_leaves_it_out_of_the_loss(sample: Sample, seed: int) -> None:
    placed = place(np.random.default_rng(seed), sample, 96, 64, 0.8, 1.6)
    assert placed.image.shape == (64, 96, 3)
    assert len(placed.people) + len(placed.ignored) <= 1
    if len(placed.people):
        np.testing.assert_allclose(placed.people, bright(placed.image), atol=4)  # enlarged edges blur


@given(st.lists(samples(), min_size=4, max_size=4), st.integers(0, 2**32))
def test_of_four_pictures_every_box_stays_in_sight(four: list[Sample], seed: int) -> None:
    together = mosaic(np.random.default_rng(seed), four, 96, 64)
    boxes = np.concatenate([together.people, together.ignored])
    assert (boxes >= 0).all()
    assert (boxes <= np.array([96, 64, 96, 64])).all()
    assert len(boxes) <= 4
