"""Figures and curves for the card: `python -m models.training.fire.evaluate DATA [--model FILE] [--plots DIR]`.

On the validation pictures, whole-picture score (flame or smoke): area under the curve, found at 1 % and 5 % false alarms, per
source (its alarms against all normal pictures, its normal ones against all alarms) and the confusion at `--threshold`. Beside
them the val pictures of people, who work and walk where nothing burns: how many would count as fire there; and people close by
in everyday pictures, by daylight and as lamps would show them: how many have a cell like flame. (Some of these pictures,
seen as a whole, were learnt from as normal ones.)
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from models.training.fire.export import hottest_cells, run_pictures
from models.training.fire.light import lamplit
from models.training.fire.looking import wanted_of
from models.training.fire.pictures import CLASS_OF, Picture, read_people, read_pictures, read_visitors
from models.training.fire.scores import Scores, Wanted, auc, threshold_at_fpr, tpr_at_fpr


def main() -> None:
    """Parse the command line, print Markdown tables, draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="the data folder, with fire/")
    parser.add_argument("--model", type=Path, default=Path("models/fire-smoke.onnx"))
    parser.add_argument("--threshold", type=float, default=0.7)
    parser.add_argument("--plots", type=Path, help="a folder for NAME-curves.png")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    pictures = read_pictures(options.data, "val")
    scores = run_pictures(options.model, pictures)
    wanted = wanted_of(pictures)
    print(f"n {len(scores)}, auc {auc(scores, wanted):.4f}, tpr at 1 % fpr {tpr_at_fpr(scores, wanted, 0.01):.4f}, "
          f"at 5 % {tpr_at_fpr(scores, wanted, 0.05):.4f}, threshold of 1 % fpr {threshold_at_fpr(scores, wanted, 0.01):.3f}")  # fmt: skip
    _by_source(pictures, scores, wanted, options.threshold)
    _failures(pictures, scores, wanted, options.threshold)
    _among_people(options.model, read_people(options.data, "val"), options.threshold)
    _close_by(options.model, read_visitors(options.data))
    if options.plots is not None:
        draw(scores, wanted, options.threshold, options.plots / f"{options.model.stem}-curves.png")


def draw(scores: Scores, wanted: Wanted, threshold: float, path: Path) -> None:
    """The receiver operating curve (false alarms on a logarithmic scale) and the scores' distribution."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    fpr = np.geomspace(0.002, 1, 200)
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    left.plot(fpr, [tpr_at_fpr(scores, wanted, f) for f in fpr])
    left.set(xscale="log", xlabel="false alarms (share of normal pictures)", ylabel="found", ylim=(0.5, 1.01))
    left.grid(alpha=0.4)
    edges = np.linspace(0, 1, 41)
    right.hist(scores[~wanted], edges, alpha=0.6, label="normal")
    right.hist(scores[wanted], edges, alpha=0.6, label="fire or smoke")
    right.axvline(threshold, color="black", linewidth=0.8)
    right.set(yscale="log", xlabel="score", ylabel="pictures")
    right.legend()
    figure.savefig(path, dpi=80)
    print(f"{path}: {path.stat().st_size} bytes")


def _by_source(pictures: list[Picture], scores: Scores, wanted: Wanted, threshold: float) -> None:
    sources = np.array([p.source for p in pictures])
    labels = np.array([p.label for p in pictures])
    print(
        "\n| source | alarms found | false alarms | AUC against the other side of all sources |\n|---|---|---|---|"
    )
    for source in sorted(set(sources)):
        here = sources == source
        cells = []
        for side in (wanted, ~wanted):
            mine = here & side
            cells.append(
                f"{int((scores[mine] > threshold).sum())} of {int(mine.sum())}" if mine.any() else ""
            )
        areas = [
            f"{auc(scores[chosen], wanted[chosen]):.3f}"
            for side in (wanted, ~wanted)
            if (here & side).any()
            for chosen in [(here & side) | ~side]
        ]
        print(f"| {source} | {cells[0]} | {cells[1]} | {', '.join(areas)} |")
    print(f"\n| label | n | over {threshold} |\n|---|---|---|")
    for name, number in CLASS_OF.items():
        print(
            f"| {name} | {int((labels == number).sum())} | {int((scores[labels == number] > threshold).sum())} |"
        )


def _among_people(model: Path, pictures: list[Picture], threshold: float) -> None:
    scores = run_pictures(model, pictures)
    sources = np.array([p.source for p in pictures])
    for source in sorted(set(sources)):
        here = scores[sources == source]
        print(f"\n{source} (people, val): {int((here > threshold).sum())} of {len(here)} over {threshold}")


def _close_by(model: Path, visitors: list[Picture]) -> None:
    """What a camera at a door might call flame, by daylight and by lamps: its score and its share of views."""
    print(
        "\n| people close by, lamps of warmth | views | hottest cell at least 0.6 | at least 0.7 |\n|---|---|---|---|"
    )
    for warmth in (0.0, 0.5, 1.0, 1.5):
        hottest = hottest_cells(model, [replace(p, image_bgr=lamplit(p.image_bgr, warmth)) for p in visitors])
        print(
            f"| {warmth} | {len(hottest)} | {int((hottest >= 0.6).sum())} | {int((hottest >= 0.7).sum())} |"
        )


def _failures(pictures: list[Picture], scores: Scores, wanted: Wanted, threshold: float) -> None:
    order = np.argsort(np.where(wanted, scores, 1 - scores))[:24]
    print(
        "\nworst:",
        ", ".join(
            f"{pictures[i].file} {scores[i]:.2f}" for i in order if (scores[i] > threshold) != wanted[i]
        ),
    )


if __name__ == "__main__":
    main()
