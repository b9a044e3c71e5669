"""The simulator's ways to the box, each at the real source: a transmitter that answers, contacts and cards on wires."""

import socket
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from edge.agent.gbt26875.frame import Command, Frame, encode_frame, reply_to
from edge.agent.gbt26875.panel_time import PanelTime
from edge.agent.gbt26875.stream import StreamDecoder
from edge.agent.gpio.double import DoubleChips
from edge.agent.gpio.port import InputLines, InputOptions, OutputLine
from edge.agent.sources import contact, wiegand
from edge.agent.sources.card_key import open_key
from edge.agent.sources.contact_settings import ContactSettings
from edge.agent.sources.gbt26875_settings import Gbt26875Settings
from edge.agent.sources.wiegand_settings import WiegandSettings
from edge.settings import BoxSettings, load_settings
from edge.simulate.desk import Desk
from edge.simulate.running import perform
from edge.simulate.sending.panel import PanelLink
from edge.simulate.stage import Stage, Ways
from edge.simulate.wishes import Options, Wish
from redwhistle.clock import SystemClock, to_ms
from redwhistle.errors import SimulationError
from tests.integration.gbt26875_peers import Centre
from tests.recording import RecordingSink, moment
from tests.unit.edge_actuators.desk import wait_for
from tests.unit.edge_gpio.watching import CHIP, running
from tests.unit.edge_simulate.boxes import SOURCES, write_box
from tests.unit.gbt26875_vectors import TRANSMITTER

CLOCK = SystemClock()


def now() -> tuple[int, int]:
    return to_ms(CLOCK.now()), CLOCK.monotonic_ms()


def report() -> Frame:
    return Frame(1, TRANSMITTER, 0, Command.SEND, PanelTime.of(0, 480))


def settings_for(port: int) -> Gbt26875Settings:
    return Gbt26875Settings.model_validate({"type": "gbt26875", "tcp_port": port})


def test_a_duty_check_and_a_reading_of_the_state_are_answered() -> None:
    duty = {"every_s": 60, "answer_min": 1}
    with Centre(transmitter={"duty": duty, "heartbeat_s": 60}) as centre:
        link = PanelLink(settings_for(centre.tcp[1]), TRANSMITTER, now)
        link.tend(60)
        centre.skew_ms += (
            70_000  # a duty check is due, and the transmitter was silent for more than a heartbeat
        )
        answered: list[str] = []

        def ask() -> bool:
            link.tend(None)
            answered.extend(link.answered)
            link.answered.clear()
            return {"state read", "duty check (查岗)"} <= set(answered)

        centre.wait_for(ask, "the centre's questions")
        centre.skew_ms += 61_000
        time.sleep(0.6)  # two turns of the centre, in which it would say that nobody answered
        assert ("panel-1", "duty_unanswered", True) not in centre.sink.told()
        link.close()


def test_a_report_without_a_confirmation_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = int(server.getsockname()[1])
        link = PanelLink(settings_for(port), TRANSMITTER, now, within_s=0.3)
        with pytest.raises(SimulationError, match="did not confirm"):
            link.report(report())
        link.close()
    with pytest.raises(SimulationError, match="cannot be reached"):
        PanelLink(settings_for(port), TRANSMITTER, now).report(report())


@pytest.mark.parametrize("ending", ["denied", "closed"])
def test_a_denial_or_a_closed_door_is_told(ending: str) -> None:
    def serve(server: socket.socket) -> None:
        peer, _ = server.accept()
        with peer:
            (frame,) = StreamDecoder().feed(peer.recv(4096))
            assert isinstance(frame, Frame)
            if ending == "denied":
                peer.sendall(encode_frame(reply_to(frame, Command.DENY, frame.time)))
                peer.recv(1)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        link = PanelLink(settings_for(server.getsockname()[1]), TRANSMITTER, now)
        with pytest.raises(
            SimulationError, match="denies" if ending == "denied" else "closed the connection"
        ):
            link.report(report())
        link.close()
        thread.join(10)


class Wired(DoubleChips):
    """A board with wires from output lines to inputs."""

    def __init__(self, wires: Mapping[int, int]) -> None:
        super().__init__()
        self._to = {out: line for line, out in wires.items()}

    def drive(self, chip: str, line: int, high: bool, at_ns: int | None = None) -> None:
        super().drive(chip, line, high, at_ns)
        if line in self._to:
            super().drive(chip, self._to[line], high, at_ns)


