"""What the database can do, and the one place where its editions differ.

| edition | series tables | rollups | retention |
|---|---|---|---|
| `timescale` (community) | hypertables, compressed after 8 days | continuous aggregates with policies | drop_chunks from `dispatch` |
| `apache` (Debian's build) | hypertables | maintained tables | drop_chunks from `dispatch` |
| `plain` PostgreSQL | plain tables | maintained tables | batched DELETE from `dispatch` |

Relation names and columns are the same in all three: `readings`, `events`, `readings_minute`, `readings_hour`.
Sources: TimescaleDB documentation of create_hypertable, continuous aggregates, add_*_policy, drop_chunks.
"""

from datetime import timedelta
from enum import StrEnum

import psycopg
from psycopg import sql

from server.store.connection import Connection

CHUNK = {"readings": timedelta(days=1), "events": timedelta(days=7)}
COMPRESS_AFTER = timedelta(days=8)
"""A day over the seven that late data may take: a late row rarely meets a compressed chunk."""
LATE = timedelta(days=7)
"""How late readings may come and still show in the rollups (the policies' refresh window)."""


class Edition(StrEnum):
    """Which database this is."""

    TIMESCALE = "timescale"
    """TimescaleDB, community licence: everything."""
    APACHE = "apache"
    """TimescaleDB, Apache licence: hypertables and drop_chunks only."""
    PLAIN = "plain"
    """PostgreSQL without TimescaleDB."""


def detect(connection: Connection) -> Edition:
    """Create the extension where the server has it and we may; say what the database can do."""
    row = connection.execute(
        "SELECT installed_version FROM pg_available_extensions WHERE name = 'timescaledb'"
    ).fetchone()
    if row is None:
        return Edition.PLAIN
    if row[0] is None:
        # A setting of the loader's: it tells everybody whether that is preloaded (the list itself is for few eyes).
        preloaded = connection.execute("SELECT current_setting('timescaledb.disable_load', true)").fetchone()
        if preloaded is None or preloaded[0] is None:
            return Edition.PLAIN
        connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
    licence = connection.execute("SELECT current_setting('timescaledb.license', true)").fetchone()
    return Edition.TIMESCALE if licence and licence[0] == "timescale" else Edition.APACHE


def read_edition(connection: Connection) -> Edition:
    """The edition for which the schema was laid out."""
    row = connection.execute("SELECT edition FROM schema_edition").fetchone()
    return Edition(row[0]) if row else Edition.PLAIN


def lay_out_series(connection: Connection, edition: Edition) -> None:
    """Make the series tables of migration 0003 into what this edition offers, and give them rollups. Once."""
    if edition is not Edition.PLAIN:
        for table, interval in CHUNK.items():
            connection.execute(
                "SELECT create_hypertable(%s::regclass, 'time', chunk_time_interval => %s::interval,"
                " create_default_indexes => false)",
                (table, interval),
            )
    connection.execute("CREATE INDEX readings_series ON readings (device_key, metric_key, time DESC)")
    connection.execute("CREATE INDEX events_site ON events (site, time DESC)")
    connection.execute("CREATE INDEX events_identity ON events (progress_key, seq)")
    if edition is Edition.TIMESCALE:
        _continuous_aggregates(connection)
        _compression(connection)
    else:
        _maintained_rollups(connection)


ROLLUPS = {"readings_minute": "1 minute", "readings_hour": "1 hour"}
"""Relation and bucket width."""


def _continuous_aggregates(connection: Connection) -> None:
    for name, width in ROLLUPS.items():
        connection.execute(
            sql.SQL(
                "CREATE MATERIALIZED VIEW {name} WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS"
                " SELECT time_bucket({width}::interval, time) AS bucket, device_key, metric_key, exercise_key,"
                " count(*) AS n, min(value) AS min, max(value) AS max, sum(value) AS sum, last(value, time) AS last"
                " FROM readings GROUP BY 1, 2, 3, 4 WITH NO DATA"
            ).format(name=sql.Identifier(name), width=sql.Literal(width))
        )
    for name, end, every in (
        ("readings_minute", "1 minute", "1 minute"),
        ("readings_hour", "1 hour", "10 minutes"),
    ):
        connection.execute(
            "SELECT add_continuous_aggregate_policy(%s::regclass, start_offset => %s::interval,"
            " end_offset => %s::interval, schedule_interval => %s::interval)",
            (name, LATE + timedelta(days=1), end, every),
        )


def _compression(connection: Connection) -> None:
    """Compress old chunks; by the names of before 2.18, or by the columnstore names where those are gone."""
    try:
        with connection.transaction():
            connection.execute(
                "ALTER TABLE readings SET (timescaledb.compress,"
                " timescaledb.compress_segmentby = 'device_key, metric_key',"
                " timescaledb.compress_orderby = 'time DESC')"
            )
            connection.execute("SELECT add_compression_policy('readings', %s::interval)", (COMPRESS_AFTER,))
    except psycopg.errors.DatabaseError:
        with connection.transaction():
            connection.execute(
                "ALTER TABLE readings SET (timescaledb.enable_columnstore,"
                " timescaledb.segmentby = 'device_key, metric_key', timescaledb.orderby = 'time DESC')"
            )
            connection.execute(
                "CALL add_columnstore_policy('readings', after => %s::interval)", (COMPRESS_AFTER,)
            )


def _maintained_rollups(connection: Connection) -> None:
    for name in ROLLUPS:
        connection.execute(
            sql.SQL(
                "CREATE TABLE {name} (bucket timestamptz NOT NULL, device_key integer NOT NULL,"
                " metric_key smallint NOT NULL, exercise_key integer NOT NULL, n bigint NOT NULL,"
                " min double precision NOT NULL, max double precision NOT NULL, sum double precision NOT NULL,"
                " last double precision NOT NULL, PRIMARY KEY (device_key, metric_key, exercise_key, bucket))"
            ).format(name=sql.Identifier(name))
        )
