"""One actuator over time: who holds it, until when, and that a drill never takes it from a real alarm. Pure."""

from dataclasses import dataclass

from edge.agent.orders import Act, Order


@dataclass(frozen=True, slots=True)
class Holding:
    """The order that holds an actuator. `until_ms` monotonic; None: until it is told to stop."""

    order: Order
    until_ms: int | None


@dataclass(frozen=True, slots=True)
class Taken:
    """What an order came to: what is held now, what to tell the device (None: nothing), or why not."""

    holding: Holding | None
    effect: Order | None = None
    refusal: str | None = None


def take(holding: Holding | None, order: Order, now_ms: int, *, most_on_s: float | None) -> Taken:
    """An order arrives. `most_on_s`: no order holds this actuator longer; None: it may stay on for ever."""
    if order.exercise is not None and holding is not None and holding.order.exercise != order.exercise:
        whose = "a real alarm" if holding.order.exercise is None else f"the exercise {holding.order.exercise}"
        return Taken(holding, refusal=f"{order.actuator} is held by {whose}: a drill cannot take it")
    if order.act is Act.OFF:
        if holding is not None and order.ends is not None and order.ends != holding.order.cause:
            return Taken(holding)  # held for another cause by now, which is not over
        return Taken(None, effect=order)
    limits = [each for each in (order.for_s, most_on_s) if each is not None]
    until_ms = now_ms + round(min(limits) * 1000) if limits else None
    if holding is not None and _is_same(holding.order, order):
        lasting = order
        if until_ms is not None and (holding.until_ms is None or holding.until_ms > until_ms):
            until_ms, lasting = holding.until_ms, holding.order  # who holds it longest decides when it ends
        # A message that is being spoken is not begun anew; a siren with a clock of its own must hear again.
        return Taken(Holding(lasting, until_ms), effect=None if order.act is Act.SPEAK else order)
    return Taken(Holding(order, until_ms), effect=order)


def tick(holding: Holding | None, now_ms: int) -> Taken:
    """Let time pass: what is over is turned off."""
    if holding is None or holding.until_ms is None or now_ms < holding.until_ms:
        return Taken(holding)
    order = holding.order
    return Taken(None, effect=Order(order.actuator, Act.OFF, "time is over", exercise=order.exercise))


def _is_same(held: Order, order: Order) -> bool:
    return (held.act, held.message, held.text, held.languages, held.exercise) == (
        order.act,
        order.message,
        order.text,
        order.languages,
        order.exercise,
    )
