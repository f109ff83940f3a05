"""The two trained networks: squares of pixels, and layouts of motion, to log odds that they were made.

`training/detector` says what they learnt from.
"""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from perception.errors import ModelCorrupt, ModelMissing

Floats = NDArray[np.floating[Any]]

WEIGHTS = Path(__file__).with_name("made.npz")
SHA256 = "8424226ef495173a9ef3a6b499cca534d4c88ca9ae2a6e8207c24d81564f068f"
_STRIDES = (2, 2, 1, 2, 1, 2, 1)


@cache
def weights(path: Path = WEIGHTS, sha256: str = SHA256) -> dict[str, Any]:
    """The weights as tensors, read once.

    Raises:
        ModelMissing: the file is not there.
        ModelCorrupt: it is not the one that this version was made with.
    """
    import torch

    try:
        held = path.read_bytes()
    except OSError as error:
        raise ModelMissing(f"{path.name} is missing: install sitter again") from error
    if hashlib.sha256(held).hexdigest() != sha256:
        raise ModelCorrupt(f"{path.name} is not the file of this version: install sitter again")
    with np.load(path, allow_pickle=False) as file:
        return {name: torch.from_numpy(file[name].astype(np.float32)) for name in file.files}


def log_odds(which: Literal["pixels", "layout"], pictures: Floats) -> NDArray[np.float32]:
    """(N, channels, S, S) to (N,): above 0 they look made, below 0 filmed. Not yet a probability.

    Args:
        which: "pixels" for squares of `patches`, "layout" for what `layout.channels` gives.

    Raises as `weights`.
    """
    import torch
    from torch.nn import functional as F

    w = weights()
    with torch.inference_mode():
        x = torch.from_numpy(np.ascontiguousarray(pictures, np.float32))
        for k, stride in enumerate(_STRIDES):
            weight = w[f"{which}.{k}.weight"]
            y = F.relu(F.conv2d(x, weight, w[f"{which}.{k}.bias"], stride, (weight.shape[-1] - 1) // 2))
            x = x + y if x.shape == y.shape else y
        pooled = torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1)
        out: NDArray[np.float32] = (pooled @ w[f"{which}.last.weight"] + w[f"{which}.last.bias"]).numpy()
        return out
