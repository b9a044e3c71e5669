"""Whether the database answers and has this program's schema, asked over the pool that answers requests."""

from redwhistle.errors import SchemaError
from server.store.connection import translated
from server.store.migrate import migrations
from server.store.pool import Pooled


def check_database(pool: Pooled) -> None:
    """Raise Unavailable, or SchemaError when the schema is not exactly this program's."""
    wanted = {one.number: one.sha256 for one in migrations()}
    with pool.use() as connection, translated():
        rows = connection.execute("SELECT number, sha256 FROM schema_migrations").fetchall()
    if dict(rows) != wanted:
        raise SchemaError(
            "the schema is another version's: run `redwhistle db migrate` with the newest program"
        )
