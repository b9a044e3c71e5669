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
_MAX_TILES = 256
ModelTask = Literal["people", "fire", "crowd"]
Label = Literal["person", "flame", "smoke", "head"]
LABELS_OF: dict[ModelTask, frozenset[str]] = {
    "people": frozenset({"person"}),
    "fire": frozenset({"flame", "smoke"}),
    "crowd": frozenset({"head"}),
}
"""What a model for each task may find. There is no label for a face, and none will be added."""


class ModelKind(StrEnum):
    """How a model's output is to be read; `decode` and `decode_cells` give the arithmetic."""

    YOLOX = "yolox"
    """(1, N, 5 + C): raw grid offsets, objectness, class scores; strides 8, 16, 32."""
    YOLOV8 = "yolov8"
    """(1, 4 + C, N): centre, size, class scores; YOLOv8 and YOLO11 as they are exported."""
    NANODET = "nanodet"
    """(1, N, C + 4 * (reg_max + 1)): class scores, then the distributions of the four distances."""
    FASTESTDET = "fastestdet"
    """(1, 5 + C, H, W): one box a cell."""
    CLASSIFIER = "classifier"
    """(B, C): scores before softmax; a row for the whole picture, or a row a tile where the entry has `tiles`."""
    TILE_MAP = "tile_map"
    """(1, C, h, w): scores before softmax of each cell; one run looks at the whole picture."""
    SCENE_MAP = "scene_map"
    """(1, C, 1 + h * w): scores before softmax, first of the whole picture, then of each cell, row by row."""
    DENSITY = "density"
    """(1, 1, h, w): people in each cell; their sum is the count."""


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


class Precision(StrEnum):
    """Of the numbers inside the model."""

    FP32 = "fp32"
    """As it was trained."""
    INT8 = "int8"
    """Quantised with static calibration: smaller, on some processors faster."""


class Tiling(BaseModel):
    """One grid that cuts a frame into equal tiles, from edge to edge, each stretched to the model's input."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    columns: Annotated[int, Field(ge=1, le=32)]
    rows: Annotated[int, Field(ge=1, le=32)]
    overlap: Annotated[float, Field(ge=0, le=0.9)] = 0.0
    """Share of a tile's side that lies in its neighbour."""
    whole: bool = False
    """The whole frame is one more input, after the tiles of this grid."""

    @property
    def tiles(self) -> int:
        """How many inputs this grid makes."""
        return self.columns * self.rows + int(self.whole)


