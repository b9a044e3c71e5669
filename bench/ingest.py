"""Readings stored per second by one ingest process, exactly once, acknowledged after commit; beside mq-bridge.

Publisher, broker (Mosquitto), ingest and database (TimescaleDB, fsync on) share this machine. The clock runs from the
first envelope sent to the last one acknowledged by the server. The peer works on the same broker and database in the
same run; how, says bench/peer.py.
"""

import argparse
from contextlib import ExitStack
from typing import Any

import psycopg

from bench.arguments import not_negative, positive
from bench.ingest_process import running_ingest
from bench.machine import describe_machine
from bench.peer import PACKED, SINGLE, measure_peer
from bench.places import plant_compound
from bench.say import Say
from bench.servers.databases import Databases
from bench.servers.folder import server_folder
from bench.servers.mosquitto import Mosquitto
from bench.servers.timescaledb import timescaledb_server
from bench.traffic import Parcel, WindowedSender, make_parcels
from redwhistle.errors import ConfigurationError
from server.store.migrate import migrate, read_status

DESCRIPTION = "readings stored per second by one ingest process, beside mq-bridge"
SITE = "bench"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this benchmark."""
    parser.add_argument("--rows", type=positive, default=3_000_000, help="readings to store (3000000)")
    parser.add_argument("--boxes", type=positive, default=50, help="boxes that send them (50)")
    parser.add_argument(
        "--per-envelope", type=positive, default=500, help="readings an envelope, 1 to 1000 (500)"
    )
    parser.add_argument(
        "--peer-rows",
        type=not_negative,
        default=60_000,
        help="readings for the peer one by one; packed ten times as many (60000; 0: no peer)",
    )


def run(arguments: argparse.Namespace, say: Say) -> dict[str, Any]:
    """Run both and return the figures."""
    boxes, per_envelope = arguments.boxes, arguments.per_envelope
    with ExitStack() as stack:
        folder = stack.enter_context(server_folder("bench"))
        server = stack.enter_context(timescaledb_server(folder / "pg", settings={"fsync": "on"}))
        broker = stack.enter_context(Mosquitto(folder / "mqtt"))
        url = Databases(server.url).create()
        migrate(url)
        plant_compound(url, SITE)
        result: dict[str, Any] = {"database": f"timescaledb ({read_status(url).edition}), fsync on"}
        say(f"making {arguments.rows:,} readings of {boxes} boxes")
        parcels = interleave(
            [
                make_parcels(SITE, f"bench-{i}", rows=arguments.rows // boxes, per_envelope=per_envelope)
                for i in range(boxes)
            ]
        )
        with (
            running_ingest(url, broker, SITE, log=folder / "ingest.log"),
            WindowedSender(broker.host, broker.port) as sender,
        ):
            sender.send([p for p in parcels if p.last <= per_envelope], timeout_s=60)  # names get their keys
            rest = [p for p in parcels if p.last > per_envelope]
            timed = sum(p.rows for p in rest)
            if not timed:
                raise ConfigurationError(
                    f"{arguments.rows} rows of {boxes} boxes are one envelope each, which is not timed: give more --rows"
                )
            say(f"sending {timed:,} readings")
            seconds = sender.send(rest, timeout_s=120)
        rate = timed / seconds
        say(f"stored {rate:,.0f} readings a second")
        result |= {
            "rows_per_s": round(rate),
            "exactly_once": stored_exactly_once(url, sum(p.rows for p in parcels), say),
            "rows": timed,
            "seconds": round(seconds, 2),
            "boxes": boxes,
            "rows_per_envelope": per_envelope,
            "machine": describe_machine(),
        }
        if arguments.peer_rows:
            single = measure_peer(url, broker, arguments.peer_rows, SINGLE, folder=folder, say=say)
            packed = measure_peer(url, broker, 10 * arguments.peer_rows, PACKED, folder=folder, say=say)
            result |= {
                "peer": "mq-bridge",
                "peer_rows_per_s": round(single.rows_per_s),
                "peer_way": str(single.way),
                "ratio": round(rate / single.rows_per_s, 1),
                "peer_packed_rows_per_s": round(packed.rows_per_s),
                "peer_packed_way": str(packed.way),
                "ratio_packed": round(rate / packed.rows_per_s, 1),
                "peer_complete": single.complete and packed.complete,
            }
        return result


def interleave(by_box: list[list[Parcel]]) -> list[Parcel]:
    """One envelope of each box in turn, as they would come."""
    return [parcel for turn in zip(*by_box, strict=True) for parcel in turn]


def stored_exactly_once(url: str, expected: int, say: Say) -> bool:
    """Whether all numbers of all lanes are stored, each once, and known as received."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT count(*), count(DISTINCT (progress_key, seq)),"
            " (SELECT sum(upper(r) - lower(r)) FROM box_progress, unnest(received) AS r)"
            " FROM readings"
        ).fetchone()
    say(f"stored, distinct, acknowledged: {row}")
    return row == (expected, expected, expected)
