"""From an alarm that is kept to the sirens, here and now: no network, no server, and nothing that holds up a sensor."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from edge.agent.moments import BoxClock
from edge.agent.observation import EventSeen, Observation, ReadingSeen
from edge.agent.orders import Act, Order
from edge.agent.policy import fire_release, reflex
from edge.agent.policy.actuation import Holding
from edge.agent.policy.fire_release import ReleaseRules, ReleaseState
from edge.agent.policy.reflex import ReflexRules, ReflexState
from redwhistle.contracts.codec import describe
from redwhistle.contracts.commands import ActuateArgs, Command, DrillArgs, SilenceArgs
from redwhistle.contracts.readings import Metric
from redwhistle.contracts.state import DeviceKind
from redwhistle.errors import ActuatorError, ConfigurationError, OutboxError
from redwhistle.logs import get_logger

_TICK_S = 0.25
_ANSWER_S = 8.0
"""A command waits so long for its actuators before it answers."""


class Worker(Protocol):
    """One actuator's thread."""

    @property
    def device(self) -> str: ...

    @property
    def holding(self) -> Holding | None: ...

    def start(self) -> None: ...

    def give(self, order: Order, done: Callable[[str | None], None] = ...) -> None:
        """Queue an order and return at once."""

    def stop(self, timeout_s: float) -> bool: ...


