"""From a sensor to the queue with real processes: what must come first, what must stay, what must not be told twice."""

import json
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bench.servers.mosquitto import Mosquitto
from tests.conftest import StartMosquitto, StartProxy
from tests.faults.checks import assert_whole
from tests.faults.programs import environment
from tests.faults.scripts import METRIC, Alarm, Script, spread, write_lines
from tests.faults.world import SITES, Box, World
from tests.servers.mqtt import TestClient, connected

SITE = SITES[0]
CHILDREN = Path(__file__).parent / "children"
BACKLOG = 50_000


@pytest.fixture
def sensors(mosquitto: StartMosquitto) -> Mosquitto:
    """The broker on the compound's own network, to which Zigbee2MQTT publishes."""
    return mosquitto()


def smoke_source(
    broker: Mosquitto, place: str, *, base: str = "zigbee2mqtt", name: str = "smoke"
) -> dict[str, Any]:
    """A box's section for one detector `kitchen` behind `base`."""
    return {
        "type": "smoke",
        "name": name,
        "base_topic": base,
        "broker": {"port": broker.port, "client_id": f"reader-{base}"},
        "devices": [{"friendly_name": "kitchen", "device": f"smoke-{base}", "place": place}],
    }


def alerts_at(world: World, place: str) -> list[tuple[Any, ...]]:
    """(number, count, closed) of the alerts at a place, oldest first."""
    return world.rows(
        "SELECT number, count, closed_at IS NOT NULL FROM alerts WHERE place = %s ORDER BY number", place
    )


def say(client: TestClient, base: str = "zigbee2mqtt", **payload: Any) -> None:
    """What a detector says."""
    client.publish(f"{base}/kitchen", json.dumps(payload).encode())


def test_a_fire_goes_before_fifty_thousand_readings(
    served: World, sensors: Mosquitto, proxy: StartProxy
) -> None:
    """E4: over a thin line (30 KB/s), with a real detector's message."""
    line = proxy(served.broker.port)
    line.cut()
    place = f"{SITE}-b101"
    box = served.add_box(
        "backlog",
        SITE,
        port=line.port,
        sources=[
            {"type": "replay", "file": "log.jsonl", "speed": 1_000_000},
            smoke_source(sensors, place, base="z-backlog"),
        ],
        start=False,
    )
    write_lines(
        box.folder / "log.jsonl",
        [
            {"t_s": n / 1000, "device": f"sensor-{n % 9}", "metric": METRIC, "value": float(n)}
            for n in range(BACKLOG)
        ],
    )
    box.program.start()
    served.wait(lambda: box.report().readings >= BACKLOG, 60, "the backlog is on disk")
    box.kill()  # so that the next attempt to connect is at once
    write_lines(box.folder / "log.jsonl", [])
    line.limit(30_000)
    line.heal()
    box.program.start()
    served.await_connected(box)
    with connected(sensors.port, "bridge") as bridge:
        began = time.monotonic()
        say(bridge, "z-backlog", smoke=True)
        served.wait(lambda: alerts_at(served, place), 10, "the alert", every_s=0.05)
        took_s = time.monotonic() - began
    assert box.waiting() > 0.9 * BACKLOG, "the backlog must still be there for this to mean something"
    assert took_s < 8
    line.limit(None)
    assert_whole(served, [box], also_alerts=None)


def test_rows_wait_for_the_server_and_a_full_outbox_gives_up_readings_only(world: World) -> None:
    """E5 and E6: the broker takes everything, nobody stores it, the outbox is small."""
    world.start_dispatch()
    script = spread(SITE, readings=6_000, alarms=60, seconds=6)
    box = world.add_box("small", SITE, script, outbox={"max_rows": 1000})
    world.wait(box.has_played, 60, "the log is played")
    with connected(world.broker.port, "listener") as listener:
        listener.subscribe("rw/v1/+/+/alarm")
        world.wait(lambda: listener.received, 20, "the box sends its alarms again")
    report = box.report()
    assert report.alarms == 60, "an alarm stays until the server has it, whatever the broker says"
    assert report.readings <= 1000
    assert report.dropped > 4000
    world.start_ingest()
    assert_whole(world, [box], dropped=True)
    (telemetry,) = (lane for lane in world.box_row("small")["lanes"] if lane["lane"] == "telemetry")
    stored = world.one(
        "SELECT count(*) FROM readings r JOIN metrics m USING (metric_key) WHERE m.name = %s", METRIC
    )
    assert stored + telemetry["dropped"] >= 6_000, "what was given up is counted"
    assert telemetry["missing"] == 0


