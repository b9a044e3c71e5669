"""The loss: which cells answer for which person (SimOTA of the YOLOX paper), and how wrong they are."""

import torch
from torch import Tensor
from torch.nn import functional

from models.training.people.network import STRIDES

_CENTRE_CELLS = 2.5
_CANDIDATES = 10
_BOX_WEIGHT = 5.0


def cells_of(width_px: int, height_px: int) -> Tensor:
    """(N, 3): column, row and stride of every output row."""
    parts = []
    for stride in STRIDES:
        ys, xs = torch.meshgrid(
            torch.arange(height_px // stride), torch.arange(width_px // stride), indexing="ij"
        )
        parts.append(torch.stack([xs.flatten(), ys.flatten(), torch.full((xs.numel(),), stride)], 1))
    return torch.cat(parts).float()


def loss_of(
    rows: Tensor, cells: Tensor, people: list[Tensor], ignored: list[Tensor]
) -> tuple[Tensor, dict[str, float]]:
    """`rows`: (B, N, 6) raw; `people` and `ignored`: (M, 4) xyxy px for each picture. Gives the loss and its parts."""
    boxes = _boxes(rows, cells)
    sums = {"box": rows.new_zeros(()), "seen": rows.new_zeros(()), "kind": rows.new_zeros(())}
    matched = 0
    for row, box, wanted, unsure in zip(rows, boxes, people, ignored, strict=True):
        target = torch.zeros(len(row))
        weight = torch.ones(len(row))
        if len(unsure):
            weight[_inside_or_over(box.detach(), cells, unsure)] = 0.0
        if len(wanted):
            mine, which = _assign(row.detach(), box.detach(), cells, wanted)
            shared = _iou(box[mine], wanted[which])
            sums["box"] = sums["box"] + (1 - shared**2).sum()
            sums["kind"] = sums["kind"] + functional.binary_cross_entropy_with_logits(
                row[mine, 5], shared.detach().clamp(0, 1), reduction="sum"
            )
            target[mine], weight[mine] = 1.0, 1.0
            matched += len(mine)
        each = functional.binary_cross_entropy_with_logits(row[:, 4], target, reduction="none")
        sums["seen"] = sums["seen"] + (each * weight).sum()
    total = max(matched, len(rows))
    parts = {name: value / total for name, value in sums.items()}
    loss = _BOX_WEIGHT * parts["box"] + parts["seen"] + parts["kind"]
    return loss, {name: float(value.detach()) for name, value in parts.items()}


@torch.no_grad()
def _assign(row: Tensor, box: Tensor, cells: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
    """Indices of the cells that answer, and for which person each."""
    centres = (cells[:, :2] + 0.5) * cells[:, 2:]
    x, y = centres[:, 0, None], centres[:, 1, None]
    in_box = (x > wanted[:, 0]) & (x < wanted[:, 2]) & (y > wanted[:, 1]) & (y < wanted[:, 3])
    reach = _CENTRE_CELLS * cells[:, 2, None]
    middle = (wanted[:, :2] + wanted[:, 2:]) / 2
    near = ((x - middle[:, 0]).abs() < reach) & ((y - middle[:, 1]).abs() < reach)
    able = (in_box | near).any(1).nonzero().flatten()
    shared = _iou(box[able, None], wanted[None])
    score = (row[able, 4].sigmoid() * row[able, 5].sigmoid()).sqrt().clamp(1e-6, 1 - 1e-6)
    cost = -score.log()[:, None] - 3.0 * shared.clamp(min=1e-8).log() + 1e5 * ~(in_box & near)[able]
    taken = torch.zeros_like(cost, dtype=torch.bool)
    numbers = shared.topk(min(_CANDIDATES, len(able)), dim=0).values.sum(0).int().clamp(min=1)
    for person, number in enumerate(numbers.tolist()):
        taken[cost[:, person].topk(min(number, len(able)), largest=False).indices, person] = True
    rivals = taken.sum(1) > 1
    if rivals.any():
        best = cost[rivals].argmin(1)
        taken[rivals] = functional.one_hot(best, len(wanted)).bool()
    chosen = taken.any(1)
    return able[chosen], taken[chosen].float().argmax(1)


def _boxes(rows: Tensor, cells: Tensor) -> Tensor:
    centre = (rows[..., :2] + cells[:, :2]) * cells[:, 2:]
    size = rows[..., 2:4].clamp(max=10).exp() * cells[:, 2:]
    return torch.cat([centre - size / 2, centre + size / 2], -1)


def _iou(first: Tensor, second: Tensor) -> Tensor:
    low = torch.maximum(first[..., :2], second[..., :2])
    high = torch.minimum(first[..., 2:], second[..., 2:])
    shared = (high - low).clamp(min=0).prod(-1)
    areas = [(b[..., 2:] - b[..., :2]).prod(-1) for b in (first, second)]
    return shared / (areas[0] + areas[1] - shared).clamp(min=1e-6)


def _inside_or_over(box: Tensor, cells: Tensor, unsure: Tensor) -> Tensor:
    """Cells whose middle lies in an unsure box, or whose own box is about one."""
    centres = (cells[:, :2] + 0.5) * cells[:, 2:]
    x, y = centres[:, 0, None], centres[:, 1, None]
    inside = (x > unsure[:, 0]) & (x < unsure[:, 2]) & (y > unsure[:, 1]) & (y < unsure[:, 3])
    return (inside | (_iou(box[:, None], unsure[None]) > 0.4)).any(1)
