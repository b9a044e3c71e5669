"""A loudspeaker at the box: clips played one after another by a program such as aplay."""

import subprocess
import time
from pathlib import Path

from edge.agent.actuators.settings import SpeakerSettings
from edge.agent.actuators.speaking import clips_of
from edge.agent.orders import Act, Order
from redwhistle.errors import ActuatorError

_END_S = 0.5


class ClipPlayer:
    """Implements `ports.Actuator`. Plays in a process of its own, which is killed when it hangs or is told to stop."""

    def __init__(self, settings: SpeakerSettings) -> None:
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._clips: list[Path] = []
        self._next = 0
        self._began_s = 0.0
        self._pause_until_s = 0.0

    @property
    def device(self) -> str:
        return self._settings.device

    def apply(self, order: Order) -> None:
        self._end()
        self._clips = []
        if order.act is Act.OFF:
            return
        if order.act is Act.ON:
            raise ActuatorError(f"{self.device} is a loudspeaker: tell it to speak a message")
        self._clips = clips_of(order, self._settings.clips, self._settings.languages)
        self._next = 0
        self._play()

    def tend(self) -> None:
        """The next clip, when one has ended; from the first again after the last."""
        now_s = time.monotonic()
        if self._process is None:
            if self._clips and now_s >= self._pause_until_s:
                self._play()
            return
        code = self._process.poll()
        if code is None:
            if now_s - self._began_s > self._settings.clip_most_s:
                self._end()
                raise ActuatorError(f"{self.device}: the player hung and was killed")
            return
        self._process = None
        self._pause_until_s = now_s + self._settings.pause_s
        if code != 0:
            raise ActuatorError(
                f"{self.device}: {self._settings.command[0]} ended with code {code}: try it by hand"
            )

    def close(self) -> None:
        self._end()

    def _play(self) -> None:
        clip = self._clips[self._next % len(self._clips)]
        self._next += 1
        words = [word.replace("{file}", str(clip)) for word in self._settings.command]
        try:
            self._process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            raise ActuatorError(f"{self.device}: {words[0]} cannot be run: {error.strerror}") from error
        self._began_s = time.monotonic()

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
