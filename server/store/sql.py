"""The .sql files beside this module, by name: `statement("boxes/lock_progress")` is queries/boxes/lock_progress.sql."""

from functools import cache
from importlib import resources
from typing import LiteralString

QUERIES = resources.files("server.store") / "queries"
MIGRATIONS = resources.files("server.store") / "migrations"


@cache
def statement(name: str) -> LiteralString:
    """The text of one query file. The file is part of the program, so its text counts as literal for psycopg."""
    return (QUERIES / f"{name}.sql").read_text(encoding="utf-8")
