"""What is held on, on disk: a restart of the agent in the middle of a fire takes it up again."""

import json
import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

from edge.agent.orders import Act, Order
from edge.agent.policy.actuation import Holding
from redwhistle.logs import get_logger


class HeldOrders:
    """One small file, written when a real order begins or ends. Safe from any thread. Drills are not kept."""

    def __init__(self, path: Path, boot: str) -> None:
        self._path = path
        self._boot = boot
        self._lock = threading.Lock()
        self._log = get_logger()
        self._held: dict[str, Holding] = self._read()

    def of(self, actuator: str) -> Holding | None:
        """What held it when the agent ended."""
        with self._lock:
            return self._held.get(actuator)

    def keep(self, actuator: str, holding: Holding | None) -> None:
        """It is held by this now. A disk that refuses is logged: it must not stop a siren."""
        if holding is not None and holding.order.exercise is not None:
            holding = None
        with self._lock:
            if self._held.get(actuator) == holding:
                return
            if holding is None:
                self._held.pop(actuator, None)
            else:
                self._held[actuator] = holding
            self._write(self._held)

    def _read(self) -> dict[str, Holding]:
        try:
            kept = json.loads(self._path.read_bytes())
            same_boot = kept["boot"] == self._boot
            held = {}
            for each in kept["held"]:
                order = Order(**{**each["order"], "act": Act(each["order"]["act"])})
                order = replace(order, languages=tuple(order.languages))
                until_ms = each["until_ms"]
                # Times since boot mean nothing after a boot: what had an end has ended, in doubt.
                if until_ms is None or (same_boot and isinstance(until_ms, int)):
                    held[order.actuator] = Holding(order, until_ms)
            return held
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            self._log.error("held_orders_unreadable", why=f"{type(error).__name__}: {error}")
            return {}

    def _write(self, held: Mapping[str, Holding]) -> None:
        content = {
            "boot": self._boot,
            "held": [{"order": asdict(each.order), "until_ms": each.until_ms} for each in held.values()],
        }
        aside = self._path.with_suffix(".new")
        try:
            with aside.open("w", encoding="utf-8") as file:
                json.dump(content, file, ensure_ascii=False)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(self._path)
        except OSError as error:
            self._log.error("held_orders_not_kept", why=str(error))
            with suppress(OSError):
                aside.unlink()
