"""A fire transmission device at the box's receiving centre, TCP or UDP: reports, takes confirmations, answers calls."""

import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from edge.agent.gbt26875.data_units import decode_data
from edge.agent.gbt26875.frame import Command, Frame, encode_frame, reply_to
from edge.agent.gbt26875.panel_time import PanelTime
from edge.agent.gbt26875.stream import StreamDecoder
from edge.agent.sources.gbt26875_settings import Gbt26875Settings
from edge.simulate.families.panels import duty_answer, transmitter_state
from edge.simulate.sending.http import reachable
from redwhistle.errors import ContractError, SimulationError

_WITHIN_S = 5.0
_TURN_S = 0.05
_READ_STATE = 81
_DUTY = 91


class PanelLink:
    """One transmitter's way to the centre. Used from one thread; `now` gives wall and monotonic ms."""

    def __init__(
        self,
        centre: Gbt26875Settings,
        address: int,
        now: Callable[[], tuple[int, int]],
        within_s: float = _WITHIN_S,
    ) -> None:
        """`within_s`: so long a confirmation may take."""
        self._within_s = within_s
        self._centre = centre
        self._address = address
        self._now = now
        self._serial = 0
        self._socket: socket.socket | None = None
        self._decoder = StreamDecoder()
        self._said_ms: int | None = None
        self.answered: list[str] = []
        """What the centre asked and was answered, for people."""

    def report(self, frame: Frame) -> str:
        """Returns when the centre has confirmed it: what follows from it is on the box's disk. Raises SimulationError."""
        sent = self._send(frame)
        deadline_ms = self._now()[1] + round(self._within_s * 1000)
        while self._now()[1] < deadline_ms:
            for reply in self._receive():
                if reply.serial != sent.serial or reply.command not in {Command.CONFIRM, Command.DENY}:
                    self._answer(reply)
                elif reply.command == Command.DENY:
                    raise SimulationError(f"{self._where()} denies the frame (command 6)")
                else:
                    return f"confirmed by the box (serial {sent.serial})"
        raise SimulationError(
            f"{self._where()} did not confirm within {self._within_s:g} s: does the box run?"
        )

    def tend(self, heartbeat_s: float | None) -> None:
        """Take what the centre asks, and give a sign of life twice a heartbeat. Raises SimulationError."""
        now_ms = self._now()[1]
        if heartbeat_s and (self._said_ms is None or now_ms - self._said_ms >= heartbeat_s * 500):
            time = self._time()
            data = transmitter_state(time)
            self.report(Frame(1, self._address, self._centre.centre_address, Command.SEND, time, data))
        for frame in self._receive():
            self._answer(frame)

    def close(self) -> None:
        if self._socket is not None:
            with suppress(OSError):
                self._socket.close()
            self._socket = None
        self._decoder = StreamDecoder()

    def _answer(self, asked: Frame) -> None:
        """As a transmitter does: a control is confirmed, its state is given, and somebody presses the duty button."""
        time = self._time()
        if asked.command == Command.REQUEST and _kind(asked) == _READ_STATE:
            answer = replace(reply_to(asked, Command.ANSWER, time), data=transmitter_state(time))
            self._write(answer)
            self.answered.append("state read")
        elif asked.command == Command.CONTROL:
            self._write(reply_to(asked, Command.CONFIRM, time))
            if _kind(asked) == _DUTY:
                self._send(Frame(1, self._address, asked.source, Command.SEND, time, duty_answer(time)))
                self.answered.append("duty check (查岗)")

    def _send(self, frame: Frame) -> Frame:
        self._serial = self._serial % 0xFFFF + 1
        numbered = replace(frame, serial=self._serial)
        try:
            self._write(numbered)
        except SimulationError:
            self._write(numbered)  # the centre may have closed an idle connection: once more, on a new one
        self._said_ms = self._now()[1]
        return numbered

    def _write(self, frame: Frame) -> None:
        line = self._socket or self._open()
        try:
            line.sendall(encode_frame(frame))
        except OSError as error:
            self.close()
            raise SimulationError(f"{self._where()} was lost ({error}): try again") from None

    def _receive(self) -> list[Frame]:
        line = self._socket or self._open()
        try:
            data = line.recv(4096)
        except TimeoutError:
            return []
        except OSError as error:
            self.close()
            raise SimulationError(f"{self._where()} was lost ({error}): does the box run?") from None
        if not data and self._centre.tcp_port is not None:
            self.close()
            raise SimulationError(
                f"{self._where()} closed the connection: is this address in its `allow`, has it room for one more?"
            )
        return [each for each in self._decoder.feed(data) if isinstance(each, Frame)]

    def _open(self) -> socket.socket:
        host, port = self._target()
        try:
            if self._centre.tcp_port is not None:
                line = socket.create_connection((host, port), timeout=_WITHIN_S)
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            else:
                line = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
                line.connect((host, port))
        except OSError as error:
            raise SimulationError(f"{self._where()} cannot be reached ({error}): does the box run?") from None
        line.settimeout(_TURN_S)
        self._socket = line
        return line

    def _target(self) -> tuple[str, int]:
        port = self._centre.tcp_port if self._centre.tcp_port is not None else self._centre.udp_port
        return reachable(str(self._centre.listen)), port or 0

    def _where(self) -> str:
        return "the box's receiving centre {}:{}".format(*self._target())

    def _time(self) -> PanelTime:
        return PanelTime.of(self._now()[0], self._centre.utc_offset_min)


def _kind(frame: Frame) -> int | None:
    try:
        unit = decode_data(frame.data)
    except ContractError:
        return None
    return None if unit is None else unit.type
