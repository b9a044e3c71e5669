"""A configuration that the server pushed: checked, kept pending, put to use, and confirmed.

It lies beside the outbox and holds only what a command may change. The box's own file stays the ground under
it: when a person changes that file, the pushed one no longer applies. One that was never confirmed, because the
box went down while it was put to use, is not used again.
"""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from edge.settings import BoxSettings, LoadedSettings, check_settings
from redwhistle.errors import ConfigurationError
from redwhistle.logs import get_logger

PUSHABLE = frozenset({"devices", "sources", "health_every_s", "reflexes", "release_checks"})
"""What a command may change; identity, broker, clock, limits and actuators are changed at the box."""


class PushedConfiguration:
    """The files `pushed.json` and `pushed.pending.json` in the data folder."""

    def __init__(self, loaded: LoadedSettings) -> None:
        self._loaded = loaded
        self._active = loaded.settings.data_dir / "pushed.json"
        self._pending = loaded.settings.data_dir / "pushed.pending.json"
        self._log = get_logger()

    def current(self) -> BoxSettings:
        """The configuration to start with: the file's, under a pushed one that was confirmed and still applies."""
        if self._pending.exists():
            self._log.error("pushed_dropped", why="the box went down while this configuration was put to use")
            with suppress(OSError):
                self._pending.unlink()
        try:
            kept = json.loads(self._active.read_bytes())
            if kept["base_sha256"] != self._loaded.sha256:
                self._log.warning("pushed_ignored", why="the box's own configuration file has changed since")
                return self._loaded.settings
            return self.check(kept["config"])
        except FileNotFoundError:
            return self._loaded.settings
        except (OSError, ValueError, KeyError, TypeError, RecursionError, ConfigurationError) as error:
            self._log.error("pushed_unusable", why=str(error))
            return self._loaded.settings

    def check(self, config: Any) -> BoxSettings:
        """The whole configuration with `config` in it; raise ConfigurationError with the reason."""
        if not isinstance(config, dict) or not config:
            raise ConfigurationError(
                f"args.config must be a mapping with one or more of {', '.join(sorted(PUSHABLE))}"
            )
        foreign = sorted(set(map(str, config)) - PUSHABLE)
        if foreign:
            raise ConfigurationError(
                f"{foreign[0]} cannot be changed by a command: change it in the box's own file"
            )
        return check_settings(self._loaded.raw | config, self._loaded.folder, "the pushed configuration")

    def write_pending(self, config: dict[str, Any]) -> None:
        """Keep `config` on disk, synced, before it is put to use; raise ConfigurationError when that fails."""
        content = json.dumps({"base_sha256": self._loaded.sha256, "config": config}, ensure_ascii=False)
        try:
            with self._pending.open("w", encoding="utf-8") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        except (OSError, UnicodeEncodeError) as error:
            raise ConfigurationError(f"the configuration cannot be kept on disk: {error}") from error

    def confirm(self) -> None:
        """It is in use: it also counts after a restart."""
        try:
            self._pending.replace(self._active)
            _sync_folder(self._active.parent)
        except OSError as error:
            raise ConfigurationError(f"it is in use now, but will not be after a restart: {error}") from error


def _sync_folder(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
