"""Golden payloads: bytes that boxes and servers of version 1 have sent. Files are added, never edited.

A payload decodes to exactly the model written here, and that model encodes to exactly the payload.
"""

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from redwhistle.contracts.codec import (
    decode_ack,
    decode_command,
    decode_envelope,
    decode_evidence,
    decode_reply,
    decode_state,
    encode,
)
from redwhistle.contracts.commands import (
    ARGS_OF,
    ActuateArgs,
    Command,
    CommandName,
    DrillArgs,
    Reply,
    ReplyStatus,
    SilenceArgs,
)
from redwhistle.contracts.envelope import Ack, Envelope, Rejection, Stamp
from redwhistle.contracts.events import (
    DATA_OF,
    BatteryData,
    BoxHealthData,
    CrowdData,
    DeviceData,
    Event,
    EventData,
    EventKind,
    GasData,
    GateData,
    HeatData,
    LoiteringData,
    SeenData,
    SmokeData,
    SosData,
    VibrationData,
    WaterLevelData,
    lane_of,
)
from redwhistle.contracts.evidence import Evidence
from redwhistle.contracts.ids import Lane
from redwhistle.contracts.readings import GapRecord, ReadingColumns
from redwhistle.contracts.state import BoxState, DeviceInfo, DeviceKind, ModelInfo
from redwhistle.errors import ContractError, Malformed, WrongVersion

GOLDEN = Path(__file__).parent / "golden"
Message = Envelope | Ack | BoxState | Command | Reply | Evidence

EPOCH = "0123456789abcdef0123456789abcdef"
BOOT = "fedcba9876543210fedcba9876543210"
AT_MS = 1_795_000_000_000
SENT = Stamp(at_ms=AT_MS, mono_ms=86_400_000, boot=BOOT, synced=True)
UUID7 = UUID("019a1b2c-3d4e-7f50-8a6b-7c8d9e0f1a2b")
SHA256 = "ab" * 32

DATA: dict[EventKind, EventData] = {
    EventKind.SMOKE: SmokeData(level=0.31, temperature_c=24.5),
    EventKind.HEAT: HeatData(temperature_c=71.0),
    EventKind.GAS: GasData(gas="methane", lel_pct=12.5),
    EventKind.MANUAL_CALL: EventData(note="3栋大厅手报"),
    EventKind.FLAME_SEEN: SeenData(score=0.87, boxes_xyxy=[(0.1, 0.2, 0.3, 0.4)], model="fire-1.0", frames=5),
    EventKind.SMOKE_SEEN: SeenData(score=0.5),
    EventKind.CROWD_FORMED: CrowdData(
        count=42, limit=30, zone="south-gate", dwell_s=20.0, basis="moving_regions"
    ),
    EventKind.LOITERING: LoiteringData(zone="stairs", dwell_s=300.0, count=2, track=17),
    EventKind.GATE_OPENED: GateData(direction="in", credential="0f1e2d3c4b5a6978"),
    EventKind.GATE_DENIED: GateData(direction="out", credential="0f1e2d3c4b5a6978", reason="expired"),
    EventKind.GATE_FORCED: GateData(),
    EventKind.GATE_HELD_OPEN: GateData(open_s=95.5),
    EventKind.SOS: SosData(action="hold"),
    EventKind.WATER_LEVEL: WaterLevelData(level_m=0.42, limit_m=0.3),
    EventKind.VIBRATION: VibrationData(acceleration_g=0.12, tilt_deg=-1.5),
    EventKind.TAMPER: DeviceData(code="cover_open"),
    EventKind.BATTERY_LOW: BatteryData(battery_pct=7.5),
    EventKind.DEVICE_LOST: DeviceData(code="silent", silent_s=9000.0),
    EventKind.DEVICE_RECOVERED: DeviceData(active=False),
    EventKind.DEVICE_FAULT: DeviceData(code="camera_stalled", note="20 s without a frame"),
    EventKind.BOX_HEALTH: BoxHealthData(code="started"),
}


def event(kind: EventKind) -> Event:
    data = DATA[kind].model_dump(exclude_none=True, mode="json")
    return Event(
        seq=7,
        id=UUID7,
        device="device-1",
        kind=kind.value,
        at_ms=AT_MS,
        mono_ms=86_399_000,
        boot=BOOT,
        synced=True,
        data=data,
    )


def envelope(lane: Lane, **more: Any) -> Envelope:
    return Envelope(site="jinyuan", box="jinyuan-box-1", epoch=EPOCH, lane=lane, sent=SENT, **more)


