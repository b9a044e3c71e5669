"""What people do to work items, as it comes in at the door: once per key, within their scope, and nothing lost in silence."""

import json
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus

from redwhistle.errors import Changed, NotFound, QueueError
from redwhistle.logs import get_logger
from server.alerts import acts, engine
from server.alerts.queue import check_reason
from server.alerts.work_item import Act, Transition
from server.api import answers
from server.api.paging import invalid
from server.api.ports import ActTransaction, Doors, Row
from server.api.problems import Code, ProblemError
from server.api.schemas.wire import write_time
from server.records.acting import ActAsked, Answer, Kept
from server.rights.caller import Caller
from server.rights.scope import Scope

log = get_logger(part="api")
JUDGING = frozenset({Act.RESOLVE, Act.FALSE_ALARM})


def act(doors: Doors, caller: Caller, see: Scope, may: Scope, asked: ActAsked, now: datetime) -> Answer:
    """Do it, in one transaction with its key. An act that was kept while there was no network and is refused now leaves a
    note in the history. Raise NotFound outside `see`; ProblemError: forbidden outside `may`, invalid."""
    _check_reason(asked)
    with doors.desk.begin() as tx:
        item = tx.item(see, asked.ref)
        _check_allowed(tx, may, item)
        kept = None if asked.key is None else tx.kept(asked.key)
        if kept is not None:
            return _again(tx, kept, caller, item, asked, now)
        answer, code = _do(doors, tx, caller, see, item, asked, now)
        noted = code if asked.queued and code is not Code.INVALID else None
        if noted is not None:
            _note_lost(tx, caller, item, asked, noted, now)
        if asked.key is not None and code is not Code.INVALID:
            tx.keep(asked, Kept(caller.person, asked.digest, answer, noted is not None), item["id"], now)
    log.info(
        "act",
        act=asked.what.value,
        item=item["number"],
        login=caller.login,
        outcome=code.value if code else "done",
        queued=asked.queued,
    )
    return answer


def _do(
    doors: Doors, tx: ActTransaction, caller: Caller, see: Scope, item: Row, asked: ActAsked, now: datetime
) -> tuple[Answer, Code | None]:
    def perform() -> Transition:
        _check_not_rung_since(item, caller, asked)
        return acts.perform(
            tx.uow,
            item["id"],
            asked.what,
            caller.login,
            now,
            pack=tx.pack_of(item["id"]),
            judge=engine,
            reason=asked.reason,
            version=asked.version,
            terms=doors.settings.terms,
            data=_data(asked),
        )

    try:
        done = acts.unless_so_already(tx.uow, item["id"], asked.what, caller.login, perform)
    except QueueError as error:
        return answers.act_refused(error, tx.item(see, item["id"])), answers.refusal_code(error)
    return answers.act_done(tx.item(see, item["id"]), _outcome(done, asked.what)), None


def _check_not_rung_since(item: Row, caller: Caller, asked: ActAsked) -> None:
    """What was judged without network says nothing of a call that came after it: a repeat leaves the version alone."""
    if not asked.queued or asked.what not in JUDGING or item["owner"] != caller.login:
        return
    if asked.device_time is not None and item["last_at"] > asked.device_time:
        raise Changed(
            f"item {item['number']} was triggered again after you judged it without network: look at it again"
        )


def _outcome(done: Transition, what: Act) -> str:
    """A claim or an arrival by the one who holds the item already only renews the lease."""
    if not done.entries:
        return "already"
    renewed = done.entries[-1].act is Act.RENEW and what is not Act.RENEW
    return "already" if renewed else "done"


def _check_reason(asked: ActAsked) -> None:
    try:
        check_reason(asked.reason)
    except QueueError as error:
        raise invalid("body", "reason", str(error)) from None


def _check_allowed(tx: ActTransaction, may: Scope, item: Row) -> None:
    try:
        tx.item(may, item["id"])
    except NotFound:
        raise ProblemError(
            Code.FORBIDDEN, "you may see this item, but not do this to it: ask a worker of its grid"
        ) from None


def _again(
    tx: ActTransaction, kept: Kept, caller: Caller, item: Row, asked: ActAsked, now: datetime
) -> Answer:
    """The kept answer. One that was lost on its way to the phone comes back queued: a refusal gets its note then."""
    if kept.person != caller.person or kept.digest != asked.digest:
        raise invalid("header", "idempotency-key", "this key was used for something else: make a new one")
    if asked.queued and not kept.noted and kept.answer.status == HTTPStatus.CONFLICT:
        _note_lost(tx, caller, item, asked, Code(json.loads(kept.answer.body)["code"]), now)
        tx.keep(asked, replace(kept, noted=True), item["id"], now)
    return kept.answer


def _note_lost(
    tx: ActTransaction, caller: Caller, item: Row, asked: ActAsked, code: Code, now: datetime
) -> None:
    acts.note_lost(
        tx.uow,
        item["id"],
        asked.what,
        caller.login,
        now,
        code=code.value,
        reason=asked.reason,
        data=_data(asked),
    )


def _data(asked: ActAsked) -> dict[str, str]:
    return {} if asked.device_time is None else {"device_time": write_time(asked.device_time)}
