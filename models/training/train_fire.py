"""Trains models/fire-smoke.onnx: flame, smoke or neither, for each cell of a picture and the whole.

From the repository's root, after `pip install -r models/training/requirements.txt`:

    python -m models.training.train_fire DATA --work WORK --out models/fire-smoke.onnx

DATA is the data folder; WORK keeps a checkpoint, so that the same command goes on after a break. Same seed, same steps,
one thread: same weights. At first no frame of the video clips is learnt from; in the last 200 steps frames of the clips
without fire are, and pictures cut from the films of all clips. `--until 1000` gives the network that has never seen them,
to judge its like by (`python -m models.training.fire.leave_one_out`).
"""

import argparse
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from models.training.fire.augment import IGNORED, Augmenter, View
from models.training.fire.export import export
from models.training.fire.lite0 import FireNet, load_backbone, packaged_weights
from models.training.fire.looking import as_input, picture_scores, wanted_of
from models.training.fire.pictures import Picture, read_clip_frames, read_people, read_pictures
from models.training.fire.scores import auc, tpr_at_fpr
from models.training.loop import Plan, learn, training_parser

_FROZEN_BLOCKS = 5
_SMOOTHING = 0.05
_PASTED_SHARE = 0.3
_CELL_WEIGHT = 0.6
_WARM_UP_STEPS = 50
_MEAN_KEEPS = 0.995
_CLIP_NORM = 2.0
_DECAY = 0.02


def main() -> None:
    """Train, or go on; then export."""
    wish = _arguments()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    wish.work.mkdir(parents=True, exist_ok=True)
    people = read_people(wish.data, "train")
    unseen = read_pictures(wish.data, "train", without_clips=True) + people
    seen = read_pictures(wish.data, "train") + people + read_clip_frames(wish.data)
    val = read_pictures(wish.data, "val")
    print(f"{len(unseen)}, later {len(seen)} pictures to learn from, {len(val)} to check with", flush=True)
    net = _train(wish, [(0, unseen), (wish.clips_from, seen)], val).eval()
    export(net, wish.out, val, unseen, wish.seed, wish.precision)


def _arguments() -> argparse.Namespace:
    parser = training_parser(__doc__, steps=1600, until=1200, batch=24, rate=5e-4, seed=7, score_every=200)
    parser.add_argument(
        "--clips-from",
        type=int,
        default=1000,
        help="no frame of the video clips before this step, %(default)s unless told",
    )
    parser.add_argument("--precision", choices=("int8", "fp32"), default="int8")
    parser.add_argument(
        "--weights",
        type=Path,
        default=None,
        help="ImageNet weights of EfficientNet-Lite0; without it the installed package's",
    )
    return parser.parse_args()


def _train(wish: argparse.Namespace, stages: list[tuple[int, list[Picture]]], val: list[Picture]) -> FireNet:
    """`stages`: from which step on, in order, which pictures are learnt from."""
    torch.manual_seed(wish.seed)
    net = FireNet()
    load_backbone(net, torch.load(wish.weights or packaged_weights(), map_location="cpu", weights_only=True))
    net.train()
    for part in (net.stem, *net.blocks[:_FROZEN_BLOCKS]):
        part.requires_grad_(False)
    known = [p for p in net.blocks.parameters() if p.requires_grad]
    new = [p for part in (net.mix, net.cell, net.whole) for p in part.parameters()]
    groups: list[dict[str, object]] = [
        {"params": known, "weight_decay": _DECAY, "share": 1.0},
        {"params": new, "weight_decay": _DECAY, "share": 3.0},
    ]
    drawers, wanted = [(first, _drawer(pictures, wish.seed)) for first, pictures in stages], wanted_of(val)

    def loss(step: int) -> tuple[Tensor, dict[str, float]]:
        torch.manual_seed(wish.seed * 1_000_000 + step)  # what the network drops, after a break, too
        view = [drawer for first, drawer in drawers if first <= step][-1]
        return _wrong(net, [view(step * wish.batch + i) for i in range(wish.batch)])

    def score(mean: FireNet) -> dict[str, object]:
        scores = picture_scores(mean, val)
        return {"auc": round(auc(scores, wanted), 4), "tpr_1pct": round(tpr_at_fpr(scores, wanted, 0.01), 4)}

    plan = Plan.wished(wish, warm_up=_WARM_UP_STEPS, mean_keeps=_MEAN_KEEPS, clip_norm=_CLIP_NORM)
    return learn(net, groups, plan, wish.work / "fire.pt", wish.begin, loss, score)


def _drawer(pictures: list[Picture], seed: int) -> Callable[[int], View]:
    """Gives the view of a number."""
    augmenter, odds = Augmenter(pictures), _odds(pictures)

    def view(number: int) -> View:
        rng = np.random.default_rng((seed, number))
        if rng.random() < _PASTED_SHARE:
            return augmenter.pasted(rng)
        return augmenter.plain(pictures[int(rng.choice(len(pictures), p=odds))], rng)

    return view


def _wrong(net: FireNet, views: list[View]) -> tuple[Tensor, dict[str, float]]:
    """The loss of whole pictures and of their cells."""
    inputs = as_input([v.image_bgr for v in views])
    labels = torch.tensor([v.label for v in views])
    cells = torch.from_numpy(np.stack([v.cells for v in views])).flatten(1)
    with torch.autocast("cpu", torch.bfloat16):
        with torch.no_grad():
            near = inputs.contiguous(memory_format=torch.channels_last)
            near = net.features(near, 0, _FROZEN_BLOCKS).contiguous()
        output = net.head(net.features(near, _FROZEN_BLOCKS)).float()
    whole = functional.cross_entropy(output[:, :, 0], labels, label_smoothing=_SMOOTHING)
    placed = _cell_loss(output[:, :, 1:], cells)
    return whole + _CELL_WEIGHT * placed, {"whole": float(whole.detach()), "cells": float(placed.detach())}


def _cell_loss(output: Tensor, cells: Tensor) -> Tensor:
    """Cross entropy of the known cells; those with flame or smoke weigh more, for they are few."""
    weight = torch.tensor([4.0, 2.0, 1.0])
    if bool((cells == IGNORED).all()):
        return output.sum() * 0
    return functional.cross_entropy(
        output, cells, weight=weight, ignore_index=IGNORED, label_smoothing=_SMOOTHING
    )


def _odds(pictures: list[Picture]) -> npt.NDArray[np.float64]:
    """Each picture's chance: half alarms, half not; scenes with many near-equal frames weigh by the root of their number."""
    groups = Counter((p.group, p.label) for p in pictures)
    odds = np.array([groups[p.group, p.label] ** -0.5 for p in pictures])
    labels = np.array([p.label for p in pictures])
    for label, share in ((0, 0.3), (1, 0.2), (2, 0.5)):
        odds[labels == label] *= share / odds[labels == label].sum()
    return odds / odds.sum()


if __name__ == "__main__":
    main()
