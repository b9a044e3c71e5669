"""Disks that are full, at the box and at the server, on small file systems of their own."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from bench.servers.databases import Databases
from bench.servers.timescaledb import timescaledb_server
from edge.agent.outbox.refuge import find_refuge
from redwhistle.contracts.ids import Lane
from tests.conftest import StartProxy
from tests.faults.checks import assert_whole
from tests.faults.scripts import spread
from tests.faults.world import SITES, World, build_world
from tests.integration.edge_delivery.boxes import running_box, write_config
from tests.unit.edge_outbox.making import smoke

SmallDisk = Callable[[Path, int], Path]
SITE = SITES[0]


@pytest.fixture
def small_disk() -> Iterator[SmallDisk]:
    """`small_disk(folder, megabytes)` mounts a file system there; left out where mounting is not allowed."""
    mounted: list[Path] = []

    def mount(folder: Path, megabytes: int) -> Path:
        folder.mkdir()
        words = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0711", "tmpfs", str(folder)]
        if os.geteuid() != 0 or subprocess.run(words, check=False, capture_output=True).returncode != 0:
            pytest.skip("mounting a small file system needs root")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def clog(disk: Path) -> Path:
    """Take all that is free; return the file to delete."""
    ballast = disk / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 4096):
            with suppress(OSError):
                while file.write(bytes(size)) == size:
                    pass
    assert os.statvfs(disk).f_bavail == 0
    return ballast


def test_alarms_leave_a_box_whose_disk_is_full(
    world: World, proxy: StartProxy, small_disk: SmallDisk
) -> None:
    """Also while the network is away, so that they have to be kept somewhere."""
    world.start_dispatch()
    world.start_ingest()
    line = proxy(world.broker.port)
    disk = small_disk(world.folder / "disk", 8)
    script = spread(SITE, readings=12_000, alarms=60, seconds=12)
    box = world.add_box(
        "box-1",
        SITE,
        script,
        port=line.port,
        data_dir=str(disk),
        outbox={"reserve_mb": 1},
        start=False,
    )
    (box.folder / "data").symlink_to(disk)
    box.program.start()
    world.await_connected(box)
    held = "SELECT count(*) FROM events e JOIN box_progress p USING (progress_key) WHERE p.lane = 'alarm'"
    world.wait(lambda: world.one(held) >= 10, 30, "ten alarms")
    line.cut()
    ballast = clog(disk)
    world.wait(
        lambda: box.program.count("event_kept") + box.program.count("alarm_kept_in_memory") >= 45,
        30,
        "45 alarms",
    )
    lost = [line for line in box.program.lines() if line.get("action") == "event_lost"]
    assert {line["lane"] for line in lost} <= {"telemetry"}, "a note of the box about itself may find no room"
    line.heal()
    world.wait(lambda: world.one(held) >= 60, 60, "all alarms, from a disk that is still full")
    ballast.unlink()
    assert_whole(world, [box], dropped=True, also_alerts={"box-storage"})


@pytest.mark.parametrize("reserved", [True, False], ids=["with its reserve", "without one"])
def test_a_box_starts_on_a_disk_that_is_full(
    tmp_path: Path, small_disk: SmallDisk, monkeypatch: pytest.MonkeyPatch, reserved: bool
) -> None:
    """The power was cut, and came back to a full card: what waited is there with the reserve, and alarms are kept."""
    (tmp_path / "memory").mkdir()
    monkeypatch.setattr(find_refuge, "__defaults__", (tmp_path / "memory",))
    disk = small_disk(tmp_path / "disk", 16)
    config = write_config(tmp_path / "box", 1, data_dir=str(disk))
    with running_box(config) as box:
        box.outbox.put_event(smoke())
    if not reserved:
        (disk / "outbox.reserve").unlink()
    clog(disk)
    with running_box(config) as box:
        box.outbox.put_event(smoke())
        sent = box.outbox.take(Lane.ALARM, limit=100, now_mono_ms=0, resend_after_ms=60_000)
        alarms = {(each.epoch, event.seq) for each in sent for event in each.events if event.kind == "smoke"}
        assert len(alarms) == (2 if reserved else 1)
        assert [*(tmp_path / "memory").iterdir()] == [] or not reserved


def test_a_full_disk_at_the_server_loses_nothing(server_path: Path, small_disk: SmallDisk) -> None:
    disk = small_disk(server_path / "disk", 320)
    settings = {"max_wal_size": "64MB", "min_wal_size": "32MB", "wal_recycle": "off"}
    with ExitStack() as stack:
        server = stack.enter_context(timescaledb_server(disk / "pg", settings=settings))
        world = build_world(stack, Databases(server.url))
        try:
            world.start_dispatch()
            ingest = world.start_ingest()
            box = world.add_box("box-1", SITE, spread(SITE, readings=12_000, alarms=60, seconds=15))
            world.wait(lambda: world.one("SELECT count(*) FROM alerts") >= 10, 30, "ten alerts")
            ballast = clog(disk)
            world.wait(lambda: ingest.count("ingest_waiting_for_database") >= 3, 40, "ingest cannot store")
            world.wait(lambda: box.waiting() > 1000, 30, "the box keeps what nobody has stored")
            ballast.unlink()
            if not server.running:  # it may stop itself when not even its log finds room
                server.start()
            assert_whole(world, [box], within_s=90)
            assert world.json("quarantine", "list") == {"quarantine": []}
            assert ingest.running
        except Exception as error:
            error.add_note(world.tails())
            raise