class Reflexes:
    """Hears everything that is kept, tells the workers, and answers the server's commands to actuators."""

    def __init__(
        self,
        workers: Mapping[str, tuple[DeviceKind, Worker]],
        clock: BoxClock,
        report: Callable[[EventSeen], None],
    ) -> None:
        """`workers` by device id. `report` keeps an event; it may raise OutboxError."""
        self._workers = dict(workers)
        self._clock = clock
        self._report = report
        self._rules: Sequence[ReflexRules] = ()
        self._checks: Sequence[ReleaseRules] = ()
        self._gates: frozenset[str] = frozenset()
        self._state = ReflexState()
        self._releases = ReleaseState()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._log = get_logger()
        self._thread = threading.Thread(target=self._run, name="reflexes", daemon=True)

    def use(self, rules: Sequence[ReflexRules], checks: Sequence[ReleaseRules]) -> None:
        """From now on these rules; what is on stays on."""
        with self._lock:
            self._rules, self._checks = tuple(rules), tuple(checks)
            self._gates = fire_release.gates_of(checks)

    def start(self) -> None:
        for _, worker in self._workers.values():
            worker.start()
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """Turn off what has an end; leave what has none."""
        self._stop.set()
        threads = [
            threading.Thread(target=worker.stop, args=(timeout_s,), daemon=True)
            for _, worker in self._workers.values()
        ]
        for thread in threads:
            thread.start()
        end_s = time.monotonic() + timeout_s
        for thread in threads:
            thread.join(max(end_s - time.monotonic(), 0))
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def notice(self, seen: Observation) -> None:
        """Take what was kept; returns at once."""
        if isinstance(seen, ReadingSeen):
            if seen.metric == Metric.GATE_OPEN.value and seen.device in self._gates:
                self._notice_gate(seen.device, seen.value != 0, seen)
            return
        with self._lock:
            self._state, orders = reflex.decide(self._rules, self._state, seen)
            said = self._watch(seen)
        for order in orders:
            self._give(order)
        self._say(said)

    def actuate(self, command: Command) -> dict[str, Any]:
        """The command `actuate`. Raises ConfigurationError to refuse, ActuatorError when a device failed."""
        args = _read(ActuateArgs, command)
        chosen = list(dict.fromkeys(args.actuators))
        if args.kind is not None:
            if command.exercise is not None:
                raise ConfigurationError("a drill names its actuators: leave `kind` out and list them")
            chosen += [d for d, (kind, _) in self._workers.items() if kind == args.kind and d not in chosen]
        self._refuse_unknown(chosen)
        if not chosen:
            raise ConfigurationError("name `actuators`, or a `kind` that this box has")
        if args.act == "speak" and args.message is None and args.text is None:
            raise ConfigurationError("to speak, give a `message` or a `text`")
        orders = [
            Order(
                actuator=device,
                act=Act(args.act),
                cause=f"command {command.id}",
                for_s=args.for_s,
                message=args.message,
                text=args.text,
                languages=tuple(args.languages),
                exercise=command.exercise,
            )
            for device in chosen
        ]
        return self._carry_out(orders)

    def silence(self, command: Command) -> dict[str, Any]:
        """The command `silence`."""
        args = _read(SilenceArgs, command)
        if command.exercise is not None:
            raise ConfigurationError("a drill silences nothing: turn off what it drives with `actuate`")
        self._refuse_unknown(args.actuators)
        sounding = {DeviceKind.SIREN, DeviceKind.LOUDSPEAKER}
        chosen = args.actuators or [d for d, (kind, _) in self._workers.items() if kind in sounding]
        now_ms = self._clock.mono_ms()
        with self._lock:
            self._state, orders = reflex.silence(self._state, chosen, args.for_s, now_ms)
        return self._carry_out(orders)

    def permit(self, command: Command) -> dict[str, Any]:
        """The command `drill`."""
        args = _read(DrillArgs, command)
        if command.exercise is None:
            raise ConfigurationError("a drill needs its exercise: set `exercise` of the command")
        self._refuse_unknown(args.actuators)
        now_ms = self._clock.mono_ms()
        with self._lock:
            self._state = reflex.permit(self._state, command.exercise, args.actuators, args.for_s, now_ms)
        return {"actuators": args.actuators}

    def held(self) -> dict[str, str]:
        """Which actuators are on, and why."""
        found = ((device, worker.holding) for device, (_, worker) in self._workers.items())
        return {device: holding.order.cause for device, holding in found if holding is not None}

    def _watch(self, seen: EventSeen) -> list[EventSeen]:
        said: list[EventSeen] = []
        for rules in self._checks:
            if not rules.answers(seen) or not self._may_watch(rules, seen):
                continue
            self._releases, more = fire_release.hear_alarm(rules, self._releases, seen)
            said.extend(more)
        return said

    def _may_watch(self, rules: ReleaseRules, seen: EventSeen) -> bool:
        if seen.exercise is None:
            return True
        named = rules.released_by
        now_ms = seen.moment.mono_ms
        return named is not None and reflex.is_permitted(self._state, named, seen.exercise, now_ms)

    def _notice_gate(self, gate: str, is_open: bool, seen: Observation) -> None:
        with self._lock:
            self._releases, said = fire_release.hear_gate(self._releases, gate, is_open, seen.moment)
        self._say(said)

    def _give(self, order: Order) -> None:
        entry = self._workers.get(order.actuator)
        if entry is None:
            self._log.error("order_for_nobody", actuator=order.actuator, cause=order.cause)
            return
        entry[1].give(order)

    def _carry_out(self, orders: Iterable[Order]) -> dict[str, Any]:
        """Give all at once and wait for all."""
        orders = list(orders)
        outcomes: dict[str, str | None] = {}
        answered = threading.Condition()

        def hear(device: str, why: str | None) -> None:
            with answered:
                outcomes[device] = why
                answered.notify()

        for order in orders:
            device = order.actuator
            self._workers[device][1].give(order, partial(hear, device))
        with answered:
            answered.wait_for(lambda: len(outcomes) == len(orders), timeout=_ANSWER_S)
            results = {
                order.actuator: outcomes.get(order.actuator, f"no answer within {_ANSWER_S:g} s")
                for order in orders
            }
        failed = {device: why for device, why in results.items() if why is not None}
        if failed:
            done = sorted(results.keys() - failed.keys())
            why = "; ".join(failed.values())
            raise ActuatorError(why + (f" (done: {', '.join(done)})" if done else ""))
        return {"actuators": sorted(results)}

    def _refuse_unknown(self, devices: Iterable[str]) -> None:
        unknown = [each for each in devices if each not in self._workers]
        if unknown:
            known = ", ".join(sorted(self._workers)) or "none"
            raise ConfigurationError(f"this box has no actuator {unknown[0]}; it has {known}")

    def _run(self) -> None:
        while not self._stop.wait(_TICK_S):
            with self._lock:
                self._releases, said = fire_release.tick(self._releases, self._clock.moment())
            self._say(said)

    def _say(self, said: Iterable[EventSeen]) -> None:
        for each in said:
            try:
                self._report(each)
            except OutboxError as error:
                self._log.error("report_lost", kind=each.kind.value, why=str(error))


A = TypeVar("A", bound=BaseModel)


def _read(model: type[A], command: Command) -> A:
    try:
        return model.model_validate(command.args, strict=False)
    except ValidationError as error:
        raise ConfigurationError(f"args: {describe(error)}") from None
