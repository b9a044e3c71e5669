"""When a picture is sent: one at a time, after the alarms, when the line is free. Owned by the uplink's thread.

A picture of 64 KiB takes a second on a poor line, and an alarm behind it would wait for that second. So none goes while
an alarm waits, nor in the two seconds after one: a fire's second alarm comes soon after its first.
"""

from collections import OrderedDict
from uuid import UUID

from edge.agent.ports import EvidenceOutbox
from redwhistle.contracts.codec import digest, encode
from redwhistle.contracts.envelope import Ack, Rejection
from redwhistle.errors import ContractError, OutboxError
from redwhistle.logs import get_logger

QUIET_MS = 2_000
"""After an alarm was sent."""
PATIENCE_MS = 5_000
"""A picture waits so long for a backlog of telemetry; then it goes between two envelopes."""
LOOK_MS = 1_000
RESEND_FIRST_MS, RESEND_MOST_MS = 15_000, 300_000
_DIGESTS = 16


class Pictures:
    """What is under way, in memory on purpose: after a restart everything that waits is sent again."""

    def __init__(self, outbox: EvidenceOutbox) -> None:
        self._outbox = outbox
        self._tries: dict[UUID, int] = {}
        self._unanswered = 0
        """Pictures sent since the server last said something of one."""
        self._digests: OrderedDict[str, UUID] = OrderedDict()
        self._quiet_from_ms = 0
        self._look_from_ms = 0
        self._waiting_since_ms: int | None = None
        self._log = get_logger()

    def begin(self) -> None:
        """A new connection: everything is due again."""
        self._tries.clear()
        self._unanswered = 0
        self._look_from_ms = 0

    def note_alarm(self, now_ms: int) -> None:
        """An alarm was sent."""
        self._quiet_from_ms = now_ms + QUIET_MS

    def next(self, now_ms: int, *, alarms_wait: bool, line_is_busy: bool) -> bytes | None:
        """The message to publish now, if any. Never raises."""
        if alarms_wait or now_ms < max(self._quiet_from_ms, self._look_from_ms):
            return None
        try:
            picture = self._choose()
            if picture is None:
                self._waiting_since_ms = None
                self._look_from_ms = now_ms + LOOK_MS
                return None
            since_ms = now_ms if self._waiting_since_ms is None else self._waiting_since_ms
            self._waiting_since_ms = since_ms
            if line_is_busy and now_ms - since_ms < PATIENCE_MS:
                return None
            self._waiting_since_ms = None
            return self._read(picture, now_ms)
        except OutboxError as error:
            self._log.error("evidence_unreadable", why=str(error))
            self._look_from_ms = now_ms + RESEND_FIRST_MS
            return None

    def acknowledge(self, ack: Ack) -> None:
        """Delete what the server has. Never raises."""
        if not ack.evidence:
            return
        self._unanswered, self._look_from_ms = 0, 0
        try:
            gone = self._outbox.drop(ack.evidence)
        except OutboxError as error:
            self._log.error("evidence_not_dropped", why=str(error))
        else:
            self._log.info("evidence_delivered", pictures=gone)

    def reject(self, rejection: Rejection) -> bool:
        """Give up a picture that the server refuses; False when the rejection speaks of something else."""
        picture = self._digests.pop(rejection.sha256, None)
        if picture is None:
            return False
        self._log.error("evidence_refused", code=rejection.code, why=rejection.detail)
        if rejection.code != "wrong_version":  # no fault of the picture: it waits for another server
            self._unanswered, self._look_from_ms = 0, 0
            self._give_up(picture)
        return True

    def _choose(self) -> UUID | None:
        """The picture sent least often, of those the newest."""
        waiting = self._outbox.waiting()
        self._tries = {one: self._tries[one] for one in waiting if one in self._tries}
        return min(waiting, key=lambda one: self._tries.get(one, 0), default=None)

    def _read(self, picture: UUID, now_ms: int) -> bytes | None:
        evidence = self._outbox.read(picture)
        if evidence is None:
            return None
        try:
            payload = encode(evidence)
        except ContractError as error:
            self._log.error("evidence_unsendable", code=error.code, why=error.detail)
            self._give_up(picture)
            return None
        self._tries[picture] = self._tries.get(picture, 0) + 1
        self._unanswered += 1
        self._look_from_ms = now_ms + resend_after_ms(self._unanswered)
        self._digests[digest(payload)] = picture
        while len(self._digests) > _DIGESTS:
            self._digests.popitem(last=False)
        return payload

    def _give_up(self, picture: UUID) -> None:
        try:
            self._outbox.give_up(picture, "refused")
        except OutboxError as error:
            self._log.error("evidence_not_dropped", why=str(error))


def resend_after_ms(unanswered: int) -> int:
    """How long the server's word on a picture is waited for before one goes again: 15 s, doubling to five minutes."""
    return int(min(RESEND_FIRST_MS << min(max(unanswered - 1, 0), 10), RESEND_MOST_MS))
