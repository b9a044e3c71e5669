"""Codes and their words: complete in both languages, and the console's copy is the same."""

import json
from enum import Enum
from pathlib import Path

import pytest

from redwhistle.contracts.events import EventKind
from redwhistle.contracts.evidence import Method
from redwhistle.contracts.readings import Metric
from redwhistle.contracts.state import DeviceKind
from redwhistle.places.model import ContactRole, Level, PointKind
from server.alerts.model import Certainty, Hazard, Quiet, Severity
from server.alerts.work_item import Act, State
from server.catalogue import CATALOGUE, as_json
from server.people.codes import OidcFault, Refusal
from server.people.records import AuditAct
from server.rights.roles import Right, Role

COPY = Path(__file__).parents[3] / "server/web/src/generated/words.json"
ENUMS: dict[str, type[Enum]] = {
    "severity": Severity,
    "hazard": Hazard,
    "state": State,
    "certainty": Certainty,
    "act": Act,
    "quiet": Quiet,
    "level": Level,
    "event": EventKind,
    "metric": Metric,
    "device": DeviceKind,
    "point": PointKind,
    "contact": ContactRole,
    "role": Role,
    "right": Right,
    "audit": AuditAct,
    "refusal": Refusal,
    "oidc": OidcFault,
    "method": Method,
}


@pytest.mark.parametrize("kind", sorted(ENUMS))
def test_every_member_has_words(kind: str) -> None:
    assert {str(member.value) for member in ENUMS[kind]} == {str(code) for code in CATALOGUE[kind]}


def test_both_languages_have_a_text() -> None:
    for kind, words in CATALOGUE.items():
        for code, (zh, en) in words.items():
            assert zh.strip(), f"{kind} {code} has no Chinese text"
            assert en.strip(), f"{kind} {code} has no English text"


def test_the_console_has_the_same_words() -> None:
    """Renew it with `redwhistle words --json > server/web/src/generated/words.json`."""
    assert json.loads(COPY.read_text(encoding="utf-8")) == as_json()
