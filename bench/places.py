"""A smallest tree of places: one compound in one grid."""

import psycopg

LEVELS = ("city", "district", "street", "community", "grid")


def plant_compound(url: str, *sites: str) -> None:
    """Make a city down to one grid (ids are the levels' names) with these compounds in it."""
    with psycopg.connect(url) as connection:
        for above, level in zip((None, *LEVELS), LEVELS, strict=False):
            connection.execute(
                "INSERT INTO places (id, parent, level, name_zh) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
                (level, above, level, level),
            )
        for site in sites:
            connection.execute(
                "INSERT INTO places (id, parent, level, name_zh) VALUES (%s, 'grid', 'compound', %s)",
                (site, site),
            )
