"""A relay or siren on a GPIO line."""

from edge.agent.actuators.settings import GpioRelaySettings
from edge.agent.actuators.switching import is_on
from edge.agent.gpio.port import Gpio, OutputLine
from edge.agent.orders import Order
from redwhistle.errors import ActuatorError


class GpioRelay:
    """Implements `ports.Actuator`. The line is taken with the first order."""

    def __init__(self, settings: GpioRelaySettings, gpio: Gpio) -> None:
        self._settings = settings
        self._gpio = gpio
        self._line: OutputLine | None = None

    @property
    def device(self) -> str:
        return self._settings.device

    def apply(self, order: Order) -> None:
        on = is_on(order)
        if self._line is None:
            settings = self._settings
            self._line = self._gpio.output(
                settings.chip, settings.line, active_low=settings.active_low, on=on
            )
            return
        try:
            self._line.set(on)
        except ActuatorError:
            self.close()  # the next try takes it anew
            raise

    def tend(self) -> None:
        """Nothing: a line stays as it is."""

    def close(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close()
