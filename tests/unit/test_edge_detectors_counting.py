"""A crowd model's map becomes weighted points; two models count as one detector; zones and readings take the points."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.agent.detectors.counting import Counting, CountingDetector
from edge.agent.detectors.density import CrowdCounter, count_of, gather
from edge.agent.detectors.manifest import ModelEntry
from edge.agent.observation import Detection, EventSeen, FrameSeen, Moment, Observation, ReadingSeen
from edge.agent.pipeline import CameraPipeline, Found, Frame, Image
from edge.agent.policy import camera
from edge.agent.policy.camera import CameraRules
from edge.agent.policy.crowd import ZoneRules
from edge.agent.policy.handover import CountMode
from edge.agent.policy.sight import Sight
from redwhistle.contracts.events import CrowdData
from redwhistle.errors import SourceError

Floats = npt.NDArray[np.float32]
LEFT = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))


def entry(width_px: int = 64, height_px: int = 64) -> ModelEntry:
    return ModelEntry.model_validate(
        {
            "name": "dense",
            "version": "1",
            "task": "crowd",
            "kind": "density",
            "file": "dense.onnx",
            "sha256": "0" * 64,
            "width_px": width_px,
            "height_px": height_px,
            "labels": {"head": 0},
            "licence": "none",
        }
    )


class _Session:
    """Answers with one map, and counts how often it is asked."""

    def __init__(self, cells: Floats) -> None:
        self.cells = cells
        self.runs = 0

    def run(self, _: Floats) -> Floats:
        self.runs += 1
        return self.cells


def counter(cells: npt.ArrayLike, **sides: int) -> tuple[CrowdCounter, _Session]:
    session = _Session(np.asarray(cells, dtype=np.float32))
    return CrowdCounter(entry(**sides), session), session  # type: ignore[arg-type]


def one_cell(row: int, column: int, people: float, cells: int = 8) -> Floats:
    density = np.zeros((1, 1, cells, cells), np.float32)
    density[0, 0, row, column] = people
    return density


def test_a_cell_is_a_point_in_pixels_of_the_picture() -> None:
    # 128 x 96 into 64 x 64: half as large, the lower quarter is padding.
    points = counter(one_cell(2, 5, 3.0))[0].look(np.zeros((96, 128, 3), np.uint8))
    np.testing.assert_allclose(points, [[(5 + 0.5) * 16, (2 + 0.5) * 16, 3.0]], rtol=1e-6)


def test_what_lies_in_the_padding_is_drawn_to_the_rim() -> None:
    points = counter(one_cell(7, 0, 1.0))[0].look(np.zeros((96, 128, 3), np.uint8))
    assert points[0, 1] == 96


@given(
    st.lists(
        st.tuples(st.floats(0, 640, width=32), st.floats(0, 480, width=32), st.floats(0.0625, 5, width=32)),
        max_size=60,
    )
)
def test_gathering_keeps_the_count_and_stays_among_the_cells(cells: list[tuple[float, float, float]]) -> None:
    given_cells = np.array(cells, np.float32).reshape(-1, 3)
    points = gather(given_cells)
    assert count_of(points) == pytest.approx(given_cells[:, 2].sum(dtype=np.float64), rel=1e-4)
    assert len(points) <= len(given_cells)
    for x, y, _ in points:
        near = np.abs(given_cells[:, :2] - [x, y]).max(axis=1)
        assert near.min() <= 32


def test_an_output_of_another_shape_is_the_models_fault() -> None:
    with pytest.raises(SourceError, match="density output"):
        counter(np.zeros((1, 2, 8, 8)))[0].look(np.zeros((64, 64, 3), np.uint8))


class _People:
    """A detector that finds so many people."""

    labels = frozenset({"person"})
    model = "people 1"

    def __init__(self, boxes: int) -> None:
        self.boxes = boxes

    def look(self, _: Image) -> Found:
        box = (1.0, 1.0, 5.0, 9.0)
        return Found(detections=(Detection("person", 0.9, box),) * self.boxes)


PICTURE = np.zeros((64, 64, 3), np.uint8)


def test_few_people_have_boxes_and_the_crowd_model_looks_every_five_seconds() -> None:
    crowd, session = counter(one_cell(1, 1, 1.0))
    detector = CountingDetector(_People(2), crowd, Counting(looks_per_s=2.0))
    found = [detector.look(PICTURE) for _ in range(21)]
    assert all(each.crowd_points is None and len(each.detections) == 2 for each in found)
    assert session.runs == 3
    assert (detector.labels, detector.model) == (frozenset({"person"}), "people 1")


def test_many_boxes_make_the_crowd_model_count_and_the_boxes_stay() -> None:
    crowd, _ = counter(one_cell(1, 1, 40.0))
    found = CountingDetector(_People(11), crowd, Counting()).look(PICTURE)
    assert len(found.detections) == 11
    assert found.crowd_points == ((12.0, 12.0, 40.0),)


def test_without_boxes_the_crowd_model_counts_alone() -> None:
    crowd, session = counter(one_cell(1, 1, 3.0))
    detector = CountingDetector(None, crowd, Counting(mode=CountMode.CROWD))
    assert [detector.look(PICTURE).crowd_points for _ in range(4)] == [((12.0, 12.0, 3.0),)] * 4
    assert session.runs == 4
    assert (detector.labels, detector.model) == (frozenset({"person"}), "dense 1")


def look(points: tuple[tuple[float, float, float], ...], seconds: int) -> list[Observation]:
    """A camera of 100 x 100 px with a zone on its left half, limit 20, over so many seconds."""
    rules = CameraRules(zones=(ZoneRules(name="left", polygon=LEFT, limit=20, for_s=3),), reading_every_s=5)
    state = camera.begin(rules)
    said: list[Observation] = []
    for second in range(seconds + 1):
        frame = FrameSeen("cam", Moment(0, second * 1000, synced=True), 100, 100, crowd_points=points)
        state, more = camera.look(rules, Sight(people=True), state, frame)
        said.extend(more)
    return said


def test_a_zone_weighs_the_points_inside_it_and_the_reading_takes_all() -> None:
    said = look(((10.0, 90.0, 12.4), (49.0, 10.0, 13.4), (51.0, 10.0, 30.0)), 5)
    (event,) = [each for each in said if isinstance(each, EventSeen)]
    assert isinstance(event.data, CrowdData)
    assert (event.data.count, event.data.basis, event.data.zone) == (26, "people", "left")
    counts = [each.value for each in said if isinstance(each, ReadingSeen) and each.metric == "people_count"]
    assert counts == [56.0]


def test_points_outside_the_zone_form_no_crowd_there() -> None:
    assert not [each for each in look(((90.0, 90.0, 300.0),), 10) if isinstance(each, EventSeen)]


class _Sink:
    def event(self, seen: EventSeen) -> None: ...

    def reading(self, seen: ReadingSeen) -> None: ...


class _Witness:
    """Notes which boxes it was given."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def wants(self, _device: str) -> bool:
        return True

    def see(self, _device: str, _frame: Frame, people_xyxy_px: object) -> None:
        self.told.append(people_xyxy_px)


@pytest.mark.parametrize(("boxes", "all_known"), [(3, True), (30, False)])
def test_the_picture_of_a_crowd_is_blurred_as_if_no_model_had_looked(boxes: int, all_known: bool) -> None:
    """Who has no box in a crowd would be recognised between those who have one."""
    witness = _Witness()
    crowd, _ = counter(one_cell(1, 1, 90.0 if boxes > 3 else 2.0))
    detector = CountingDetector(_People(boxes), crowd, Counting())
    pipeline = CameraPipeline("cam", CameraRules(), [detector], _Sink(), witness)
    pipeline.process(Frame(PICTURE, Moment(0, 0, synced=True)))
    (told,) = witness.told
    assert (told is not None) is all_known
