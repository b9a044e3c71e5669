"""YOLOX-nano in torch, without batch normalisation: it is already folded into the weights that it starts from.

The architecture is that of YOLOX (Ge et al. 2021, "YOLOX: Exceeding YOLO Series in 2021"), width 0.25, depth 0.33,
depthwise. Layers are made in the order in which they run, so that `load_onnx` can fill them by graph order.
"""

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn import functional

START = "models/yolox_nano_coco_416.onnx"
"""In the data folder: the weights that all begins with."""
STRIDES = (8, 16, 32)
PERSON = 0
"""Class number of `person` in COCO's order."""


class Conv(nn.Module):
    """A convolution with bias and SiLU; padding keeps the size."""

    def __init__(
        self, inputs: int, outputs: int, side: int, stride: int = 1, groups: int = 1, dilation: int = 1
    ):
        super().__init__()
        pad = dilation * (side - 1) // 2
        self.conv = nn.Conv2d(inputs, outputs, side, stride, pad, dilation, groups)

    def forward(self, x: Tensor) -> Tensor:
        return functional.silu(self.conv(x), inplace=True)


class Depthwise(nn.Sequential):
    """Depthwise 3x3, then pointwise."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1, dilation: int = 1):
        super().__init__(Conv(inputs, inputs, 3, stride, inputs, dilation), Conv(inputs, outputs, 1))


class Bottleneck(nn.Module):
    def __init__(self, channels: int, *, shortcut: bool):
        super().__init__()
        self.first = Conv(channels, channels, 1)
        self.second = Depthwise(channels, channels)
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        y = self.second(self.first(x))
        return y + x if self.shortcut else y


class CrossStage(nn.Module):
    """CSP layer: half of the channels through bottlenecks, half past them."""

    def __init__(self, inputs: int, outputs: int, depth: int, *, shortcut: bool):
        super().__init__()
        hidden = outputs // 2
        self.through = Conv(inputs, hidden, 1)
        self.past = Conv(inputs, hidden, 1)
        self.chain = nn.Sequential(*[Bottleneck(hidden, shortcut=shortcut) for _ in range(depth)])
        self.join = Conv(2 * hidden, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        through, past = self.through(x), self.past(x)
        return self.join(torch.cat([self.chain(through), past], 1))


class Pyramid(nn.Module):
    """Spatial pyramid pooling: the largest in 5, 9 and 13 cells."""

    def __init__(self, channels: int):
        super().__init__()
        self.before = Conv(channels, channels // 2, 1)
        self.after = Conv(2 * channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.before(x)
        pooled = [functional.max_pool2d(x, side, 1, side // 2) for side in (5, 9, 13)]
        return self.after(torch.cat([x, *pooled], 1))


class Backbone(nn.Module):
    """(B, 3, H, W), BGR 0..255, to features at strides 8, 16 and 32 with 64, 128 and 256 channels."""

    def __init__(self) -> None:
        super().__init__()
        self._joined = False
        self.stem = Conv(12, 16, 3)
        self.dark2 = nn.Sequential(Depthwise(16, 32, 2), CrossStage(32, 32, 1, shortcut=True))
        self.dark3 = nn.Sequential(Depthwise(32, 64, 2), CrossStage(64, 64, 3, shortcut=True))
        self.dark4 = nn.Sequential(Depthwise(64, 128, 2), CrossStage(128, 128, 3, shortcut=True))
        self.dark5 = nn.Sequential(
            Depthwise(128, 256, 2), Pyramid(256), CrossStage(256, 256, 1, shortcut=False)
        )

    @torch.no_grad()
    def join_first(self) -> None:
        """Make one convolution of 6 x 6, stride 2, of the first and the slicing before it: the same, and quicker."""
        old = self.stem.conv
        stem = Conv(3, 16, 6, 2)
        stem.conv.padding = (2, 2)
        weight = torch.empty_like(stem.conv.weight)
        for part, (row, column) in enumerate(((0, 0), (1, 0), (0, 1), (1, 1))):
            weight[:, :, row::2, column::2] = old.weight[:, 3 * part : 3 * part + 3]
        stem.conv.load_state_dict({"weight": weight, "bias": old.state_dict()["bias"]})
        self.stem, self._joined = stem, True

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        _, c3, c4, c5 = self.all_strides(x)
        return c3, c4, c5

    def all_strides(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Stride 4, with 32 channels, before the others."""
        if not self._joined:
            # Four neighbouring pixels become four times the channels.
            x = torch.cat([x[..., ::2, ::2], x[..., 1::2, ::2], x[..., ::2, 1::2], x[..., 1::2, 1::2]], 1)
        c2 = self.dark2(self.stem(x))
        c3 = self.dark3(c2)
        c4 = self.dark4(c3)
        return c2, c3, c4, self.dark5(c4)


