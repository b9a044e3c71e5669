"""What `--check` asks of a demo: which sensors must have become work items, how fast, and what is missing. Pure."""

import statistics
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from server.demo.compounds import COMPOUNDS, Family, device_of
from server.demo.witness import News

WANTED = (
    "camera",
    "smoke",
    "fire_confirmed",
    "sos",
    "vibration",
    "water",
    "gas",
    "panel",
    "gate",
    "gate_http",
)
"""What must have become an alert."""
READ = (Family.SIREN, Family.REPLAY)
"""What is heard by its readings only."""


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds from a sensor's message to the committed work item, over `count` of them."""

    count: int
    p50_ms: float
    max_ms: float


@dataclass(slots=True)
class Report:
    """The outcome. `alerts` by source, with the number of each; `rows` as stored; `acts` done over HTTP."""

    seconds: float
    missing: list[str]
    alerts: dict[str, list[int]]
    latency: Latency | None
    basis: str | None
    """On what the camera's crowd rests: people or moving regions."""
    rows: dict[str, int]
    readings: dict[str, int] = field(default_factory=dict)
    """Stored readings of the families that are heard by these only."""
    acts: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing

    def to_json(self) -> dict[str, Any]:
        """For scripts."""
        latency = self.latency
        return {
            "ok": self.ok,
            "seconds": round(self.seconds, 1),
            "missing": self.missing,
            "alerts": self.alerts,
            "crowd_basis": self.basis,
            "latency_ms": None
            if latency is None
            else {"count": latency.count, "p50": latency.p50_ms, "max": latency.max_ms},
            "rows": self.rows,
            "readings": self.readings,
            "acts": self.acts,
        }


def alerts_by_source(news: Sequence[News]) -> dict[str, list[int]]:
    """The numbers of the alerts that each wanted source has raised or confirmed."""
    found: dict[str, set[int]] = {name: set() for name in WANTED}
    for one in news:
        name = _source_of(one)
        if name is not None:
            found[name].add(one.alert["number"])
    return {name: sorted(numbers) for name, numbers in found.items()}


def latency_of(news: Sequence[News]) -> Latency | None:
    """Over the alerts raised or upgraded by a sensor's message; None without any."""
    times = [n.latency_ms for n in news if n.latency_ms is not None and n.what in {"raise", "upgrade"}]
    if not times:
        return None
    return Latency(len(times), round(statistics.median(times), 1), round(max(times), 1))


def crowd_basis(news: Sequence[News]) -> str | None:
    """What the first crowd was counted from."""
    crowds = (n.source.get("data") or {} for n in news if n.source.get("kind") == "crowd_formed")
    return next((str(data["basis"]) for data in crowds if data.get("basis")), None)


def what_is_missing(
    alerts: dict[str, list[int]],
    without_history: Sequence[int],
    heard: Collection[tuple[str, str]],
    cards: tuple[int, int],
) -> list[str]:
    """Sentences on what has not come.

    `without_history` are work items' numbers; `heard` are (box, device) with readings stored; `cards` are the events
    with a card's hash and those with a bare card number.
    """
    missing = [f"no work item from: {name}" for name in WANTED if not alerts[name]]
    missing += [f"work item {number} has no history" for number in without_history]
    silent = [
        f"{compound.box}/{device.id}"
        for compound in COMPOUNDS
        for device in compound.devices
        if (compound.box, device.id) not in heard
    ]
    if silent:
        missing.append(f"no readings stored of: {', '.join(silent)}")
    hashed, bare = cards
    if not hashed:
        missing.append("no gate event with the hash of a card is stored")
    if bare:
        missing.append(f"{bare} events hold a bare card number: it must not leave the box")
    return missing


def readings_of(rows: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Of the families that are heard by readings only, how many are stored; `rows` are by box and device."""
    found = dict.fromkeys((family.value for family in READ), 0)
    for row in rows:
        device = device_of(str(row["box"]), str(row["device"]))
        if device is not None and device.family in READ:
            found[device.family.value] += int(row["readings"])
    return found


def _source_of(news: News) -> str | None:
    if news.what not in {"raise", "upgrade"} or news.device is None:
        return None
    hazard, certainty = news.item["hazard"], news.entry["certainty"] or news.item["certainty"]
    if news.device.family is not Family.SMOKE:
        return news.device.family.value
    if hazard == "smoke":
        return "smoke"
    return "fire_confirmed" if hazard == "fire" and certainty == "confirmed" else None
