"""Birth messages and last wills: a box announces itself, its devices and its clock, or is gone."""

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from redwhistle.clock import from_ms
from redwhistle.contracts import codec, topics
from redwhistle.contracts.readings import BOX_DEVICE
from redwhistle.contracts.state import BoxState
from redwhistle.contracts.topics import Leaf
from redwhistle.errors import ContractError, Malformed
from redwhistle.logs import get_logger
from server.alerts.model import BoxItem
from server.ingest.ports import Answer, Intake, Message
from server.records import KnownState, QuarantineRow

log = get_logger(part="ingest")


class Boxes(Protocol):
    """The store's door for box states; called inside the intake's transaction."""

    def lock_state(self, box: str) -> KnownState | None: ...
    def was_used_before(self, box: str, epoch: str, since: datetime) -> bool:
        """Whether items of this epoch came before `since`."""

    def save_state(self, state: BoxState, *, digest: str, twin: bool, received_ms: int) -> None: ...
    def announce_devices(self, state: BoxState) -> None: ...


class Stater(Intake, Protocol):
    """An intake that also keeps box states."""

    @property
    def boxes(self) -> Boxes: ...
    def transaction(self) -> AbstractContextManager[object]: ...


class StateHandler:
    """Handles state messages one by one, in the order in which they came."""

    def __init__(self, intake: Stater) -> None:
        self._intake = intake

    def handle(self, messages: Sequence[Message]) -> list[Answer]:
        """Store each state in a transaction of its own; there is nothing to answer."""
        for message in messages:
            self._handle_one(message)
        return []

    def set_aside_whole(self, message: Message, error: Exception) -> list[Answer]:
        """Keep a state message that cannot be stored."""
        self._quarantine(message, "not_stored", str(error))
        return []

    def _handle_one(self, message: Message) -> None:
        if not message.payload:  # a cleared retained message: the box was removed on purpose
            return
        try:
            topic = topics.parse(message.topic)
            state = codec.decode_state(message.payload)
            if (state.site, state.box) != (topic.site, topic.box) or topic.leaf is not Leaf.STATE:
                raise Malformed(f"says it is from {state.site}/{state.box}, but came under {message.topic}")
        except ContractError as error:
            self._quarantine(message, error.code, error.detail)
            return
        registry = self._intake.registry
        registry.forget_if_stale(time.monotonic())
        registry.learn_boxes([(state.box, state.site)])
        if registry.site_of(state.box) is None:
            self._quarantine(
                message,
                "unknown_site",
                f"{state.box} says it serves {state.site}, which is no compound of the tree of places",
            )
            return
        registry.learn_devices([(state.box, BOX_DEVICE)])
        self._store(state, message)

    def _store(self, state: BoxState, message: Message) -> None:
        digest = codec.digest(message.payload)
        registry, boxes = self._intake.registry, self._intake.boxes
        with self._intake.transaction():
            known = boxes.lock_state(state.box)
            if known is None or known.digest == digest:
                return
            if not state.online and known.epoch not in (None, state.epoch):
                return  # the will of an older outbox; a newer one speaks already
            twin = (
                state.online
                and known.epoch is not None
                and known.epoch_since is not None
                and known.epoch != state.epoch
                and boxes.was_used_before(state.box, state.epoch, known.epoch_since)
            )
            boxes.save_state(state, digest=digest, twin=twin, received_ms=message.received_ms)
            if state.online:
                boxes.announce_devices(state)
            subject = registry.device(state.box, BOX_DEVICE).subject
            item = BoxItem(
                f"{state.box}/state/{digest[:16]}",
                subject,
                state.online,
                message.received_ms,
                state.reason or "",
            )
            self._intake.step({(subject.site, ""): [item]}, from_ms(message.received_ms))
        registry.forget_box(state.box)
        if twin:
            log.error("box_twin", box=state.box, epoch=state.epoch, known_epoch=known.epoch)
        if known.site != state.site:
            log.warning("box_other_site", box=state.box, registered=known.site, says=state.site)

    def _quarantine(self, message: Message, code: str, detail: str) -> None:
        row = QuarantineRow(message.topic, None, None, "state", None, code, detail, message.payload)
        with self._intake.transaction():
            self._intake.set_aside([row])
        log.warning("state_quarantined", topic=message.topic, code=code, detail=detail)
