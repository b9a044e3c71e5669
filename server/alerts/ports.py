"""What the runner needs from others: an engine that judges, and a unit of work that stores. Small, owned here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from server.alerts.model import Decision, Item, Silence
from server.alerts.records import Changes, Placement, SiteKey, Standing
from server.alerts.work_item import WorkItem


class Pack(Protocol):
    """A rule pack: its text, its name, and the hash of its content."""

    @property
    def hash(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def source(self) -> str: ...


class SiteState(Protocol):
    """The engine's state of one site and exercise."""

    @property
    def wake_at_ms(self) -> int | None: ...
    @property
    def hot(self) -> Iterable[tuple[str, str]]: ...


P_contra = TypeVar("P_contra", bound=Pack, contravariant=True)
S = TypeVar("S", bound=SiteState)


class Judge(Protocol[P_contra, S]):
    """The engine (the module `server.alerts.engine` is one). Pure: the same arguments give the same decisions."""

    def new_state(self, site: str, exercise: str) -> S: ...
    def load(self, text: str) -> S: ...
    def dump(self, state: S) -> str: ...
    def decide(self, pack: P_contra, state: S, item: Item, now_ms: int) -> tuple[S, tuple[Decision, ...]]: ...


@dataclass(frozen=True, slots=True)
class StoredState:
    """A locked row of engine state; `text` is empty for a site that never took a step."""

    text: str
    steps: int
    pack_hash: str


@dataclass(frozen=True, slots=True)
class LookedUp:
    """What a ledger starts from: alerts that exist (closed ones, too), by id; where each (place, site) is stored."""

    standing: Mapping[str, Standing]
    placements: Mapping[tuple[str, str], Placement]


@dataclass(frozen=True, slots=True)
class StoredSilence:
    """A silence and the site and exercise whose engine knows it."""

    key: SiteKey
    silence: Silence
    ended_by: str | None = None


class UnitOfWork(Protocol):
    """One transaction, begun and ended by the caller. Locks are taken in this order: states, then items.

    Driver errors come out as StoreError (Unavailable: the same transaction may work later).
    """

    def lock_states(self, keys: Sequence[SiteKey], pack: Pack) -> Mapping[SiteKey, StoredState]:
        """Lock the engine states of `keys` in sorted order, made where they are new. Once a transaction.

        Raise NotFound for a site that is not among the places.
        """

    def look_up(self, alerts: Sequence[str], places: Sequence[tuple[str, str]]) -> LookedUp:
        """Lock these alerts with their items, in sorted order; find the grid of each (place, site)."""

    def find_item(self, ref: str) -> WorkItem:
        """A work item by number or id, not locked; raise NotFound."""

    def lock_item(self, ref: str) -> WorkItem:
        """A work item by number or id, locked until the transaction ends; raise NotFound."""

    def find_silence(self, silence_id: str) -> StoredSilence:
        """A silence by id, not locked; raise NotFound."""

    def put_silence(self, stored: StoredSilence, now: datetime) -> None:
        """Store a silence, or what became of it."""

    def save(self, changes: Changes) -> None:
        """Write everything, and tell the listeners of the queue once the transaction is committed."""
