"""Trains the network: `python -m training.detector.train FOLDER WEIGHTS PASSES [SECONDS]`.

FOLDER as `corpus` writes it; WEIGHTS an .npz for `safety.detector.network`; one thread. Stops
after SECONDS of processor time. `--without` leaves a generator out: see `evaluate`.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from training.detector.corpus import KINDS, STEP
from training.detector.model import Network

_BATCH = 32
_CROP = 48  # pixels of a square that are shown in training: a random part, another each time
_RATE = 2e-3
_SMOOTHING = 0.04  # labels of 0.02 and 0.98: nothing is that sure


class Squares:
    """All squares of a folder."""

    def __init__(self, folder: Path, without: str | None = None) -> None:
        parts: dict[str, list[NDArray[np.int8]]] = {
            name: [] for name in ("squares", "labels", "kinds", "ways")
        }
        people: list[NDArray[np.str_]] = []
        for path in sorted(folder.glob("*.npz")):
            with np.load(path) as file:
                keep = np.ones(len(file["labels"]), bool)
                if without is not None:
                    keep &= file["kinds"] != KINDS.index(without)
                for name, part in parts.items():
                    part.append(file[name][keep])
                people.append(file["people"][keep])
        self.squares, self.labels, self.kinds, self.ways = (np.concatenate(p) for p in parts.values())
        self.people = np.concatenate(people)

    def __len__(self) -> int:
        return len(self.labels)

    def batch(self, rows: NDArray[np.intp], rng: np.random.Generator | None) -> Tensor:
        """Those squares; with `rng` a part of each, mirrored and louder or softer by chance."""
        x = torch.from_numpy(self.squares[rows].astype(np.float32) / STEP)
        if rng is None:
            return x
        if rng.random() < 0.5:
            x = x.flip(3)
        top, left = rng.integers(0, x.shape[2] - _CROP + 1, 2)
        x = x[:, :, top : top + _CROP, left : left + _CROP]
        return x * torch.from_numpy(rng.uniform(0.85, 1.15, (len(rows), 1, 1, 1)).astype(np.float32))


def weights_of(data: Squares) -> Tensor:
    """Made and filmed squares count as much, and so does each kind among the made ones."""
    weight = np.ones(len(data))
    for kind in np.unique(data.kinds[data.labels == 1]):
        of = (data.kinds == kind) & (data.labels == 1)
        weight[of] = 1 / of.sum()
    weight[data.labels == 0] = weight[data.labels == 1].sum() / (data.labels == 0).sum()
    return torch.from_numpy((weight / weight.mean()).astype(np.float32))


def train(data: Squares, passes: int, seconds: float) -> Network:
    """A network; the same data give the same one on the same machine where time does not end it."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    model, weight = Network(), weights_of(data)
    optimiser = torch.optim.AdamW(model.parameters(), lr=_RATE, weight_decay=1e-2)
    steps = passes * (len(data) // _BATCH)
    begun, step, order = time.process_time(), 0, rng.permutation(len(data))
    total, told = 0.0, 0
    model.train()
    while step < steps:
        done = max(step / steps, (time.process_time() - begun) / seconds)
        if done >= 1:
            break
        for group in optimiser.param_groups:  # warm up, then down along a cosine
            group["lr"] = _RATE * min(1.0, (step + 1) / 100) * (0.5 + 0.5 * np.cos(np.pi * done))
        place = step % (len(data) // _BATCH)
        if place == 0:
            order = rng.permutation(len(data))
        rows = np.sort(order[place * _BATCH : (place + 1) * _BATCH])
        target = torch.from_numpy(data.labels[rows].astype(np.float32))
        target = target * (1 - _SMOOTHING) + _SMOOTHING / 2
        logits = model(data.batch(rows, rng))
        loss = F.binary_cross_entropy_with_logits(logits, target, weight[torch.from_numpy(rows)])
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        step, total, told = step + 1, total + float(loss.detach()), told + 1
        if told == 200:
            print(f"{done:.2f} step {step} loss {total / told:.3f}", flush=True)
            total, told = 0.0, 0
    return model.eval()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.detector.train")
    parser.add_argument("folder", type=Path)
    parser.add_argument("weights", type=Path)
    parser.add_argument("passes", type=int)
    parser.add_argument("seconds", type=float, nargs="?", default=1e9)
    parser.add_argument("--without", choices=KINDS[1:])
    options = parser.parse_args()
    model = train(Squares(options.folder, options.without), options.passes, options.seconds)
    torch.save(model.state_dict(), options.weights.with_suffix(".pt"))
    arrays = {name: value.astype(np.float16) for name, value in model.exported().items()}
    with options.weights.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


if __name__ == "__main__":
    main()
