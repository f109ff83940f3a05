"""How well the network does: `python -m training.detector.evaluate TEST [--train FOLDER] [--passes N]`.

TEST: squares of people never trained on (`corpus --held-out`). Prints the AUC of every generator against
filmed squares sent the same ways, by CRF; with --train, too, of networks that never saw the generator.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bench.detect.figures import auc
from training.detector.corpus import KINDS
from training.detector.model import Network
from training.detector.train import Squares, train

LEVELS = {"18 to 23": (18, 23), "24 to 29": (24, 29), "30 to 35": (30, 35), "36 to 40": (36, 40)}


def scores(model: Network, data: Squares) -> NDArray[np.float64]:
    """(N,) log odds."""
    out = []
    with torch.inference_mode():
        for start in range(0, len(data), 256):
            rows = np.arange(start, min(start + 256, len(data)))
            out.append(model(data.batch(rows, None)).numpy())
    return np.concatenate(out).astype(float)


def table(odds: NDArray[np.float64], data: Squares, kinds: tuple[str, ...] = KINDS[1:]) -> dict[str, Any]:
    """AUC of squares by generator, and of all by level."""
    filmed = data.labels == 0
    rows: dict[str, Any] = {
        kind: _auc(odds, filmed, (data.labels == 1) & (data.kinds == KINDS.index(kind))) for kind in kinds
    }
    if len(kinds) > 1:
        rows["all"] = _auc(odds, filmed, data.labels == 1)
        for level, (low, high) in LEVELS.items():
            of = (data.ways >= low) & (data.ways <= high)
            rows[f"CRF {level}"] = _auc(odds, filmed & of, (data.labels == 1) & of)
        for share, name in ((0.95, "made squares above 95 % of filmed"), (0.99, "above 99 %")):
            rows[name] = float((odds[~filmed] > np.quantile(odds[filmed], share)).mean())
    return rows


def _auc(odds: NDArray[np.float64], real: NDArray[np.bool_], fake: NDArray[np.bool_]) -> float | None:
    both = real | fake
    value = auc(odds[both], fake[both])
    return None if value is None else round(value, 3)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.detector.evaluate")
    parser.add_argument("test", type=Path)
    parser.add_argument("--state", type=Path, help="the .pt beside the weights")
    parser.add_argument("--train", type=Path, help="squares to train on without one generator each")
    parser.add_argument("--passes", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=1e9, help="of processor time for each")
    options = parser.parse_args()
    torch.set_num_threads(1)
    test = Squares(options.test)
    if options.state is not None:
        model = Network()
        model.load_state_dict(torch.load(options.state, weights_only=True))
        print(json.dumps(table(scores(model.eval(), test), test), indent=2), flush=True)
    if options.train is not None:
        for kind in KINDS[1:]:
            model = train(Squares(options.train, without=kind), options.passes, options.seconds)
            print("without", json.dumps(table(scores(model, test), test, (kind,))), flush=True)


if __name__ == "__main__":
    main()
