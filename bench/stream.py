"""The live stream under load: from a change's commit to its event at each of thousands of clients.

TimescaleDB (fsync on), one API process as an operator would start it, one process with all clients on connections of their
own, and the writer share this machine. Every client may see everything, so each change goes to every client: 50 changes a
second to 2,000 clients are 100,000 events a second. Items change in turn, so no change can be overtaken by the next one
of the same item. The clock begins when the writer sends COMMIT, and ends when a client has the event in hand.
"""

import argparse
import time
from contextlib import ExitStack
from typing import Any

import numpy as np
import psycopg

from bench.api_process import make_tokens, running_api
from bench.arguments import positive
from bench.child import running_child
from bench.items import add_items, repeat_item
from bench.machine import describe_machine
from bench.places import plant_compound
from bench.say import Say
from bench.servers.databases import Databases
from bench.servers.folder import server_folder
from bench.servers.timescaledb import timescaledb_server
from redwhistle.errors import Unavailable
from server.store.migrate import migrate, read_status

DESCRIPTION = "from the commit of a change to its event at thousands of clients of the live stream"
SITE = "compound-0"
STREAMS_OF_ONE = 20
"""How many streams one account may have."""
SILENCE_S = 15


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this benchmark."""
    parser.add_argument("--clients", type=positive, default=2000, help="streams at once (2000)")
    parser.add_argument("--events-per-s", type=positive, default=50, help="changes a second (50)")
    parser.add_argument("--seconds", type=positive, default=20, help="for so long (20)")
    parser.add_argument("--items", type=positive, default=300, help="open items that change in turn (300)")


def run(arguments: argparse.Namespace, say: Say) -> dict[str, Any]:
    """Connect all clients, change items at a steady rate, and match what arrived by item and count."""
    events = arguments.events_per_s * arguments.seconds
    with ExitStack() as stack:
        folder = stack.enter_context(server_folder("bench"))
        server = stack.enter_context(timescaledb_server(folder / "pg", settings={"fsync": "on"}))
        url = Databases(server.url).create()
        migrate(url)
        plant_compound(url, SITE)
        writer = stack.enter_context(psycopg.connect(url))
        numbers = add_items(writer, SITE, [SITE] * arguments.items)
        writer.commit()
        tokens = make_tokens(url, -(-arguments.clients // STREAMS_OF_ONE), "city")
        api = stack.enter_context(running_api(url, log=folder / "api.log"))
        out = folder / "received.npy"
        task = {
            "port": api.port,
            "tokens": tokens,
            "clients": arguments.clients,
            "events": events,
            "within_s": SILENCE_S,
            "out": str(out),
        }
        say(f"connecting {arguments.clients} clients")
        clients = stack.enter_context(running_child("bench.stream_clients", task))
        say(f"{events} changes at {arguments.events_per_s} a second")
        clients.go()
        began_s, used_s = time.monotonic(), api.processor_s()
        committed_ns = _change(writer, numbers, events, arguments.events_per_s)
        took_s = time.monotonic() - began_s
        rss_mb = api.resident_mib()
        answer = clients.answer()
        used_s = api.processor_s() - used_s
        if answer["got"] < events * arguments.clients or answer["ended"] or answer["resets"]:
            raise Unavailable(
                f"of {events * arguments.clients} events {answer['got']} arrived; {answer['ended']} streams ended,"
                f" {answer['resets']} resets"
            )
        latencies_ms = _latencies_ms(np.load(out), committed_ns)
        return {
            "clients": arguments.clients,
            "events_per_s": round(events / took_s, 1),
            **{f"p{p}_ms": round(float(np.percentile(latencies_ms, p)), 1) for p in (50, 95, 99)},
            "max_ms": round(float(latencies_ms.max()), 1),
            "rss_mb": round(rss_mb),
            "deliveries": answer["got"],
            "deliveries_per_s": round(answer["got"] / took_s),
            "api_processor_s": round(used_s, 2),
            "clients_processor_s": answer["processor_s"],
            "connected_s": answer["connected_s"],
            "open_items": arguments.items,
            "database": f"timescaledb ({read_status(url).edition}), fsync on",
            "machine": describe_machine(),
        }


def _change(
    writer: psycopg.Connection, numbers: list[int], events: int, per_s: int
) -> dict[tuple[int, int], int]:
    """Trigger the items in turn against an absolute clock; by number and count, when COMMIT was sent."""
    committed_ns = {}
    due_s = time.monotonic()
    for event in range(events):
        due_s += 1 / per_s
        time.sleep(max(0.0, due_s - time.monotonic()))
        number = numbers[event % len(numbers)]
        count = repeat_item(writer, number)
        committed_ns[number, count] = time.monotonic_ns()
        writer.commit()
    return committed_ns


def _latencies_ms(
    received: "np.ndarray[Any, np.dtype[np.int64]]", committed_ns: dict[tuple[int, int], int]
) -> Any:
    began = np.array([committed_ns[int(number), int(count)] for number, count, _ in received], dtype=np.int64)
    return (received[:, 2] - began) / 1e6
