"""The one place that builds and parses MQTT topics: `rw/v1/<site>/<box>/<leaf>` and nothing else."""

import re
from enum import StrEnum
from typing import NamedTuple

from redwhistle.contracts.ids import SLUG
from redwhistle.errors import Malformed

ROOT = "rw/v1"
_SLUG = re.compile(SLUG)


class Leaf(StrEnum):
    """The last level of a topic."""

    ALARM = "alarm"
    TELEMETRY = "telemetry"
    EVIDENCE = "evidence"
    """One blurred JPEG of at most 64 KiB per alert."""
    STATE = "state"
    """Retained; also the last will."""
    ACK = "ack"
    """From the server."""
    COMMAND = "command"
    """From the server."""
    REPLY = "reply"


FROM_BOX = frozenset({Leaf.ALARM, Leaf.TELEMETRY, Leaf.EVIDENCE, Leaf.STATE, Leaf.REPLY})
TO_BOX = frozenset({Leaf.ACK, Leaf.COMMAND})


class Topic(NamedTuple):
    """A parsed topic."""

    site: str
    box: str
    leaf: Leaf


def build(site: str, box: str, leaf: Leaf) -> str:
    """The topic of one box's leaf; raise Malformed for a name that cannot be in a topic."""
    for name in (site, box):
        if not _SLUG.fullmatch(name):
            raise Malformed(f"{name!r} cannot be in a topic: use lower-case letters, digits, '.', '_', '-'")
    return f"{ROOT}/{site}/{box}/{leaf}"


def parse(topic: str) -> Topic:
    """The parts of a topic; raise Malformed for anything that is not exactly one of ours."""
    parts = topic.split("/")
    if len(parts) != 5 or "/".join(parts[:2]) != ROOT:
        raise Malformed(f"not a topic of this contract: {topic[:200]!r}")
    _, _, site, box, leaf = parts
    if not (_SLUG.fullmatch(site) and _SLUG.fullmatch(box)):
        raise Malformed(f"not a site and box name: {topic[:200]!r}")
    try:
        return Topic(site, box, Leaf(leaf))
    except ValueError:
        raise Malformed(f"not a leaf of this contract: {leaf[:50]!r}") from None


def subscribe_all(leaf: Leaf, share: str | None = None) -> str:
    """The filter for one leaf of every box; `share` makes it a shared subscription of that group (MQTT 5, 4.8.2)."""
    plain = f"{ROOT}/+/+/{leaf}"
    return f"$share/{share}/{plain}" if share else plain
