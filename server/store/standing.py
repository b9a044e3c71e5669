"""How the whole system stands, for /metrics: a few counts, asked at each scrape."""

from server.metrics import Standing
from server.store.connection import connect, translated
from server.store.sql import statement


def read_standing(url: str) -> Standing:
    """Count over a connection of its own; raise Unavailable."""
    with connect(url, name="metrics", autocommit=True) as connection, translated():
        row = connection.execute(statement("standing/counts")).fetchone()
        items = connection.execute(statement("standing/open_items")).fetchall()
    lanes, oldest_s, dropped, quarantined, offline = row or (0, 0.0, 0, 0, 0)
    return Standing(lanes, oldest_s, dropped, quarantined, offline, dict(items))
