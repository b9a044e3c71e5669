"""Tending, the sink, and health."""

import io
import json
import threading
from pathlib import Path

import pytest

from edge.agent.health import BoxHealth, read_cpu_temperature_c, read_disk_free_pct, read_memory_used_pct
from edge.agent.moments import BoxClock
from edge.agent.ports import Finding, FindingCode
from edge.agent.sink import OutboxSink
from edge.agent.tending import Tender
from redwhistle.clock import SystemClock
from redwhistle.contracts.ids import Lane
from redwhistle.errors import KeptInMemory, OutboxError
from redwhistle.logs import LogFormat, LogLevel, configure_logs, get_logger
from tests.unit.edge_agent.test_supervisor import ListSink
from tests.unit.edge_outbox.making import gate_opened, open_outbox, reading, smoke

CLOCK = BoxClock(SystemClock(), "b" * 32, lambda: True)


class FailingTended:
    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.findings = [Finding(FindingCode.NEW_EPOCH, "moved")]

    def tend(self) -> None:
        if self.failures:
            self.failures -= 1
            raise OutboxError("the disk is full")

    def take_findings(self) -> list[Finding]:
        found, self.findings = self.findings, []
        return found


def test_a_failing_disk_is_logged_when_it_begins_and_when_it_ends() -> None:
    out = io.StringIO()
    configure_logs(LogFormat.JSON, LogLevel.INFO, out)
    reported: list[Finding] = []
    tender = Tender(FailingTended(failures=30), reported.append)
    for _ in range(40):
        tender.tend_once()
    actions = [json.loads(line)["action"] for line in out.getvalue().splitlines()]
    assert actions == ["outbox_failing", "outbox_recovered"]
    assert reported == [Finding(FindingCode.NEW_EPOCH, "moved")]


def test_the_tender_flushes_each_second(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    flushed = threading.Event()
    outbox.on_commit(lambda lane: flushed.set() if lane is Lane.TELEMETRY else None)
    tender = Tender(outbox, lambda _finding: None, every_s=0.02)
    tender.start()
    outbox.put_reading(reading(1))
    assert flushed.wait(5)
    tender.stop(2)
    outbox.close()


class RefusingOutbox:
    """Only what the sink calls."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def put_event(self, _seen: object) -> None:
        raise self.error


def test_a_source_lives_on_when_the_disk_fails_and_hears_of_a_lost_alarm() -> None:
    in_memory = OutboxSink(RefusingOutbox(KeptInMemory("in memory")))  # type: ignore[arg-type]
    in_memory.event(smoke())
    lost = OutboxSink(RefusingOutbox(OutboxError("lost")))  # type: ignore[arg-type]
    lost.event(gate_opened())
    with pytest.raises(OutboxError):
        lost.event(smoke())


def test_the_box_reads_itself(tmp_path: Path) -> None:
    health = BoxHealth(CLOCK, tmp_path, lambda: 7, every_s=60)
    sink, stop = ListSink(), threading.Event()
    stop.set()
    health.run(sink, stop)
    found = {seen.metric: seen.value for seen in sink.readings}
    assert found["outbox_rows"] == 7
    assert 0 <= found["disk_free_pct"] <= 100
    assert 0 < found["memory_used_pct"] < 100
    assert {seen.device for seen in sink.readings} == {"box"}


def test_what_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_bytes(b"\xff not a number")
    for path in (broken, tmp_path / "missing"):
        assert read_cpu_temperature_c(path) is None
        assert read_memory_used_pct(path) is None
    assert read_disk_free_pct(tmp_path / "missing") is None
    broken.write_text("48312\n")
    assert read_cpu_temperature_c(broken) == pytest.approx(48.312)


def test_logs_are_json_lines_and_never_hold_a_secret() -> None:
    out = io.StringIO()
    configure_logs(LogFormat.JSON, LogLevel.INFO, out)
    log = get_logger(box="jinsha-1")
    log.info(
        "camera_opened",
        url="rtsp://admin:hunter2@10.0.0.5/stream",
        password="hunter2",
        settings={"username": "a", "password": "hunter2", "list": [{"api_token": "hunter2"}]},
        password_file="/etc/redwhistle/password",
        why=ValueError("cannot open rtsp://admin:hunter2@10.0.0.5/"),
    )
    log.debug("too_fine")
    try:
        int("mqtt://u:hunter2@broker")
    except ValueError:
        log.exception("failed")
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [line["action"] for line in lines] == ["camera_opened", "failed"]
    assert lines[0]["box"] == "jinsha-1"
    assert lines[0]["url"] == "rtsp://(hidden)@10.0.0.5/stream"
    assert lines[0]["password_file"] == "/etc/redwhistle/password"
    assert "hunter2" not in out.getvalue()


def test_console_logs_are_for_people() -> None:
    out = io.StringIO()
    configure_logs(LogFormat.CONSOLE, LogLevel.INFO, out)
    get_logger(box="jinsha-1").warning("uplink_lost", why="线路中断")
    assert "uplink_lost" in out.getvalue()
    assert "线路中断" in out.getvalue()
