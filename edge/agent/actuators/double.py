"""An actuator without a device, for tests, demos and drills on a desk: it remembers what it was told."""

import threading

from edge.agent.orders import Order
from redwhistle.errors import ActuatorError


class DoubleActuator:
    """Implements `ports.Actuator`."""

    def __init__(self, device: str) -> None:
        self._device = device
        self.orders: list[Order] = []
        self.fails = False
        """While true, every order fails."""
        self.closed = False
        self._told = threading.Condition()

    @property
    def device(self) -> str:
        return self._device

    def apply(self, order: Order) -> None:
        if self.fails:
            raise ActuatorError(f"{self._device}: it does not answer: check its power")
        with self._told:
            self.orders.append(order)
            self._told.notify_all()

    def tend(self) -> None:
        """Nothing."""

    def close(self) -> None:
        self.closed = True
