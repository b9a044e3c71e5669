"""Actuators' adapters: GPIO relay, loudspeaker by a program, loudspeaker by HTTP."""

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from edge.agent.actuators.gpio_relay import GpioRelay
from edge.agent.actuators.http_speaker import HttpSpeaker
from edge.agent.actuators.player import ClipPlayer
from edge.agent.actuators.settings import GpioRelaySettings, HttpSpeakerSettings, SpeakerSettings
from edge.agent.gpio.double import DoubleChips
from edge.agent.orders import Act, Order
from redwhistle.errors import ActuatorError
from tests.unit.edge_actuators.desk import wait_for

CHIP = "/dev/gpiochip0"
ON, OFF = Order("x", Act.ON, "test"), Order("x", Act.OFF, "test")


def speak(message: str | None = "fire", **more: Any) -> Order:
    return Order("x", Act.SPEAK, "test", message=message, **more)


@pytest.mark.parametrize("active_low", [False, True])
def test_a_relay_follows_its_orders(active_low: bool) -> None:
    chips = DoubleChips()
    settings = GpioRelaySettings.model_validate(
        {"type": "gpio", "device": "siren-1", "kind": "siren", "line": 17, "active_low": active_low}
    )
    relay = GpioRelay(settings, chips)
    for order, on in ((OFF, False), (ON, True), (ON, True), (OFF, False)):
        relay.apply(order)
        assert chips.level(CHIP, 17) is (on != active_low)
    with pytest.raises(ActuatorError, match="cannot speak"):
        relay.apply(speak())
    chips.break_chip(CHIP)
    with pytest.raises(ActuatorError):
        relay.apply(ON)
    chips.broken.clear()
    relay.apply(ON)
    assert chips.level(CHIP, 17) is not active_low
    relay.close()
    relay.close()


def test_limits_of_time_by_kind() -> None:
    def limit(**more: Any) -> float | None:
        words = {"type": "gpio", "device": "a", "line": 1}
        return GpioRelaySettings.model_validate({**words, **more}).most_on_s

    assert limit(kind="siren") == 600
    assert limit(kind="relay") is None
    assert limit(kind="siren", most_on_s=None) is None
    assert limit(kind="relay", most_on_s=5) == 5


PLAYER = (
    "import sys; open(sys.argv[1] + '.log', 'a').write(sys.argv[2] + '\\n'); sys.exit('bad' in sys.argv[2])"
)


@pytest.fixture
def clips(tmp_path: Path) -> dict[str, dict[str, str]]:
    made: dict[str, dict[str, str]] = {}
    for message, languages in {"fire": ("zh", "ii", "en"), "drill": ("zh", "en"), "bad": ("zh",)}.items():
        for language in languages:
            path = tmp_path / f"{message}-{language}.wav"
            path.write_bytes(b"RIFF")
            made.setdefault(message, {})[language] = str(path)
    return made


def player(tmp_path: Path, clips: dict[str, dict[str, str]], **more: Any) -> ClipPlayer:
    command = [sys.executable, "-c", PLAYER, str(tmp_path / "played"), "{file}"]
    settings = {"type": "speaker", "device": "speaker-1", "command": command, "clips": clips, "pause_s": 0}
    return ClipPlayer(SpeakerSettings.model_validate({**settings, **more}))


def played(tmp_path: Path) -> list[str]:
    log = tmp_path / "played.log"
    return [Path(line).stem for line in log.read_text().splitlines()] if log.exists() else []


def tend_until(speaker: ClipPlayer, tmp_path: Path, count: int) -> list[str]:
    def enough() -> bool:
        speaker.tend()
        return len(played(tmp_path)) >= count

    wait_for(enough, f"{count} clips are played", 30)
    return played(tmp_path)[:count]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (speak(), ["fire-ii", "fire-zh", "fire-ii"]),
        (speak(languages=("en",)), ["fire-en", "fire-en"]),
        (speak(languages=("lis",)), ["fire-zh", "fire-ii", "fire-en"]),
        (speak(exercise="drill-1"), ["drill-zh", "fire-ii", "drill-zh", "fire-zh"]),
        (speak(exercise="drill-1", languages=("en",)), ["drill-en", "fire-en"]),
    ],
    ids=["in the configured order, again and again", "one language", "unknown: all", "drill", "drill, one"],
)
def test_clips_are_played_in_turn(
    tmp_path: Path, clips: dict[str, dict[str, str]], order: Order, expected: list[str]
) -> None:
    speaker = player(tmp_path, clips, languages=["ii", "zh"])
    speaker.apply(order)
    assert tend_until(speaker, tmp_path, len(expected)) == expected
    speaker.apply(OFF)
    count = len(played(tmp_path))
    speaker.tend()
    assert len(played(tmp_path)) <= count + 1
    speaker.close()


