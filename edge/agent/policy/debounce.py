"""A contact that bounces: a change counts when it has lasted. Pure."""

from dataclasses import dataclass

from edge.agent.policy.rules import passed_s


@dataclass(frozen=True, slots=True)
class Contact:
    """`closed` is what counts; `other_since_ms`: the contact has said the opposite since then (monotonic)."""

    closed: bool = False
    other_since_ms: int | None = None


def hear(contact: Contact, closed: bool, now_ms: int, *, for_s: float) -> Contact:
    """Take the contact's state; it changes after `for_s` seconds of the same, at once when that is 0."""
    if closed == contact.closed:
        return Contact(contact.closed)
    since_ms = now_ms if contact.other_since_ms is None else contact.other_since_ms
    if passed_s(since_ms, now_ms) >= for_s:
        return Contact(closed)
    return Contact(contact.closed, since_ms)
