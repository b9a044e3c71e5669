"""Pictures to a network's input, and what it says of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from models.training.fire.augment import to_input
from models.training.fire.lite0 import FireNet
from models.training.fire.pictures import CLASS_OF, Image, Picture
from models.training.fire.scores import Scores

_NORMAL = CLASS_OF["normal"]


def as_input(images: list[Image]) -> Tensor:
    """(N, 3, H, W) as the network wants it: RGB, (pixel - 127) / 128."""
    stack = np.stack(images)[..., ::-1].transpose(0, 3, 1, 2)
    return torch.from_numpy((stack.astype(np.float32) - 127) / 128)


def wanted_of(pictures: list[Picture]) -> npt.NDArray[np.bool_]:
    """Which of them show fire or smoke."""
    return np.array([p.label != _NORMAL for p in pictures])


def picture_scores(network: FireNet, pictures: list[Picture], batch: int = 16) -> Scores:
    """P(flame) + P(smoke) of each whole picture. Leaves the network in evaluation mode."""
    network.eval()
    scores = []
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        for i in range(0, len(pictures), batch):
            inputs = as_input([to_input(p.image_bgr) for p in pictures[i : i + batch]])
            output = network(inputs.contiguous(memory_format=torch.channels_last)).float()
            scores.append(1 - functional.softmax(output[:, :, 0], dim=1)[:, _NORMAL].numpy())
    return np.concatenate(scores).astype(np.float64)
