"""Trains models/people.onnx: YOLOX-nano, fine-tuned to the one class `person`.

From the repository's root, after `pip install -r models/training/requirements.txt`:

    python -m models.training.train_people DATA --work WORK --out models/people.onnx

DATA is the data folder; WORK keeps the teacher's boxes and a checkpoint, so that the same command goes on after a
break. Same seed, same steps, one thread: same weights. The plain network, reduced to persons and not trained, comes
from `--steps 0`.
"""

import argparse
import copy
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from models.training.loop import Plan, learn, training_parser
from models.training.people.augment import Sample, mirror, mosaic, place, spoil, turn
from models.training.people.data import read_pictures
from models.training.people.exporting import export
from models.training.people.looking import look_at, run_network
from models.training.people.losing import cells_of, forgetting_of, loss_of
from models.training.people.network import START, YoloxNano, keep_person, load_onnx
from models.training.people.scoring import ap50, count_mae
from models.training.people.teaching import Lesson, make_lessons, read_lesson

WIDTH_PX, HEIGHT_PX = 640, 384
"""Of the exported model."""
_TRAIN_WIDTH_PX, _TRAIN_HEIGHT_PX = 512, 320
_SHARES = {
    "coco2017_lightly": 0.20,
    "khiem_ppe_site_cams": 0.26,
    "katiehur_cafe": 0.08,
    "bav_classroom_cam": 0.04,
    "pennfudan_oscar438": 0.05,
    "lschen_pedestrians": 0.08,
    "fire_pictures": 0.26,
    "clip_frames": 0.08,
}
"""How often a source is drawn; a source of one room must not outweigh its use."""
_COMPLETE = {"khiem_ppe_site_cams", "katiehur_cafe", "bav_classroom_cam"}
"""Where the labels name nobody there is nobody, as in a picture in which the teacher, enlarged, suspects nobody; elsewhere
the network that we begin from is believed."""
_TURNED = 0.08
"""Of the pictures are turned by a quarter: people lie in few pictures, and a box must find them there, too."""
_WARM_UP_STEPS = 200
_MEAN_KEEPS = 0.998
_CLIP_NORM = 10.0
_HOLD_WEIGHT = 2.0
_DRIFT_WEIGHT = 1.0


def main() -> None:
    """Train, or go on; then export."""
    wish = _arguments()
    torch.set_num_threads(1)
    torch.manual_seed(wish.seed)
    wish.work.mkdir(parents=True, exist_ok=True)
    net = load_onnx(wish.data / START).eval().to(memory_format=torch.channels_last)
    if wish.steps:
        teacher = run_network(keep_person(net), fast=True)
        lessons = make_lessons(wish.data, teacher, wish.work / "lessons.json", wish.others, wish.seed)
        net = _train(wish, net, lessons)
    export(keep_person(net), wish.out, WIDTH_PX, HEIGHT_PX)


def _arguments() -> argparse.Namespace:
    parser = training_parser(__doc__, steps=3500, batch=12, rate=7e-5, seed=20, score_every=1000)
    parser.add_argument(
        "--others", type=int, default=1600, help="unlabelled pictures of fire/train to teach on"
    )
    return parser.parse_args()


def _train(wish: argparse.Namespace, plain: YoloxNano, lessons: list[Lesson]) -> YoloxNano:
    net = copy.deepcopy(plain).train()
    for part in (net.backbone.stem, net.backbone.dark2):  # edges and colours: they save a third of the time
        part.requires_grad_(False)
    learning = [p for p in net.parameters() if p.requires_grad]
    groups: list[dict[str, object]] = [
        {"params": [p for p in learning if p.ndim > 1], "weight_decay": 5e-3, "share": 1.0},
        {"params": [p for p in learning if p.ndim == 1], "weight_decay": 0.0, "share": 1.0},
    ]
    by_source = {name: [each for each in lessons if each.source == name] for name in _SHARES}
    cells = cells_of(_TRAIN_WIDTH_PX, _TRAIN_HEIGHT_PX)

    def loss(step: int) -> tuple[torch.Tensor, dict[str, float]]:
        drawn = [_draw(np.random.default_rng([wish.seed, step, i]), by_source) for i in range(wish.batch)]
        return _wrong(net, plain, drawn, cells)

    plan = Plan.wished(wish, warm_up=_WARM_UP_STEPS, mean_keeps=_MEAN_KEEPS, clip_norm=_CLIP_NORM)
    return learn(
        net, groups, plan, wish.work / "people.pt", wish.begin, loss, lambda mean: _score(wish.data, mean)
    )


