"""The configuration section of one camera."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import quote, urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator

from edge.agent.filepaths import FOLDER, ConfigPath, read_secret
from edge.agent.policy.camera import CameraRules
from edge.agent.policy.evidence import EvidenceRules
from edge.agent.policy.handover import CountMode, HandoverRules
from edge.agent.policy.motion_gate import GateRules
from edge.agent.policy.night import rules_of_day
from edge.agent.policy.rules import Rules
from edge.agent.policy.view import ViewRules
from edge.agent.policy.zones import Point, check_polygon
from edge.agent.sources.camera_order import CameraKind, DeviceFormat, ReaderOrder
from redwhistle.contracts.ids import DeviceId, PlaceId, Text
from redwhistle.contracts.state import DeviceInfo, DeviceKind
from redwhistle.errors import SourceError

_NETWORK = ("rtsp", "rtsps", "http", "https")
_DEVICE_SCHEME = "v4l2://"
_DEVICES = "/dev/video"


class DetectSettings(Rules):
    """Which models look at the pictures: `auto` (the manifest's, if any), `off`, or a model's name."""

    people: Annotated[str, Field(min_length=1, max_length=64)] = "auto"
    fire: Annotated[str, Field(min_length=1, max_length=64)] = "auto"
    crowd: Annotated[str, Field(min_length=1, max_length=64)] = "auto"
    mode: CountMode = CountMode.AUTO
    """How people are counted: `people` by boxes, `crowd` by the crowd model, `auto` by whichever the view needs."""
    handover: HandoverRules = HandoverRules()
    """In mode auto: when the crowd model takes over."""


class DeviceSettings(Rules):
    """What a camera at this machine is asked for; `camera probe` says what it gives."""

    width_px: int = Field(default=640, ge=16, le=7680)
    height_px: int = Field(default=480, ge=16, le=4320)
    fps: float = Field(default=15.0, ge=1, le=240)
    pixels: Annotated[str, Field(pattern=r"^[A-Za-z0-9]{4}$")] = "MJPG"
    """Four characters as `v4l2-ctl --list-formats` gives them. MJPG needs the least of the USB line."""


class CameraSettings(Rules):
    """One camera: a network stream, a camera at this machine, or a file that is played as if it were one."""

    type: Literal["camera"]
    device: DeviceId
    url: SecretStr
    """rtsp://user:password@host/…, rtsps, http, https, v4l2:///dev/video0, or a video file. Never logged as it stands."""
    v4l2: DeviceSettings | None = None
    """Size, rate and format of a camera at this machine (`/dev/video…`)."""
    place: PlaceId | None = None
    password_file: ConfigPath | None = None
    """Holds the camera's password on its first line; the user stands in `url` (rtsp://user@host/…). Read at each start of a reader."""
    label: Text | None = None
    model: Text | None = None
    """Maker and model of the camera."""
    analyse_fps: float = Field(default=4.0, ge=0.2, le=30)
    """Frames looked at in a second."""
    max_side_px: int = Field(default=640, ge=64, le=1920)
    """Frames are reduced to this in the reader, longer side."""
    stall_s: float = Field(default=20.0, ge=1, le=600)
    """Without a frame for this long the reader is replaced, and a fault is said."""
    open_timeout_s: float = Field(default=15.0, ge=0.5, le=120)
    """A network stream must have shown its first key frame by then."""
    read_timeout_s: float = Field(default=10.0, ge=0.5, le=120)
    retry_first_s: float = Field(default=1.0, ge=0.05, le=60)
    """Pause before a reader is started again; doubles …"""
    retry_cap_s: float = Field(default=30.0, ge=0.05, le=600)
    """… up to this."""
    loop: bool = False
    """A file starts again at its end."""
    speed: float = Field(default=1.0, gt=0, le=100)
    """A file is played this much faster than recorded."""
    detect: DetectSettings = DetectSettings()
    masks: tuple[tuple[Point, ...], ...] = Field(default=(), max_length=32)
    """Privacy: polygons (corners x, y in 0..1, from the top left) that are black before anything sees the frame."""
    evidence: EvidenceRules = EvidenceRules()
    motion_gate: GateRules = GateRules()
    """When a picture is worth the models' time."""
    view: ViewRules = ViewRules()
    """When the camera is said to be covered, moved, blinded or frozen."""
    rules: CameraRules = CameraRules()

    @field_validator("rules")
    @classmethod
    def _night_goes_with_day(cls, value: CameraRules) -> CameraRules:
        rules_of_day(value)
        return value

    @field_validator("masks")
    @classmethod
    def _masks_are_polygons(cls, value: tuple[tuple[Point, ...], ...]) -> tuple[tuple[Point, ...], ...]:
        return tuple(check_polygon(mask) for mask in value)

    @field_validator("url")
    @classmethod
    def _count_from_folder(cls, url: SecretStr, info: ValidationInfo) -> SecretStr:
        """A relative file is looked for beside the configuration."""
        text, folder = url.get_secret_value(), (info.context or {}).get(FOLDER)
        if folder is None or not text or "://" in text:
            return url
        return SecretStr(str(Path(folder) / text))

    @model_validator(mode="after")
    def _source_is_usable(self) -> Self:
        url = self.url.get_secret_value()
        if not url or "\n" in url or "\0" in url:
            raise ValueError(
                "url is empty or holds a line break: give rtsp://host/path or the path of a video file"
            )
        if url.partition(":")[0].lower() in _NETWORK and "://" not in url:
            raise ValueError("url lacks a sign: write rtsp://host/path, with two slashes")
        if is_network(url):
            _check_address(url)
        if "://" in url and not is_network(url) and not url.startswith(_DEVICE_SCHEME + "/"):
            known = ", ".join(_NETWORK)
            raise ValueError(
                f"url must begin with one of {known}, be v4l2:///dev/video0, or the path of a file"
            )
        if self.password_file is not None:
            user, password = _login(url) if is_network(url) else ("", "")
            if not user or password:
                raise ValueError(
                    "password_file goes with a url that names a user and no password: rtsp://user@host/path"
                )
        if self.kind is not CameraKind.FILE and (self.loop or self.speed != 1.0):
            raise ValueError("loop and speed are for files; a live stream has its own pace")
        if self.kind is not CameraKind.DEVICE and self.v4l2 is not None:
            raise ValueError("v4l2 is for cameras at this machine: take it out, or give url: /dev/video0")
        return self

    @property
    def name(self) -> str:
        """Of the source, in logs and fault reports."""
        return f"camera:{self.device}"

    @property
    def kind(self) -> CameraKind:
        """How the pictures come."""
        return kind_of(self.url.get_secret_value())

    def address(self) -> str:
        """Where the pictures come from, with the password. Raises SourceError for a password_file that cannot be read."""
        url = self.url.get_secret_value().removeprefix(_DEVICE_SCHEME)
        if self.password_file is None:
            return url
        try:
            password = read_secret(self.password_file)
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise SourceError(
                f"{self.name}: password_file {self.password_file} cannot be read: {why}"
            ) from None
        return url.replace("@", f":{quote(password, safe='')}@", 1)

    def reader_order(self) -> ReaderOrder:
        """What the reader of this camera is told. Raises SourceError."""
        device = None
        if self.kind is CameraKind.DEVICE:
            wanted = self.v4l2 or DeviceSettings()
            device = DeviceFormat(wanted.width_px, wanted.height_px, wanted.fps, wanted.pixels)
        return ReaderOrder(
            url=self.address(),
            kind=self.kind,
            max_side_px=self.max_side_px,
            open_timeout_ms=round(1000 * self.open_timeout_s),
            read_timeout_ms=round(1000 * self.read_timeout_s),
            loop=self.loop,
            speed=self.speed,
            masks=self.masks,
            device=device,
        )

    def device_infos(self) -> list[DeviceInfo]:
        """What the box reports in its state."""
        return [
            DeviceInfo(
                id=self.device, kind=DeviceKind.CAMERA, model=self.model, label=self.label, place=self.place
            )
        ]


def is_network(url: str) -> bool:
    """True for an address of a network stream."""
    return "://" in url and url.partition("://")[0].lower() in _NETWORK


def kind_of(url: str) -> CameraKind:
    """How the pictures of an address come."""
    if is_network(url):
        return CameraKind.STREAM
    return CameraKind.DEVICE if url.startswith((_DEVICE_SCHEME, _DEVICES)) else CameraKind.FILE


def _check_address(url: str) -> None:
    """Raise ValueError, without any part of the url, for one that means another host than it seems to."""
    signs = "write signs such as @ / ? # [ ] in a user or password as %40 %2F %3F %23 %5B %5D"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        # Of `user:pa/ss@host` the part before the slash is taken for host and port.
        raise ValueError(f"url holds no host and port that can be read: {signs}") from None
    if "@" in url.partition("://")[2].removeprefix(parts.netloc):
        raise ValueError(f"url has its @ behind the host: {signs}")
    if not host:
        raise ValueError("url names no host: give rtsp://host/path")


def _login(url: str) -> tuple[str, str]:
    """User and password of an address; a missing password is empty."""
    user, _, password = urlsplit(url).netloc.rpartition("@")[0].partition(":")
    return user, password


def hide_secrets(url: str) -> Callable[[str], str]:
    """A function that takes the url's user, password and query out of a text that somebody else wrote."""
    parts = urlsplit(url) if is_network(url) else None
    secrets = [url] if parts else []
    if parts is not None:
        user_info = parts.netloc.rpartition("@")[0]
        secrets += [user_info, *user_info.split(":", 1), parts.query, parts.path]
    # The longest first, so that a part does not spoil the whole.
    wanted = sorted({s for s in secrets if len(s) >= 3}, key=len, reverse=True)

    def hide(text: str) -> str:
        for secret in wanted:
            text = text.replace(secret, "***")
        return text

    return hide


def shown(url: str) -> str:
    """A url as it may be logged: scheme, host and port; of a file or a device its path."""
    if not is_network(url):
        return url.removeprefix(_DEVICE_SCHEME)
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/…"
