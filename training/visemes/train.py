"""Trains the network: `python -m training.visemes.train FOLDER WEIGHTS MINUTES [START]`.

FOLDER as `dataset` writes it; WEIGHTS an .npz for `engine.hearing.network`; one thread. START: a state saved
beside earlier WEIGHTS to go on from.
"""

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from engine.hearing.classes import CLASSES
from training.visemes.corpus import UNKNOWN
from training.visemes.model import Visemes

_LENGTH, _BATCH = 500, 5  # frames, sequences
_WARM = 60  # frames at the head of a sequence that only give context
_RATE = 4e-3
_BILABIAL = 1.2  # weight of a frame of p b m: what must not be missed


class Sequences:
    """Random pieces of all recordings, file by file."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder = folder
        self._rng = np.random.default_rng(seed)
        self._ready: list[tuple[np.ndarray, np.ndarray]] = []

    def batch(self) -> tuple[Tensor, Tensor]:
        while len(self._ready) < 40 * _BATCH:
            self._read()
        chosen = [self._ready.pop(int(self._rng.integers(len(self._ready)))) for _ in range(_BATCH)]
        x = torch.from_numpy(np.stack([features for features, _ in chosen]).astype(np.float32))
        return x.transpose(1, 2).contiguous(), torch.from_numpy(
            np.stack([y for _, y in chosen]).astype(np.int64)
        )

    def _read(self) -> None:
        paths = sorted(self._folder.glob("*.npz"))
        with np.load(paths[int(self._rng.integers(len(paths)))]) as file:
            features, labels, lengths = file["features"], file["labels"], file["lengths"]
        end = 0
        for length in lengths.tolist():
            start, end = end, end + length
            # The head as the stream starts: from nothing; the pieces after it overlap by their context.
            for a in range(start, max(start + 1, end - _WARM), _LENGTH - _WARM):
                x, y = features[a : min(a + _LENGTH, end)], labels[a : min(a + _LENGTH, end)].copy()
                if a > start:
                    y[:_WARM] = UNKNOWN
                short = _LENGTH - len(x)
                if short:
                    x = np.pad(x, ((0, short), (0, 0)))
                    y = np.pad(y, (0, short), constant_values=UNKNOWN)
                self._ready.append((_masked(x, self._rng), y))


def _masked(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """SpecAugment (Park et al. 2019), mildly: a band of up to 6 of 40 is missing, one time in three."""
    x = x.copy()
    if rng.random() < 0.33:
        first, count = int(rng.integers(0, 36)), int(rng.integers(1, 7))
        x[:, first : first + count] = x.mean()
    return x


def main() -> None:
    folder, target, minutes = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model, rate = Visemes(), _RATE
    if len(sys.argv) > 4:
        model.load_state_dict(torch.load(sys.argv[4], weights_only=True))
        rate = _RATE / 2
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=1e-3)
    sequences = Sequences(folder, seed=int(len(sys.argv) > 4))
    weight = torch.ones(len(CLASSES))
    weight[CLASSES.index("P")] = _BILABIAL
    begun, step, told, right, all_ = time.monotonic(), 0, 0.0, 0.0, 0.0
    model.train()
    while (done := (time.monotonic() - begun) / 60 / minutes) < 1.0:
        for group in optimiser.param_groups:  # warm up, then down along a cosine
            group["lr"] = rate * min(1.0, (step + 1) / 100) * (0.5 + 0.5 * np.cos(np.pi * done))
        x, y = sequences.batch()
        logits = model(x)
        loss = F.cross_entropy(logits, y, weight, ignore_index=UNKNOWN, label_smoothing=0.03)
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        step += 1
        known = y != UNKNOWN
        right += float((logits.argmax(1) == y)[known].sum())
        all_ += float(known.sum())
        if done - told > 0.02:
            print(f"{done:.2f} step {step} loss {loss.item():.3f} right {right / all_:.3f}", flush=True)
            told, right, all_ = done, 0.0, 0.0
    model.eval()
    torch.save(model.state_dict(), target.with_suffix(".pt"))
    arrays: dict[str, Any] = {
        name: value.numpy().astype(np.float16) for name, value in model.exported().items()
    }
    np.savez(target, **arrays)


if __name__ == "__main__":
    main()