def _wrong(
    net: YoloxNano, plain: YoloxNano, drawn: list[tuple[Sample, bool]], cells: torch.Tensor
) -> tuple[torch.Tensor, dict[str, float]]:
    """The loss of `net` on some samples, and its parts; `plain` is what it began as."""
    samples = [sample for sample, _ in drawn]
    images = torch.from_numpy(np.stack([s.image for s in samples]).transpose(0, 3, 1, 2).astype(np.float32))
    images = images.contiguous(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16):
        rows, features = net.raw_with_features(images)
        with torch.no_grad():
            rows_before, features_before = plain.raw_with_features(images)
    people = [torch.from_numpy(s.people) for s in samples]
    ignored = [torch.from_numpy(s.ignored) for s in samples]
    rows, rows_before = rows.float(), rows_before.float()
    doubtful = torch.tensor([not complete for _, complete in drawn])
    doubt = rows_before[..., 4].sigmoid() * rows_before[..., 5].sigmoid() * doubtful[:, None]
    loss, free, parts = loss_of(rows, cells, people, ignored, doubt)
    forgotten = forgetting_of(rows, rows_before, free)
    drift = _drift(features, features_before)
    loss = loss + _HOLD_WEIGHT * forgotten + _DRIFT_WEIGHT * drift
    parts |= {"forgotten": float(forgotten.detach()), "drift": float(drift.detach())}
    return loss, parts


def _drift(features: tuple[torch.Tensor, ...], before: tuple[torch.Tensor, ...]) -> torch.Tensor:
    """How far the maps are from what they were, as a share of their own size."""
    pairs = [(now.float(), then.float()) for now, then in zip(features, before, strict=True)]
    return torch.stack([(now - then).square().mean() / then.square().mean() for now, then in pairs]).mean()


def _draw(rng: np.random.Generator, by_source: dict[str, list[Lesson]]) -> tuple[Sample, bool]:
    """A changed picture, and whether everybody in it is labelled."""
    if rng.random() < 0.15:
        four = [_pick(rng, by_source) for _ in range(4)]
        sample = mosaic(rng, [_sample(lesson) for lesson in four], _TRAIN_WIDTH_PX, _TRAIN_HEIGHT_PX)
        complete = all(_is_complete(lesson) for lesson in four)
    else:
        lesson = _pick(rng, by_source)
        sample, least, most = _sample(lesson), 0.8, 1.6
        if rng.random() < _TURNED:
            sample, least, most = turn(sample, left=rng.random() < 0.5), 1.2, 2.4
        sample = place(rng, sample, _TRAIN_WIDTH_PX, _TRAIN_HEIGHT_PX, least, most)
        complete = _is_complete(lesson)
    if rng.random() < 0.5:
        sample = mirror(sample)
    return Sample(spoil(rng, sample.image), sample.people, sample.ignored), complete


def _is_complete(lesson: Lesson) -> bool:
    return lesson.source in _COMPLETE or not (len(lesson.people) or len(lesson.ignored))


def _pick(rng: np.random.Generator, by_source: dict[str, list[Lesson]]) -> Lesson:
    names = [name for name, found in by_source.items() if found]
    shares = np.array([_SHARES[name] for name in names])
    source = by_source[names[int(rng.choice(len(names), p=shares / shares.sum()))]]
    return source[int(rng.integers(len(source)))]


def _sample(lesson: Lesson) -> Sample:
    return Sample(_read(lesson.path, lesson.frame, lesson), lesson.people, lesson.ignored)


_PICTURES: dict[tuple[Path, int | None], np.ndarray] = {}


def _read(path: Path, frame: int | None, lesson: Lesson) -> np.ndarray:
    if (path, frame) not in _PICTURES:
        _PICTURES[path, frame] = read_lesson(lesson)
    return _PICTURES[path, frame]


@lru_cache(maxsize=1)
def _val(data: Path) -> list:  # type: ignore[type-arg]
    return [p for p in read_pictures(data) if p.split == "val" and p.boxes is not None]


def _score(data: Path, net: YoloxNano) -> dict[str, object]:
    results = look_at(run_network(keep_person(net)), _val(data), WIDTH_PX, HEIGHT_PX)
    scores: dict[str, object] = {}
    for source in ("all", *sorted({r.source for r in results})):
        part = [r for r in results if source in ("all", r.source)]
        maes = {f"mae@{t:.2f}": round(count_mae(part, t), 3) for t in (0.3, 0.35, 0.4, 0.45, 0.5, 0.55)}
        scores[source] = {"ap50": round(ap50(part), 4), **maes}
    return scores


if __name__ == "__main__":
    main()
