"""A picture taken by daylight, as lamps would show it."""

from __future__ import annotations

import numpy as np

from models.training.fire.pictures import Image

_GAMMA = 2.2
_LAMP_BGR = np.array([-1.6, -0.45, 0.35])
"""How a camera that is set for daylight sees an incandescent lamp: exponents of the gains of linear light."""


def lamplit(image: Image, warmth: float) -> Image:
    """The picture in light of this warmth: 0 is as it was, 1 a usual bulb, 1.5 a dim one. Faces and walls take the colours of fire."""
    gains = np.exp(_LAMP_BGR * warmth)
    steps = np.linspace(0, 1, 256)[:, None]
    table = 255 * np.clip(steps**_GAMMA * gains, 0, 1) ** (1 / _GAMMA)
    return np.stack([table[:, i].astype(np.uint8)[image[:, :, i]] for i in range(3)], axis=2)