STATE = BoxState(
    site="jinyuan",
    box="jinyuan-box-1",
    online=True,
    epoch=EPOCH,
    stamp=SENT,
    version="0.1.0",
    os="Debian GNU/Linux 12 (bookworm) aarch64",
    devices=[
        DeviceInfo(
            id="smoke-1",
            kind=DeviceKind.SMOKE,
            model="TS0205",
            label="7栋2单元楼道",
            place="jinyuan-b7-u2",
            heartbeat_s=14_400.0,
        ),
        DeviceInfo(id="camera-1", kind=DeviceKind.CAMERA),
    ],
    models=[ModelInfo(name="fire", version="1.0", sha256=SHA256)],
)

JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABALDA4MChAODQ4SERATGCgaGBYWGDEjJR0oOjM9PDkzODdASFxOQERXRTc4UG1R"
    "V19iZ2hnPk1xeXBkeFxlZ2P/wAALCAAIAAgBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAA//EABQQAQAAAAAAAAAAAAAAAAAA"
    "AAD/2gAIAQEAAD8AN//Z"
)
"""8 x 8 px, grey, by OpenCV 4."""

EXPECTED: dict[str, Message] = {
    "v1-envelope-readings": envelope(
        Lane.TELEMETRY,
        readings=[
            ReadingColumns(
                boot=BOOT,
                synced=True,
                series=[("smoke-1", "temperature_c"), ("camera-1", "people_count")],
                seq=[1, 2, 5],
                row_series=[0, 1, 0],
                value=[24.5, 3.0, -0.25],
                at_ms=[AT_MS, AT_MS + 1, AT_MS + 2],
                mono_ms=[1000, 1001, 1002],
            )
        ],
        gaps=[GapRecord(seq=6, dropped=(3, 4), count=2, at_ms=AT_MS, reason="outbox full")],
    ),
    "v1-envelope-exercise": envelope(
        Lane.ALARM,
        exercise="drill-2026-11",
        events=[
            event(EventKind.SMOKE).model_copy(update={"test": True, "place": "jinyuan-b7-u2"}),
            event(EventKind.SOS),
        ],
    ),
    "v1-envelope-empty": envelope(Lane.ALARM),
    "v1-ack": Ack(epoch=EPOCH, lane=Lane.ALARM, received=[(1, 7), (9, 9)], at_ms=AT_MS),
    "v1-ack-rejected": Ack(
        epoch=EPOCH,
        lane=Lane.TELEMETRY,
        rejected=[Rejection(sha256=SHA256, code="malformed", detail="not JSON")],
        at_ms=AT_MS,
    ),
    "v1-ack-evidence": Ack(epoch=EPOCH, lane=Lane.TELEMETRY, evidence=[UUID7], at_ms=AT_MS),
    "v1-evidence": Evidence(
        site="jinyuan",
        box="jinyuan-box-1",
        epoch=EPOCH,
        sent=SENT,
        id=UUID7,
        event=UUID("019a1b2c-3d4e-7f50-8a6b-7c8d9e0f1a2a"),
        device="camera-1",
        place="jinyuan-gate",
        at_ms=AT_MS,
        mono_ms=86_399_000,
        boot=BOOT,
        synced=True,
        exercise="drill-2026-11",
        width_px=8,
        height_px=8,
        people_blurred=2,
        method="people_and_frame",
        jpeg=JPEG,
    ),
    "v1-state-birth": STATE,
    "v1-state-will": STATE.model_copy(
        update={"online": False, "reason": "will", "devices": [], "models": []}
    ),
    "v1-command": Command(
        id=UUID7,
        name="configure",
        args={"sources": [{"name": "camera-1", "fps": 2.0}]},
        issued_at_ms=AT_MS,
        expires_at_ms=AT_MS + 60_000,
    ),
    "v1-command-exercise": Command(
        id=UUID7, name="ping", issued_at_ms=AT_MS, expires_at_ms=AT_MS + 1, exercise="drill-2026-11"
    ),
    "v1-command-actuate": Command(
        id=UUID7,
        name="actuate",
        args=ActuateArgs(
            act="speak", actuators=["speaker-1"], for_s=60.0, message="fire", languages=["zh", "ii"]
        ).model_dump(exclude_defaults=True),
        issued_at_ms=AT_MS,
        expires_at_ms=AT_MS + 10_000,
    ),
    "v1-command-silence": Command(
        id=UUID7,
        name="silence",
        args=SilenceArgs(for_s=300.0).model_dump(exclude_defaults=True),
        issued_at_ms=AT_MS,
        expires_at_ms=AT_MS + 10_000,
    ),
    "v1-command-drill": Command(
        id=UUID7,
        name="drill",
        args=DrillArgs(actuators=["siren-1"]).model_dump(exclude_defaults=True),
        issued_at_ms=AT_MS,
        expires_at_ms=AT_MS + 10_000,
        exercise="drill-2026-11",
    ),
    "v1-reply": Reply(
        command=UUID7,
        box="jinyuan-box-1",
        status=ReplyStatus.REFUSED,
        detail="没有这个命令",
        at_ms=AT_MS,
        data={"known": ["ping"]},
    ),
    **{f"v1-event-{kind}": envelope(lane_of(kind), events=[event(kind)]) for kind in EventKind},
}

