"""One camera's section of a configuration: chosen from a box's, or standing alone."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from edge.agent.filepaths import FOLDER
from edge.agent.sources.camera_settings import CameraSettings
from edge.agent.yaml_text import describe_fault, parse_yaml
from redwhistle.errors import ConfigurationError

_LARGEST_BYTES = 1024 * 1024


def choose_camera(sources: Sequence[BaseModel], device: str | None) -> CameraSettings:
    """The camera with this device id; without one the only camera. Raises ConfigurationError, naming those there are."""
    cameras = {source.device: source for source in sources if isinstance(source, CameraSettings)}
    known = ", ".join(cameras) or "none"
    if device is None:
        if len(cameras) != 1:
            raise ConfigurationError(f"say which camera with --device; there are: {known}")
        return next(iter(cameras.values()))
    if device not in cameras:
        raise ConfigurationError(f"there is no camera {device!r} in this configuration; there are: {known}")
    return cameras[device]


def read_section(path: Path) -> dict[str, Any]:
    """A file that holds one camera's section, as it stands under `sources`, `url` not needed. Raises ConfigurationError."""
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(f"the camera's section cannot be read: {error}") from error
    if len(text) > _LARGEST_BYTES:
        raise ConfigurationError(f"{path}: larger than {_LARGEST_BYTES} bytes")
    section, _ = parse_yaml(text, str(path))
    if "sources" in section:
        raise ConfigurationError(
            f"{path}: this is a whole box; give the section of one camera: what stands after `- type: camera`"
        )
    return section


def check_section(section: dict[str, Any], where: str) -> CameraSettings:
    """The section with what it leaves out (`type`, `device`) filled in. Raises ConfigurationError, without what it holds."""
    whole = {"type": "camera", "device": "camera", **section}
    try:
        return CameraSettings.model_validate(whole, context={FOLDER: Path.cwd()})
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        texts = [describe_fault(fault["loc"], fault["msg"], where, None) for fault in faults[:20]]
        raise ConfigurationError("\n".join(texts)) from None  # the cause would carry the password
