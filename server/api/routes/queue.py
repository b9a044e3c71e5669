"""The queue: list, detail, acts."""

import hashlib
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Header, Path, Query, Response

from redwhistle.contracts.ids import SLUG
from server.alerts.work_item import Act
from server.api import acting, answers, shown
from server.api.gate import DoorsHere, Router, Who
from server.api.paging import DEFAULT_LIMIT, Cursor, Limit, cut, invalid, read_page
from server.api.problems import Code
from server.api.routes.devices import Exercise
from server.api.routes.places import At
from server.api.schemas.queue import ActDone, ActName, ActRequest, ItemDetail, ItemPage
from server.records.acting import ActAsked
from server.records.looking import ItemsWanted
from server.rights.roles import Right

router = Router("queue")
SEE = Right.SEE_ALERTS
Ref = Annotated[
    str, Path(pattern=r"^#?[0-9]{1,18}$|^[0-9a-fA-F-]{32,36}$", description="Id or number", examples=["1042"])
]
Shown = Annotated[str, Query(pattern="^(open|all)$", description="`all`: closed ones, too")]
ITEM_KEYS = (datetime, int, datetime, int)
ACTS = {
    ActName.CLAIM: Act.CLAIM,
    ActName.RENEW: Act.RENEW,
    ActName.RELEASE: Act.RELEASE,
    ActName.ON_SCENE: Act.ON_SCENE,
    ActName.RESOLVE: Act.RESOLVE,
    ActName.FALSE_ALARM: Act.FALSE_ALARM,
    ActName.UNDO: Act.UNDO,
    ActName.CLOSE: Act.CLOSE,
    ActName.COMMENT: Act.COMMENT,
}
LOST = (Code.NOT_FOUND, Code.ALREADY_CLAIMED, Code.WRONG_STATE, Code.NOT_YOURS, Code.CHANGED)


@router.route("GET", "/queue", "list_queue", SEE, problems=(Code.NOT_FOUND,), response_model=ItemPage)
def list_queue(
    who: Who,
    doors: DoorsHere,
    at: At = None,
    grid: Annotated[str | None, Query(pattern=SLUG, max_length=64)] = None,
    mine: Annotated[bool, Query(description="Only what I hold")] = False,
    state: Shown = "open",
    exercise: Exercise = "",
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> ItemPage:
    """Work items in scope by urgency: severity, then time to the deadline, then number."""
    page = read_page("queue", limit, cursor, *ITEM_KEYS)
    wanted = ItemsWanted(
        at=at,
        grid=grid,
        owner=who.caller.login if mine else None,
        exercise=None if exercise == "*" else exercise,
        closed=state == "all",
    )
    found = doors.queue.items(who.scope, wanted, page)
    rows, following = cut(
        "queue",
        page,
        found,
        lambda row: [row["closed_at"], row["severity"], row["deadline_at"], row["number"]],
    )
    return ItemPage(items=[shown.item(row) for row in rows], next=following, server_time=who.now)


@router.route("GET", "/queue/{item}", "get_item", SEE, problems=(Code.NOT_FOUND,), response_model=ItemDetail)
def get_item(item: Ref, who: Who, doors: DoorsHere) -> ItemDetail:
    """One work item: its history, its alert in short, whom to call, and a sketch of the place."""
    row = doors.queue.item(who.scope, item)
    return shown.item_detail(row, doors.queue.item_surroundings(row), who.now)


@router.route("POST", "/queue/{item}/{act}", "act_on_item", SEE, problems=LOST, response_model=ActDone)
def act_on_item(
    item: Ref,
    act: ActName,
    asked: ActRequest,
    who: Who,
    doors: DoorsHere,
    idempotency_key: Annotated[
        UUID | None,
        Header(description="One for each act, made by the client: the same again gets the same answer"),
    ] = None,
) -> Response:
    """Do something to a work item. Needs the right `act` there (`comment` for a comment)."""
    if asked.queued and idempotency_key is None:
        raise invalid("header", "idempotency-key", "an act that was kept needs one, or it may be done twice")
    what = ACTS[act]
    may = who.over(Right.COMMENT if what is Act.COMMENT else Right.ACT)
    # What is done. How it is sent (`queued`) and what is known by now (`version`) may differ when it is sent again.
    done = asked.model_dump_json(include={"reason", "device_time"})
    digest = hashlib.sha256(f"{item.lower()} {what} {done}".encode()).hexdigest()
    given = ActAsked(
        ref=item,
        what=what,
        reason=asked.reason,
        version=asked.version,
        device_time=asked.device_time,
        queued=asked.queued,
        key=idempotency_key,
        digest=digest,
    )
    return answers.respond(acting.act(doors, who.caller, who.scope, may, given, who.now))
