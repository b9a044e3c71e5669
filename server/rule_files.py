"""Where a process finds the rules that it judges by."""

from pathlib import Path

from redwhistle.errors import ConfigurationError, RulesError
from redwhistle.logs import get_logger
from server.alerts import rules
from server.store.connection import Connection
from server.store.packs import StoredPack, read_pack

log = get_logger(part="rules")


def load_rules(path: Path | None) -> rules.Pack:
    """The pack in a file, or the default one; raise RulesError or ConfigurationError."""
    if path is None:
        return rules.default_pack()
    try:
        return rules.load_pack(path.read_text(encoding="utf-8"), name=path.stem)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"cannot read the rule pack {path}: {error}") from error


class RuleShelf:
    """Packs by their hash. Ingest chooses the rules; `dispatch` and the commands judge a site by those it was judged by.

    Otherwise two processes started with different packs would take a site's pending levels from each other, and what
    has to last half a minute would never do so.
    """

    def __init__(self, own: rules.Pack) -> None:
        self._own = own
        self._packs = {own.hash: own}

    def by_hash(self, connection: Connection, pack_hash: str) -> rules.Pack:
        """The pack with this hash as the database has it; our own where it cannot be had."""
        known = self._packs.get(pack_hash)
        return known or self.of(read_pack(connection, pack_hash))

    def of(self, stored: StoredPack | None) -> rules.Pack:
        """The pack that is stored; our own for none, and for one that this program cannot read."""
        if stored is None:
            return self._own
        if stored.hash not in self._packs:
            try:
                pack = rules.load_pack(stored.source, name=stored.name)
            except RulesError as error:
                log.warning("pack_unreadable", pack=stored.name, hash=stored.hash, why=str(error)[:500])
                return self._own
            self._packs[stored.hash] = pack
        return self._packs[stored.hash]
