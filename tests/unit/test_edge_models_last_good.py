"""A model that cannot be used gives way to one that can, and the box says so."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.agent.detectors.good_models import GoodModels
from edge.agent.detectors.manifest import ModelEntry
from edge.agent.detectors.models import Models, ModelTrouble
from edge.agent.detectors.motion import MotionDetector
from edge.agent.detectors.reporting import ModelReports
from edge.agent.detectors.trial import check_models, open_session
from edge.agent.observation import EventSeen, Moment
from redwhistle.contracts.events import BoxHealthData, DeviceData
from redwhistle.errors import ConfigurationError
from tests.unit.onnx_graphs import constant_model, entry, mean_model, toml, write

MODEL = mean_model(32, 32)


def manifest(folder: Path, *entries: ModelEntry, more: str = "") -> None:
    (folder / "manifest.toml").write_text("version = 1\n" + "".join(map(toml, entries)) + more)


class Shelf:
    """A models folder beside a box's own folder."""

    def __init__(self, tmp_path: Path) -> None:
        self.models = tmp_path / "models"
        self.models.mkdir()
        self.good = tmp_path / "data" / "models-good"
        self.told: list[ModelTrouble] = []

    def box(self) -> Models:
        """As after a restart."""
        return Models(self.models, good=GoodModels(self.good), report=self.told.append)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def damage_file(shelf: Shelf) -> None:
    (shelf.models / "tiny.onnx").write_bytes(MODEL + b"\x00")


def remove_file(shelf: Shelf) -> None:
    (shelf.models / "tiny.onnx").unlink()


def damage_manifest(shelf: Shelf) -> None:
    (shelf.models / "manifest.toml").write_bytes(b"\xff\x00 version")


def remove_manifest(shelf: Shelf) -> None:
    (shelf.models / "manifest.toml").unlink()


def replace_by_a_broken_one(shelf: Shelf) -> None:
    """Its checksum is right; it is no model."""
    write(shelf.models, entry(b"garbage", version="2"), b"garbage")


DAMAGES = [
    damage_file,
    remove_file,
    damage_manifest,
    remove_manifest,
    replace_by_a_broken_one,
]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda each: each.__name__)
def test_the_last_good_model_stands_in_and_it_is_said_once(shelf: Shelf, damage: object) -> None:
    write(shelf.models, entry(MODEL), MODEL)
    assert [d.model for d in shelf.box().detectors_for(people="off")] == ["tiny 1"]
    assert shelf.told == []
    assert callable(damage)
    damage(shelf)
    box = shelf.box()
    for _ in range(2):
        (fire,) = box.detectors_for(people="off")
        assert fire.model == "tiny 1"
        fire.look(np.zeros((40, 60, 3), dtype=np.uint8))
    (trouble,) = shelf.told
    assert (trouble.task, trouble.using, trouble.over) == ("fire", "tiny 1", False)
    assert str(shelf.models) in trouble.why or "tiny.onnx" in trouble.why
    assert [info.version for info in box.infos()] == ["1 (last good)"]


def test_a_model_of_another_kind_than_stated_gives_way_too(shelf: Shelf) -> None:
    write(shelf.models, entry(MODEL), MODEL)
    shelf.box().detectors_for(people="off")
    other = constant_model(np.zeros((1, 3), dtype=np.float32), (1, 3, 32, 32))
    write(shelf.models, entry(other, version="2", kind="yolov8"), other)
    assert [d.model for d in shelf.box().detectors_for(people="off")] == ["tiny 1"]
    assert "correct its kind" in shelf.told[0].why


def test_a_model_that_gives_no_numbers_is_refused() -> None:
    model = constant_model(np.full((1, 3), np.nan, dtype=np.float32), (1, 3, 32, 32))
    with pytest.raises(ConfigurationError, match="gives no numbers"):
        open_session(entry(model), model)


def test_when_the_file_is_back_it_is_used_and_said(shelf: Shelf) -> None:
    write(shelf.models, entry(MODEL), MODEL)
    shelf.box().open("fire")
    damage_file(shelf)
    box = shelf.box()
    box.open("fire")
    (shelf.models / "tiny.onnx").write_bytes(MODEL)
    opened = box.open("fire")
    assert opened is not None
    assert not opened.last_good
    assert [(each.using, each.over) for each in shelf.told] == [("tiny 1", False), ("tiny 1", True)]
    assert [info.version for info in box.infos()] == ["1"]


def test_without_a_good_one_the_camera_keeps_what_works_and_it_is_a_fault(shelf: Shelf) -> None:
    write(shelf.models, entry(MODEL), MODEL)
    damage_file(shelf)
    (motion,) = shelf.box().detectors_for()
    assert isinstance(motion, MotionDetector)
    assert [(each.task, each.using) for each in shelf.told] == [("fire", None)]


def test_a_box_that_never_had_models_says_nothing(shelf: Shelf) -> None:
    assert [d.model for d in shelf.box().detectors_for()] == [None]
    assert shelf.told == []


def test_a_valid_manifest_without_the_task_is_respected(shelf: Shelf) -> None:
    write(shelf.models, entry(MODEL), MODEL)
    shelf.box().open("fire")
    manifest(shelf.models)
    assert shelf.box().open("fire") is None
    assert shelf.told == []


