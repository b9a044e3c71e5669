"""models/manifest.toml: which model files there are, what goes in, what comes out, and their checksums."""

import hashlib
import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from redwhistle.contracts.codec import describe
from redwhistle.contracts.ids import SLUG
from redwhistle.errors import ConfigurationError

MANIFEST = "manifest.toml"
_MAX_MODEL_BYTES = 512 * 1024 * 1024
Label = Literal["person", "flame", "smoke"]


class ModelKind(StrEnum):
    """How a model's output is to be read."""

    YOLOX = "yolox"
    """(1, N, 5 + C): raw grid offsets, objectness, class scores; strides 8, 16, 32."""
    YOLOV8 = "yolov8"
    """(1, 4 + C, N): centre, size, class scores."""
    FASTESTDET = "fastestdet"
    """(1, 5 + C, H, W): one box a cell."""
    CLASSIFIER = "classifier"
    """(1, C): scores of the whole picture, before softmax."""


class Colour(StrEnum):
    """Order of the input's channels."""

    BGR = "bgr"
    RGB = "rgb"


class Fit(StrEnum):
    """How a frame is brought to the input's size."""

    LETTERBOX = "letterbox"
    """Same shape, at the top left, the rest filled with 114."""
    STRETCH = "stretch"
    """Both sides scaled on their own."""


class ModelEntry(BaseModel):
    """One `[[model]]` of the manifest."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: Annotated[str, Field(pattern=SLUG)]
    version: Annotated[str, Field(min_length=1, max_length=40)]
    task: Literal["people", "fire"]
    kind: ModelKind
    file: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.onnx$")]
    """A file beside the manifest; never a path."""
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    width_px: Annotated[int, Field(ge=16, le=4096)]
    height_px: Annotated[int, Field(ge=16, le=4096)]
    layout: Literal["nchw", "nhwc"] = "nchw"
    colour: Colour = Colour.BGR
    fit: Fit = Fit.LETTERBOX
    scale: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Pixels 0..255 are multiplied by this, then `mean` is taken away and the rest divided by `std`."""
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """Both in the order of the input's channels."""
    labels: dict[Label, Annotated[int, Field(ge=0, le=10_000)]] = Field(min_length=1)
    """Our labels and the model's class numbers; other classes are not looked at."""
    score_min: Annotated[float, Field(gt=0, lt=1)] = 0.3
    iou_max: Annotated[float, Field(gt=0, le=1)] = 0.45
    """Of two boxes of one label that overlap more than this, the better stays."""
    licence: Annotated[str, Field(min_length=1)]
    source: str = ""
    metrics: dict[str, float | str] = Field(default_factory=dict)

    @field_validator("std")
    @classmethod
    def _divides(cls, value: tuple[float, float, float]) -> tuple[float, float, float]:
        if any(each <= 0 for each in value):
            raise ValueError("std must be above 0")
        return value

    @model_validator(mode="after")
    def _labels_fit_task(self) -> Self:
        wanted = {"person"} if self.task == "people" else {"flame", "smoke"}
        if not set(self.labels) <= wanted:
            raise ValueError(
                f"a model for {self.task} has labels of {sorted(wanted)}, not {sorted(self.labels)}"
            )
        if self.kind is ModelKind.YOLOX and (self.width_px % 32 or self.height_px % 32):
            raise ValueError("a yolox input's sides are multiples of 32")
        if self.kind is ModelKind.CLASSIFIER and self.task == "people":
            raise ValueError("a classifier cannot count people")
        return self

    @property
    def title(self) -> str:
        """Name and version, as events carry them."""
        return f"{self.name} {self.version}"


class Manifest(BaseModel):
    """The whole file. Of several models for one task the first is used unless the configuration names one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1]
    model: tuple[ModelEntry, ...] = ()

    @field_validator("model")
    @classmethod
    def _names_differ(cls, value: tuple[ModelEntry, ...]) -> tuple[ModelEntry, ...]:
        names = [entry.name for entry in value]
        if len(set(names)) != len(names):
            raise ValueError("two models have the same name")
        return value

    def find(self, task: Literal["people", "fire"], name: str | None = None) -> ModelEntry | None:
        """The model for `task`, or the one called `name`; None if there is none."""
        fitting = (entry for entry in self.model if entry.task == task and name in (None, entry.name))
        return next(fitting, None)


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a models folder; an absent file is an empty manifest. Raises ConfigurationError."""
    path = folder / MANIFEST
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Manifest(version=1)
    except OSError as error:
        raise ConfigurationError(
            f"{path}: cannot be read ({error.strerror}); check its permissions"
        ) from error
    return parse_manifest(data, str(path))


def parse_manifest(data: bytes, name: str = MANIFEST) -> Manifest:
    """The manifest in `data`. Raises ConfigurationError, naming the place in the file."""
    try:
        return Manifest.model_validate(tomllib.loads(data.decode()))
    except ValidationError as error:
        raise ConfigurationError(f"{name}: {describe(error)}; see models/README.md") from error
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{name}: not TOML in UTF-8: {error}"[:500]) from error


def read_model(folder: Path, entry: ModelEntry) -> bytes:
    """The bytes of a model file whose checksum is the manifest's. Raises ConfigurationError."""
    path = folder / entry.file
    try:
        if path.stat().st_size > _MAX_MODEL_BYTES:
            raise ConfigurationError(f"{path}: over {_MAX_MODEL_BYTES} bytes, too large for a box")
        data = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"{path}: cannot be read ({error.strerror}); fetch the model again or take it out of {MANIFEST}"
        ) from error
    found = hashlib.sha256(data).hexdigest()
    if found != entry.sha256:
        raise ConfigurationError(
            f"{path}: sha256 is {found}, {MANIFEST} says {entry.sha256}; "
            "the file is damaged or another version: fetch it again"
        )
    return data
