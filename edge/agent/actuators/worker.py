"""Drives one actuator in a thread of its own: a speaker that hangs holds up no siren."""

import threading
from collections import deque
from collections.abc import Callable

from edge.agent.actuators.held import HeldOrders
from edge.agent.observation import EventSeen, Moment, Observation, ReadingSeen
from edge.agent.orders import Act, Order
from edge.agent.policy import actuation
from edge.agent.policy.actuation import Holding
from edge.agent.policy.backoff import delay_s
from edge.agent.ports import Actuator
from redwhistle.contracts.events import DeviceData, EventKind
from redwhistle.contracts.readings import Metric
from redwhistle.errors import ActuatorError, OutboxError
from redwhistle.logs import get_logger

ACTUATOR_FAILED = "actuator_failed"
_WAITING = 100
_TEND_S = 0.2
_RETRY_CAP_S = 10.0
_FAULT_AGAIN_MS = 3_600_000
_PATIENT_FAILURES = 5
"""Fifteen seconds of them."""
_START = "start"

Done = Callable[[str | None], None]
"""Hears once how an order went: None, or why it could not be carried out."""


class ActuatorWorker:
    """Takes orders, in their order. What fails is a fault, said once, and is tried again for as long as it is wanted."""

    def __init__(
        self,
        actuator: Actuator,
        most_on_s: float | None,
        moment: Callable[[], Moment],
        report: Callable[[Observation], None],
        held: HeldOrders,
        steady_s: float = 5.0,
    ) -> None:
        """`steady_s` without a failure, and what failed works again."""
        self._steady_ms = round(steady_s * 1000)
        self.device = actuator.device
        self._actuator = actuator
        self._most_on_s = most_on_s
        self._moment = moment
        self._report = report
        self._held = held
        self._orders: deque[tuple[Order, Done]] = deque()
        self._changed = threading.Condition()
        self._stopping = False
        self._holding: Holding | None = None
        self._wanted: Order | None = None
        """What the device still has to be told; None: it knows."""
        self._failures = 0
        self._next_try_ms = 0
        self._failed_ms = 0
        self._fault_told_ms: int | None = None
        self._log = get_logger(actuator=self.device)
        self._thread = threading.Thread(target=self._run, name=f"actuator-{self.device}", daemon=True)

    @property
    def holding(self) -> Holding | None:
        """What holds it now."""
        return self._holding

    def start(self) -> None:
        self._thread.start()

    def give(self, order: Order, done: Done = lambda _: None) -> None:
        """Queue an order and return at once."""
        with self._changed:
            if self._stopping or len(self._orders) >= _WAITING:
                full = not self._stopping
            else:
                self._orders.append((order, done))
                self._changed.notify()
                return
        done(f"{self.device} has {_WAITING} orders waiting" if full else "the box is stopping")

    def stop(self, timeout_s: float) -> bool:
        """End; a siren is turned off, what has no end (a released gate) stays as it is. False: it hangs."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._resume()
            while not self._stopping:
                try:
                    self._turn(self._next())
                except Exception as error:  # a siren's thread must not end by a fault of ours
                    self._log.exception("actuator_worker_tripped", why=f"{type(error).__name__}: {error}")
            self._let_go()
        finally:
            self._actuator.close()

    def _turn(self, item: tuple[Order, Done] | None) -> None:
        if item is not None:
            self._take(*item)
            return
        now_ms = self._moment().mono_ms
        taken = actuation.tick(self._holding, now_ms)
        if taken.effect is not None:
            self._hold(taken.holding, taken.effect)
            self._held.keep(self.device, taken.holding)
        if self._wanted is None:
            self._guard(self._actuator.tend)
        elif now_ms >= self._next_try_ms:
            self._carry_out()

    def _take(self, order: Order, done: Done) -> None:
        taken = actuation.take(self._holding, order, self._moment().mono_ms, most_on_s=self._most_on_s)
        if taken.refusal is not None:
            self._log.info("order_refused", why=taken.refusal, cause=order.cause)
            done(taken.refusal)
            return
        self._hold(taken.holding, taken.effect)
        why = self._carry_out() if taken.effect is not None else None
        # After the device: a slow card must not hold up a siren.
        self._held.keep(self.device, self._holding)
        done(why)

    def _hold(self, holding: Holding | None, effect: Order | None) -> None:
        self._holding = holding
        if effect is not None:
            self._wanted = effect
            self._next_try_ms = 0

    def _carry_out(self) -> str | None:
        """Tell the device what is wanted; the reason when it fails."""
        order = self._wanted
        if order is None:
            return None
        why = self._guard(lambda: self._actuator.apply(order))
        if why is not None:
            return why
        self._wanted = None
        self._log.info("actuator_driven", act=order.act.value, cause=order.cause, exercise=order.exercise)
        value = 0.0 if order.act is Act.OFF else 1.0
        self._say(
            ReadingSeen(self.device, Metric.ACTUATOR_ON.value, value, self._moment(), exercise=order.exercise)
        )
        return None

    def _guard(self, act: Callable[[], None]) -> str | None:
        try:
            act()
        except ActuatorError as error:
            why = str(error)
        except Exception as error:
            self._log.exception("actuator_tripped", why=f"{type(error).__name__}: {error}")
            why = f"{self.device}: {type(error).__name__}: {error}"
        else:
            self._recover()
            return None
        self._fail(why)
        return why

    def _fail(self, why: str) -> None:
        now = self._moment()
        self._failures += 1
        self._failed_ms = now.mono_ms
        if self._wanted is None and self._holding is not None:
            self._wanted = self._holding.order  # what was going on has broken: begin it anew
        pause_s = delay_s(self._failures, first_s=1.0, cap_s=_RETRY_CAP_S)
        self._next_try_ms = now.mono_ms + round(pause_s * 1000)
        self._log.error("actuator_failed", why=why, failures=self._failures)
        # At the start of a box its broker and its speakers may need a while.
        starting = self._wanted is not None and self._wanted.cause == _START
        told_ms = self._fault_told_ms
        again = told_ms is None or now.mono_ms - told_ms >= _FAULT_AGAIN_MS
        if again and (not starting or self._failures >= _PATIENT_FAILURES):
            self._fault_told_ms = now.mono_ms
            data = DeviceData(code=ACTUATOR_FAILED, note=f"执行设备故障 / {_clean(why)}"[:1000])
            self._say(EventSeen(self.device, EventKind.DEVICE_FAULT, data, now))

    def _recover(self) -> None:
        """It works; believed when nothing has failed for a while: a player may start and end with an error."""
        now = self._moment()
        if self._failures == 0 or now.mono_ms - self._failed_ms < self._steady_ms:
            return
        self._failures = 0
        if self._fault_told_ms is not None:
            self._fault_told_ms = None
            data = DeviceData(active=False, code=ACTUATOR_FAILED)
            self._say(EventSeen(self.device, EventKind.DEVICE_FAULT, data, now))

    def _resume(self) -> None:
        """At the start: take up what a real alarm held when the agent ended, else see that it is off."""
        holding = self._held.of(self.device)
        if holding is not None:
            self._log.warning("order_resumed", cause=holding.order.cause)
            self._holding, self._wanted = holding, holding.order
        else:
            self._wanted = Order(self.device, Act.OFF, _START)

    def _let_go(self) -> None:
        """Turn off what has an end; it stays on the disk, so that a restart takes it up again."""
        holding = self._holding
        if holding is None or (holding.until_ms is None and holding.order.exercise is None):
            return
        off = Order(self.device, Act.OFF, "the box is stopping", exercise=holding.order.exercise)
        try:
            self._actuator.apply(off)
        except Exception as error:
            self._log.error("actuator_failed", why=f"{type(error).__name__}: {error}")

    def _next(self) -> tuple[Order, Done] | None:
        with self._changed:
            due = self._wanted is not None and self._failures == 0
            if not self._orders and not self._stopping and not due:
                self._changed.wait(_TEND_S)
            return self._orders.popleft() if self._orders and not self._stopping else None

    def _say(self, seen: Observation) -> None:
        try:
            self._report(seen)
        except OutboxError as error:
            self._log.error("report_lost", why=str(error))


def _clean(text: str) -> str:
    return "".join(c if c >= " " and not "\ud800" <= c <= "\udfff" else " " for c in text)