DECODERS: dict[str, Callable[[bytes], Message]] = {
    "envelope": decode_envelope,
    "event": decode_envelope,
    "ack": decode_ack,
    "state": decode_state,
    "command": decode_command,
    "reply": decode_reply,
    "evidence": decode_evidence,
}


def decode(name: str, payload: bytes) -> Message:
    return DECODERS[name.split("-")[1]](payload)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_golden_payload_is_this_model_and_this_model_is_it(name: str) -> None:
    payload = (GOLDEN / f"{name}.json").read_bytes()
    assert decode(name, payload) == EXPECTED[name]
    assert encode(EXPECTED[name]) == payload


@pytest.mark.parametrize("kind", list(EventKind))
def test_the_data_of_each_kind(kind: EventKind) -> None:
    (seen,) = decode_envelope((GOLDEN / f"v1-event-{kind}.json").read_bytes()).events
    assert seen.check_data() == DATA[kind]
    assert type(seen.check_data()) is DATA_OF[kind]


@pytest.mark.parametrize("name", sorted(ARGS_OF))
def test_the_arguments_of_a_command_are_its_own(name: CommandName) -> None:
    command = decode_command((GOLDEN / f"v1-command-{name}.json").read_bytes())
    assert ARGS_OF[name].model_validate(command.args, strict=False).model_dump(exclude_defaults=True) == (
        command.args
    )


def test_files_are_added_and_never_edited() -> None:
    lines = [line.split("  ") for line in (GOLDEN / "SHA256SUMS").read_text().splitlines()]
    sums = {name: digest for digest, name in lines}
    found = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in GOLDEN.glob("*.json")}
    assert found == sums
    assert set(found) == {f"{name}.json" for name in EXPECTED}


def objects_in(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Paths to all objects that are models; free-form ones (`data`, `args`) are left alone."""
    found: list[tuple[str | int, ...]] = []
    if isinstance(value, dict):
        found.append(path)
        for key, inner in value.items():
            if key not in {"data", "args"}:
                found += objects_in(inner, (*path, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            found += objects_in(inner, (*path, number))
    return found


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_an_unknown_field_is_ignored_when_read_and_refused_when_written(name: str) -> None:
    text = (GOLDEN / f"{name}.json").read_text(encoding="utf-8")
    for path in objects_in(json.loads(text)):
        document = json.loads(text)
        place: Any = document
        for step in path:
            place = place[step]
        place["from_the_future"] = {"x": [1]}
        assert decode(name, json.dumps(document).encode()) == EXPECTED[name]
    with pytest.raises(ValueError, match="from_the_future"):
        type(EXPECTED[name]).model_validate({"from_the_future": 1}, strict=False)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_another_version_is_named(name: str) -> None:
    document = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    for version in (2, 0, "1", None):
        with pytest.raises(WrongVersion, match="this program reads 1"):
            decode(name, json.dumps(document | {"v": version}).encode())


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_without_a_needed_field_it_is_malformed(name: str) -> None:
    document = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    needed = [key for key, field in type(EXPECTED[name]).model_fields.items() if field.is_required()]
    assert needed
    for key in needed:
        with pytest.raises(Malformed, match=key):
            decode(name, json.dumps({k: v for k, v in document.items() if k != key}).encode())


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_cut_short_it_never_decodes(name: str) -> None:
    payload = (GOLDEN / f"{name}.json").read_bytes()
    for length in range(len(payload)):
        with pytest.raises(ContractError):
            decode(name, payload[:length])