WIRES = {17: 100, 27: 101, 22: 102, 13: 103, 26: 104, 20: 105, 21: 106, 23: 107, 24: 108, 16: 109}


def load(folder: Path) -> BoxSettings:
    wired = [each for each in SOURCES if each["type"] in {"contact", "wiegand"}]
    return load_settings(write_box(folder, wired)).settings


def section(settings: BoxSettings, kind: type) -> object:
    return next(each for each in settings.sources if isinstance(each, kind))


def act(
    settings: BoxSettings, stage: Stage, device: str, what: str, *, test: bool = False, **options: object
) -> None:
    wish = Wish(device=device, act=what, test=test, options=Options.model_validate(options))
    done = perform(Desk(settings), stage, wish, now)
    assert done.problem is None, done


@pytest.mark.slow
def test_contacts_on_wires_are_what_the_box_sees(tmp_path: Path) -> None:
    settings, chips = load(tmp_path), Wired(WIRES)
    source = section(settings, ContactSettings)
    assert isinstance(source, ContactSettings)
    for line in (22, 26, 27):  # closed at rest
        chips.drive(CHIP, line, False)
    with (
        running(contact.build(source, moment=moment, gpio=chips)) as said,
        Stage(settings, Ways(wires=WIRES), chips, now) as stage,
    ):
        act(settings, stage, "relay-1", "alarm", test=True)
        wait_for(lambda: ("relay-1", "smoke", True) in said.said(), "the test")
        assert all(each.test for each in said.events if each.kind == "smoke")
        act(settings, stage, "sos-3", "press")
        wait_for(lambda: ("sos-3", "sos", True) in said.said(), "the press")
        act(settings, stage, "gate-3", "opened")
        wait_for(lambda: said.values("gate-3", "gate_open")[-1:] == [1.0], "the gate is open")
        act(settings, stage, "gate-3", "closed")
        wait_for(lambda: said.values("gate-3", "gate_open")[-1:] == [0.0], "the gate is closed")
        act(settings, stage, "relay-1", "alarm")
        wait_for(lambda: [e for e in said.events if e.kind == "smoke" and not e.test], "the real alarm")
        act(settings, stage, "relay-1", "cut")
        wait_for(lambda: ("relay-1", "line_open", True) in said.codes(), "the cut wire", 10)
        assert stage.lasts


def test_cards_on_wires_open_the_door(tmp_path: Path) -> None:
    settings, chips = load(tmp_path), Wired(WIRES)
    source = section(settings, WiegandSettings)
    assert isinstance(source, WiegandSettings)
    chips.drive(CHIP, 16, False)
    made = wiegand.build(source, moment=moment, gpio=chips, data_dir=tmp_path)

    def opened(said: RecordingSink) -> list[object]:
        return [each for each in said.events if each.kind == "gate_opened"]

    with running(made) as said, Stage(settings, Ways(wires=WIRES), chips, now) as stage:
        wait_for(lambda: said.values("gate-4", "gate_open") == [0.0], "the door is closed")
        act(settings, stage, "gate-4", "card", card="77", bits=34, reader=1)
        act(settings, stage, "gate-4", "opened")
        wait_for(lambda: opened(said), "the door opens for the card")
    data = said.events[0].data.model_dump()
    assert data["credential"] == open_key(tmp_path / "gate.key").hash("77")
    assert data["direction"] == "out"


def test_a_line_without_a_wire_says_what_to_do(tmp_path: Path) -> None:
    settings = load(tmp_path)
    with Stage(settings, Ways(), DoubleChips(), now) as stage:
        done = perform(Desk(settings), stage, Wish(device="sos-3", act="press"), now)
    assert done.problem is not None
    assert "--wire 13=LINE" in done.problem
    assert done.sent == (("gpio /dev/gpiochip0 line 13  closed", "not sent"),)


def test_the_double_is_a_gpio() -> None:
    """What the stage drives and the sources read is one board."""
    chips = Wired({1: 2})
    lines: InputLines = chips.inputs(CHIP, {1: InputOptions()})
    out: OutputLine = chips.output(CHIP, 2, active_low=True, on=True)
    assert lines.read() == {1: True}
    out.close()
    lines.close()
