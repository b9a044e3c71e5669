"""A relay or siren on a Modbus coil."""

import contextlib

from pymodbus import ModbusException

from edge.agent.actuators.settings import CoilSettings
from edge.agent.actuators.switching import is_on
from edge.agent.modbus_client import make_client
from edge.agent.orders import Order
from redwhistle.errors import ActuatorError


class ModbusCoil:
    """Implements `ports.Actuator`. Each order is written and read back: a relay module that only says yes is not enough."""

    def __init__(self, settings: CoilSettings) -> None:
        self._settings = settings
        self._client = make_client(settings.tcp, settings.rtu, settings.timeout_s)

    @property
    def device(self) -> str:
        return self._settings.device

    def apply(self, order: Order) -> None:
        on = is_on(order)
        try:
            self._write(on)
        except ActuatorError:
            self.close()
            raise
        except (ModbusException, OSError) as error:
            self.close()
            raise ActuatorError(
                f"{self.device}: the relay module does not answer ({type(error).__name__}): check cable and power"
            ) from error
        except Exception as error:  # the library lets errors of many kinds through (termios, resolver)
            self.close()
            raise ActuatorError(f"{self.device}: the line is broken ({type(error).__name__})") from error

    def tend(self) -> None:
        """Nothing: a coil stays as it is."""

    def close(self) -> None:
        # Closing what is broken may fail, and does not matter.
        with contextlib.suppress(Exception):
            self._client.close()  # type: ignore[no-untyped-call]

    def _write(self, on: bool) -> None:
        settings, client = self._settings, self._client
        if not client.connected and not client.connect():
            raise ActuatorError(f"{self.device}: the Modbus line cannot be opened: check cable and power")
        reply = client.write_coil(settings.coil, on, device_id=settings.unit)
        if reply.isError():
            raise ActuatorError(
                f"{self.device}: unit {settings.unit} refuses coil {settings.coil}: check its manual"
            )
        told = client.read_coils(settings.coil, count=1, device_id=settings.unit)
        if told.isError() or not told.bits or bool(told.bits[0]) is not on:
            raise ActuatorError(f"{self.device}: coil {settings.coil} did not take its new state")
