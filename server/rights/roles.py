"""Roles, rights, and the table that joins them. A new right or role is a line here and nothing else."""

from collections.abc import Mapping
from enum import StrEnum


class Role(StrEnum):
    """What somebody is for. A person may hold several, each over its own part of the tree or company."""

    ADMIN = "admin"
    """系统管理员: accounts and the whole tree, but no hand in the work and no look at pictures."""
    COMMAND = "command"
    """指挥: commands a place and all below it, from a city to a grid."""
    GRID_WORKER = "grid_worker"
    """网格员: works in a place, usually one grid."""
    PROPERTY_MANAGER = "property_manager"
    """物业经理: sees the compounds that the company serves and nothing else."""


class Right(StrEnum):
    """Something that may be allowed. What is not allowed by the table is refused."""

    SEE_PLACES = "see_places"
    """The tree, the map, companies."""
    SEE_DEVICES = "see_devices"
    """Boxes, devices, readings and events."""
    SEE_ALERTS = "see_alerts"
    """Alerts, the queue and its live stream."""
    ACT = "act"
    """Claim, renew, release, arrive, resolve, call a false alarm, undo, close."""
    COMMENT = "comment"
    """A note in an item's history."""
    SEE_EVIDENCE = "see_evidence"
    """Evidence pictures (each view is recorded) and who looked at them."""
    SEE_AUDIT = "see_audit"
    """Who looked at what, and what was done to accounts."""
    MANAGE_PEOPLE = "manage_people"
    """Accounts, grants, and sessions and tokens of others."""


class Reach(StrEnum):
    """How far a right of a role goes."""

    ALL = "all"
    """Everything, also what hangs in no tree any more."""
    PLACE = "place"
    """The grant's place and all below it."""
    COMPANY = "company"
    """The compounds of the grant's company and all below them."""


BINDING: Mapping[Role, Reach] = {
    Role.ADMIN: Reach.ALL,
    Role.COMMAND: Reach.PLACE,
    Role.GRID_WORKER: Reach.PLACE,
    Role.PROPERTY_MANAGER: Reach.COMPANY,
}
"""What a grant of the role names: nothing (all), a place, or a company. It is also how far the role's rights reach."""

RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.ADMIN: frozenset(
        {Right.SEE_PLACES, Right.SEE_DEVICES, Right.SEE_ALERTS, Right.SEE_AUDIT, Right.MANAGE_PEOPLE}
    ),
    Role.COMMAND: frozenset(
        {
            Right.SEE_PLACES,
            Right.SEE_DEVICES,
            Right.SEE_ALERTS,
            Right.ACT,
            Right.COMMENT,
            Right.SEE_EVIDENCE,
            Right.SEE_AUDIT,
        }
    ),
    Role.GRID_WORKER: frozenset(
        {
            Right.SEE_PLACES,
            Right.SEE_DEVICES,
            Right.SEE_ALERTS,
            Right.ACT,
            Right.COMMENT,
            Right.SEE_EVIDENCE,
        }
    ),
    Role.PROPERTY_MANAGER: frozenset(
        {Right.SEE_PLACES, Right.SEE_DEVICES, Right.SEE_ALERTS, Right.COMMENT, Right.SEE_EVIDENCE}
    ),
}
"""The table. A role that is not in it has no right at all."""

READ_ONLY_RIGHTS: frozenset[Right] = frozenset(
    {Right.SEE_PLACES, Right.SEE_DEVICES, Right.SEE_ALERTS, Right.SEE_AUDIT}
)
"""What is left to a read-only token: a wall display shows no pictures, because nobody in particular looks at it."""
