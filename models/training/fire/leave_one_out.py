"""How the decision over time does on a clip that its limits were not chosen on.

    python -m models.training.fire.leave_one_out DATA --models models

Runs in the box's environment, not in that of the training. Limits are drawn at random around the default ones; for each
clip of DATA/video those are chosen that are wrong least often on all *other* clips, the one in the middle of all that are
equally good, and then judge the clip that was left out. With a network that has never seen the clips (`train_fire
--until 1000`) nothing of the answer was fitted to them. Also told: how many of the drawn limits are right on how many
clips, which says how narrow the choice is.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.agent.detectors.models import OFF
from edge.agent.observation import FrameSeen, Moment
from edge.agent.pipeline import Detector, sight_of
from edge.agent.policy import camera_fire
from edge.agent.policy.fire import FireRules, FlameRules, SmokeRules
from edge.agent.policy.sight import Sight
from models.training.fire.clips import Said, fire_models, frames, verdict
from redwhistle.contracts.events import SeenData

RANGES: dict[str, tuple[float, float]] = {
    "score_min": (0.5, 0.95),
    "above_usual": (0.1, 0.4),
    "change_min": (0.25, 2.5),
    "window_s": (0.75, 1.35),
    "share": (0.4, 0.9),
    "hits": (4, 14),
    "lasts_s": (0.4, 0.75),
    "whole_min": (0.7, 0.95),
}
"""What is drawn for each limit: itself; of `change_min` and `window_s` a factor to the default, of `lasts_s` to the window."""
RIGHT = frozenset({"found", "quiet"})
Drawn = npt.NDArray[np.float64]
"""(2 labels x limits), each in 0..1 of its range."""


@dataclass(frozen=True)
class Clip:
    """What the network saw in one clip."""

    name: str
    seen: tuple[FrameSeen, ...]


def main() -> None:
    """Parse the command line, look once, judge many times."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="the data folder, with video/")
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--draws", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    wish = parser.parse_args()
    detectors = fire_models(wish.models).detectors_for(people=OFF)
    sight = sight_of(detectors)
    clips = [look(path, detectors) for path in sorted((wish.data / "video").glob("*.mp4"))]
    default = {clip.name: judge(clip, sight, FlameRules(), SmokeRules()) for clip in clips}
    rng = np.random.default_rng(wish.seed)
    drawn = rng.random((wish.draws, 2 * len(RANGES)))
    right = np.empty((wish.draws, len(clips)), np.bool_)
    for i, each in enumerate(drawn):
        limits = limits_of(each)
        right[i] = [judge(clip, sight, *limits) in RIGHT for clip in clips]
        if i % 20 == 19 and not wish.json:
            print(f"{i + 1} of {wish.draws} limits judged", flush=True)
    left_out = {}
    for number, clip in enumerate(clips):
        chosen = choose(drawn, np.delete(right, number, axis=1))
        left_out[clip.name] = judge(clip, sight, *limits_of(drawn[chosen]))
    wrong = np.bincount((~right).sum(1), minlength=len(clips) + 1)
    if wish.json:
        told = {"default": default, "left_out": left_out, "draws_by_clips_wrong": wrong.tolist()}
        print(json.dumps(told))
        return
    for clip in clips:
        print(f"{clip.name:28s} default {default[clip.name]:7s} left out {left_out[clip.name]}")
    good = sum(each in RIGHT for each in left_out.values())
    print(f"left out and right: {good} of {len(clips)}")
    shown = ", ".join(f"{count} with {n} wrong" for n, count in enumerate(wrong) if count)
    print(f"of {wish.draws} limits: {shown}")


def look(path: Path, detectors: list[Detector], fps: float = 4.0) -> Clip:
    """Let the network look at a clip's frames."""
    seen = []
    for at_s, image in frames(path, fps):
        at_ms = round(at_s * 1000)
        found = [each.look(image).fire for each in detectors]
        height_px, width_px = image.shape[:2]
        moment = Moment(1_700_000_000_000 + at_ms, at_ms, synced=True)
        fire = next((each for each in found if each is not None), None)
        seen.append(FrameSeen("clip", moment, width_px, height_px, fire=fire))
    return Clip(path.stem, tuple(seen))


def judge(clip: Clip, sight: Sight, flame: FlameRules, smoke: SmokeRules) -> str:
    """found, late, missed, quiet or false: see `clips.verdict`."""
    state, said = camera_fire.FireState(), []
    for frame in clip.seen:
        state, events = camera_fire.step(flame, smoke, sight, state, frame)
        said += [
            Said(event.moment.mono_ms / 1000, event.kind.value, event.data.score)
            for event in events
            if isinstance(event.data, SeenData) and event.data.active
        ]
    return verdict(clip.name, said)


def limits_of(drawn: Drawn) -> tuple[FlameRules, SmokeRules]:
    """The limits that a draw stands for."""
    parts = drawn.reshape(2, len(RANGES))
    return FlameRules(**_limits(parts[0], FlameRules())), SmokeRules(**_limits(parts[1], SmokeRules()))


def choose(drawn: Drawn, right: npt.NDArray[np.bool_]) -> int:
    """Of the draws that are wrong least often the one in the middle: nearest to the mean of them all."""
    wrong = (~right).sum(1)
    best = np.flatnonzero(wrong == wrong.min())
    far = np.square(drawn[best] - drawn[best].mean(0)).sum(1)
    return int(best[far.argmin()])


def _limits(drawn: Drawn, default: FireRules) -> dict[str, float]:
    limits = {
        name: low + share * (high - low)
        for (name, (low, high)), share in zip(RANGES.items(), drawn, strict=True)
    }
    limits["change_min"] *= default.change_min
    limits["window_s"] *= default.window_s
    limits["lasts_s"] *= limits["window_s"]
    limits["hits"] = round(limits["hits"])
    return limits


if __name__ == "__main__":
    main()
