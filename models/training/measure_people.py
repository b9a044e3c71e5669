"""Measures models/people.onnx and models/crowd.onnx as a box uses them, and draws the curves of their cards.

    python -m models.training.measure_people DATA --models models

One line of JSON; `people-curves.png` and `crowd-curves.png` go beside the models. The threshold is not chosen here: it
stands in the manifest.
"""

import argparse
import csv
import json
from pathlib import Path

import cv2
import matplotlib as mpl
import numpy as np
import onnxruntime as ort

from edge.agent.detectors.manifest import read_manifest
from edge.agent.policy.handover import CountMode, HandoverRules, HandoverState, count_people
from models.training.people.augment import Sample, turn
from models.training.people.data import Picture, letterbox, read_image, read_pictures
from models.training.people.looking import Run, find, run_file, run_network
from models.training.people.network import START, keep_person, load_onnx
from models.training.people.scoring import Floats, Result, ap50, count_mae

mpl.use("Agg")
from matplotlib import pyplot as plt

_THRESHOLDS = np.arange(0.2, 0.76, 0.05)
_EMPTY_BELOW = 0.12
"""A picture in which the original network, enlarged, finds nobody down to this score is taken to be empty."""
_TEACHER_PX = (704, 448)


def main() -> None:
    """Measure, print, draw."""
    cv2.setNumThreads(1)
    wish = _arguments()
    pictures = [p for p in read_pictures(wish.data) if p.split == "val"]
    people, size = _open(wish.models / "people.onnx")
    results = {p.path: _look(people, p, size) for p in pictures}
    boxed = [results[p.path] for p in pictures if p.boxes is not None]
    entry = read_manifest(wish.models).find("people")
    assert entry is not None
    threshold = entry.score_min
    out: dict[str, object] = {"threshold": threshold, "people": _by_source(boxed, threshold)}
    turned = [
        _look_turned(people, p, size, left=left)
        for p in pictures
        for left in (True, False)
        if p.boxes is not None
    ]
    out["turned_ap50"] = {source: told["ap50"] for source, told in _by_source(turned, threshold).items()}
    empty = _empty_scenes(wish.data)
    found = [(find(people, image, *size)[1] >= threshold).sum() for image in empty]
    out["empty"] = {"n": len(empty), "people": float(np.mean(np.array(found) > 0))}
    _draw_people(boxed, threshold, wish.models / "people-curves.png")
    crowd_path = wish.models / "crowd.onnx"
    if crowd_path.exists():
        crowd, crowd_size = _open(crowd_path)
        weighed = {p.path: _weigh(crowd, read_image(p.path), crowd_size) for p in pictures}
        out["crowd"] = _errors(pictures, [weighed[p.path] for p in pictures])
        auto = [_auto(results[p.path].count(threshold), weighed[p.path]) for p in pictures]
        out["auto"] = _errors(pictures, auto)
        dense = [_weigh(crowd, image, crowd_size) for image in empty]
        mixed = [_auto(int(boxes), weight) for boxes, weight in zip(found, dense, strict=True)]
        out["empty"] |= {  # type: ignore[operator]
            "crowd": float(np.mean(np.round(dense) > 0)),
            "crowd_p99": float(np.percentile(dense, 99)),
            "auto": float(np.mean(np.array(mixed) > 0)),
        }
        _draw_crowd(pictures, weighed, wish.models / "crowd-curves.png")
    print(json.dumps(out))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--models", type=Path, default=Path("models"))
    return parser.parse_args()


def _open(path: Path) -> tuple[Run, tuple[int, int]]:
    shape = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"]).get_inputs()[0].shape
    return run_file(path), (shape[3], shape[2])


def _look(run: Run, picture: Picture, size: tuple[int, int]) -> Result:
    boxes, scores = find(run, read_image(picture.path), *size)
    truth = np.zeros((0, 4), np.float32) if picture.boxes is None else picture.boxes
    return Result(picture.source, boxes, scores, truth)


