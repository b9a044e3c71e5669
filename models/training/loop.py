"""The loop of a training: steps at a rate that rises and falls, a mean of the weights, and a checkpoint to go on from."""

import copy
import json
import time
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

Net = TypeVar("Net", bound=nn.Module)
Loss = Callable[[int], tuple[Tensor, dict[str, float]]]
"""The loss of a step and its parts; draws what it needs by the step's number, so that a broken training goes on alike."""


def training_parser(
    words: str | None,
    *,
    steps: int,
    batch: int,
    rate: float,
    seed: int,
    score_every: int,
    until: int | None = None,
) -> ArgumentParser:
    """The command line that every training has; `words` are the module's own, the rest are its defaults."""
    parser = ArgumentParser(description=words, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the data folder")
    parser.add_argument("--work", type=Path, required=True, help="where the checkpoint goes")
    parser.add_argument("--out", type=Path, required=True, help="the file to write")
    parser.add_argument(
        "--begin", type=Path, default=None, help="a checkpoint of an earlier stage to begin from"
    )
    parser.add_argument("--steps", type=int, default=steps, help="%(default)s unless told")
    parser.add_argument(
        "--until",
        type=int,
        default=until,
        help="stop after this step, %(default)s unless told; the schedule stays that of --steps",
    )
    parser.add_argument("--batch", type=int, default=batch, help="views a step, %(default)s unless told")
    parser.add_argument("--rate", type=float, default=rate, help="the highest, %(default)s unless told")
    parser.add_argument("--seed", type=int, default=seed, help="%(default)s unless told")
    parser.add_argument(
        "--score-every",
        type=int,
        default=score_every,
        help="steps between looks at the val pictures, %(default)s unless told",
    )
    return parser


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how fast. `rate` is the highest; it rises for `warm_up` steps and falls along half a cosine."""

    steps: int
    rate: float
    warm_up: int
    mean_keeps: float
    """Of the mean of the weights, how much it keeps at each step."""
    clip_norm: float
    until: int | None = None
    """Stop after this step; the schedule stays that of `steps`."""
    save_every: int = 50
    score_every: int = 1000

    @classmethod
    def wished(cls, wish: Namespace, *, warm_up: int, mean_keeps: float, clip_norm: float) -> "Plan":
        """With `steps`, `rate`, `until` and `score_every` of a command line."""
        return cls(
            wish.steps, wish.rate, warm_up, mean_keeps, clip_norm, wish.until, score_every=wish.score_every
        )

    def rate_at(self, step: int) -> float:
        if step < self.warm_up:
            return self.rate * (step + 1) / self.warm_up
        return self.rate * (0.03 + 0.97 * 0.5 * (1 + float(np.cos(np.pi * step / self.steps))))


def learn(
    net: Net,
    groups: list[dict[str, object]],
    plan: Plan,
    kept: Path,
    begin: Path | None,
    loss: Loss,
    score: Callable[[Net], dict[str, object]],
) -> Net:
    """Train `net` in place; gives the mean of its weights.

    `groups` are those of the optimiser, each with the `share` of the rate that it gets. `kept` is the checkpoint: where it is
    there, the training goes on from it; else from the mean of `begin`, where that is given. Raises SystemExit when the loss
    has no finite slope.
    """
    mean = copy.deepcopy(net)
    if begin is not None:
        earlier = torch.load(begin, weights_only=True)
        net.load_state_dict(earlier["mean"])
        mean.load_state_dict(earlier["mean"])
    optimiser = torch.optim.AdamW(groups, lr=plan.rate)
    first = 0
    if kept.exists():
        state = torch.load(kept, weights_only=True)
        net.load_state_dict(state["net"])
        mean.load_state_dict(state["mean"])
        optimiser.load_state_dict(state["optimiser"])
        first = state["step"]
    began = time.monotonic()
    last = plan.steps if plan.until is None else min(plan.until, plan.steps)
    for step in range(first, last):
        rate = plan.rate_at(step)
        for group in optimiser.param_groups:
            group["lr"] = rate * group["share"]
        wrong, parts = loss(step)
        optimiser.zero_grad()
        wrong.backward()
        norm = nn.utils.clip_grad_norm_(net.parameters(), plan.clip_norm)
        if not torch.isfinite(norm):
            raise SystemExit(f"step {step}: the loss {parts} has no finite slope; lower --rate")
        optimiser.step()
        _average(mean, net, min(plan.mean_keeps, (1 + step) / (10 + step)))
        if step % 10 == 0:
            shown = " ".join(f"{name} {value:.4f}" for name, value in parts.items())
            print(f"step {step} rate {rate:.6f} {shown} {time.monotonic() - began:.0f} s", flush=True)
        if (step + 1) % plan.save_every == 0 or step + 1 == last:
            state = {"net": net.state_dict(), "mean": mean.state_dict(), "optimiser": optimiser.state_dict()}
            torch.save({**state, "step": step + 1}, kept.with_suffix(".new"))
            kept.with_suffix(".new").replace(kept)
        if (step + 1) % plan.score_every == 0:
            print(json.dumps({"step": step + 1, **score(mean)}), flush=True)
    return mean


@torch.no_grad()
def _average(mean: nn.Module, net: nn.Module, keep: float) -> None:
    for slow, fast in zip(mean.parameters(), net.parameters(), strict=True):
        slow.lerp_(fast, 1 - keep)
