"""`db check`: what should never be in the database, looked for."""

from dataclasses import dataclass
from typing import LiteralString

from server.store.connection import connect, translated


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that should not be; `count` says how often."""

    code: str
    detail: str
    count: int


_CHECKS: tuple[tuple[str, str, LiteralString], ...] = (
    (
        "readings_doubled",
        "readings under the same lane and number",
        "SELECT count(*) FROM (SELECT FROM readings GROUP BY progress_key, seq HAVING count(*) > 1) AS d",
    ),
    (
        "events_doubled",
        "events under the same lane and number",
        "SELECT count(*) FROM (SELECT FROM events GROUP BY progress_key, seq HAVING count(*) > 1) AS d",
    ),
    (
        "holes",
        "lanes whose received numbers have had a hole for over a minute (see `redwhistle box list`)",
        "SELECT count(*) FROM box_progress WHERE hole_since < now() - interval '1 minute'",
    ),
    (
        "alerts_without_item",
        "alerts that stand in no queue",
        "SELECT count(*) FROM alerts AS a WHERE NOT EXISTS (SELECT FROM work_items AS w WHERE w.alert = a.id)",
    ),
    (
        "alerts_closed_apart",
        "alerts closed while their item is open, or the other way round",
        (
            "SELECT count(*) FROM alerts AS a JOIN work_items AS w ON w.alert = a.id"
            " WHERE (a.closed_at IS NULL) <> (w.closed_at IS NULL)"
        ),
    ),
    (
        "rollups_behind",
        "minutes that wait for their rollup for over ten minutes (is `redwhistle dispatch` running?)",
        "SELECT count(*) FROM rollup_pending WHERE at < now() - interval '10 minutes'",
    ),
    (
        "evidence_kept_too_long",
        "pictures of alarms whose time has been over for ten minutes (is `redwhistle dispatch` running?)",
        "SELECT count(*) FROM evidence WHERE jpeg IS NOT NULL AND expires_at < now() - interval '10 minutes'",
    ),
    (
        "wakes_missed",
        "engine wake-ups that are over a minute late (is `redwhistle dispatch` running?)",
        "SELECT count(*) FROM engine_state WHERE wake_at < now() - interval '1 minute'",
    ),
)


def check_database(url: str) -> list[Finding]:
    """Run all checks; read-only. May take a while on a large database."""
    findings = []
    with connect(url, name="check") as connection, translated():
        connection.execute("SET TRANSACTION READ ONLY")
        for code, detail, query in _CHECKS:
            row = connection.execute(query).fetchone()
            if row and row[0]:
                findings.append(Finding(code, detail, row[0]))
    return findings