class Training(BaseModel):
    """How a model of our own was made: what to type to make it again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    command: Annotated[str, Field(min_length=1, max_length=1000)]
    seed: int
    data: Annotated[str, Field(min_length=1, max_length=1000)]
    """Which sources, as the card names them."""


class ModelEntry(BaseModel):
    """One `[[model]]` of the manifest."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: Annotated[str, Field(pattern=SLUG)]
    version: Annotated[str, Field(min_length=1, max_length=40)]
    task: ModelTask
    kind: ModelKind
    file: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.onnx$")]
    """A file beside the manifest; never a path."""
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    width_px: Annotated[int, Field(ge=16, le=4096)]
    height_px: Annotated[int, Field(ge=16, le=4096)]
    """Sides of the model's input; with `tiles`, of one tile."""
    layout: Literal["nchw", "nhwc"] = "nchw"
    colour: Colour = Colour.BGR
    fit: Fit = Fit.LETTERBOX
    scale: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Pixels 0..255 are multiplied by this, then `mean` is taken away and the rest divided by `std`."""
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """Both in the order of the input's channels."""
    tiles: Annotated[tuple[Tiling, ...], Field(max_length=8)] = ()
    """Of a classifier: the grids in which a frame is looked at, in order, in one batch; none: the whole frame."""
    labels: dict[Label, Annotated[int, Field(ge=0, le=10_000)]] = Field(min_length=1)
    """Our labels and the model's class numbers; other classes ("neither") are not looked at."""
    score_min: Annotated[float, Field(gt=0, lt=1)] = 0.3
    iou_max: Annotated[float, Field(gt=0, le=1)] = 0.45
    """Of two boxes of one label that overlap more than this, the better stays."""
    strides: Annotated[tuple[Annotated[int, Field(ge=1, le=256)], ...], Field(min_length=1, max_length=6)] = (
        8,
        16,
        32,
    )
    """Of a nanodet: input pixels a cell, in the order of the output's rows."""
    reg_max: Annotated[int, Field(ge=1, le=64)] = 7
    """Of a nanodet: the largest distance, in cells, that its distributions reach."""
    cell_centre: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Of a nanodet: where in its cell a row's point lies: 0 in NanoDet-Plus, 0.5 in the older NanoDet."""
    precision: Precision = Precision.FP32
    variant_of: Annotated[str, Field(pattern=SLUG)] | None = None
    """The entry that this one is a quantised variant of."""
    licence: Annotated[str, Field(min_length=1)]
    attribution: Annotated[str, Field(max_length=1000)] = ""
    """Whose work it starts from, in the words that their licence asks for."""
    source: str = ""
    card: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.md$")] | None = None
    """A page beside the manifest: data, limits, known failures, what it must not be used for."""
    training: Training | None = None
    metrics: dict[str, float | str] = Field(default_factory=dict)

    @field_validator("std")
    @classmethod
    def _divides(cls, value: tuple[float, float, float]) -> tuple[float, float, float]:
        if any(each <= 0 for each in value):
            raise ValueError("std must be above 0")
        return value

    @model_validator(mode="after")
    def _labels_fit_task(self) -> Self:
        wanted = LABELS_OF[self.task]
        if not set(self.labels) <= wanted:
            raise ValueError(
                f"a model for {self.task} has labels of {sorted(wanted)}, not {sorted(self.labels)}"
            )
        return self

    @model_validator(mode="after")
    def _kind_fits(self) -> Self:
        if self.kind is ModelKind.YOLOX and (self.width_px % 32 or self.height_px % 32):
            raise ValueError("a yolox input's sides are multiples of 32")
        if self.kind in _WITHOUT_BOXES and self.task != "fire":
            raise ValueError(f"a {self.kind} cannot count {self.task}: only fire")
        if self.kind is ModelKind.DENSITY and self.task != "crowd":
            raise ValueError("a density counts a crowd: its task is crowd")
        if self.variant_of == self.name:
            raise ValueError("a model cannot be a variant of itself")
        return self

    @model_validator(mode="after")
    def _tiles_fit(self) -> Self:
        if not self.tiles:
            return self
        if self.kind is not ModelKind.CLASSIFIER:
            raise ValueError("only a classifier has tiles")
        if self.fit is not Fit.STRETCH:
            raise ValueError('tiles need fit = "stretch"')
        if self.inputs > _MAX_TILES:
            raise ValueError(f"{self.inputs} tiles are more than {_MAX_TILES}")
        return self

    @property
    def title(self) -> str:
        """Name and version, as events carry them."""
        return f"{self.name} {self.version}"

    @property
    def inputs(self) -> int:
        """How many inputs one frame makes."""
        return sum(each.tiles for each in self.tiles) or 1


_WITHOUT_BOXES = frozenset({ModelKind.CLASSIFIER, ModelKind.SCENE_MAP, ModelKind.TILE_MAP})


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

    @model_validator(mode="after")
    def _variants_have_originals(self) -> Self:
        by_name = {entry.name: entry for entry in self.model}
        for entry in self.model:
            if entry.variant_of is None:
                continue
            original = by_name.get(entry.variant_of)
            if original is None or original.task != entry.task or original.variant_of is not None:
                raise ValueError(
                    f"{entry.name} is a variant of {entry.variant_of!r}: that must be an original for "
                    f"{entry.task} in this manifest"
                )
        return self

    def find(self, task: ModelTask, name: str | None = None) -> ModelEntry | None:
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