class TopDown(nn.Module):
    """Context from stride 32 carried down to stride 8: gives (64 at 8, 64 at 16 reduced, 128 at 32 reduced)."""

    def __init__(self) -> None:
        super().__init__()
        self.lateral = Conv(256, 128, 1)
        self.join4 = CrossStage(256, 128, 1, shortcut=False)
        self.reduce = Conv(128, 64, 1)
        self.join3 = CrossStage(128, 64, 1, shortcut=False)

    def forward(self, c3: Tensor, c4: Tensor, c5: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        top = self.lateral(c5)
        p4 = self.reduce(self.join4(torch.cat([_double(top), c4], 1)))
        p3 = self.join3(torch.cat([_double(p4), c3], 1))
        return p3, p4, top


class BottomUp(nn.Module):
    """Detail carried up again: 64, 128 and 256 channels at strides 8, 16 and 32."""

    def __init__(self) -> None:
        super().__init__()
        self.down4 = Depthwise(64, 64, 2)
        self.join4 = CrossStage(128, 128, 1, shortcut=False)
        self.down5 = Depthwise(128, 128, 2)
        self.join5 = CrossStage(256, 256, 1, shortcut=False)

    def forward(self, p3: Tensor, p4: Tensor, top: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        n4 = self.join4(torch.cat([self.down4(p3), p4], 1))
        n5 = self.join5(torch.cat([self.down5(n4), top], 1))
        return p3, n4, n5


class Level(nn.Module):
    """The decoupled head of one stride: (B, 5 + C, H, W) of xy, wh, objectness, classes; the scores before sigmoid."""

    def __init__(self, inputs: int, classes: int):
        super().__init__()
        self.stem = Conv(inputs, 64, 1)
        self.cls_convs = nn.Sequential(Depthwise(64, 64), Depthwise(64, 64))
        self.cls = nn.Conv2d(64, classes, 1)
        self.reg_convs = nn.Sequential(Depthwise(64, 64), Depthwise(64, 64))
        self.reg = nn.Conv2d(64, 4, 1)
        self.obj = nn.Conv2d(64, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        kind = self.cls(self.cls_convs(x))
        place = self.reg_convs(x)
        return torch.cat([self.reg(place), self.obj(place), kind], 1)


class YoloxNano(nn.Module):
    """(B, 3, H, W), BGR 0..255, sides multiples of 32, to (B, N, 5 + C): rows of strides 8, 16, 32 in turn.

    xy is in cells from the cell's corner, wh are logarithms of cells. The scores are before the sigmoid in training
    (`raw`), after it otherwise, as `decode_yolox` of a box reads them.
    """

    def __init__(self, classes: int = 1):
        super().__init__()
        self.backbone = Backbone()
        self.top_down = TopDown()
        self.bottom_up = BottomUp()
        self.head = nn.ModuleList([Level(inputs, classes) for inputs in (64, 128, 256)])

    def raw(self, x: Tensor) -> Tensor:
        return self.raw_with_features(x)[0]

    def raw_with_features(self, x: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """And the maps of the three strides that the heads look at."""
        features = self.bottom_up(*self.top_down(*self.backbone(x)))
        maps = [level(each) for level, each in zip(self.head, features, strict=True)]
        return torch.cat([each.flatten(2) for each in maps], 2).permute(0, 2, 1), features

    def forward(self, x: Tensor) -> Tensor:
        rows = self.raw(x)
        return torch.cat([rows[..., :4], rows[..., 4:].sigmoid()], -1)


def load_onnx(path: Path) -> YoloxNano:
    """The 80-class network of an exported YOLOX-nano whose batch normalisation is folded. Raises ValueError."""
    net = YoloxNano(classes=80)
    graph = onnx.load(str(path)).graph
    values = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    taken = [[values[name] for name in node.input[1:]] for node in graph.node if node.op_type == "Conv"]
    order = [m for m in _in_running_order(net) if isinstance(m, nn.Conv2d)]
    if len(taken) != len(order):
        raise ValueError(f"{path}: {len(taken)} convolutions, a YOLOX-nano has {len(order)}")
    for layer, (weight, bias) in zip(order, taken, strict=True):
        if tuple(layer.weight.shape) != weight.shape:
            raise ValueError(f"{path}: a weight is {weight.shape}, expected {tuple(layer.weight.shape)}")
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(np.array(weight)))
            layer.bias.copy_(torch.from_numpy(np.array(bias)))  # type: ignore[union-attr]
    return net


def keep_person(net: YoloxNano) -> YoloxNano:
    """The same network with the class `person` alone."""
    small = YoloxNano(classes=1)
    state = {
        name: value[PERSON : PERSON + 1] if ".cls." in name else value
        for name, value in net.state_dict().items()
    }
    small.load_state_dict(state)
    return small


def _in_running_order(net: YoloxNano) -> list[nn.Module]:
    """All modules as they first run on a small picture."""
    order: list[nn.Module] = []
    hooks = [m.register_forward_hook(lambda m, *_: order.append(m)) for m in net.modules()]
    with torch.no_grad():
        net(torch.zeros(1, 3, 64, 64))
    for hook in hooks:
        hook.remove()
    return order


def _double(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="nearest")
