"""Gate messages, and that no card number leaves the first function that sees it."""

import json
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.agent.observation import EventSeen, Moment, Observation, ReadingSeen
from edge.agent.sources.card_key import CardHasher, open_key
from edge.agent.sources.gate import GateInterpreter, read_report
from edge.agent.sources.gate_settings import GateSettings
from redwhistle.contracts.events import DATA_OF, EventKind, GateData
from redwhistle.contracts.readings import Reading
from redwhistle.errors import SourceError

EAST = "access/gate/东门"
HASHER = CardHasher(bytes(range(32)))


def moment(at_s: float) -> Moment:
    return Moment(
        at_ms=1_700_000_000_000 + round(at_s * 1000), mono_ms=1_000_000 + round(at_s * 1000), synced=True
    )


def make() -> GateInterpreter:
    devices = [
        {"name": "东门", "device": "gate-east"},
        {"name": "west", "device": "gate-west", "heartbeat_s": 600},
    ]
    return GateInterpreter(GateSettings.model_validate({"type": "gate", "devices": devices}), HASHER)


def play(steps: list[tuple[float, str, object]]) -> list[Observation]:
    interpreter, said = make(), list[Observation]()
    for at_s, topic, payload in steps:
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        said += [*interpreter.tick(moment(at_s)), *interpreter.hear(topic, data, False, moment(at_s))]
    return said


def short(said: list[Observation]) -> list[tuple[str, bool] | float]:
    return [(s.kind.value, s.data.active) if isinstance(s, EventSeen) else s.value for s in said]


@pytest.mark.parametrize(
    ("acts", "expected"),
    [
        pytest.param(["opened", "closed"], [("gate_opened", True), 1.0, 0.0], id="a regular passage"),
        pytest.param(["denied"], [("gate_denied", True)], id="denied says nothing of the leaf"),
        pytest.param(
            ["forced", "closed"],
            [("gate_forced", True), 1.0, ("gate_forced", False), 0.0],
            id="forced until closed",
        ),
        pytest.param(
            ["forced", "forced", "forced"], [("gate_forced", True), 1.0, 1.0, 1.0], id="forced is latched"
        ),
        pytest.param(
            ["forced", "opened"], [("gate_forced", True), 1.0, ("gate_opened", True), 1.0], id="still forced"
        ),
        pytest.param(
            ["forced", "closed", "forced"],
            [("gate_forced", True), 1.0, ("gate_forced", False), 0.0, ("gate_forced", True), 1.0],
            id="forced again is a new event",
        ),
        pytest.param(
            ["opened", "held_open", "closed"],
            [("gate_opened", True), 1.0, ("gate_held_open", True), 1.0, ("gate_held_open", False), 0.0],
            id="held open",
        ),
        pytest.param(["locked", ["opened"], None, 3], [], id="unknown words"),
    ],
)
def test_gate(acts: list[object], expected: list[tuple[str, bool] | float]) -> None:
    assert short(play([(i, EAST, {"event": act}) for i, act in enumerate(acts)])) == expected


def test_a_gate_that_stays_forced_is_said_again_after_a_minute() -> None:
    said = play([(s, EAST, {"event": "forced"}) for s in (0, 59, 60)])
    assert short(said) == [("gate_forced", True), 1.0, 1.0, ("gate_forced", True), 1.0]


def test_an_event_carries_direction_hash_and_time_open() -> None:
    (event, _) = play([(0, EAST, {"event": "held_open", "direction": "out", "card": 12345678, "open_s": 42})])
    assert isinstance(event, EventSeen)
    assert event.data == GateData(direction="out", credential=HASHER.hash("12345678"), open_s=42.0)


def test_a_retained_message_is_not_heard() -> None:
    assert list(make().hear(EAST, b'{"event": "forced"}', True, moment(0))) == []


def test_a_test_is_marked_and_changes_nothing() -> None:
    said = play([(0, EAST, {"event": "forced", "test": True}), (1, EAST, {"event": "closed", "test": True})])
    (event,) = said
    assert isinstance(event, EventSeen)
    assert event.test
    assert short(play([(0, EAST, {"event": "forced", "test": True}), (1, EAST, {"event": "forced"})])) == [
        ("gate_forced", True),
        ("gate_forced", True),
        1.0,
    ]


def test_a_forced_gate_that_nobody_wrote_down_is_an_alarm() -> None:
    assert short(play([(0, "access/gate/新门", {"event": "opened"})])) == []
    said = play([(0, "access/gate/新门", {"event": "forced"})])
    assert short(said) == [("gate_forced", True), 1.0]
    assert said[0].device.startswith("unmapped-")


def test_a_controller_that_must_speak_is_lost_by_silence() -> None:
    interpreter = make()
    assert list(interpreter.tick(moment(0))) == []
    (event,) = interpreter.tick(moment(1380))
    assert isinstance(event, EventSeen)
    assert (event.device, event.kind) == ("gate-west", EventKind.DEVICE_LOST)


