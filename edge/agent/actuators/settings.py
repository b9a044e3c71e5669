"""The configuration of actuators."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from edge.agent.filepaths import ConfigPath
from edge.agent.local_broker import LocalBrokerSettings, TopicPart
from edge.agent.modbus_wires import SerialLineSettings, TcpLineSettings
from edge.agent.policy.reflex import Language, Word
from edge.agent.policy.rules import Rules
from redwhistle.contracts.ids import DeviceId, PlaceId, Text
from redwhistle.contracts.state import DeviceInfo, DeviceKind

Seconds = Annotated[float, Field(ge=0.1, le=86400)]
Timeout = Annotated[float, Field(ge=0.1, le=10)]


class ActuatorSettings(Rules):
    """What all actuators have."""

    device: DeviceId
    place: PlaceId | None = None
    label: Text | None = None
    model: Text | None = None
    kind: Literal[DeviceKind.SIREN, DeviceKind.RELAY, DeviceKind.LOUDSPEAKER]
    most_on_s: Seconds | None = None
    """No order holds it longer; null: it may stay on until somebody turns it off. By default 10 minutes for sirens
    and loudspeakers, and no limit for relays: a released gate must not lock by itself."""

    @model_validator(mode="after")
    def _has_a_limit(self) -> Self:
        if "most_on_s" not in self.model_fields_set and self.kind is not DeviceKind.RELAY:
            object.__setattr__(self, "most_on_s", 600.0)
        return self

    def info(self) -> DeviceInfo:
        """As the box announces it."""
        return DeviceInfo(
            id=self.device, kind=self.kind, model=self.model, label=self.label, place=self.place
        )


class GpioRelaySettings(ActuatorSettings):
    """A relay or siren on a line of the machine itself."""

    type: Literal["gpio"]
    kind: Literal[DeviceKind.SIREN, DeviceKind.RELAY]
    chip: str = Field(default="/dev/gpiochip0", min_length=1, max_length=255)
    line: Annotated[int, Field(ge=0, le=1023)]
    active_low: bool = False
    """Most relay boards with an optocoupler close on low: `true`."""


class MqttSettings(ActuatorSettings):
    """A siren or relay behind the local broker; `dialect` says what it understands.

    | dialect | `topic` |
    |---|---|
    | `zigbee2mqtt_warning` | the siren's `<base>/<friendly_name>`: it gets `{"warning": …}` on `/set` |
    | `zigbee2mqtt_state` | as above, for plugs and relays: `{"state": "ON"}` |
    | `esphome_switch` | `<node>/switch/<object_id>`: `ON` and `OFF` on `/command` |
    | `plain` | the whole topic: `on_payload` and `off_payload` |
    """

    type: Literal["mqtt"]
    kind: Literal[DeviceKind.SIREN, DeviceKind.RELAY]
    broker: LocalBrokerSettings = LocalBrokerSettings()
    dialect: Literal["zigbee2mqtt_warning", "zigbee2mqtt_state", "esphome_switch", "plain"]
    topic: TopicPart
    on_payload: Text = "ON"
    off_payload: Text = "OFF"
    timeout_s: Timeout = 2.0
    """The broker must have taken it by then."""


class CoilSettings(ActuatorSettings):
    """A relay module on Modbus: one coil."""

    type: Literal["modbus_coil"]
    kind: Literal[DeviceKind.SIREN, DeviceKind.RELAY]
    tcp: TcpLineSettings | None = None
    rtu: SerialLineSettings | None = None
    """A line of its own: two masters on one RS-485 line disturb each other."""
    unit: Annotated[int, Field(ge=0, le=247)]
    coil: Annotated[int, Field(ge=0, le=65535)]
    timeout_s: Timeout = 1.0

    @model_validator(mode="after")
    def _is_one_line(self) -> Self:
        if (self.tcp is None) == (self.rtu is None):
            raise ValueError("give either tcp or rtu")
        return self


class SpeakerSettings(ActuatorSettings):
    """A loudspeaker at the box: audio files played by a program."""

    type: Literal["speaker"]
    kind: Literal[DeviceKind.LOUDSPEAKER] = DeviceKind.LOUDSPEAKER
    command: Annotated[
        tuple[Annotated[str, Field(max_length=500)], ...], Field(min_length=1, max_length=32)
    ] = (
        "aplay",
        "-q",
        "{file}",
    )
    """`{file}` is the clip. Run without a shell."""
    clips: dict[Word, dict[Language, ConfigPath]] = Field(min_length=1, max_length=64)
    """By message and language. `drill` is played before every message of a drill."""
    languages: tuple[Language, ...] = Field(default=(), max_length=16)
    """In this order, where an order does not say; by default as the clips stand."""
    clip_most_s: Seconds = 120.0
    """A player that takes longer has hung and is killed."""
    pause_s: Annotated[float, Field(ge=0, le=60)] = 1.0
    """Between two clips."""

    @model_validator(mode="after")
    def _clips_can_be_played(self) -> Self:
        if not any("{file}" in word for word in self.command):
            raise ValueError("command needs {file} where the clip's name goes")
        for message, clips in self.clips.items():
            for language, path in clips.items():
                if not path.is_file():
                    raise ValueError(f"clips.{message}.{language}: {path} is no file")
        return self


class HttpSpeakerSettings(ActuatorSettings):
    """A speaker in the network with an HTTP interface. `{message}`, `{text}`, `{language}` in the bodies are filled in."""

    type: Literal["http_speaker"]
    kind: Literal[DeviceKind.LOUDSPEAKER, DeviceKind.SIREN] = DeviceKind.LOUDSPEAKER
    url: Annotated[str, Field(pattern=r"^https?://[^\s@]+$", max_length=500)]
    """Without user and password: those stand in files."""
    method: Literal["POST", "PUT"] = "POST"
    on_body: dict[str, str | int | float | bool]
    off_body: dict[str, str | int | float | bool]
    token_file: ConfigPath | None = None
    """Its first line goes into `Authorization: Bearer`."""
    languages: tuple[Language, ...] = Field(default=(), max_length=16)
    texts: dict[Word, dict[Language, Text]] = Field(default_factory=dict, max_length=64)
    """What `{text}` is for each message and language; the texts of all languages are sent one after another."""
    timeout_s: Timeout = 3.0


class MqttSpeakerSettings(ActuatorSettings):
    """A speaker behind the local broker: it gets `{"act", "message", "texts": {language: text}, "languages", "drill"}`."""

    type: Literal["mqtt_speaker"]
    kind: Literal[DeviceKind.LOUDSPEAKER] = DeviceKind.LOUDSPEAKER
    broker: LocalBrokerSettings = LocalBrokerSettings()
    topic: TopicPart
    languages: tuple[Language, ...] = Field(default=(), max_length=16)
    texts: dict[Word, dict[Language, Text]] = Field(default_factory=dict, max_length=64)
    timeout_s: Timeout = 2.0


AnyActuatorSettings = Annotated[
    GpioRelaySettings
    | MqttSettings
    | CoilSettings
    | SpeakerSettings
    | HttpSpeakerSettings
    | MqttSpeakerSettings,
    Field(discriminator="type"),
]
"""One of the families; `type` says which."""
