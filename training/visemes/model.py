"""The network of `engine.hearing.network` in torch, to be trained."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.hearing.classes import CLASSES
from engine.hearing.features import BANDS
from engine.hearing.network import BLOCKS, INPUT, TAPS, Layer


class Block(nn.Module):
    """Depthwise convolution over time, then two products with a rectifier between, added to the input."""

    def __init__(self, width: int, layer: Layer) -> None:
        super().__init__()
        self.layer = layer
        self.depth = nn.Conv1d(width, width, TAPS, dilation=layer.dilation, groups=width, bias=False)
        self.wide = nn.Conv1d(width, 2 * width, 1, bias=False)
        self.normal = nn.BatchNorm1d(2 * width)
        self.narrow = nn.Conv1d(2 * width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.depth(F.pad(x, (self.layer.behind, self.layer.ahead)))
        z: Tensor = self.narrow(F.dropout(F.relu(self.normal(self.wide(y))), 0.05, self.training))
        return x + z


class Visemes(nn.Module):
    """(batch, 40, T) features to (batch, classes, T) logits."""

    def __init__(self, width: int = 128) -> None:
        super().__init__()
        self.input = nn.Conv1d(BANDS, width, TAPS, bias=False)
        self.normal = nn.BatchNorm1d(width)
        self.blocks = nn.ModuleList(Block(width, layer) for layer in BLOCKS)
        self.output = nn.Conv1d(width, len(CLASSES), 1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.normal(self.input(F.pad(x, (INPUT.behind, INPUT.ahead)))))
        for block in self.blocks:
            x = block(x)
        logits: Tensor = self.output(F.relu(x))
        return logits

    def exported(self) -> dict[str, Tensor]:
        """The arrays that `engine.hearing.network` reads: normalisation folded into the weights."""
        scale, shift = _folded(self.normal)
        out = {
            "input.weight": (self.input.weight * scale[:, None, None])
            .permute(2, 1, 0)
            .reshape(TAPS * BANDS, -1),
            "input.bias": shift,
            "output.weight": self.output.weight[:, :, 0].T,
            "output.bias": _bias(self.output),
        }
        for i, block in enumerate(self.blocks):
            if not isinstance(block, Block):
                raise TypeError(f"block {i} is a {type(block).__name__}")
            scale, shift = _folded(block.normal)
            out[f"{i}.depth"] = block.depth.weight[:, 0].T
            out[f"{i}.wide"] = (block.wide.weight[:, :, 0] * scale[:, None]).T
            out[f"{i}.wide_bias"] = shift
            out[f"{i}.narrow"] = block.narrow.weight[:, :, 0].T
            out[f"{i}.narrow_bias"] = _bias(block.narrow)
        return {name: value.detach().contiguous() for name, value in out.items()}


def _folded(normal: nn.BatchNorm1d) -> tuple[Tensor, Tensor]:
    """A normalisation as factor and summand."""
    mean, variance = normal.running_mean, normal.running_var
    if mean is None or variance is None:
        raise TypeError("the normalisation keeps no running statistics")
    scale = normal.weight / torch.sqrt(variance + normal.eps)
    return scale, normal.bias - mean * scale


def _bias(layer: nn.Conv1d) -> Tensor:
    if layer.bias is None:
        raise TypeError("the layer has no bias")
    return layer.bias