def test_persistent_nonsense_is_a_fault() -> None:
    said = play([*((20.0 * i, EAST, b"\x00") for i in range(8)), (161, EAST, {"event": "opened"})])
    assert [s.kind.value for s in said if isinstance(s, EventSeen)] == [
        "device_fault",
        "gate_opened",
        "device_fault",
    ]


CARD = "0009876543210"
SAYS_CARD = [
    {"event": "denied", "card": CARD},
    {"event": "denied", "card": int(CARD)},
    {"event": "denied", "card": f" {CARD} "},
    {"event": "denied", "reason": f"card {CARD} has expired"},
    {"event": CARD, "card": CARD},
    {"event": "forced", "card": {"number": CARD}},
    {"event": "opened", "card": CARD, "direction": CARD, "open_s": CARD, "holder": CARD, "test": CARD},
]


@pytest.mark.parametrize(
    "payload", [*(json.dumps(p).encode() for p in SAYS_CARD), f'{{"card": "{CARD}"'.encode()]
)
def test_no_card_number_in_anything_said_logged_or_written(
    payload: bytes, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    settings = GateSettings.model_validate(
        {"type": "gate", "devices": [{"name": "东门", "device": "gate-east"}]}
    )
    interpreter = GateInterpreter(settings, open_key(tmp_path / "gate.key"))
    said: list[Observation] = []
    for at_s in range(0, 200, 20):
        for topic in (EAST, "access/gate/unknown"):
            said += interpreter.hear(topic, payload, False, moment(at_s))
        said += interpreter.tick(moment(at_s))
    written = [repr(said), repr(vars(interpreter)), *capfd.readouterr()]
    written += [path.read_text() for path in tmp_path.iterdir()]
    for text in written:
        assert CARD not in text
        assert CARD.lstrip("0") not in text


def test_one_card_has_one_hash_on_a_box_and_another_on_the_next(tmp_path: Path) -> None:
    here, there = open_key(tmp_path / "a"), open_key(tmp_path / "b")
    assert here.hash(CARD) == open_key(tmp_path / "a").hash(CARD)
    assert here.hash(CARD) != there.hash(CARD)
    assert "key" not in repr(here).lower()


def test_the_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "data" / "gate.key"
    first = open_key(path).hash(CARD)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    assert open_key(path).hash(CARD) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("damage", [b"", b"00ff", b"\xff" * 64, b"z" * 64])
def test_a_damaged_key_is_set_aside_and_gates_go_on(damage: bytes, tmp_path: Path) -> None:
    path = tmp_path / "gate.key"
    path.write_bytes(damage)
    assert open_key(path).hash(CARD) == open_key(path).hash(CARD)
    (aside,) = tmp_path.glob("gate.key.damaged-*")
    assert aside.read_bytes() == damage


def test_a_folder_that_cannot_be_written_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SourceError, match="give the agent's user the right"):
        open_key(tmp_path / "file" / "gate.key")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=8,
)
fields = st.sampled_from(["event", "direction", "card", "open_s", "reason", "test"])
acts = st.sampled_from(["opened", "denied", "forced", "held_open", "closed"])


@given(
    st.lists(
        st.tuples(
            st.integers(0, 100_000),
            st.sampled_from(
                [EAST, "access/gate/west", "access/gate/x", "access/gate/a/b", "access/gate/", "x"]
            ),
            st.binary(max_size=100)
            | json_values.map(lambda v: json.dumps(v).encode())
            | st.tuples(acts, st.dictionaries(fields, json_values)).map(
                lambda pair: json.dumps({**pair[1], "event": pair[0]}).encode()
            ),
        ),
        max_size=15,
    )
)
def test_no_bytes_break_it_and_all_it_says_fits_the_contract(messages: list[tuple[int, str, bytes]]) -> None:
    at_s, interpreter, active = 0.0, make(), set[tuple[str, EventKind]]()
    for gap_s, topic, payload in messages:
        at_s += gap_s
        for each in (*interpreter.tick(moment(at_s)), *interpreter.hear(topic, payload, False, moment(at_s))):
            if isinstance(each, ReadingSeen):
                Reading(device=each.device, metric=each.metric, value=each.value, at_ms=0, mono_ms=0)
                continue
            DATA_OF[each.kind].model_validate_json(each.data.model_dump_json())
            if each.data.active:
                active.add((each.device, each.kind))
            else:
                assert (each.device, each.kind) in active
                active.remove((each.device, each.kind))


@given(st.text(alphabet="0123456789abcdefABCDEF-", min_size=8, max_size=40))
def test_a_report_never_holds_its_card(card: str) -> None:
    report = read_report(json.dumps({"event": "denied", "card": card, "reason": card}).encode(), HASHER)
    assert report is not None
    assert card not in repr(report)
    assert report.credential is not None
    assert len(report.credential) == 64
