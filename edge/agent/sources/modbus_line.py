"""A Modbus line by pymodbus: opens, asks one question at a time, and gives every outcome as a value."""

from dataclasses import dataclass

from pymodbus import ModbusException
from pymodbus.exceptions import ConnectionException
from pymodbus.pdu import ModbusPDU

from edge.agent.modbus_client import make_client
from edge.agent.sources.modbus_decode import Span
from edge.agent.sources.modbus_map import Table
from edge.agent.sources.modbus_settings import ModbusSettings

GATEWAY_SILENT = frozenset({5, 6, 10, 11})
"""Exception codes that say: not now (acknowledged, busy), or the gateway cannot reach the unit."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Words or bits, as many as were asked for."""

    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """The unit answers that it will not: exception codes 1 to 4 are mostly faults of the register map."""

    code: int


@dataclass(frozen=True, slots=True)
class Silence:
    """No answer in time, or one that makes no sense."""


@dataclass(frozen=True, slots=True)
class Broken:
    """The line itself is gone."""

    why: str


Outcome = Answer | Refusal | Silence | Broken


class PymodbusLine:
    """Used from one thread. Nothing but the outcome leaves it: no exception of the library's."""

    def __init__(self, settings: ModbusSettings) -> None:
        self._client = make_client(settings.tcp, settings.rtu, settings.timeout_s)
        self._late_answers_mix_up = settings.tcp is not None and settings.tcp.framing == "rtu"
        """Bytes of a serial line in a stream carry no number: after a time-out only a new connection is clean."""

    def open(self) -> bool:
        """Connect, within the time-out."""
        try:
            return bool(self._client.connect())
        except Exception:  # the library lets errors of many kinds through (termios, resolver)
            self.close()
            return False

    def ask(self, unit: int, span: Span) -> Outcome:
        """One question; returns within twice the time-out."""
        outcome = self._outcome(unit, span)
        if isinstance(outcome, Silence) and self._late_answers_mix_up:
            self.close()  # the next question opens it again
        return outcome

    def close(self) -> None:
        """Safe to call twice."""
        try:
            self._client.close()  # type: ignore[no-untyped-call]
        except Exception:  # closing what is broken may fail, and does not matter
            self._client.socket = None

    def _outcome(self, unit: int, span: Span) -> Outcome:
        try:
            reply = self._ask(unit, span)
        except ConnectionException as error:
            return Broken(f"the connection was lost: {type(error).__name__}")
        except ModbusException:
            return Silence()
        except Exception as error:  # a line that is pulled out shows itself in many ways
            return Broken(type(error).__name__)
        if reply.isError():
            code = int(getattr(reply, "exception_code", 0))
            return Silence() if code in GATEWAY_SILENT else Refusal(code)
        values = reply.bits[: span.count] if span.table.has_bits else reply.registers
        if len(values) != span.count:
            return Silence()
        return Answer(tuple(int(value) for value in values))

    def _ask(self, unit: int, span: Span) -> ModbusPDU:
        client = self._client
        match span.table:
            case Table.COIL:
                return client.read_coils(span.start, count=span.count, device_id=unit)
            case Table.DISCRETE:
                return client.read_discrete_inputs(span.start, count=span.count, device_id=unit)
            case Table.HOLDING:
                return client.read_holding_registers(span.start, count=span.count, device_id=unit)
            case Table.INPUT:
                return client.read_input_registers(span.start, count=span.count, device_id=unit)
