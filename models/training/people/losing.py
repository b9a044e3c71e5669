"""The loss: which cells answer for which person (SimOTA of the YOLOX paper), and how wrong they are.

The score of a row is objectness times class. Only this product is judged, against the overlap with the person
(quality focal loss, Li et al. 2020, "Generalized Focal Loss"), never the two factors: the network that we begin from
says "object" of a car, too, and "person" of nothing else; to teach its objectness that a car is none would unlearn
what it knows.
"""

import torch
from torch import Tensor
from torch.nn import functional

from models.training.people.network import STRIDES

_CENTRE_CELLS = 2.5
_CANDIDATES = 10
_BOX_WEIGHT = 2.0
_SCORE_WEIGHT = 4.0


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
    rows: Tensor, cells: Tensor, people: list[Tensor], ignored: list[Tensor], doubt: Tensor
) -> tuple[Tensor, Tensor, dict[str, float]]:
    """`rows`: (B, N, 5 + C) raw, the class `person` first; `people` and `ignored`: (M, 4) xyxy px for each picture.

    `doubt`: (B, N) the score to give where the labels name nobody: zero where the labels are complete.

    Gives the loss, (B, N) where the labels said neither "somebody" nor "who knows", and the parts of the loss.
    """
    boxes = _boxes(rows, cells)
    free = torch.ones(rows.shape[:2])
    sums = {"box": rows.new_zeros(()), "score": rows.new_zeros(())}
    matched = 0
    for i, (row, box, wanted, unsure) in enumerate(zip(rows, boxes, people, ignored, strict=True)):
        target = doubt[i].clone()
        weight = torch.ones(len(row))
        if len(unsure):
            weight[_inside_or_over(box.detach(), cells, unsure)] = 0.0
        free[i] = weight
        if len(wanted):
            mine, which = _assign(row.detach(), box.detach(), cells, wanted)
            shared = _iou(box[mine], wanted[which])
            sums["box"] = sums["box"] + (1 - shared**2).sum()
            target[mine], weight[mine], free[i, mine] = shared.detach().clamp(0, 1), 1.0, 0.0
            matched += len(mine)
        sums["score"] = sums["score"] + (_wrong_by(row, target) * weight).sum()
    total = max(matched, len(rows))
    parts = {name: value / total for name, value in sums.items()}
    loss = _BOX_WEIGHT * parts["box"] + _SCORE_WEIGHT * parts["score"]
    return loss, free, {name: float(value.detach()) for name, value in parts.items()}


def forgetting_of(rows: Tensor, before: Tensor, free: Tensor) -> Tensor:
    """What was unlearnt of other things than people (Li and Hoiem 2016, "Learning without Forgetting").

    `rows` and `before`: (B, N, 5 + C) raw, of the network that learns and of the one that it began as; `free`: (B, N) the
    cells to look at. Objectness and all classes but `person` are held where an object was or is now seen: otherwise all
    that moves becomes a person to a network that is shown little else.
    """
    thing, thing_before = rows[..., 4], before[..., 4].sigmoid()
    seen = free * torch.maximum(thing_before, thing.detach().sigmoid())
    held = functional.binary_cross_entropy_with_logits(thing, thing_before, reduction="none")
    kinds = functional.binary_cross_entropy_with_logits(
        rows[..., 6:], before[..., 6:].sigmoid(), reduction="none"
    ).sum(-1)
    return (seen * (held + kinds)).sum() / (seen.sum() + 1)


def _wrong_by(row: Tensor, target: Tensor) -> Tensor:
    """(N,): cross entropy of the score, weighed by the square of its distance from the target."""
    logarithm = functional.logsigmoid(row[:, 4]) + functional.logsigmoid(row[:, 5])
    score = logarithm.exp()
    against = torch.log1p(-score.clamp(max=1 - 1e-6))
    entropy = -(target * logarithm + (1 - target) * against)
    return (target - score).detach().square() * entropy


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
