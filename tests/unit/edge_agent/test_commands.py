"""Commands: checked, run once, always answered."""

import uuid
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.agent.commands import CommandRunner
from edge.agent.outbox.sqlite import SqliteOutbox
from redwhistle.contracts.codec import encode
from redwhistle.contracts.commands import Command, Reply, ReplyStatus
from redwhistle.errors import ConfigurationError
from tests.unit.edge_outbox.making import START, make_clock, open_outbox

NOW_MS = int(START.timestamp() * 1000)


def command(name: str = "ping", *, expires_in_ms: int = 60_000, number: int = 1) -> Command:
    return Command(
        id=uuid.UUID(int=number), name=name, issued_at_ms=NOW_MS, expires_at_ms=NOW_MS + expires_in_ms
    )


class Bench:
    def __init__(self, outbox: SqliteOutbox, *, synced: bool = True) -> None:
        self.ran: list[Command] = []
        handlers = {"ping": self.ping, "configure": self.refuse, "report": self.break_down}
        self.replies: list[Reply] = []
        self.runner = CommandRunner("box-1", make_clock(synced=synced), outbox, handlers, self.replies.append)

    def ping(self, one: Command) -> dict[str, Any]:
        self.ran.append(one)
        return {"pong": 1}

    def refuse(self, _one: Command) -> dict[str, Any]:
        raise ConfigurationError("sources.0.file: missing")

    def break_down(self, _one: Command) -> dict[str, Any]:
        raise RuntimeError("bad\0day")

    def answer(self, one: Command, *, retained: bool = False) -> Reply:
        reply = self.runner.handle(encode(one), retained=retained)
        assert reply is not None
        assert encode(reply)
        assert (reply.command, reply.box) == (one.id, "box-1")
        return reply


def test_a_command_runs_once_even_across_a_restart(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    bench = Bench(outbox)
    assert bench.answer(command()).data == {"pong": 1}
    assert bench.answer(command()).status is ReplyStatus.DUPLICATE
    outbox.close()
    outbox = open_outbox(tmp_path)
    bench = Bench(outbox)
    assert bench.answer(command()).status is ReplyStatus.DUPLICATE
    assert bench.ran == []
    outbox.close()


@pytest.mark.parametrize(
    ("name", "expires_in_ms", "retained", "status", "detail"),
    [
        ("ping", -1, False, ReplyStatus.EXPIRED, "expired"),
        ("ping", 60_000, True, ReplyStatus.REFUSED, "retained"),
        ("reboot", 60_000, False, ReplyStatus.REFUSED, "knows configure, ping, report"),
        ("configure", 60_000, False, ReplyStatus.REFUSED, "sources.0.file: missing"),
        ("report", 60_000, False, ReplyStatus.FAILED, "RuntimeError: bad day"),
    ],
)
def test_what_is_not_done_is_answered_with_the_reason(
    tmp_path: Path, name: str, expires_in_ms: int, retained: bool, status: ReplyStatus, detail: str
) -> None:
    outbox = open_outbox(tmp_path)
    bench = Bench(outbox)
    reply = bench.answer(command(name, expires_in_ms=expires_in_ms), retained=retained)
    assert reply.status is status
    assert detail in reply.detail
    assert bench.ran == []
    outbox.close()


def test_a_box_without_time_cannot_judge_expiry(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    assert Bench(outbox, synced=False).answer(command(expires_in_ms=-1)).status is ReplyStatus.DONE
    outbox.close()


class NoOutbox:
    """Never asked: bytes that are no command do not come so far."""

    def remember_command(self, _command: uuid.UUID) -> bool:
        raise AssertionError("unreachable")


@given(payload=st.binary(max_size=300))
def test_any_bytes_are_survived(payload: bytes) -> None:
    replies: list[Reply] = []
    runner = CommandRunner("box-1", make_clock(), NoOutbox(), {}, replies.append)  # type: ignore[arg-type]
    assert runner.handle(payload, retained=False) is None
    assert replies == []
