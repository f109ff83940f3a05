"""The network in torch, and its weights as `safety.detector.network.net` reads them."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from safety.detector.network.patches import CHANNELS

WIDTHS = (32, 48, 72, 96)
LAYOUT_WIDTHS = (24, 32, 48, 64)


class Layer(nn.Module):
    """Convolution, batch normalisation, rectifier; added to its input where the sizes allow it."""

    def __init__(self, inputs: int, outputs: int, size: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, size, stride, (size - 1) // 2, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        self.residual = inputs == outputs and stride == 1

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.norm(self.conv(x)))
        return x + y if self.residual else y

    def folded(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Weight and bias with the normalisation in them."""
        held = self.norm.state_dict()
        gain = held["weight"] / torch.sqrt(held["running_var"] + self.norm.eps)
        weight = self.conv.weight * gain[:, None, None, None]
        bias = held["bias"] - held["running_mean"] * gain
        return weight.detach().numpy(), bias.detach().numpy()


class Network(nn.Module):
    """(N, channels, S, S) to (N,) log odds that it was made: squares of pixels, or layouts of motion."""

    def __init__(self, channels: int = CHANNELS, widths: tuple[int, int, int, int] = WIDTHS) -> None:
        super().__init__()
        a, b, c, d = widths
        layers = (
            Layer(channels, a, 4, 2), Layer(a, b, 3, 2), Layer(b, b, 3, 1), Layer(b, c, 3, 2),
            Layer(c, c, 3, 1), Layer(c, d, 3, 2), Layer(d, d, 3, 1),
        )  # fmt: skip
        self._folding = layers
        self.layers = nn.Sequential(*layers)
        self.drop = nn.Dropout(0.3)
        self.last = nn.Linear(2 * d, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.layers(x)
        pooled = torch.cat([y.mean((2, 3)), y.amax((2, 3))], 1)
        odds: Tensor = self.last(self.drop(pooled))[:, 0]
        return odds

    def exported(self) -> dict[str, NDArray[Any]]:
        """Arrays for the product; after `eval`."""
        arrays: dict[str, NDArray[Any]] = {}
        for k, layer in enumerate(self._folding):
            arrays[f"{k}.weight"], arrays[f"{k}.bias"] = layer.folded()
        arrays["last.weight"] = self.last.weight.detach().numpy()[0]
        arrays["last.bias"] = self.last.bias.detach().numpy()
        return arrays
