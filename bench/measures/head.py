"""Head motion from the mesh: angles against the first frame, their change, spread and spectrum."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perception.pose import INDICES, rigid_rotation

Floats = NDArray[np.float64]

BANDS = {"under 1 Hz": (0.0, 1.0), "1 to 3 Hz": (1.0, 3.0), "over 3 Hz": (3.0, np.inf)}


def angles(meshes: Floats) -> Floats:
    """(T, 3) yaw, pitch, roll in degrees of (T, 468, 3) meshes against their median one; by the points of the
    face that expressions do not move."""
    rigid = meshes[:, INDICES]
    seen = np.isfinite(rigid[:, 0, 0])
    middle = np.median(rigid[seen] - rigid[seen].mean(axis=1, keepdims=True), axis=0)
    rows = np.full((len(meshes), 3), np.nan)
    for i in np.flatnonzero(seen):
        rows[i] = _taken_apart(rigid_rotation(middle, rigid[i]))
    return rows


def _taken_apart(rotation: Floats) -> tuple[float, float, float]:
    """Yaw, pitch, roll: signs of `engine.state.State.rotation`."""
    nose = rotation @ np.array([0.0, 0.0, -1.0])
    across = rotation @ np.array([1.0, 0.0, 0.0])
    return (
        math.degrees(math.atan2(nose[0], -nose[2])),
        math.degrees(math.asin(float(np.clip(-nose[1], -1, 1)))),
        math.degrees(math.atan2(across[1], across[0])),
    )


def spectrum(turned: Floats, fps: float) -> Floats:
    """(bands,) power of angles (T, 3) in `BANDS`, square degrees, all axes together."""
    hertz = np.fft.rfftfreq(len(turned), 1 / fps)
    window = np.hanning(len(turned))[:, None]
    power = (np.abs(np.fft.rfft((turned - turned.mean(axis=0)) * window, axis=0)) ** 2).sum(axis=1)
    power[1:] *= 2
    power /= (window**2).sum() * len(turned)
    return np.array([power[(hertz >= low) & (hertz < high)].sum() for low, high in BANDS.values()])


def change(turned: Floats) -> float:
    """Mean absolute change of an angle from frame to frame, degrees: VASA-1's delta-P."""
    return float(np.nanmean(np.abs(np.diff(turned, axis=0))))


def report(turned: Floats, still: Floats, fps: float) -> dict[str, Any]:
    """Angles of a clip beside what the mesh reads of the same clip with the head held still.

    Args:
        turned, still: (T, 3), see `angles`.
    """
    power, noise = (spectrum(filled(each), fps) for each in (turned, still))
    share = power / power.sum()
    clean = np.clip(power - noise, 0, None)
    return {
        "delta_p": round(change(turned), 3),
        "delta_p_of_the_mesh_alone": round(change(still), 3),
        "sd_yaw_pitch_roll": np.nanstd(turned, axis=0).round(2).tolist(),
        "range_yaw_pitch_roll": (np.nanpercentile(turned, 95, axis=0) - np.nanpercentile(turned, 5, axis=0))
        .round(1)
        .tolist(),
        "power": {name: round(float(value), 4) for name, value in zip(BANDS, share, strict=True)},
        "power_without_the_mesh's_own": {
            name: round(float(value), 4) for name, value in zip(BANDS, clean / clean.sum(), strict=True)
        },
    }


def filled(rows: Floats) -> Floats:
    """Rows (T, n) with NaN filled in from their neighbours."""
    at = np.arange(len(rows))
    result = rows.copy()
    for column in result.T:
        seen = np.isfinite(column)
        column[:] = np.interp(at, at[seen], column[seen])
    return result
