"""From an alarm's commit in a box's outbox to its work item at a client of the live stream, with telemetry beside it.

Boxes with the real outbox (SQLite, synchronous=FULL) and uplink, Mosquitto, one ingest process, TimescaleDB (fsync
on), one API process and its client share this machine. Every alarm is a call button at a place of its own, so each raises
an alert and a work item; ten compounds with a box each, and the background's boxes are spread over the same compounds. The
clock begins between the commit and the uplink's waking, and ends when a client of the live stream (server-sent events over
HTTP, as a console reads them) has the event in hand. Beside it, `listener_…`: when a PostgreSQL client that LISTENs has the
notification in hand.
"""

import argparse
import time
from contextlib import ExitStack
from typing import Any

from bench.api_process import make_tokens, running_api
from bench.arguments import not_negative, positive
from bench.child import running_child
from bench.figures import percentile, summary_ms
from bench.ingest_process import running_ingest
from bench.listeners import NotifyListener, StreamListener
from bench.machine import describe_machine
from bench.places import plant_compound, plant_units
from bench.say import Say
from bench.servers.databases import Databases
from bench.servers.folder import server_folder
from bench.servers.mosquitto import Mosquitto
from bench.servers.timescaledb import timescaledb_server
from server.store.migrate import migrate, read_status

DESCRIPTION = "from the outbox's commit at a box to a client of the live stream"
SITES = 10
BACKGROUND_BOXES = 50
LAST_WITHIN_S = 30.0
LEAD_IN_S = 3
"""Seconds of background before the first alarm."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this benchmark."""
    parser.add_argument("--alarms", type=positive, default=500, help="alarms in all (500)")
    parser.add_argument("--alarms-per-s", type=float, default=10, help="on average, at random moments (10)")
    parser.add_argument(
        "--background", type=not_negative, default=5000, help="readings a second beside them (5000; 0: none)"
    )
    parser.add_argument("--seed", type=positive, default=7, help="of the moments (7)")


def run(arguments: argparse.Namespace, say: Say) -> dict[str, Any]:
    """Press all buttons and match the events by place."""
    each = max(1, arguments.alarms // SITES)
    sites = [f"compound-{i}" for i in range(SITES)]
    units = {site: [f"{site}-unit-{i}" for i in range(each)] for site in sites}
    with ExitStack() as stack:
        folder = stack.enter_context(server_folder("bench"))
        server = stack.enter_context(timescaledb_server(folder / "pg", settings={"fsync": "on"}))
        broker = stack.enter_context(Mosquitto(folder / "mqtt"))
        url = Databases(server.url).create()
        migrate(url)
        plant_compound(url, *sites)
        plant_units(url, units)
        stack.enter_context(running_ingest(url, broker, sites[0], log=folder / "ingest.log"))
        (token,) = make_tokens(url, 1, "city")
        api = stack.enter_context(running_api(url, log=folder / "api.log"))
        listener = stack.enter_context(NotifyListener(url))
        client = stack.enter_context(StreamListener(api.port, token))
        background = None
        if arguments.background:
            seconds = LEAD_IN_S + int(1.2 * SITES * each / arguments.alarms_per_s) + 3
            say(f"making {seconds} s of background")
            task = {
                "host": broker.host,
                "port": broker.port,
                "sites": sites,
                "boxes": BACKGROUND_BOXES,
                "rows_per_s": arguments.background,
                "seconds": seconds,
            }
            background = stack.enter_context(running_child("bench.background", task))
        boxes = stack.enter_context(
            running_child(
                "bench.alarming",
                {
                    "folder": str(folder),
                    "host": broker.host,
                    "port": broker.port,
                    "alarms_per_s": arguments.alarms_per_s,
                    "seed": arguments.seed,
                    "boxes": [_box(site, places) for site, places in units.items()],
                },
            )
        )
        if background is not None:
            background.go()
            time.sleep(LEAD_IN_S)
        say(f"{SITES * each} alarms at {arguments.alarms_per_s:g} a second")
        boxes.go()
        committed_ns: dict[str, int] = boxes.answer()["committed_ns"]
        seen_ns = client.await_places(set(committed_ns), LAST_WITHIN_S)
        heard_ns = listener.await_places(set(committed_ns), LAST_WITHIN_S)
        beside = background.answer() if background is not None else None
        latencies_s = [(seen_ns[place] - ns) / 1e9 for place, ns in committed_ns.items()]
        listener_s = [(heard_ns[place] - ns) / 1e9 for place, ns in committed_ns.items()]
        return {
            **summary_ms(latencies_s),
            **{f"listener_{name}": value for name, value in summary_ms(listener_s).items()},
            "min_ms": round(percentile(latencies_s, 0.001) * 1000, 2),
            "alarms": len(latencies_s),
            "background_rows_per_s": round(beside["rows"] / beside["seconds"]) if beside else 0,
            "background_late_ms": beside["late_ms"] if beside else 0,
            "alarms_per_s": arguments.alarms_per_s,
            "compounds": SITES,
            "database": f"timescaledb ({read_status(url).edition}), fsync on",
            "machine": describe_machine(),
        }


def _box(site: str, places: list[str]) -> dict[str, Any]:
    buttons = [{"device": f"sos-{i}", "place": place} for i, place in enumerate(places)]
    return {"site": site, "box": f"box-{site}", "buttons": buttons}
