"""OSDP doors at real readers: libosdp's own peripheral devices at the other end of a serial line."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import osdp_sys
import pytest
import serial
from hypothesis import given
from hypothesis import strategies as st
from osdp import (
    Capability,
    CardFormat,
    Channel,
    Event,
    LibFlag,
    LogLevel,
    PDCapabilities,
    PDInfo,
    PeripheralDevice,
)
from pydantic import ValidationError

from edge.agent.gpio.double import DoubleChips
from edge.agent.policy import wiegand
from edge.agent.sources.card_key import open_key
from edge.agent.sources.osdp import OsdpSource, build
from edge.agent.sources.osdp_panel import read_card
from edge.agent.sources.osdp_settings import OsdpSettings
from redwhistle.errors import SourceError
from tests.integration.edge_modbus.peer import SerialPair
from tests.recording import RecordingSink, moment
from tests.unit.edge_actuators.desk import wait_for
from tests.unit.edge_gpio.watching import CHIP, running

pytestmark = pytest.mark.servers
KEY = bytes(range(16))
CARD = 0x0123AB


@pytest.fixture
def line() -> Iterator[SerialPair]:
    pair = SerialPair()
    yield pair
    pair.close()


class Port(Channel):  # type: ignore[misc] # the library has no types
    """The reader's end of the line."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._serial = serial.Serial(name, 115200, timeout=0)

    def read(self, most: int) -> bytes:
        return bytes(self._serial.read(most))

    def write(self, data: bytes) -> int:
        return int(self._serial.write(data))

    def flush(self) -> None:
        """Nothing."""


@contextmanager
def reader(port: str, key: bytes | None = KEY) -> Iterator[Any]:
    flags = [] if key is None else [LibFlag.EnforceSecure]
    able = PDCapabilities(
        [
            (Capability.CardDataFormat, 1, 1),
            (Capability.CommunicationSecurity, 1, 1),
            (Capability.ContactStatusMonitoring, 1, 2),
        ]
    )
    made = PeripheralDevice(PDInfo(7, Port(port), scbk=key, flags=flags), able, log_level=LogLevel.Emergency)
    made.start()
    try:
        yield made
    finally:
        made.stop()


def make(folder: Path, port: str, *, key: bytes | None = KEY, **more: Any) -> OsdpSource:
    one: dict[str, Any] = {"address": 7, "direction": "in"}
    if key is None:
        one["insecure"] = True
    else:
        (folder / "reader.key").write_text(key.hex() + "\n")
        one["key_file"] = str(folder / "reader.key")
    settings = {
        "type": "osdp",
        "port": port,
        "baud": 115200,
        "offline_s": 2,
        "devices": [{"device": "door-1", "readers": [one], **more}],
    }
    gpio = DoubleChips()
    made = build(OsdpSettings.model_validate(settings), moment=moment, gpio=gpio, data_dir=folder)
    made.chips = gpio  # type: ignore[attr-defined] # for the test
    return made


def card(number: int, length: int) -> dict[str, Any]:
    bits = wiegand.make_frame(number, length)
    padded = [*bits, *([False] * (-len(bits) % 8))]
    data = bytes(
        sum(bit << (7 - i) for i, bit in enumerate(padded[n : n + 8])) for n in range(0, len(padded), 8)
    )
    return {
        "event": Event.CardRead,
        "reader_no": 0,
        "direction": 0,
        "format": CardFormat.Wiegand,
        "length": length,
        "data": data,
    }


def online(device: Any) -> None:
    wait_for(device.is_online, "the reader is online", 20)


def test_cards_come_hashed_over_the_secure_channel(line: SerialPair, tmp_path: Path) -> None:
    with reader(line.names[0]) as device, running(make(tmp_path, line.names[1])) as said:
        online(device)
        wait_for(device.is_sc_active, "the channel is secure", 20)
        for length in wiegand.LENGTHS:
            device.submit_event(card(CARD, length))
        wait_for(lambda: len(said.events) == 3, "the cards are said", 20)
    hashes = {each.data.model_dump()["credential"] for each in said.events}
    assert hashes == {open_key(tmp_path / "gate.key").hash(str(CARD))}, "as from a Wiegand reader"
    assert {(e.device, e.kind.value, e.data.model_dump()["direction"]) for e in said.events} == {
        ("door-1", "gate_opened", "in")
    }
    assert str(CARD) not in repr(said.events)


