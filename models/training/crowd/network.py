"""Density of people: how many heads lie in each cell of 8 x 8 pixels."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.training.people.network import Backbone, Conv, Depthwise, TopDown, YoloxNano

CELL_PX = 8
_SHARPNESS = 5.0
_FIRST_BIAS = -0.4


class CrowdNet(nn.Module):
    """(B, 3, H, W), BGR 0..255, sides multiples of 32, to (B, 1, H/8, W/8): heads a cell, not negative.

    Backbone and top-down path of YOLOX-nano, which know people already, under a small dilated head.
    """

    def __init__(self) -> None:
        super().__init__()
        self.backbone = Backbone()
        self.top_down = TopDown()
        self.fine = Depthwise(32, 32, 2)
        self.head = nn.Sequential(
            Conv(96, 64, 1), Depthwise(64, 64), Depthwise(64, 64, dilation=2), Depthwise(64, 64, dilation=3)
        )
        self.out = nn.Conv2d(64, 1, 1)
        with torch.no_grad():
            self.out.weight.mul_(0.1)
            self.out.bias.fill_(_FIRST_BIAS)  # type: ignore[union-attr]

    def forward(self, x: Tensor) -> Tensor:
        c2, c3, c4, c5 = self.backbone.all_strides(x)
        p3, _, _ = self.top_down(c3, c4, c5)
        y = torch.cat([p3, self.fine(c2)], 1)
        # In half precision the slope of a dilated depthwise convolution is at times garbage (torch 2.14, AVX-512).
        with torch.autocast("cpu", enabled=False):
            y = self.out(self.head(y.float()))
        # A rounded corner in place of a hard zero: the gradient never dies, and an empty cell gives next to nothing.
        return functional.softplus(y * _SHARPNESS) / _SHARPNESS


def begin_from(detector: YoloxNano) -> CrowdNet:
    """A network that sees what the detector sees and does not count yet."""
    net = CrowdNet()
    net.backbone.load_state_dict(detector.backbone.state_dict())
    net.top_down.load_state_dict(detector.top_down.state_dict())
    return net
