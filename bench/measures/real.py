"""The same measures on tracked real speakers, to compare with: meshes and sound from a file, no pictures."""

from pathlib import Path
from typing import Any

import numpy as np

from bench.measures import agreement, head, lips
from bench.measures.agreement import Pair

FPS, RATE = 25.0, 16_000
MESH = 468  # points of the mesh; what follows are irises


def report(path: Path) -> dict[str, Any]:
    """Of a .npz with NAME.landmarks (T, 468 or more, 3) pixels at 25 fps and NAME.audio int16 at 16 kHz.

    Raises:
        OSError, KeyError, ValueError: not such a file.
    """
    pairs, changes, powers, spreads, gaps = [], [], [], [], []
    with np.load(path) as file:
        for name in sorted(key.removesuffix(".landmarks") for key in file if key.endswith(".landmarks")):
            meshes = file[f"{name}.landmarks"][:, :MESH].astype(np.float64)
            samples = file[f"{name}.audio"].astype(np.float32) / 32768
            shape = lips.shapes(meshes, meshes[0])
            turned = head.angles(meshes)
            pairs.append(Pair(shape, agreement.log_mel(samples, RATE, len(shape), FPS)))
            changes.append(head.change(turned))
            powers.append(head.spectrum(turned, FPS))
            spreads.append(turned.std(axis=0))
            gaps.append(shape[:, 0])
    power = np.sum(powers, axis=0)
    return {
        "agreement": agreement.report(pairs),
        "delta_p": round(float(np.mean(changes)), 3),
        "power": {n: round(float(v), 4) for n, v in zip(head.BANDS, power / power.sum(), strict=True)},
        "sd_yaw_pitch_roll": np.mean(spreads, axis=0).round(2).tolist(),
        "lip_gap": {
            "mean": round(float(np.mean(np.concatenate(gaps))), 3),
            "p95": round(float(np.percentile(np.concatenate(gaps), 95)), 3),
        },
    }