def _look_turned(run: Run, picture: Picture, size: tuple[int, int], *, left: bool) -> Result:
    """At the picture turned by a quarter: those who stood lie."""
    assert picture.boxes is not None
    sample = turn(Sample(read_image(picture.path), picture.boxes, np.zeros((0, 4), np.float32)), left=left)
    boxes, scores = find(run, sample.image, *size)
    return Result(picture.source, boxes, scores, sample.people)


def _weigh(run: Run, image: Floats, size: tuple[int, int]) -> float:
    canvas, _ = letterbox(image, *size)  # type: ignore[arg-type]
    return float(run(np.ascontiguousarray(canvas.transpose(2, 0, 1)[None].astype(np.float32))).sum())


def _auto(boxes: int, weight: float) -> float:
    _, counted = count_people(HandoverRules(), CountMode.AUTO, HandoverState(), boxes, lambda: weight)
    return float(counted.people)


def _by_source(results: list[Result], threshold: float) -> dict[str, dict[str, float]]:
    told = {}
    for source in ("all", *sorted({r.source for r in results})):
        part = [r for r in results if source in ("all", r.source)]
        told[source] = {
            "n": len(part),
            "ap50": round(ap50(part), 4),
            "count_mae": round(count_mae(part, threshold), 4),
        } | {f"mae@{t:.2f}": round(count_mae(part, float(t)), 3) for t in _THRESHOLDS}
    return told


def _errors(pictures: list[Picture], counts: list[float]) -> dict[str, dict[str, float]]:
    told = {}
    for source in sorted({p.source for p in pictures}):
        pairs = [(c, p.count) for p, c in zip(pictures, counts, strict=True) if p.source == source]
        wrong = np.array([a - b for a, b in pairs])
        told[source] = {
            "n": len(pairs),
            "mean": round(float(np.mean([b for _, b in pairs])), 1),
            "count_mae": round(float(np.abs(wrong).mean()), 2),
            "bias": round(float(wrong.mean()), 2),
        }
    return told


def _empty_scenes(data: Path) -> list[Floats]:
    run = run_network(keep_person(load_onnx(data / START)).eval())
    with (data / "fire" / "labels.csv").open(newline="") as file:
        rows = [r for r in csv.DictReader(file) if r["split"] == "val" and r["source"] != "coco2017_lightly"]
    images = [read_image(data / "fire" / r["file"]) for r in rows]
    return [image for image in images if not len(find(run, image, *_TEACHER_PX, _EMPTY_BELOW)[1])]  # type: ignore[misc]


def _draw_people(results: list[Result], threshold: float, path: Path) -> None:
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3.2))
    for source in sorted({r.source for r in results}):
        part = [r for r in results if r.source == source]
        left.plot(_THRESHOLDS, [count_mae(part, float(t)) for t in _THRESHOLDS], label=source)
        right.scatter(
            [len(r.truth) for r in part], [r.count(threshold) for r in part], s=8, alpha=0.4, label=source
        )
    left.axvline(threshold, color="grey", linestyle=":")
    left.set(xlabel="score_min", ylabel="count MAE")
    left.legend(fontsize=7)
    right.plot([0, 14], [0, 14], color="grey", linestyle=":")
    right.set(xlabel="people", ylabel="boxes")
    _save(figure, path)


def _draw_crowd(pictures: list[Picture], weighed: dict[Path, float], path: Path) -> None:
    figure, axis = plt.subplots(figsize=(4.6, 3.6))
    for source in sorted({p.source for p in pictures}):
        part = [p for p in pictures if p.source == source]
        axis.scatter([p.count for p in part], [weighed[p.path] for p in part], s=8, alpha=0.5, label=source)
    axis.plot([0, 400], [0, 400], color="grey", linestyle=":")
    axis.set(xlabel="people", ylabel="counted")
    axis.legend(fontsize=7)
    _save(figure, path)


def _save(figure: plt.Figure, path: Path) -> None:
    figure.tight_layout()
    figure.savefig(path, dpi=90, metadata={"Software": None})
    plt.close(figure)


if __name__ == "__main__":
    main()