def test_one_model_a_task_is_kept(shelf: Shelf) -> None:
    write(shelf.models, entry(MODEL), MODEL)
    shelf.box().open("fire")
    newer = mean_model(64, 64)
    write(shelf.models, entry(newer, version="2", width_px=64, height_px=64), newer)
    shelf.box().open("fire")
    assert len(list(shelf.good.iterdir())) == 2
    damage_manifest(shelf)
    opened = shelf.box().open("fire")
    assert opened is not None
    assert (opened.entry.title, opened.last_good) == ("tiny 2", True)


def test_a_variant_gives_way_to_its_original_first(shelf: Shelf) -> None:
    """`auto` takes the first entry: the variant; when it is refused, its original, which is no older model."""
    small = entry(b"other", name="tiny-int8", file="small.onnx")
    (shelf.models / "tiny.onnx").write_bytes(MODEL)
    text = toml(small) + 'variant_of = "tiny"\nprecision = "int8"\n' + toml(entry(MODEL))
    (shelf.models / "manifest.toml").write_text("version = 1\n" + text)
    opened = shelf.box().open("fire")
    assert opened is not None
    assert (opened.entry.name, opened.last_good) == ("tiny", False)
    assert shelf.told[0].using == "tiny 1"


def test_another_entry_is_better_than_none(shelf: Shelf) -> None:
    first = entry(b"other", name="first", file="first.onnx")
    (shelf.models / "tiny.onnx").write_bytes(MODEL)
    manifest(shelf.models, first, entry(MODEL))
    opened = shelf.box().open("fire")
    assert opened is not None
    assert opened.entry.name == "tiny"
    with pytest.raises(ConfigurationError, match=r"first\.onnx: cannot be read"):
        shelf.box().open("fire", "first")


def test_a_named_model_is_replaced_by_the_last_good_one_of_its_name_only(shelf: Shelf) -> None:
    write(shelf.models, entry(MODEL), MODEL)
    shelf.box().open("fire", "tiny")
    damage_manifest(shelf)
    opened = shelf.box().open("fire", "tiny")
    assert opened is not None
    assert opened.last_good
    with pytest.raises(ConfigurationError, match="not TOML"):
        shelf.box().open("fire", "other")


@pytest.mark.parametrize("file", ["fire.json", "model"])
def test_a_damaged_good_copy_is_not_used(shelf: Shelf, file: str) -> None:
    write(shelf.models, entry(MODEL), MODEL)
    shelf.box().open("fire")
    (kept,) = shelf.good.glob("*.onnx")
    (kept if file == "model" else shelf.good / file).write_bytes(b"{}")
    damage_file(shelf)
    assert shelf.box().open("fire") is None
    assert shelf.told[0].using is None


def test_a_disk_that_refuses_the_copy_stops_nothing(shelf: Shelf) -> None:
    shelf.good.parent.mkdir()
    shelf.good.write_text("a file where the folder should be")
    write(shelf.models, entry(MODEL), MODEL)
    assert shelf.box().open("fire") is not None


def test_what_the_box_says() -> None:
    said: list[EventSeen] = []
    reports = ModelReports(lambda: Moment(0, 0, True), said.append)
    reports.tell(ModelTrouble("fire", "x.onnx: damaged", "tiny 1"))
    assert (said[0].kind, said[0].device) == ("box_health", "box")
    assert isinstance(said[0].data, BoxHealthData)
    assert said[0].data.note == "fire: tiny 1 stands in: x.onnx: damaged"
    reports.tell(ModelTrouble("fire", "x.onnx: damaged", None))
    reports.tell(ModelTrouble("fire", "x.onnx: still damaged", None))
    reports.tell(ModelTrouble("fire", "", "tiny 2", over=True))
    kinds = [(seen.kind.value, seen.data.active) for seen in said[1:]]
    assert kinds == [("device_fault", True), ("device_fault", False), ("box_health", True)]
    assert isinstance(said[1].data, DeviceData)
    assert said[1].data.code == "model_unusable_fire"


def test_checking_names_each_problem(shelf: Shelf) -> None:
    carded = toml(entry(MODEL, name="carded")) + 'card = "carded.md"\n'
    (shelf.models / "tiny.onnx").write_bytes(MODEL)
    manifest(shelf.models, entry(MODEL), entry(b"x", name="other"), more=carded)
    checks = {each.entry.name: each for each in check_models(shelf.models)}
    assert (checks["tiny"].problem, checks["tiny"].size_bytes) == (None, len(MODEL))
    assert "sha256 is" in str(checks["other"].problem)
    assert "the card is missing" in str(checks["carded"].problem)
    with pytest.raises(ConfigurationError, match="there are: tiny, other, carded"):
        check_models(shelf.models, "absent")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(data=st.binary(max_size=300), where=st.integers(0, len(MODEL)), cut=st.booleans())
def test_any_bytes_as_a_model_open_or_are_refused(data: bytes, where: int, cut: bool) -> None:
    """Whole garbage, and a real file with a piece overwritten."""
    broken = data if cut else MODEL[:where] + data + MODEL[where + len(data) :]
    said = "opened"
    try:
        open_session(entry(broken), broken)
    except ConfigurationError as error:
        said = str(error)
    assert said == "opened" or "tiny.onnx" in said


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(data=st.binary(max_size=200))
def test_any_bytes_as_a_manifest_or_as_a_kept_entry_leave_the_camera_running(
    shelf: Shelf, data: bytes
) -> None:
    shelf.good.mkdir(parents=True, exist_ok=True)
    (shelf.models / "manifest.toml").write_bytes(data)
    (shelf.good / "fire.json").write_bytes(data)
    assert [d.model for d in shelf.box().detectors_for()] == [None]
