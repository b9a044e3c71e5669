"""Ingest as one process runs it: a connection, a database session and a thread for each kind of message.

An alarm has a subscription, a connection and a transaction of its own: it never waits behind a batch of telemetry,
nor behind ten thousand boxes that say hello at once.
"""

import secrets
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from redwhistle.contracts.topics import Leaf, subscribe_all
from redwhistle.logs import get_logger
from server.ingest.evidence import EvidenceHandler, EvidenceIntake
from server.ingest.handler import Handler
from server.ingest.ports import Intake, Screen
from server.ingest.receiver import BrokerSettings, Receiver
from server.ingest.states import StateHandler, Stater
from server.ingest.worker import Handles, Meter, Worker

log = get_logger(part="ingest")

SHARE = {leaf: f"redwhistle-ingest-{leaf}" for leaf in (Leaf.ALARM, Leaf.TELEMETRY, Leaf.EVIDENCE)}
"""The group in which all ingest processes share a lane (MQTT 5, 4.8.2). One name a lane: rumqttd takes subscriptions
of one name for one group whatever their filters, and a lane's messages would wait for the other lane's client."""


class WholeIntake(Stater, EvidenceIntake, Protocol):
    """A store session that serves every kind of message."""

    def transaction(self) -> AbstractContextManager[object]: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one batch takes. Telemetry gathers a little, so that few commits carry many rows; alarms never wait."""

    telemetry_messages: int = 40
    telemetry_linger_s: float = 0.05
    alarm_messages: int = 100


class IngestService:
    """Starts and stops the workers. `open_intake` gives a new store session by name; each thread has its own."""

    def __init__(
        self,
        broker: BrokerSettings,
        *,
        open_intake: Callable[[str], WholeIntake],
        screen: Screen,
        presence_step_ms: int,
        meter: Meter,
        limits: Limits | None = None,
    ) -> None:
        limits = limits or Limits()
        self._stop = threading.Event()
        self._intakes: list[WholeIntake] = []
        self._receivers: list[Receiver] = []
        self._threads: list[threading.Thread] = []
        instance = secrets.token_hex(4)

        def lane_handler(intake: Intake) -> Handles:
            return Handler(intake, screen, presence_step_ms=presence_step_ms)

        def add(
            kind: Leaf,
            make: Callable[[WholeIntake], Handles],
            topic_filter: str,
            at_most: int,
            linger_s: float,
        ) -> None:
            intake = open_intake(f"ingest-{kind}")
            receiver = Receiver(
                broker, f"rw-ingest-{kind}-{instance}", [topic_filter], receive_maximum=2 * at_most
            )
            worker = Worker(kind, receiver, make(intake), at_most=at_most, linger_s=linger_s, meter=meter)
            self._intakes.append(intake)
            self._receivers.append(receiver)
            self._threads.append(
                threading.Thread(target=worker.run, args=(self._stop,), name=f"ingest-{kind}", daemon=True)
            )

        add(
            Leaf.ALARM, lane_handler, subscribe_all(Leaf.ALARM, SHARE[Leaf.ALARM]), limits.alarm_messages, 0.0
        )
        add(
            Leaf.TELEMETRY,
            lane_handler,
            subscribe_all(Leaf.TELEMETRY, SHARE[Leaf.TELEMETRY]),
            limits.telemetry_messages,
            limits.telemetry_linger_s,
        )
        # Not shared: a shared subscription gets no retained messages, and a state taken twice changes nothing.
        add(Leaf.STATE, StateHandler, subscribe_all(Leaf.STATE), 50, 0.0)
        add(Leaf.EVIDENCE, EvidenceHandler, subscribe_all(Leaf.EVIDENCE, SHARE[Leaf.EVIDENCE]), 16, 0.0)

    def start(self) -> None:
        """Connect and begin; returns at once."""
        for thread in self._threads:
            thread.start()
        for receiver in self._receivers:
            receiver.start()
        log.info("ingest_started")

    def wait_connected(self, timeout_s: float) -> bool:
        """Whether all subscriptions are made within `timeout_s`."""
        return all(receiver.connected.wait(timeout_s) for receiver in self._receivers)

    def stop(self) -> None:
        """Finish the batches in hand, then disconnect; what was not acknowledged comes again."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=10)
        for receiver in self._receivers:
            receiver.stop()
        for intake in self._intakes:
            intake.close()
        log.info("ingest_stopped")
