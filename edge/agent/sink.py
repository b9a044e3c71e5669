"""Where sources put what they saw: the outbox, and the log for what it could not keep; then the box's own reflexes."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from uuid import UUID

import uuid_utils.compat

from edge.agent.observation import EventSeen, Observation, ReadingSeen
from edge.agent.ports import Outbox
from redwhistle.contracts.events import lane_of
from redwhistle.contracts.ids import Lane
from redwhistle.errors import KeptInMemory, OutboxError
from redwhistle.logs import get_logger


class OutboxSink:
    """Safe from any thread. A failing disk is logged and counted by the outbox; it must not stop a source.

    An alarm that is really lost (disk and memory refuse it) raises OutboxError, so that the source's failure is seen.
    What was seen goes to `then` when it is kept, and also when it could not be: a siren sounds all the same.
    """

    def __init__(self, outbox: Outbox, then: Callable[[Observation], None] = lambda _: None) -> None:
        self._outbox = outbox
        self._then = then
        self._log = get_logger()
        self._places: Mapping[str, str] = {}
        self._listener: Callable[[UUID, EventSeen], None] = _hear_nothing

    def use_places(self, places: Mapping[str, str]) -> None:
        """Where each device is, as configured: an event says its place itself, so that the first alarm of a box
        that the server does not know yet comes to the right door."""
        self._places = dict(places)

    def on_event(self, listener: Callable[[UUID, EventSeen], None]) -> None:
        """Call `listener` with each event's id once the event is kept; it must not raise."""
        self._listener = listener

    def event(self, seen: EventSeen) -> None:
        if seen.id is None:
            seen = replace(seen, id=uuid_utils.compat.uuid7())
        if seen.place is None and seen.device in self._places:
            seen = replace(seen, place=self._places[seen.device])
        kept = False
        try:
            kept = self._keep(seen)
        finally:
            self._pass_on(seen)  # before anything that takes time
        if kept and seen.id is not None:
            self._listener(seen.id, seen)

    def reading(self, seen: ReadingSeen) -> None:
        try:
            self._outbox.put_reading(seen)
        finally:
            self._pass_on(seen)

    def _keep(self, seen: EventSeen) -> bool:
        """Whether it will be sent."""
        lane = lane_of(seen.kind)
        try:
            key = self._outbox.put_event(seen)
        except KeptInMemory as error:
            self._log.error("alarm_kept_in_memory", device=seen.device, kind=seen.kind.value, why=str(error))
        except OutboxError as error:
            self._log.error(
                "event_lost", device=seen.device, kind=seen.kind.value, lane=lane.value, why=str(error)
            )
            if lane is Lane.ALARM:
                raise
            return False
        else:
            write = self._log.info if lane is Lane.ALARM else self._log.debug
            write("event_kept", device=seen.device, kind=seen.kind.value, lane=lane.value, seq=key.seq)
        return True

    def _pass_on(self, seen: Observation) -> None:
        try:
            self._then(seen)
        except Exception as error:  # whatever a reflex trips over, it does not stop a sensor
            self._log.exception("reflex_tripped", why=f"{type(error).__name__}: {error}")


def _hear_nothing(event: UUID, seen: EventSeen) -> None:
    pass
