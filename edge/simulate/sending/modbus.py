"""A Modbus line whose units the simulator is: pymodbus's server, TCP or serial, in a thread of its own."""

import asyncio
import logging
import threading
import time
from collections.abc import Coroutine
from typing import Any

from pymodbus import FramerType
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from edge.agent.sources.modbus_map import Table, UnitSettings
from edge.agent.sources.modbus_settings import ModbusSettings
from edge.simulate.families.modbus import calm_cells, put
from edge.simulate.steps import Cells
from redwhistle.errors import SimulationError

logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)

_ORDER = (Table.COIL, Table.DISCRETE, Table.HOLDING, Table.INPUT)
_FUNCTIONS = {1: Table.COIL, 2: Table.DISCRETE, 3: Table.HOLDING, 4: Table.INPUT}
_BITS = 16
_START_S = 5.0
_TURN_S = 0.02


class LineServer:
    """Starts calm. `serial` is this end of a serial line, where the box has the other."""

    def __init__(self, settings: ModbusSettings, serial: str | None = None) -> None:
        self._settings = settings
        self._serial = serial
        self._units = {each.unit: _Unit(each) for each in settings.map.units}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="modbus-units", daemon=True)
        self._server: ModbusTcpServer | ModbusSerialServer | None = None

    def start(self) -> None:
        """Raises SimulationError."""
        self._thread.start()
        try:
            self._do(self._start())
        except Exception as error:  # the library lets errors of many kinds through
            self.close()
            raise SimulationError(f"{self._where()} cannot be served ({error}): {self._advice()}") from None

    def store(self, unit: int, cells: Cells, within_s: float) -> str:
        """Returns when the box has read all of the cells since they changed. Raises SimulationError."""
        memory = self._units[unit]
        memory.store(cells)
        deadline_s = time.monotonic() + within_s
        while not memory.was_read(cells):
            if time.monotonic() > deadline_s:
                raise SimulationError(
                    f"unit {unit} at {self._where()} was not asked within {within_s:g} s: "
                    "does the box run, and with this configuration?"
                )
            time.sleep(_TURN_S)
        return f"read by the box (unit {unit})"

    def rest(self) -> None:
        """Every unit calm again."""
        for unit in self._units.values():
            unit.store(calm_cells(unit.settings))

    def close(self) -> None:
        """Safe to call twice."""
        if not self._thread.is_alive():
            return
        self._do(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_START_S)
        self._loop.close()

    async def _start(self) -> None:
        devices = [unit.device() for unit in self._units.values()]
        tcp, rtu = self._settings.tcp, self._settings.rtu
        if tcp is not None:
            framer = FramerType.SOCKET if tcp.framing == "tcp" else FramerType.RTU
            self._server = ModbusTcpServer(
                devices, address=(tcp.host, tcp.port), framer=framer, ignore_missing_devices=True
            )
        elif rtu is not None:
            self._server = ModbusSerialServer(
                devices,
                port=self._serial or rtu.port,
                baudrate=rtu.baud,
                parity=rtu.parity,
                stopbits=rtu.stop_bits,
                ignore_missing_devices=True,
            )
        if self._server is None:
            raise OSError("neither tcp nor rtu")
        await self._server.serve_forever(background=True)

    async def _stop(self) -> None:
        server: Any = self._server
        if server is not None:
            await server.shutdown()
        tasks = [each for each in asyncio.all_tasks() if each is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for handler in list(server.active_connections.values()) if server is not None else []:
            handler.close()
        await asyncio.sleep(0.01)

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(_START_S)

    def _where(self) -> str:
        return self._serial or self._settings.where()

    def _advice(self) -> str:
        if self._settings.tcp is not None:
            return (
                "the simulator takes the unit's place, so it must run on the machine that has this address, with the "
                "port free; for a test on the box itself point `tcp` at 127.0.0.1"
            )
        return "is the other end of the box's serial line plugged in here? Name it with --line"


class _Unit:
    def __init__(self, settings: UnitSettings) -> None:
        self.settings = settings
        self._lock = threading.Lock()
        self._memory: dict[tuple[Table, int], int] = {}
        put(self._memory, calm_cells(settings))
        self._unread: set[tuple[Table, int]] = set()

    def store(self, cells: Cells) -> None:
        with self._lock:
            put(self._memory, cells)
            self._unread.update((each.table, each.address) for each in cells)

    def was_read(self, cells: Cells) -> bool:
        with self._lock:
            return not any((each.table, each.address) in self._unread for each in cells)

    def device(self) -> SimDevice:
        blocks = []
        for table in _ORDER:
            last = max((at for each, at in self._memory if each is table), default=0)
            if table.has_bits:
                size = (last // _BITS + 1) * _BITS
                blocks.append([SimData(0, count=size, values=False, datatype=DataType.BITS)])
            else:
                blocks.append([SimData(0, count=last + 1, values=0, datatype=DataType.REGISTERS)])
        coils, discretes, holdings, inputs = blocks
        return SimDevice(
            self.settings.unit,
            simdata=(coils, discretes, holdings, inputs),
            use_bit_addressing=True,
            action=self._act,
        )

    async def _act(
        self,
        code: int,
        start: int,
        address: int,
        count: int,
        registers: list[int],
        values: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        """Before each answer: what stands in memory goes into the library's registers. `count` is of words."""
        del start
        table = _FUNCTIONS.get(code)
        if table is None or values is not None:
            return ExcCodes.ILLEGAL_FUNCTION
        with self._lock:
            for (each, at), value in self._memory.items():
                if each is not table:
                    continue
                if table.has_bits:
                    word, bit = divmod(at, _BITS)
                    registers[word] = registers[word] & ~(1 << bit) | value << bit
                else:
                    registers[at] = value
            most = count * _BITS if table.has_bits else count
            self._unread -= {
                (each, at) for each, at in self._unread if each is table and address <= at < address + most
            }
        return None
