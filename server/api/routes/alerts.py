"""Alerts and the pictures that belong to them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from server.alerts.model import Hazard
from server.api import shown
from server.api.gate import DoorsHere, Router, Who
from server.api.paging import DEFAULT_LIMIT, Cursor, Limit, cut, read_page
from server.api.ports import Row
from server.api.problems import Code
from server.api.routes.devices import Exercise
from server.api.routes.places import At, Text
from server.api.routes.queue import Ref, Shown
from server.api.schemas.alerts import AlertDetail, AlertPage, Evidence, EvidenceViewPage
from server.records.looking import ItemsWanted
from server.rights.roles import Right

router = Router("alerts")
SEE = Right.SEE_ALERTS
LOOK = Right.SEE_EVIDENCE
VIEWS = (int,)


@router.route("GET", "/alerts", "list_alerts", SEE, problems=(Code.NOT_FOUND,), response_model=AlertPage)
def list_alerts(
    who: Who,
    doors: DoorsHere,
    at: At = None,
    hazard: Annotated[Hazard | None, Query()] = None,
    state: Shown = "open",
    q: Text = None,
    exercise: Exercise = "",
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> AlertPage:
    """Alerts in scope, the newest first. `q` finds numbers, places, devices and rules."""
    page = read_page("alerts", limit, cursor, datetime, int)
    wanted = ItemsWanted(
        at=at,
        hazard=hazard,
        text=q,
        exercise=None if exercise == "*" else exercise,
        closed=state == "all",
    )
    found = doors.queue.alerts(who.scope, wanted, page)
    rows, following = cut("alerts", page, found, lambda row: [row["raised_at"], row["number"]])
    return AlertPage(items=[shown.alert(row) for row in rows], next=following)


@router.route(
    "GET", "/alerts/{alert}", "get_alert", SEE, problems=(Code.NOT_FOUND,), response_model=AlertDetail
)
def get_alert(alert: Ref, who: Who, doors: DoorsHere) -> AlertDetail:
    """Why it fired, why nobody was told of the rest, how it stands in the queue."""
    row = doors.queue.alert(who.scope, alert, who.now)
    seen = who.over(LOOK)
    pictures = [] if seen.empty else doors.evidence.of_alert(seen, str(row["id"]), who.now)
    return shown.alert_detail(row, pictures, who.now)


@router.route(
    "GET", "/evidence/{evidence}", "get_evidence", LOOK, problems=(Code.NOT_FOUND,), response_model=Evidence
)
def get_evidence(evidence: UUID, who: Who, doors: DoorsHere) -> Evidence:
    """What is known of a picture, without the picture."""
    return shown.evidence(doors.evidence.one(who.scope, evidence, who.now))


@router.route(
    "POST",
    "/evidence/{evidence}/view",
    "view_evidence",
    LOOK,
    problems=(Code.NOT_FOUND,),
    response_class=Response,
    responses={
        200: {
            "description": "The blurred picture",
            "content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
def view_evidence(evidence: UUID, who: Who, doors: DoorsHere) -> Response:
    """Look at a picture. Each view is recorded with person, time and address."""
    picture = doors.evidence.look(who.scope, evidence, who.caller.login, who.address, who.now)
    return Response(picture, media_type="image/jpeg", headers={"Cache-Control": "no-store"})


@router.route(
    "GET",
    "/evidence/{evidence}/views",
    "views_of_evidence",
    LOOK,
    problems=(Code.NOT_FOUND,),
    response_model=EvidenceViewPage,
)
def views_of_evidence(
    evidence: UUID, who: Who, doors: DoorsHere, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> EvidenceViewPage:
    """Who looked at a picture."""
    doors.evidence.one(who.scope, evidence, who.now)
    page = read_page("views", limit, cursor, *VIEWS)
    rows, following = cut("views", page, doors.evidence.views(who.scope, evidence, page), _keys)
    return EvidenceViewPage(items=[shown.evidence_view(row) for row in rows], next=following)


@router.route(
    "GET", "/evidence-views", "list_evidence_views", Right.SEE_AUDIT, response_model=EvidenceViewPage
)
def list_evidence_views(
    who: Who, doors: DoorsHere, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> EvidenceViewPage:
    """Who looked at which picture, the newest first."""
    page = read_page("views", limit, cursor, *VIEWS)
    rows, following = cut("views", page, doors.evidence.views(who.scope, None, page), _keys)
    return EvidenceViewPage(items=[shown.evidence_view(row) for row in rows], next=following)


def _keys(row: Row) -> list[int]:
    return [row["id"]]
