"""Acts that arrive when the thing is settled already: done before by the same person, or lost to somebody else. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from redwhistle.clock import check_utc
from server.alerts.work_item import HELD, Act, Entry, State, Transition, WorkItem

_OUTCOMES = {Act.RESOLVE: State.RESOLVED, Act.FALSE_ALARM: State.FALSE_ALARM}


def is_so_already(item: WorkItem, what: Act, actor: str) -> bool:
    """Whether the item stands as this act would have left it, by the same person: nothing need be done, or told as lost."""
    if what in _OUTCOMES:
        return item.outcome is _OUTCOMES[what] and actor in (item.owner, item.closed_by)
    if what is Act.UNDO:
        return item.state in HELD and item.owner == actor
    if what is Act.CLOSE:
        return item.state is State.CLOSED and item.closed_by == actor
    return False


def note_not_done(
    item: WorkItem,
    wanted: Act,
    actor: str,
    now: datetime,
    *,
    code: str,
    reason: str = "",
    data: Mapping[str, Any] | None = None,
) -> Transition:
    """A line in the history for an act that was made without network and is refused now; the item stays as it is.

    `code` says why it was refused; who holds or closed the item stands beside it as `lost_to`.
    """
    check_utc(now)
    lost_to = item.owner or item.closed_by
    entry = Entry(
        item=item.id,
        at=now,
        actor=actor,
        act=Act.NOT_DONE,
        from_state=item.state,
        to_state=item.state,
        version=item.version,
        reason=reason,
        data={
            "wanted": wanted.value,
            "code": code,
            **({"lost_to": lost_to} if lost_to and lost_to != actor else {}),
            **(data or {}),
        },
    )
    return Transition(item, (entry,))
