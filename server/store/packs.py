"""Rule packs as sites were last judged by them: who did not choose the rules judges by those, not by rules of its own."""

from dataclasses import dataclass

from server.alerts.records import SiteKey
from server.store import queue_rows, storable
from server.store.connection import Connection, translated
from server.store.sql import statement


@dataclass(frozen=True, slots=True)
class StoredPack:
    """A pack as ingest brought it: its content's hash, its name, its YAML."""

    hash: str
    name: str
    source: str


def read_pack(connection: Connection, pack_hash: str) -> StoredPack | None:
    """The pack with this hash."""
    with translated():
        row = connection.execute(
            "SELECT hash, name, source FROM rule_packs WHERE hash = %s", (pack_hash,)
        ).fetchone()
    return StoredPack(*row) if row else None


def pack_of_site(connection: Connection, key: SiteKey) -> StoredPack | None:
    """The pack by which a site was last judged; None for one that never was."""
    with translated():
        row = connection.execute(
            statement("packs/of_site"), {"site": storable.text(key[0]), "exercise": storable.text(key[1])}
        ).fetchone()
    return StoredPack(*row) if row else None


def pack_of_item(connection: Connection, ref: str) -> StoredPack | None:
    """The pack of the site of a work item, by number or id."""
    with translated():
        row = connection.execute(statement("packs/of_item"), queue_rows.reference(ref)).fetchone()
    return StoredPack(*row) if row else None


def pack_of_silence(connection: Connection, silence_id: str) -> StoredPack | None:
    """The pack of the site of a silence."""
    with translated():
        row = connection.execute(statement("packs/of_silence"), {"id": storable.text(silence_id)}).fetchone()
    return StoredPack(*row) if row else None
