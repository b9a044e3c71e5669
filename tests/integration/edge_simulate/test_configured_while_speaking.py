"""E2: new configurations are pushed while sensors speak; what was taken by the broker or confirmed by the box is kept."""

import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.servers.folder import server_folder
from bench.servers.mosquitto import Mosquitto
from edge.agent.uplink.link import LinkState
from edge.settings import load_settings
from redwhistle.clock import SystemClock, to_ms
from redwhistle.contracts.commands import Command, CommandName, ReplyStatus
from tests.integration.edge_delivery.boxes import SITE, running_box, write_config
from tests.integration.edge_delivery.fake_server import FakeServer
from tests.integration.edge_simulate.houses import Serving, Simulator, free_ports, kept, sources

pytestmark = [pytest.mark.servers, pytest.mark.faults]
ROUNDS = 6


@pytest.fixture
def broker() -> Iterator[Mosquitto]:
    with server_folder("configured") as folder, Mosquitto(folder) as made:
        yield made


def test_what_sensors_say_while_configurations_are_pushed_is_kept(tmp_path: Path, broker: Mosquitto) -> None:
    server = FakeServer(broker.port)
    server.acknowledges = False
    server.start()
    config = write_config(tmp_path, broker.port, sources=sources(broker.port, free_ports(4), tmp_path))
    wish = load_settings(config).raw["sources"]
    serving: Serving | None = None
    try:
        with running_box(config) as box:
            server.wait(lambda: box.uplink.state is LinkState.CONNECTED)
            serving = Simulator(config).serve()
            assert serving.act("gate-1 denied reason=begins")["ok"]
            replies = server.box("box-1").replies
            said: list[str] = []
            number = 0
            for n in range(ROUNDS):
                push(server, wish, n)
                heard: set[int] = set()
                ends_s = time.monotonic() + 30
                while (
                    len(replies) <= n or len(heard) < 3
                ):  # while it is put to use, and until all doors are open again
                    assert time.monotonic() < ends_s, (len(replies), heard)
                    number += 1
                    line, known_by = say(number)
                    if serving.act(line)["ok"]:  # else a door is shut for a moment, and the device knows
                        said.append(known_by)
                        if len(replies) > n:
                            heard.add(number % 3)
            assert [reply.status for reply in replies] == [ReplyStatus.DONE] * ROUNDS

            def missing() -> set[str]:
                events = kept(config)
                return (
                    set(said)
                    - {str(one["data"].get("reason")) for one in events}
                    - {str(one["device"]) for one in events if one["kind"] == "smoke"}
                )

            server.wait(lambda: not missing())
    finally:
        if serving is not None:
            serving.end()
        server.stop()


def say(number: int) -> tuple[str, str]:
    """A line for the simulator, and by what its event is known: a gate's over MQTT or HTTP, or a fire panel's."""
    if number % 3 == 0:
        return f"panel-1 fire zone=9 no={number}", f"panel-1-s1-0-c9-{number}"
    return f"gate-{number % 3} denied reason={word(number)}", word(number)


def word(number: int) -> str:
    """A reason of letters only, as the box keeps one; another for each number."""
    return "told_" + "".join(chr(ord("a") + int(digit)) for digit in str(number))


def push(server: FakeServer, wish: object, n: int) -> None:
    now_ms = to_ms(SystemClock().now())
    one = Command(
        id=uuid.uuid4(),
        name=CommandName.CONFIGURE.value,
        args={"config": {"sources": wish, "health_every_s": 3000 + n}},
        issued_at_ms=now_ms,
        expires_at_ms=now_ms + 60_000,
    )
    server.send(SITE, "box-1", one)