def test_a_card_and_the_doors_contact_make_one_opening(line: SerialPair, tmp_path: Path) -> None:
    lines = {"contact": {"line": 4, "normally": "closed", "debounce_s": 0}}
    source = make(tmp_path, line.names[1], lines=lines)
    chips: DoubleChips = source.chips  # type: ignore[attr-defined] # as made above
    chips.drive(CHIP, 4, False)
    with reader(line.names[0]) as device, running(source) as said:
        online(device)
        device.submit_event(card(CARD, 26))
        wait_for(lambda: source._doors._doors["door-1"].pending, "the card is heard", 20)
        assert said.events == []
        chips.drive(CHIP, 4, True)
        wait_for(lambda: said.said() == [("door-1", "gate_opened", True)], "it opened", 20)


def test_tamper_and_silence_are_said_and_end(line: SerialPair, tmp_path: Path) -> None:
    with running(make(tmp_path, line.names[1])) as said:
        with reader(line.names[0]) as device:
            online(device)
            for tamper in (1, 0):
                status = {
                    "event": Event.Status,
                    "type": osdp_sys.STATUS_REPORT_LOCAL,
                    "report": bytes([tamper, 0]),
                }
                device.submit_event(status)
                wait_for(lambda t=tamper: ("door-1", "tamper", t == 1) in said.codes(), "tamper", 20)  # type: ignore[misc]
        wait_for(lambda: ("door-1", "reader_offline", True) in said.codes(), "its silence", 30)
        with reader(line.names[0]):
            wait_for(lambda: ("door-1", "reader_offline", False) in said.codes(), "its return", 30)


def test_another_key_is_no_reader_of_ours(line: SerialPair, tmp_path: Path) -> None:
    with reader(line.names[0], bytes(16)) as device, running(make(tmp_path, line.names[1])) as said:
        wait_for(lambda: ("door-1", "reader_offline", True) in said.codes(), "it does not count", 30)
        device.submit_event(card(CARD, 26))
        time.sleep(0.5)
    assert [each for each in said.said() if each[1] == "gate_opened"] == []


def test_a_line_that_is_not_there_is_an_error_for_the_supervisor(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be opened"):
        make(tmp_path, "/dev/no-such-line").run(RecordingSink(), threading.Event())


@pytest.mark.parametrize("text", ["", "00", "zz" * 16, "00" * 17])
def test_keys_that_are_none_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "k").write_text(text)
    settings = {
        "type": "osdp",
        "port": "x",
        "devices": [{"device": "d", "readers": [{"address": 1, "key_file": str(tmp_path / "k")}]}],
    }
    with pytest.raises(SourceError, match="key"):
        build(OsdpSettings.model_validate(settings), moment=moment, gpio=DoubleChips(), data_dir=tmp_path)


def test_no_key_must_be_meant() -> None:
    settings = {"type": "osdp", "port": "x", "devices": [{"device": "d", "readers": [{"address": 1}]}]}
    with pytest.raises(ValidationError, match="insecure"):
        OsdpSettings.model_validate(settings)


@given(
    st.dictionaries(
        st.sampled_from(["data", "length", "format"]),
        st.binary(max_size=64) | st.integers(-5, 600) | st.none() | st.text(max_size=5),
    )
)
def test_any_card_event_is_a_hash_or_none(event: dict[str, Any]) -> None:
    read = read_card(event, lambda number: f"#{number}#")
    assert read is None or (read.startswith("#") and read.endswith("#"))
    if not isinstance(event.get("data"), bytes) or not event["data"]:
        assert read is None
