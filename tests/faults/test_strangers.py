"""TLS and the shipped access list with real agents: a box speaks and hears under its own name only (E21); two machines
that use one name lose no alarm and are seen."""

import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from bench.servers.certificates import Authority
from bench.servers.databases import Databases
from bench.servers.mosquitto import SERVER_NAME, MosquittoOptions
from edge.agent.uplink.broker_settings import TlsSettings
from edge.agent.uplink.connection import make_tls_context
from redwhistle.contracts.codec import decode_reply, encode
from redwhistle.contracts.commands import Command, ReplyStatus
from redwhistle.contracts.topics import subscribe_all
from server.ingest.service import SHARE
from tests.faults.checks import assert_whole
from tests.faults.programs import Program
from tests.faults.scripts import Script, spread
from tests.faults.wire import envelope, event
from tests.faults.world import EDGE, SITES, Box, World, build_world
from tests.servers.mqtt import connected


@pytest.fixture
def guarded(fault_databases: Databases) -> Iterator[World]:
    """A world whose broker asks for certificates and keeps the access list that is shipped."""
    with ExitStack() as stack:
        yield build_world(stack, fault_databases, MosquittoOptions(tls=True, acl=True))


def test_a_box_with_a_certificate_of_its_own_is_nobody_else(guarded: World) -> None:
    world = guarded
    authority = world.broker.authority
    assert authority is not None
    world.start_dispatch()
    world.start_ingest()
    boxes = [
        world.add_box(f"box-{n}", site, spread(site, readings=1500, alarms=24, seconds=8))
        for n, site in enumerate(SITES[:2], 1)
    ]
    with connected(world.broker.port, "rogue", tls=client_context(authority, "box-1")) as rogue:
        for topic in ("rw/v1/+/box-2/#", "#", *(subscribe_all(leaf, group) for leaf, group in SHARE.items())):
            rogue.subscribe(topic)
        world.await_connected(*boxes)
        silent = world.add_box("box-3", SITES[2])
        world.await_connected(silent)
        forged = envelope("site-2", "box-2", "alarm", events=[event(1, "forged", "sos")])
        for leaf in ("alarm", "telemetry", "state", "reply", "ack", "command"):
            rogue.publish(f"rw/v1/site-2/box-2/{leaf}", forged)
        rogue.publish("rw/v1/site-1/box-1/ack", b"{}")
        configure(world, authority, silent)
        assert_whole(world, boxes, within_s=90)
        heard = {topic for topic, _ in rogue.received}
    assert heard <= {"rw/v1/site-1/box-1/ack", "rw/v1/site-1/box-1/command"}
    assert world.rows("SELECT FROM devices WHERE device = 'forged'") == []
    assert boxes[1].program.count("ack_unreadable") + boxes[1].program.count("command_unreadable") == 0


def configure(world: World, authority: Authority, box: Box) -> None:
    """Push a configuration with the server's own account; the box answers and keeps what it has in its outbox."""
    now_ms = time.time_ns() // 1_000_000
    command = Command(
        id=uuid.uuid4(),
        name="configure",
        args={"config": {"health_every_s": 1800}},
        issued_at_ms=now_ms,
        expires_at_ms=now_ms + 60_000,
    )
    prefix = f"rw/v1/{box.site}/{box.name}"
    before = box.report().last_seq
    with connected(world.broker.port, "operator", tls=client_context(authority, SERVER_NAME)) as operator:
        operator.subscribe(f"{prefix}/reply")
        operator.publish(f"{prefix}/command", encode(command))
        ((_, payload),) = world.wait(lambda: operator.received, 15, "the box's reply")
    reply = decode_reply(payload)
    assert (reply.command, reply.status) == (command.id, ReplyStatus.DONE), reply
    assert all(n >= before[lane] for lane, n in box.report().last_seq.items())


def client_context(authority: Authority, name: str) -> Any:
    """TLS as this user."""
    certificate, key = authority.client(name)
    return make_tls_context(TlsSettings(ca_file=authority.ca_file, cert_file=certificate, key_file=key))


def test_two_machines_with_one_name_lose_no_alarm_and_are_seen(world: World) -> None:
    """A copied card in the same kind of machine: one name, one outbox, the same numbers given out twice."""
    world.start_dispatch()
    world.start_ingest()
    site = SITES[0]
    first = world.add_box("box-1", site, spread(site, readings=100, alarms=5, seconds=2))
    assert_whole(world, [first])
    first.kill()
    twin_folder = world.folder / "twin"
    shutil.copytree(first.folder, twin_folder)
    scripts = {
        "box-1": spread(site, readings=300, alarms=8, seconds=16, first_building=11),
        "twin": spread(site, readings=300, alarms=8, seconds=16, first_building=21),
    }
    play(first, scripts["box-1"], world)
    twin = Box(
        "box-1",
        site,
        twin_folder,
        Program("twin", [*EDGE, "run", "--config", twin_folder / "box.yaml"], twin_folder / "box.log"),
        config=dict(first.config),
    )
    play(twin, scripts["twin"], world)
    wanted = {alarm.device for script in scripts.values() for alarm in script.alarms}

    def unseen() -> set[str]:
        return wanted - {device for (device,) in world.rows("SELECT DISTINCT device FROM alert_log")}

    for box in (first, twin):
        world.wait(box.has_played, 60, f"{box.program.name} has played its log")
    world.wait(
        lambda: not unseen(), 120, f"an alert for each alarm of both; without: {unseen()}", every_s=0.5
    )
    row = world.wait(
        lambda: (r := world.box_row("box-1"))["twin_seen_at"] and r, 60, "the twin is seen", every_s=1
    )
    assert row["box"] == "box-1"


def play(box: Box, script: Script, world: World) -> None:
    """Give a box another script and start it."""
    box.script = script
    script.write(box.folder / "log.jsonl")
    box.config = box.config | {"devices": script.devices()}
    world.put_box(box)
