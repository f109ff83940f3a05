"""Trains the network of layouts: `python -m training.detector.train_layout TRAIN TEST STATE PASSES`.

Prints the AUC on TEST, whose people were never trained on, by kind of fake; one thread.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from bench.detect.figures import auc
from safety.detector.network.layout import CHANNELS
from training.detector.model import LAYOUT_WIDTHS, Network

_BATCH, _RATE, _SMOOTHING = 32, 2e-3, 0.06
KINDS = {2: "pulled still", 3: "engine"}


def train(layouts: NDArray[np.float16], labels: NDArray[np.int8], passes: int) -> Network:
    """The same layouts give the same network on the same machine."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    model = Network(CHANNELS, LAYOUT_WIDTHS)
    optimiser = torch.optim.AdamW(model.parameters(), lr=_RATE, weight_decay=5e-2)
    steps = passes * (len(labels) // _BATCH)
    model.train()
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = _RATE * min(1.0, (step + 1) / 50) * (0.5 + 0.5 * np.cos(np.pi * step / steps))
        rows = rng.choice(len(labels), _BATCH, replace=False)
        x = _varied(torch.from_numpy(layouts[rows].astype(np.float32)), rng)
        target = torch.from_numpy(labels[rows].astype(np.float32)) * (1 - _SMOOTHING) + _SMOOTHING / 2
        loss = F.binary_cross_entropy_with_logits(model(x), target)
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        if step % 100 == 0:
            print(f"step {step} of {steps} loss {float(loss.detach()):.3f}", flush=True)
    return model.eval()


def _varied(x: Tensor, rng: np.random.Generator) -> Tensor:
    """Mirrored, moved by some pixels, steps louder or softer, half of them without the edges: the network is
    not to know the pictures."""
    if rng.random() < 0.5:
        x = x.flip(3)
    x = torch.roll(x, tuple(rng.integers(-5, 6, 2).tolist()), (2, 3))
    gain = torch.ones(x.shape[0], x.shape[1], 1, 1)
    gain[:, :5] = torch.from_numpy(rng.uniform(0.7, 1.3, (x.shape[0], 1, 1, 1)).astype(np.float32))
    gain[:, 5] = torch.from_numpy((rng.random((x.shape[0], 1, 1)) < 0.5).astype(np.float32))
    return x * gain


def main() -> None:
    torch.set_num_threads(1)
    with np.load(sys.argv[1]) as file:
        model = train(file["layouts"], file["labels"], int(sys.argv[4]))
    torch.save(model.state_dict(), Path(sys.argv[3]))
    with np.load(sys.argv[2]) as file, torch.inference_mode():
        odds = model(torch.from_numpy(file["layouts"].astype(np.float32))).numpy().astype(float)
        labels, kinds = file["labels"] == 1, file["kinds"]
    filmed = ~labels
    told = {
        name: auc(odds[filmed | (kinds == k)], labels[filmed | (kinds == k)]) for k, name in KINDS.items()
    }
    told["all"] = auc(odds, labels)
    told["made above 95 % of filmed"] = float((odds[labels] > np.quantile(odds[filmed], 0.95)).mean())
    print(json.dumps(told))


if __name__ == "__main__":
    main()
