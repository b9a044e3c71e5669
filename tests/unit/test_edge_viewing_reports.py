"""What a probe advises and what an analysis tells: arithmetic alone."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.agent.observation import EventSeen, Moment
from edge.agent.policy.camera import CameraRules
from edge.agent.sources.camera_opening import StreamFacts
from edge.agent.sources.camera_order import CameraKind
from edge.viewing.analysis import Analysis, ClipEvent, clip_event
from edge.viewing.marks import of_detections, of_settings
from edge.viewing.probe_report import Glance, ProbeReport
from redwhistle.contracts.events import CrowdData, DeviceData, EventKind, SeenData

BEGIN_MS = 5000


def probed(
    *glances: Glance, width_px: int = 640, kind: CameraKind = CameraKind.STREAM, first_frame_s: float = 1.0
) -> ProbeReport:
    facts = StreamFacts(width_px, 360, 25.0, "h264")
    return ProbeReport("rtsp://10.0.0.7/…", kind, facts, 4.0, 0.8, first_frame_s, 5.0, glances)


def steady(
    fps: float, count: int = 20, age_ms: int = 3, light: tuple[float, float] = (110, 50)
) -> list[Glance]:
    return [Glance(n / fps, age_ms, n + 1, *light) for n in range(count)]


def test_a_good_sub_stream_needs_no_hint() -> None:
    report = probed(*steady(12))
    assert report.hints() == []
    assert report.measured_fps == pytest.approx(12)
    told = report.to_json()
    assert told["interval_ms"] == {"p50": 83, "p95": 83, "max": 83}
    assert told["age_ms"] == {"p50": 3, "p95": 3, "max": 3}
    assert (told["width_px"], told["codec"], told["fps"], told["fps_told"]) == (640, "h264", 12.0, 25.0)
    assert report.lines()[0] == "OK: rtsp://10.0.0.7/… (stream): 640x360, h264, 12.0 frames a second"


@pytest.mark.parametrize(
    ("report", "says"),
    [
        (probed(*steady(12), width_px=2560), "2560x360 looks like the main stream"),
        (probed(*steady(25)), "25 frames a second are decoded and 4 looked at"),
        (probed(*steady(2)), "fewer frames come"),
        (probed(*steady(12), Glance(5.0, 3, 21, 110, 50)), "3.4 s apart at worst"),
        (probed(*steady(12), first_frame_s=9.0), "key frame"),
        (probed(*steady(12, age_ms=1500)), "too busy"),
        (probed(*steady(12, light=(8, 40))), "very dark"),
        (probed(*steady(12, light=(240, 40))), "very bright"),
        (probed(*steady(12, light=(110, 3))), "covered"),
    ],
)
def test_each_trouble_has_its_hint(report: ProbeReport, says: str) -> None:
    (hint,) = report.hints()
    assert says in hint
    assert f"HINT: {hint}" in report.lines()


def test_frames_that_were_read_and_not_handed_over_count() -> None:
    assert probed(Glance(0, 0, 1, 100, 50), Glance(1, 0, 31, 100, 50)).measured_fps == 30


def test_a_large_file_is_no_main_stream() -> None:
    assert probed(*steady(25), width_px=1920, kind=CameraKind.FILE).hints() == []


@given(
    st.lists(
        st.builds(
            Glance,
            st.floats(0, 100),
            st.integers(0, 10_000),
            st.integers(0, 10_000),
            st.floats(0, 255),
            st.floats(0, 128),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_whatever_came_can_be_told(glances: list[Glance]) -> None:
    report = probed(*sorted(glances, key=lambda glance: (glance.at_s, glance.read)))
    json.dumps(report.to_json(), allow_nan=False)
    assert report.lines()


def seen(kind: EventKind, data: object, at_ms: int = BEGIN_MS + 2500) -> EventSeen:
    return EventSeen("cam", kind, data, Moment(0, at_ms, synced=True))  # type: ignore[arg-type]


def test_a_flame_is_told_with_its_box_in_the_clips_pixels() -> None:
    data = SeenData(active=True, score=0.87654, boxes_xyxy=[(0.5, 0.25, 0.75, 0.5), (0, 0, 1, 1)], frames=4)
    event = clip_event(seen(EventKind.FLAME_SEEN, data), BEGIN_MS, (1280, 720))
    assert event.to_json() == {
        "t_s": 2.5,
        "kind": "flame_seen",
        "score": 0.8765,
        "box_xyxy_px": [640.0, 180.0, 960.0, 360.0],
        "note": "",
    }
    assert event.line() == "  0:02.50  flame_seen  score 0.88"


def test_events_without_a_box_have_none() -> None:
    crowd = CrowdData(active=True, count=9, limit=5, zone="广场", dwell_s=10, basis="people")
    event = clip_event(seen(EventKind.CROWD_FORMED, crowd, BEGIN_MS + 61_000), BEGIN_MS, (640, 360))
    assert (event.t_s, event.score, event.box_xyxy_px) == (61.0, None, None)
    assert event.line() == "  1:01.00  crowd_formed  9 people in 广场, 5 allowed"
    fault = clip_event(seen(EventKind.DEVICE_FAULT, DeviceData(active=True, code="camera_frozen")), 0, (1, 1))
    assert fault.note == "camera_frozen"


def test_what_is_over_is_told_apart() -> None:
    begun = ClipEvent(1.0, "flame_seen", True, 0.9, None, "")
    over = clip_event(
        seen(EventKind.FLAME_SEEN, SeenData(active=False, score=0.0, frames=1)), BEGIN_MS, (64, 36)
    )
    told = Analysis(10, 2.0, 2.5, (begun, over), (3, 1, 2), people=True).to_json()
    assert [event["t_s"] for event in told["events"]] == [1.0]
    assert [(event["t_s"], event["note"], event["score"]) for event in told["ended"]] == [(2.5, "over", None)]
    assert told["people"] == {"max": 3, "p50": 2}
    assert told["moving_regions"] == {"max": None, "p50": None}
    assert (told["frames"], told["fps"], told["clip_s"]) == (10, 5.0, 2.5)


def test_moving_regions_are_never_called_people() -> None:
    analysis = Analysis(3, 1.0, 1.0, (), (4, 5, 6), people=False)
    told = analysis.to_json()
    assert told["people"] == {"max": None, "p50": None}
    assert told["moving_regions"] == {"max": 6, "p50": 5}
    assert "people" not in analysis.summary()


def test_an_analysis_of_nothing_can_be_told() -> None:
    assert Analysis(0, 0.0, 0.0, (), (), people=True).to_json()["people"] == {"max": 0, "p50": 0}


def test_zones_are_numbered_and_named_beside() -> None:
    rules = CameraRules.model_validate(
        {"zones": [{"name": "东门", "limit": 1}, {"name": "yard", "limit": 2}]}
    )
    marks, legend = of_settings(rules, [((0, 0), (1, 0), (1, 1))])
    assert [mark.word for mark in marks] == ["mask", "Z1", "Z2"]
    assert [(each.mark, each.name) for each in legend] == [("Z1", "东门"), ("Z2", "yard")]
    assert all(mark.word.isascii() for mark in marks)


def test_a_line_shows_its_inner_side() -> None:
    """Who walks to the right along it has the lower half of the picture at the right hand."""
    line = {"name": "gate", "from": [0.2, 0.5], "to": [0.8, 0.5], "in_side": "right"}
    marks, legend = of_settings(CameraRules.model_validate({"lines": [line]}), [])
    assert marks[0].corners == ((0.2, 0.5), (0.8, 0.5))
    assert not marks[0].closed
    assert marks[1].corners[0][1] > 0.5
    assert marks[1].corners[1] == (0.5, 0.5)
    assert [(each.mark, each.name) for each in legend] == [("L1", "gate")]


@given(st.tuples(*[st.floats(-1e6, 1e6)] * 4))
def test_frames_around_what_was_found_stay_in_the_picture(box: tuple[float, float, float, float]) -> None:
    (mark,) = of_detections([], [box], (640, 360))
    assert all(0 <= x <= 1 and 0 <= y <= 1 for x, y in mark.corners)
