"""Work items written straight into the queue, as people's reports: for measurements and tests that need many."""

from collections.abc import Sequence
from typing import LiteralString
from uuid import uuid4

import psycopg

ADD: LiteralString = (
    "INSERT INTO work_items (id, exercise, grid, site, place, hazard, severity, state, deadline_at, opened_at, last_at)"
    " SELECT i, %(exercise)s, %(grid)s, %(site)s, p, 'smoke', %(severity)s, 'open', now() + interval '10 minutes', now(),"
    " now() FROM unnest(%(ids)s::uuid[], %(places)s::text[]) AS u (i, p) RETURNING number"
)
TELL: LiteralString = (
    "SELECT pg_notify('rw_queue', jsonb_build_object('number', number, 'place', place)::text)"
    " FROM work_items WHERE number = ANY(%(numbers)s)"
)


def add_items(
    connection: psycopg.Connection,
    site: str,
    places: Sequence[str],
    *,
    grid: str = "grid",
    severity: int = 2,
    exercise: str = "",
) -> list[int]:
    """One open item at each place, told to listeners at the commit; their numbers."""
    values = {
        "ids": [str(uuid4()) for _ in places],
        "places": list(places),
        "site": site,
        "grid": grid,
        "severity": severity,
        "exercise": exercise,
    }
    numbers = [int(row[0]) for row in connection.execute(ADD, values)]
    connection.execute(TELL, {"numbers": numbers})
    return numbers


def repeat_item(connection: psycopg.Connection, number: int) -> int:
    """Trigger an item once more; its count by then. Listeners are told at the commit."""
    row = connection.execute(
        "UPDATE work_items SET count = count + 1, last_at = clock_timestamp() WHERE number = %s RETURNING count",
        (number,),
    ).fetchone()
    assert row is not None, f"no item {number}"
    connection.execute(TELL, {"numbers": [number]})
    return int(row[0])


def close_item(connection: psycopg.Connection, number: int) -> None:
    """Close an item. Listeners are told at the commit."""
    connection.execute(
        "UPDATE work_items SET state = 'closed', closed_at = now() WHERE number = %s", (number,)
    )
    connection.execute(TELL, {"numbers": [number]})
