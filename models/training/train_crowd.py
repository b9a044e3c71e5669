"""Trains models/crowd.onnx: a density map of people for dense views.

From the repository's root, after `train_people` with the same WORK (its teacher's boxes are used again):

    python -m models.training.train_crowd DATA --work WORK --out models/crowd.onnx

Same seed, same steps, one thread: same weights. `--hold-out katiehur_cafe bav_classroom_cam` trains without these
sources and measures on them: what to expect of a place that the network has never seen.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from models.training.crowd.drawing import Crop, crop
from models.training.crowd.lessons import EMPTY, CrowdLesson, gather
from models.training.crowd.network import CrowdNet, begin_from
from models.training.loop import Plan, learn, training_parser
from models.training.people.augment import spoil
from models.training.people.data import Picture, letterbox, read_image, read_pictures
from models.training.people.exporting import export
from models.training.people.looking import run_network
from models.training.people.network import START, keep_person, load_onnx
from models.training.people.teaching import Lesson, make_lessons, read_lesson

WIDTH_PX, HEIGHT_PX = 640, 480
"""Of the exported model."""
_CROP = (384, 320)
_SHARES = {
    "shanghaitech_B": 0.30,
    "shanghaitech_A": 0.08,
    "katiehur_cafe": 0.06,
    "bav_classroom_cam": 0.04,
    "lschen_pedestrians": 0.05,
    "pennfudan_oscar438": 0.03,
    "khiem_ppe_site_cams": 0.07,
    "coco2017_lightly": 0.07,
    "clip_frames": 0.06,
    "fire_pictures": 0.04,
    EMPTY: 0.20,
}
_SCALES = {"shanghaitech_A": (0.6, 1.6), "shanghaitech_B": (0.7, 2.2), EMPTY: (0.8, 2.5)}
_OTHER_SCALES = (0.35, 1.3)
"""People who fill the picture are not what this network is for: it sees them smaller."""
_WARM_UP_STEPS = 100
_MEAN_KEEPS = 0.997
_CLIP_NORM = 5.0


def main() -> None:
    """Train, or go on; then export."""
    wish = _arguments()
    torch.set_num_threads(1)
    torch.manual_seed(wish.seed)
    wish.work.mkdir(parents=True, exist_ok=True)
    detector = keep_person(load_onnx(wish.data / START)).eval()
    lessons = make_lessons(
        wish.data,
        run_network(detector, fast=True),
        wish.work / "lessons.json",
        wish.others,
        wish.teacher_seed,
    )
    net = _train(wish, begin_from(detector), gather(wish.data, lessons, frozenset(wish.hold_out)))
    export(net, wish.out, WIDTH_PX, HEIGHT_PX)


def _arguments() -> argparse.Namespace:
    parser = training_parser(__doc__, steps=5000, batch=12, rate=6e-4, seed=21, score_every=1000)
    parser.add_argument("--others", type=int, default=1600, help="as of train_people")
    parser.add_argument("--teacher-seed", type=int, default=20, help="the seed of train_people")
    parser.add_argument("--hold-out", nargs="*", default=[], help="sources to leave out and to measure on")
    return parser.parse_args()


def _train(wish: argparse.Namespace, net: CrowdNet, lessons: list[CrowdLesson]) -> CrowdNet:
    net = net.train().to(memory_format=torch.channels_last)
    for part in (net.backbone.stem, net.backbone.dark2):  # edges and colours: half the time saved
        part.requires_grad_(False)
    named = [(name.startswith(("backbone", "top_down")), p) for name, p in net.named_parameters()]
    groups: list[dict[str, object]] = [
        {"params": [p for known, p in named if not known], "weight_decay": 5e-3, "share": 2.0},
        {
            "params": [p for known, p in named if known and p.requires_grad],
            "weight_decay": 5e-3,
            "share": 0.6,
        },
    ]
    by_source = {name: [each for each in lessons if each.source == name] for name in _SHARES}

    def loss(step: int) -> tuple[Tensor, dict[str, float]]:
        crops = [_draw(np.random.default_rng([wish.seed, step, i]), by_source) for i in range(wish.batch)]
        images = torch.from_numpy(np.stack([c.image for c in crops]).transpose(0, 3, 1, 2).astype(np.float32))
        wanted = torch.from_numpy(np.stack([c.density for c in crops])[:, None])
        sure = torch.from_numpy(np.stack([c.known for c in crops])[:, None])
        with torch.autocast("cpu", torch.bfloat16):
            got = net(images.contiguous(memory_format=torch.channels_last))
        return _loss(got, wanted, sure)

    plan = Plan.wished(wish, warm_up=_WARM_UP_STEPS, mean_keeps=_MEAN_KEEPS, clip_norm=_CLIP_NORM)
    kept = wish.work / ("_".join(["crowd", *wish.hold_out]) + ".pt")
    return learn(net, groups, plan, kept, wish.begin, loss, lambda mean: _score(wish, mean))


def _loss(got: Tensor, wanted: Tensor, sure: Tensor) -> tuple[Tensor, dict[str, float]]:
    """The map cell by cell, the number of heads in blocks of 32 px and of 128 px, and of the whole crop.

    The error of a block is squared and divided by what is counted there: that of counts, whose variance grows with their
    mean (Poisson quasi-likelihood, Wedderburn 1974), so that neither the dense nor the sparse pictures rule. The relative
    error of the whole is absolute: nothing else brings the last tenths out of a view without people.
    """
    got, wanted = got * sure, wanted * sure
    cells = functional.mse_loss(got, wanted) * 100
    small, large = (_block_error(got, wanted, side) for side in (4, 16))
    totals = wanted.sum((1, 2, 3))
    off = got.sum((1, 2, 3)) - totals
    whole = (off.abs() / (totals + 4)).mean()
    loss = cells + 2 * small + 0.5 * large + 0.3 * whole
    parts = {"cells": cells, "small": small, "large": large, "whole": whole}
    told = {name: float(value.detach()) for name, value in parts.items()}
    return loss, told | {"got": float(got.detach().sum()), "wanted": float(wanted.sum())}


def _block_error(got: Tensor, wanted: Tensor, side: int) -> Tensor:
    first, second = (
        functional.avg_pool2d(each, side, side, ceil_mode=False) * side**2 for each in (got, wanted)
    )
    return ((first - second) ** 2 / (first.detach() + 1)).mean()


def _draw(rng: np.random.Generator, by_source: dict[str, list[CrowdLesson]]) -> Crop:
    names = [name for name, found in by_source.items() if found]
    shares = np.array([_SHARES[name] for name in names])
    name = names[int(rng.choice(len(names), p=shares / shares.sum()))]
    lesson = by_source[name][int(rng.integers(len(by_source[name])))]
    image = _read(lesson)
    got = crop(rng, image, lesson.heads, lesson.unknown, _CROP, _SCALES.get(name, _OTHER_SCALES))
    return Crop(spoil(rng, got.image), got.density, got.known)


_PICTURES: dict[tuple[Path, int | None], np.ndarray] = {}


def _read(lesson: CrowdLesson) -> np.ndarray:
    key = (lesson.path, lesson.frame)
    if key not in _PICTURES:
        _PICTURES[key] = read_lesson(Lesson(lesson.path, lesson.frame, "", lesson.unknown, lesson.unknown))
    return _PICTURES[key]


def _score(wish: argparse.Namespace, net: CrowdNet) -> dict[str, object]:
    wanted = [p for p in read_pictures(wish.data) if p.split == "val" or p.source in wish.hold_out]
    errors: dict[str, list[tuple[int, float]]] = {}
    for picture in wanted:
        errors.setdefault(picture.source, []).append((picture.count, _count(net, picture)))
    return {
        source: {
            "mae": round(float(np.mean([abs(a - b) for a, b in found])), 2),
            "bias": round(float(np.mean([b - a for a, b in found])), 2),
            "mean": round(float(np.mean([a for a, _ in found])), 1),
        }
        for source, found in errors.items()
    }


def _count(net: CrowdNet, picture: Picture) -> float:
    canvas, _ = letterbox(read_image(picture.path), WIDTH_PX, HEIGHT_PX)
    inputs = torch.from_numpy(canvas.transpose(2, 0, 1)[None].astype(np.float32))
    with torch.inference_mode():
        return float(net(inputs).sum())


if __name__ == "__main__":
    cv2.setNumThreads(1)
    main()