def test_a_wrong_clock_dates_nothing_and_orders_nothing(
    world: World, sensors: Mosquitto, proxy: StartProxy
) -> None:
    """E11: boxes ten years behind and three years ahead, never synchronised, beside one that is right."""
    world.start_dispatch()
    world.start_ingest()
    line = proxy(world.broker.port)
    years = {"behind": -10, "right": 0, "ahead": 3}
    boxes: dict[str, Box] = {}
    for n, (name, off) in enumerate(years.items()):
        boxes[name] = box = world.add_box(
            name,
            SITES[n],
            port=line.port,
            sources=[smoke_source(sensors, f"{SITES[n]}-b1", base=f"z-{name}")],
            words=[CHILDREN / "skewed_box.py"],
            clock="always" if off == 0 else "never",
            start=False,
        )
        box.program.set_env(SKEW_S=str(off * 365 * 86400))
        box.program.start()
    world.await_connected(*boxes.values())
    told: dict[str, float] = {}
    with connected(sensors.port, "bridge") as bridge:
        for name in years:
            told[name] = time.time()
            say(bridge, f"z-{name}", smoke=True, temperature=20)
            world.await_rows(20, "SELECT FROM alerts WHERE device = %s", f"smoke-z-{name}")
        line.cut()  # what waits on the box keeps its age
        world.pause(0.5)
        for name in years:
            told[f"{name} later"] = time.time()
            say(bridge, f"z-{name}", temperature=21)
        world.pause(4)
        line.heal()
    later = "SELECT r.time, r.device_at, r.time_source FROM readings r JOIN devices d USING (device_key) WHERE d.device = %s AND r.value = 21"
    for name, off in years.items():
        (row,) = world.await_rows(60, later, f"smoke-z-{name}")
        assert abs(row[0].timestamp() - told[f"{name} later"]) < 2, (name, row)
        assert abs((row[1] - row[0]) - timedelta(days=365 * off)) < timedelta(days=1), (
            "what its clock said is kept"
        )
        (event,) = world.rows(
            "SELECT e.time FROM events e JOIN devices d USING (device_key) WHERE d.device = %s AND e.kind = 'smoke'",
            f"smoke-z-{name}",
        )
        assert abs(event[0].timestamp() - told[name]) < 2, (name, event)
        shown = world.box_row(name)
        assert shown["clock_synced"] is (off == 0)
        assert (abs(shown["clock_offset_ms"]) > 86_400_000) is (off != 0)
    queue = [item["site"] for item in world.json("queue", "list")["items"]]
    assert queue == list(SITES), "the queue's order is that of the server's time"


def test_yesterdays_smoke_raises_nothing_and_todays_does(served: World, sensors: Mosquitto) -> None:
    """E13: a retained `smoke: true` that the local broker hands over at the start of the agent."""
    place = f"{SITE}-b102"
    with connected(sensors.port, "bridge") as bridge:
        bridge.client.publish("z-old/kitchen", b'{"smoke": true}', 1, retain=True).wait_for_publish(10)
        box = served.add_box("old-smoke", SITE, sources=[smoke_source(sensors, place, base="z-old")])

        def heard() -> bool:
            say(bridge, "z-old", temperature=20.5)
            return bool(
                served.rows(
                    "SELECT FROM readings r JOIN devices d USING (device_key) WHERE d.device = 'smoke-z-old'"
                )
            )

        served.wait(heard, 30, "the detector's temperature is stored", every_s=0.5)
        assert alerts_at(served, place) == []
        say(bridge, "z-old", smoke=True)
        served.wait(lambda: alerts_at(served, place), 10, "today's alert")
    assert [count for _, count, _ in alerts_at(served, place)] == [1]
    box.kill()