def test_a_player_that_fails_or_is_missing_is_an_error(
    tmp_path: Path, clips: dict[str, dict[str, str]]
) -> None:
    speaker = player(tmp_path, clips)
    speaker.apply(speak("bad"))
    with pytest.raises(ActuatorError, match="code 1"):
        wait_for(speaker.tend, "it fails")
    missing = player(tmp_path, clips, command=["no-such-player", "{file}"])
    with pytest.raises(ActuatorError, match="no-such-player"):
        missing.apply(speak())
    with pytest.raises(ActuatorError, match="knows no message 'flood'"):
        speaker.apply(speak("flood"))
    with pytest.raises(ActuatorError, match="name a message"):
        speaker.apply(speak(None, text="请下楼"))
    for each in (speaker, missing):
        each.close()


def test_a_player_that_hangs_is_killed(tmp_path: Path, clips: dict[str, dict[str, str]]) -> None:
    words = [sys.executable, "-c", "import time; time.sleep(600)", "{file}"]
    speaker = player(tmp_path, clips, command=words, clip_most_s=0.1)
    speaker.apply(speak())
    process = speaker._process
    assert process is not None
    with pytest.raises(ActuatorError, match="hung"):
        wait_for(speaker.tend, "it is killed")
    assert process.poll() is not None


def test_a_drill_that_cannot_say_that_it_is_one_stays_quiet(
    tmp_path: Path, clips: dict[str, dict[str, str]]
) -> None:
    del clips["drill"]
    with pytest.raises(ActuatorError, match="a drill must say"):
        player(tmp_path, clips).apply(speak(exercise="drill-1"))
    assert played(tmp_path) == []


def test_clips_that_are_not_there_are_a_fault_of_the_configuration(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="is no file"):
        player(tmp_path, {"fire": {"zh": str(tmp_path / "none.wav")}})
    with pytest.raises(ValidationError, match=r"\{file\}"):
        player(tmp_path, {"fire": {"zh": __file__}}, command=["aplay"])


class Peer(HTTPServer):
    """An IP speaker."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.heard: list[tuple[str, dict[str, Any], str | None]] = []
        self.answer = 200


class Handler(BaseHTTPRequestHandler):
    server: Peer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.heard.append((self.path, body, self.headers.get("Authorization")))
        self.send_response(self.server.answer)
        self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""


@contextmanager
def http_peer() -> Iterator[Peer]:
    with Peer() as peer:
        thread = threading.Thread(target=peer.serve_forever, args=(0.02,))
        thread.start()
        yield peer
        peer.shutdown()
        thread.join()


def http_speaker(port: int, **more: Any) -> HttpSpeaker:
    settings = {
        "type": "http_speaker",
        "device": "speaker-2",
        "url": f"http://127.0.0.1:{port}/play",
        "on_body": {"clip": "{message}", "say": "{text}", "lang": "{language}", "volume": 80},
        "off_body": {"clip": "stop"},
        "timeout_s": 0.5,
    }
    return HttpSpeaker(HttpSpeakerSettings.model_validate({**settings, **more}))


def test_an_ip_speaker_is_told(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("s3cret\n")
    texts = {"fire": {"zh": "着火了，请下楼。", "en": "Fire, leave the building."}}
    with http_peer() as peer:
        speaker = http_speaker(peer.server_port, texts=texts, token_file=str(tmp_path / "token"))
        speaker.apply(speak())
        speaker.apply(speak(languages=("en",), exercise="drill-1"))
        speaker.apply(OFF)
        own = http_speaker(peer.server_port, languages=["zh"])
        own.apply(speak(exercise="drill-1"))
    said = [(body["clip"], body.get("say"), body.get("lang")) for _, body, _ in peer.heard]
    assert said == [
        ("fire", "着火了，请下楼。", "zh"),
        ("fire", "Fire, leave the building.", "en"),
        ("fire", "This is a drill.Fire, leave the building.", "en"),
        ("stop", None, None),
        ("drill-fire", "", "zh"),
    ]
    assert {(path, token) for path, _, token in peer.heard[:4]} == {("/play", "Bearer s3cret")}


def test_an_ip_speaker_that_fails_is_an_error_and_the_token_is_in_none(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("s3cret\n")
    with http_peer() as peer:
        speaker = http_speaker(peer.server_port, token_file=str(tmp_path / "token"))
        for peer.answer in (401, 302, 500):
            with pytest.raises(ActuatorError, match=str(peer.answer)) as caught:
                speaker.apply(speak())
            assert "s3cret" not in str(caught.value)
    with pytest.raises(ActuatorError, match="cannot be reached"):
        speaker.apply(speak())
    with pytest.raises(ActuatorError, match="cannot be reached"):
        http_speaker(1, token_file=str(tmp_path / "none")).apply(speak())


@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://user:pw@10.0.0.1/", "ftp://x/", "http://a b/"])
def test_addresses_that_are_none_or_hold_a_password_are_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        http_speaker(1, url=url)
