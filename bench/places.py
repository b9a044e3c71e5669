"""A smallest tree of places: compounds in one grid, and units in them."""

from collections.abc import Mapping, Sequence

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


def plant_units(url: str, units: Mapping[str, Sequence[str]]) -> None:
    """Hang one building with these units under each compound."""
    with psycopg.connect(url) as connection:
        for site, names in units.items():
            building = f"{site}-building"
            connection.execute(
                "INSERT INTO places (id, parent, level, name_zh) VALUES (%s, %s, 'building', %s)",
                (building, site, building),
            )
            connection.execute(
                "INSERT INTO places (id, parent, level, name_zh) SELECT u, %s, 'unit', u FROM unnest(%s::text[]) AS u",
                (building, list(names)),
            )
