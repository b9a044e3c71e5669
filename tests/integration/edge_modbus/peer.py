"""A real Modbus peer: pymodbus's own server, TCP or on a pseudo-terminal, whose units can be changed, refuse or stall."""

import asyncio
import os
import threading
import tty
from collections.abc import Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from pymodbus import FramerType
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

SIZE = 64
COIL, DISCRETE, HOLDING, INPUT = 1, 2, 3, 4


class Unit:
    """One unit's memory: words and bits by function code."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.words: dict[int, list[int]] = {code: [0] * SIZE for code in (COIL, DISCRETE, HOLDING, INPUT)}
        self.dead = False
        self.refuses: set[int] = set()
        """Function codes that it answers with exception 2."""
        self.asked = 0

    def set_bit(self, table: int, address: int, on: bool) -> None:
        word, bit = divmod(address, 16)
        mask = 1 << bit
        self.words[table][word] = self.words[table][word] & ~mask | (mask if on else 0)

    async def act(
        self,
        code: int,
        start: int,
        address: int,
        count: int,
        registers: list[int],
        values: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        del start, address, count, values
        self.asked += 1
        if self.dead:
            await asyncio.sleep(3600)  # no answer; cancelled at the end
        if code in self.refuses:
            return ExcCodes.ILLEGAL_ADDRESS
        registers[:] = self.words[code]
        return None

    def device(self) -> SimDevice:
        bits = [SimData(0, count=SIZE * 16, values=False, datatype=DataType.BITS)]
        words = [SimData(0, count=SIZE, values=0, datatype=DataType.REGISTERS)]
        return SimDevice(
            self.number,
            simdata=(bits, bits, words, words),
            use_bit_addressing=True,
            action=self.act,
        )


class ModbusPeer:
    """A server in a thread of its own; a context manager. `stop` and `start` are a power cut."""

    def __init__(self, *units: Unit, port: int = 0, serial: str | None = None, rtu: bool = False) -> None:
        self.port = port
        self._units = units
        self._serial = serial
        self._framer = FramerType.RTU if rtu else FramerType.SOCKET
        self._loop = asyncio.new_event_loop()
        self._server: ModbusTcpServer | ModbusSerialServer | None = None
        self._servers: list[ModbusTcpServer | ModbusSerialServer] = []
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._do(self._cancel_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def start(self) -> None:
        self._do(self._start())

    def stop(self) -> None:
        if self._server is not None:
            self._do(self._server.shutdown())  # type: ignore[no-untyped-call]
            self._server = None

    async def _start(self) -> None:
        devices = [unit.device() for unit in self._units]
        if self._serial is not None:
            self._server = ModbusSerialServer(
                devices, port=self._serial, baudrate=19200, ignore_missing_devices=True
            )
        else:
            self._server = ModbusTcpServer(
                devices, address=("127.0.0.1", self.port), framer=self._framer, ignore_missing_devices=True
            )
        self._servers.append(self._server)
        await self._server.serve_forever(background=True)
        transport: Any = self._server.transport
        if self._serial is None and self.port == 0:
            self.port = transport.sockets[0].getsockname()[1]

    async def _cancel_all(self) -> None:
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for _ in range(10):  # connections that came while it closed, and those that are closing
            for handler in [h for server in self._servers for h in server.active_connections.values()]:
                handler.close()
            await asyncio.sleep(0.005)

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)


class SerialPair:
    """Two pseudo-terminals whose bytes go across, as a cable between two RS-485 adapters."""

    def __init__(self) -> None:
        self._masters, self.names = [], list[str]()
        for _ in range(2):
            master, slave = os.openpty()
            tty.setraw(slave)
            self._masters.append(master)
            self.names.append(os.ttyname(slave))
            # The slave stays open, so that the pair outlives the programs that use it.
        self._threads = [
            threading.Thread(target=self._carry, args=(0, 1), daemon=True),
            threading.Thread(target=self._carry, args=(1, 0), daemon=True),
        ]
        self._closed = threading.Event()
        for thread in self._threads:
            thread.start()

    def _carry(self, source: int, target: int) -> None:
        with suppress(OSError):
            while not self._closed.is_set():
                data = os.read(self._masters[source], 1024)
                os.write(self._masters[target], data)

    def close(self) -> None:
        self._closed.set()
        for master in self._masters:
            with suppress(OSError):
                os.close(master)
