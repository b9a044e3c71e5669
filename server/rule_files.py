"""Where a process finds its rule pack."""

from pathlib import Path

from redwhistle.errors import ConfigurationError
from server.alerts import rules


def load_rules(path: Path | None) -> rules.Pack:
    """The pack in a file, or the default one; raise RulesError or ConfigurationError."""
    if path is None:
        return rules.default_pack()
    try:
        return rules.load_pack(path.read_text(encoding="utf-8"), name=path.stem)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"cannot read the rule pack {path}: {error}") from error
