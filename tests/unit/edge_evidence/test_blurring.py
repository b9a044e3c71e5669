"""What leaves a box shows no face: patterns where a face would be cannot be read back from the JPEG."""

import math

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.agent.evidence.blurring import (
    FRAME_CELLS,
    FRAME_CELLS_WITH_MODEL,
    OUTPUT_SIDE_PX,
    Blurred,
    blur,
    encode,
)
from edge.agent.pipeline import Image
from redwhistle.contracts.evidence import Method
from redwhistle.contracts.wire import MAX_EVIDENCE_BYTES

GROUND = (96, 104, 92)
Codes = npt.NDArray[np.bool_]


def scene(width_px: int = 640, height_px: int = 360) -> Image:
    picture = np.full((height_px, width_px, 3), GROUND, dtype=np.uint8)
    noise = np.random.default_rng(3).normal(0, 6, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def put_code(picture: Image, x: int, y: int, side_px: int, modules: int, seed: int = 7) -> Codes:
    """A square of black and white modules where a face would be: eyes, nose and mouth are no finer than these."""
    code = np.random.default_rng(seed).random((modules, modules)) < 0.5
    large = cv2.resize(code.astype(np.uint8) * 255, (side_px, side_px), interpolation=cv2.INTER_NEAREST)
    picture[y : y + side_px, x : x + side_px] = large[:, :, None]
    return code


def read_code(jpeg: bytes, frame: Image, x: int, y: int, side_px: int, modules: int) -> Codes:
    """The best reading: at the frame's own size, each module against its neighbourhood."""
    decoded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert decoded is not None
    grey = cv2.resize(decoded, (frame.shape[1], frame.shape[0]), interpolation=cv2.INTER_CUBIC).astype(float)
    face = cv2.resize(
        grey[y : y + side_px, x : x + side_px], (modules, modules), interpolation=cv2.INTER_AREA
    )
    return np.asarray(face > np.median(face))


def agreement(found: Codes, code: Codes) -> float:
    """1: read; 0.5: chance."""
    share = float((found == code).mean())
    return max(share, 1 - share)


def plain_jpeg(frame: Image) -> bytes:
    done, encoded = cv2.imencode(".jpg", frame)
    assert done
    return encoded.tobytes()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("side_px", "people"),
    [
        (32, None),  # a head of a whole person, no model
        (64, None),  # a head that is nearly a fifth of the frame's height, no model
        (64, [(280.0, 80.0, 400.0, 340.0)]),  # the same person, found
        (120, [(260.0, 60.0, 460.0, 360.0)]),  # a bust close to the camera, found
        (32, []),  # a model looked and missed somebody far away
    ],
)
def test_a_code_in_the_place_of_a_face_cannot_be_read(
    side_px: int, people: list[tuple[float, float, float, float]] | None, seed: int
) -> None:
    """16 by 16 is where people begin to know a face. Chance agrees in half of the modules; guessing each cell's
    majority in a little more."""
    frame = scene()
    modules = 16
    code = put_code(frame, 300, 90, side_px, modules, seed)
    assert agreement(read_code(plain_jpeg(frame), frame, 300, 90, side_px, modules), code) > 0.9
    jpeg, _ = encode(blur(frame, people, ()))
    assert agreement(read_code(jpeg, frame, 300, 90, side_px, modules), code) < 0.75


def test_two_faces_of_one_brightness_give_the_same_picture() -> None:
    """Within a cell nothing is left but the mean."""
    left, right = scene(), scene()
    for frame, first, second in ((left, 40, 200), (right, 200, 40)):
        frame[100:120:2, 300:320] = first
        frame[101:120:2, 300:320] = second
    assert encode(blur(left, None, ()))[0] == encode(blur(right, None, ()))[0]


def test_flames_keep_their_colour() -> None:
    frame = scene()
    frame[200:236, 300:364] = (20, 120, 250)
    jpeg, (width_px, height_px) = encode(blur(frame, None, ()))
    decoded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    blue, green, red = decoded[218 * height_px // 360, 332 * width_px // 640].tolist()
    assert red > 200
    assert 80 < green < 160
    assert blue < 70


def test_masks_stay_black() -> None:
    frame = scene()
    mask = ((0.5, 0.0), (1.0, 0.0), (1.0, 0.5), (0.5, 0.5))
    frame[:180, 320:] = 255
    for people in (None, [(300.0, 100.0, 420.0, 300.0)]):
        jpeg, _ = encode(blur(frame, people, (mask,)))
        decoded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert decoded is not None
        assert decoded[:172, 328:].max() < 40


def test_the_method_says_what_was_done() -> None:
    assert blur(scene(), None, ()).method is Method.WHOLE_FRAME
    with_people = blur(scene(), [(10.0, 10.0, 60.0, 200.0)] * 3, ())
    assert (with_people.method, with_people.people) == (Method.PEOPLE_AND_FRAME, 3)


def test_nobody_else_makes_a_blurred_picture() -> None:
    with pytest.raises(TypeError, match="blur"):
        Blurred(object(), scene(), 0, Method.WHOLE_FRAME)


sides = st.integers(1, 1920)
numbers = st.floats(-3000, 3000) | st.sampled_from([math.nan, math.inf, -math.inf])


@settings(max_examples=60)
@given(
    sides,
    sides,
    st.none() | st.lists(st.tuples(numbers, numbers, numbers, numbers), max_size=5),
    st.integers(0, 99),
)
def test_any_frame_and_any_boxes_give_a_small_coarse_jpeg(
    width_px: int, height_px: int, people: list[tuple[float, float, float, float]] | None, seed: int
) -> None:
    small = np.random.default_rng(seed).integers(
        0, 256, (max(height_px // 8, 1), max(width_px // 8, 1), 3), np.uint8
    )
    frame = np.asarray(
        cv2.resize(small, (width_px, height_px), interpolation=cv2.INTER_NEAREST), dtype=np.uint8
    )
    blurred = blur(frame, people, ())
    jpeg, size = encode(blurred)
    assert len(jpeg) <= MAX_EVIDENCE_BYTES
    assert size == blurred.size_px
    assert max(size) <= OUTPUT_SIDE_PX
    if not people:
        cells = FRAME_CELLS if people is None else FRAME_CELLS_WITH_MODEL
        pixels = blurred._pixels_bgr
        assert 1 + int(np.count_nonzero(np.any(np.diff(pixels[0].astype(int), axis=0), axis=1))) <= cells
        assert 1 + int(np.count_nonzero(np.any(np.diff(pixels[:, 0].astype(int), axis=0), axis=1))) <= cells


@settings(max_examples=60)
@given(st.integers(0, 560), st.integers(0, 300), st.integers(8, 300), st.integers(8, 300), st.integers(0, 99))
def test_a_person_is_a_few_cells(x: int, y: int, width_px: int, height_px: int, seed: int) -> None:
    frame = np.random.default_rng(seed).integers(0, 256, (360, 640, 3), np.uint8)
    right, bottom = min(x + width_px, 640), min(y + height_px, 360)
    pixels = blur(frame, [(float(x), float(y), float(right), float(bottom))], ())._pixels_bgr
    person = pixels[y:bottom, x:right]
    for line in (person[(bottom - y) // 2], person[:, (right - x) // 2]):
        assert 1 + int(np.count_nonzero(np.any(np.diff(line.astype(int), axis=0), axis=1))) <= 6
