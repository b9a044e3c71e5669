"""A box starts with whatever can be made of its configuration, and a check leaves nothing behind."""

import os
import socket
from pathlib import Path
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from edge.agent.outbox.refuge import find_refuge
from edge.agent.sources.card_key import open_key
from edge.settings import load_settings
from edge.wiring import Box, check_box
from redwhistle.contracts.commands import Command
from redwhistle.contracts.ids import Lane
from redwhistle.errors import OutboxError, SourceError
from tests.integration.edge_delivery.boxes import running_box, write_config, write_log
from tests.integration.edge_simulate.houses import free_ports
from tests.unit.edge_actuators.desk import wait_for


def gate(port: int) -> dict[str, Any]:
    return {
        "type": "gate_http",
        "port": port,
        "secret_file": "gate.secret",
        "devices": [{"name": "garage", "device": "gate-1"}],
    }


def kept(box: Box) -> list[tuple[str, str]]:
    envelopes = box.outbox.take(Lane.ALARM, limit=100, now_mono_ms=0, resend_after_ms=0)
    return [(event.device, event.kind) for envelope in envelopes for event in envelope.events]


def listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def test_a_source_that_cannot_be_made_keeps_no_other_from_starting(tmp_path: Path) -> None:
    """Its secret is gone: smoke alarms go on, the fault is told, and it works once the secret is back."""
    (port,) = free_ports(1)
    log = write_log(tmp_path / "log.jsonl", readings=1, alarms=1, seconds=0.1)
    replay = {"type": "replay", "file": str(log)}
    config = write_config(tmp_path, 1, sources=[gate(port), replay])
    with running_box(config) as box:
        wait_for(lambda: ("gate-http", "device_fault") in kept(box), "the fault is told")
        wait_for(lambda: ("smoke-0", "smoke") in kept(box), "the alarm is kept")
        (tmp_path / "gate.secret").write_text("a-secret-of-many-characters\n")
        wait_for(lambda: listens(port), "it is tried again and works")


def test_a_key_that_cannot_be_read_keeps_no_other_from_starting(tmp_path: Path) -> None:
    config = write_config(tmp_path, 1, sources=[{"type": "gate", "devices": []}])
    (tmp_path / "data" / "gate.key").mkdir(parents=True)  # whoever runs the tests cannot read a folder
    with running_box(config) as box:
        wait_for(lambda: ("gate", "device_fault") in kept(box), "the fault is told")


def test_a_pushed_source_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    config = write_config(tmp_path, 1)
    with running_box(config) as box:
        wish = {"config": {"sources": [gate(free_ports(1)[0])]}}
        command = Command(id=uuid7(), name="configure", args=wish, issued_at_ms=0, expires_at_ms=1)
        with pytest.raises(SourceError, match="secret cannot be read"):
            box._configure(command)


def test_a_check_makes_no_key(tmp_path: Path) -> None:
    config = write_config(tmp_path, 1, sources=[{"type": "gate", "devices": []}])
    assert all(
        "broker" in problem or "127.0.0.1:1" in problem for problem in check_box(load_settings(config))
    )
    assert not (tmp_path / "data").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_key_made_by_root_belongs_to_the_folders_owner(tmp_path: Path) -> None:
    os.chown(tmp_path, 65534, 65534)
    open_key(tmp_path / "gate.key")
    made = (tmp_path / "gate.key").stat()
    assert (made.st_uid, made.st_gid, made.st_mode & 0o777) == (65534, 65534, 0o600)


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "memory"
    folder.mkdir()
    monkeypatch.setattr(find_refuge, "__defaults__", (folder,))
    return folder


def test_a_box_whose_disk_takes_no_outbox_works_from_memory(tmp_path: Path, memory: Path) -> None:
    """A card that died read-only, a folder that is somebody else's: alarms still leave, and the fault is told."""
    log = write_log(tmp_path / "log.jsonl", readings=1, alarms=1, seconds=0.1)
    (tmp_path / "no").touch()
    replay = {"type": "replay", "file": str(log)}
    config = write_config(tmp_path, 1, data_dir="no/data", sources=[replay])
    with running_box(config) as box:
        wait_for(lambda: ("smoke-0", "smoke") in kept(box), "the alarm is kept")
        assert ("box", "device_fault") in kept(box)
    assert [path.stat().st_mode & 0o777 for path in memory.iterdir()] == [0o700]
    with running_box(config) as box:
        assert ("smoke-0", "smoke") in kept(box)  # the agent crashed: what waited still does


def test_a_folder_in_memory_that_is_not_ours_is_not_used(tmp_path: Path, memory: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (memory / f"redwhistle-{os.geteuid()}-box-1").symlink_to(tmp_path / "elsewhere")
    found = find_refuge("box-1")
    assert found.parent != memory
    found.rmdir()


def test_a_second_agent_is_refused_all_the_same(tmp_path: Path, memory: Path) -> None:
    config = write_config(tmp_path, 1)
    with running_box(config), pytest.raises(OutboxError, match="another agent"):
        Box(load_settings(config))
    assert list(memory.iterdir()) == []
