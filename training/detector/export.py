"""Puts trained networks into the product: `python -m training.detector.export PIXELS.pt LAYOUT.pt`.

Writes safety/detector/network/made.npz in float16 and prints its hash, which belongs into `net.SHA256`.
"""

import hashlib
import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

from safety.detector.network import layout
from safety.detector.network.net import WEIGHTS
from training.detector.model import LAYOUT_WIDTHS, Network


def arrays(pixels: Path, layouts: Path) -> dict[str, Any]:
    """What both networks hold, by name."""
    both = {"pixels": (pixels, Network()), "layout": (layouts, Network(layout.CHANNELS, LAYOUT_WIDTHS))}
    held: dict[str, Any] = {}
    for which, (path, model) in both.items():
        model.load_state_dict(torch.load(path, weights_only=True))
        held |= {f"{which}.{name}": v.astype(np.float16) for name, v in model.eval().exported().items()}
    return held


def main() -> None:
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays(Path(sys.argv[1]), Path(sys.argv[2])))
    WEIGHTS.write_bytes(file.getvalue())
    print(hashlib.sha256(file.getvalue()).hexdigest())


if __name__ == "__main__":
    main()
