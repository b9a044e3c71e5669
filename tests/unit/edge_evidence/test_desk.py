"""From a camera's frames and the box's alarms to pictures: through the real pipeline, sink and outboxes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from edge.agent.evidence import desk as module
from edge.agent.evidence.desk import CameraView, EvidenceDesk
from edge.agent.observation import Detection, EventSeen, EvidenceTaken, FireGrid, Moment
from edge.agent.outbox.sqlite import SqliteOutbox
from edge.agent.pipeline import CameraPipeline, Detector, Found, Frame, Image
from edge.agent.policy import evidence as policy
from edge.agent.policy.camera import CameraRules
from edge.agent.policy.evidence import EvidenceRules
from edge.agent.policy.fire import FlameRules
from edge.agent.sink import OutboxSink
from redwhistle.contracts.events import EventKind, SmokeData
from redwhistle.contracts.ids import Lane
from redwhistle.errors import OutboxError
from tests.unit.edge_outbox.making import open_outbox, take

RULES = CameraRules(flame=FlameRules(hits=2, window_s=0.75, lasts_s=0))
MASK = ((0.0, 0.0), (0.5, 0.0), (0.5, 0.5), (0.0, 0.5))


class FireDetector:
    """Sees fire in the lower half, and a person, in every frame."""

    labels = frozenset({"flame", "person"})
    model = "test 1"

    def look(self, image_bgr: Image) -> Found:
        height_px, width_px = image_bgr.shape[:2]
        fire = Detection("flame", 0.9, (0.0, height_px / 2, width_px / 4, height_px))
        person = Detection("person", 0.9, (width_px / 2, 10.0, width_px / 2 + 40, 110.0))
        grid = FireGrid(1, 2, flame=(0.0, 0.9), smoke=(0.0, 0.0), changed=(1.0, 1.0), drifted=(0.0, 0.0))
        return Found(detections=(fire, person), fire=grid)


@dataclass
class Machine:
    """One box's parts around the desk."""

    outbox: SqliteOutbox
    now_ms: int = 10_000
    pictures: list[EvidenceTaken] = field(default_factory=list)
    fails: bool = False

    def __post_init__(self) -> None:
        self.desk = EvidenceDesk(self.keep, lambda: self.now_ms)
        self.sink = OutboxSink(self.outbox)
        self.sink.on_event(self.desk.hear)

    def keep(self, taken: EvidenceTaken) -> None:
        if self.fails:
            raise OutboxError("the disk is full")
        self.pictures.append(taken)

    def camera(self, device: str, *detectors: Detector) -> CameraPipeline:
        return CameraPipeline(device, RULES, detectors, self.sink, self.desk)

    def show(self, camera: CameraPipeline, frames: int = 1) -> None:
        for n in range(frames):
            self.now_ms += 250
            image = np.random.default_rng(n).integers(0, 256, (180, 320, 3), dtype=np.uint8)
            camera.process(Frame(image, Moment(1_779_609_600_000 + self.now_ms, self.now_ms, synced=True)))

    def events(self) -> list[tuple[str, str]]:
        return [
            (event.kind, str(event.id))
            for envelope in take(self.outbox, Lane.ALARM)
            for event in envelope.events
        ]


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    outbox = open_outbox(tmp_path)
    yield Machine(outbox)
    outbox.close()


def test_the_frame_that_confirmed_a_fire_is_its_picture_and_carries_its_id(machine: Machine) -> None:
    machine.desk.use_cameras({"cam": CameraView(EvidenceRules(), place="b7")})
    camera = machine.camera("cam", FireDetector())
    machine.show(camera)
    assert machine.pictures == []
    machine.show(camera, 5)
    ((kind, event),) = machine.events()
    (picture,) = machine.pictures
    assert (kind, event) == ("flame_seen", str(picture.event))
    assert (picture.device, picture.place, picture.moment.mono_ms) == ("cam", "b7", 10_500)
    assert (picture.method, picture.people_blurred) == ("people_and_frame", 1)


def test_a_smoke_detectors_alarm_gets_the_next_frame_of_the_camera_that_sees_it(machine: Machine) -> None:
    machine.desk.use_cameras(
        {
            "hall": CameraView(EvidenceRules(also_for=("smoke-1",)), (MASK,)),
            "yard": CameraView(EvidenceRules()),
        }
    )
    hall, yard = machine.camera("hall"), machine.camera("yard")
    machine.show(hall)
    seen = EventSeen("smoke-1", EventKind.SMOKE, SmokeData(), Moment(1, machine.now_ms, synced=False))
    machine.sink.event(seen)
    machine.show(yard)
    assert machine.pictures == []
    machine.show(hall, 3)
    (picture,) = machine.pictures
    assert (picture.device, str(picture.event)) == ("hall", machine.events()[0][1])
    assert (picture.method, picture.people_blurred) == ("whole_frame", 0)


def test_a_place_that_is_configured_counts_as_the_events_place(machine: Machine) -> None:
    machine.sink.use_places({"smoke-1": "b7-u2"})
    machine.desk.use_cameras({"hall": CameraView(EvidenceRules(also_for=("b7-u2",)))})
    seen = EventSeen("smoke-1", EventKind.SMOKE, SmokeData(), Moment(1, machine.now_ms, synced=False))
    machine.sink.event(seen)
    machine.show(machine.camera("hall"))
    assert len(machine.pictures) == 1


def test_switched_off_it_takes_none(machine: Machine) -> None:
    machine.desk.use_cameras({"cam": CameraView(EvidenceRules(enabled=False))})
    machine.show(machine.camera("cam", FireDetector()), 5)
    assert len(machine.events()) == 1
    assert machine.pictures == []


def test_a_picture_that_fails_stops_neither_the_camera_nor_the_alarm(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.desk.use_cameras({"cam": CameraView(EvidenceRules())})
    machine.fails = True
    machine.show(machine.camera("cam", FireDetector()), 5)
    assert len(machine.events()) == 1

    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(module, "blur", fail)
    other = machine.camera("cam", FireDetector())
    machine.now_ms += 700_000
    machine.show(other, 5)
    assert machine.pictures == []


def test_an_alarm_that_could_not_be_kept_asks_for_no_picture(tmp_path: Path) -> None:
    class Full:
        def put_event(self, seen: EventSeen) -> None:
            raise OutboxError(f"no room for {seen.kind}")

    heard: list[object] = []
    sink = OutboxSink(Full())  # type: ignore[arg-type]  # what else it can do is not asked for
    sink.on_event(lambda *told: heard.append(told))
    with pytest.raises(OutboxError):
        sink.event(EventSeen("smoke-1", EventKind.SMOKE, SmokeData(), Moment(1, 1, synced=False)))
    assert heard == []


def test_frames_cost_nothing_while_nothing_is_asked_for(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Sequence[object]] = []
    monkeypatch.setattr(policy, "serve", lambda *told: asked.append(told))
    machine.desk.use_cameras({"cam": CameraView(EvidenceRules())})
    machine.show(machine.camera("cam"), 20)
    assert asked == []