def test_the_same_again_is_one_alert_and_little_noise(served: World) -> None:
    """E30: thirty times the same alarm; a switch and a level that flutter."""
    same, switch, level = (f"{SITE}-b{n}" for n in (103, 104, 105))
    box = served.add_box(
        "flutter",
        SITE,
        sources=[{"type": "replay", "file": "log.jsonl"}],
        devices=[
            {"id": "same", "kind": "gas", "place": same},
            {"id": "switch", "kind": "gas", "place": switch},
            {"id": "level", "kind": "water_level", "place": level},
        ],
        start=False,
    )
    lines: list[dict[str, Any]] = []
    for n in range(30):
        t_s = 1 + n * 0.15
        lines += [
            {"t_s": t_s, "device": "same", "kind": "gas"},
            {"t_s": t_s, "device": "switch", "kind": "gas", "data": {"active": n % 2 == 0}},
            {"t_s": t_s, "device": "level", "metric": "water_level_m", "value": 0.5 if n % 2 == 0 else 0.01},
        ]
    write_lines(box.folder / "log.jsonl", lines)
    box.program.start()
    served.wait(box.has_played, 30, "the log is played")
    assert_whole(served, [box], also_alerts=None)
    for place, count in ((same, 30), (switch, 15), (level, 15)):
        ((_, counted, _),) = alerts_at(served, place)
        assert counted == count, place
        ((_, alert, items),) = served.rows(
            "SELECT a.place, a.id, (SELECT count(*) FROM work_items w WHERE w.alert = a.id) FROM alerts a"
            " WHERE a.place = %s",
            place,
        )
        assert items == 1
        told = served.rows(
            "SELECT decision FROM alert_log WHERE alert = %s AND quiet IS NULL AND decision IN ('raise', 'repeat', 'upgrade')",
            alert,
        )
        assert told == [("raise",)], place


def test_after_a_close_the_next_trigger_is_a_new_alert(served: World) -> None:
    """E40 and E35: two workers claim at once, one has it; it is closed; the box triggers again."""
    place = f"{SITE}-b106"
    script = Script((Alarm(0.5, "sos", "button", place),), ())
    box = served.add_box("again", SITE, script)
    ((number, _, _),) = served.wait(lambda: alerts_at(served, place), 20, "the first alert")
    (item,) = (i for i in served.json("queue", "list", "--at", SITE)["items"] if i["alert_number"] == number)
    outcomes = claim_at_once(served, str(item["number"]), "zhang", "li")
    assert sorted(code for code, _ in outcomes.values()) == [0, 1], outcomes
    (winner,) = (name for name, (code, _) in outcomes.items() if code == 0)
    (told,) = (text for code, text in outcomes.values() if code)
    assert winner in told, "the other is told who has it"
    for words in (["on-scene"], ["resolve", "--reason", "helped up"], ["close"]):
        served.json("queue", words[0], str(item["number"]), "--as", winner, *words[1:])
    assert [closed for _, _, closed in alerts_at(served, place)] == [True]
    box.kill()
    script.write(box.folder / "log.jsonl")
    box.program.start()
    began = time.monotonic()
    served.wait(lambda: len(alerts_at(served, place)) == 2, 20, "a new alert")
    assert time.monotonic() - began < 15
    assert [(count, closed) for _, count, closed in alerts_at(served, place)] == [(1, True), (1, False)]
    box.kill()


def claim_at_once(world: World, item: str, *names: str) -> dict[str, tuple[int, str]]:
    """`redwhistle queue claim` by each name at the same time: exit code and output."""
    running = {
        name: subprocess.Popen(
            [
                sys.executable,
                "-c",
                "from redwhistle.cli import main; main()",
                *("queue", "claim", item, "--as", name),
            ],
            env=environment() | {"REDWHISTLE_DATABASE_URL": world.url},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name in names
    }
    return {
        name: (process.wait(), text)
        for name, process in running.items()
        for text in [process.communicate(timeout=30)[0]]
    }
