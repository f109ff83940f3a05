"""Error rates of distances (ISO/IEC 19795-1), and only as far as the trials resolve them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]

RATES = (1e-2, 1e-3, 1e-4, 1e-5)
LEAST_ERRORS = 10
"""False matches that a threshold has to let through to be measured (the rule of 30 would be stricter)."""


def threshold_at(impostors: Floats, rate: float) -> float | None:
    """The largest distance that lets through at most `rate` of the impostors; None where too few trials."""
    through = int(rate * len(impostors))
    if through < LEAST_ERRORS:
        return None
    return float(np.sort(impostors)[through - 1])


def equal_error_rate(genuine: Floats, impostors: Floats) -> float:
    """Where as many are falsely matched as falsely not matched."""
    every = np.sort(np.concatenate([genuine, impostors]))
    false_match = np.searchsorted(np.sort(impostors), every, "right") / len(impostors)
    false_non_match = 1 - np.searchsorted(np.sort(genuine), every, "right") / len(genuine)
    nearest = int(np.argmin(np.abs(false_match - false_non_match)))
    return float((false_match[nearest] + false_non_match[nearest]) / 2)


def report(genuine: Floats, impostors: Floats) -> dict[str, Any]:
    """EER, and for each rate that is resolved the threshold and the true match rate."""
    rows: dict[str, Any] = {}
    for rate in RATES:
        threshold = threshold_at(impostors, rate)
        rows[f"{rate:g}"] = (
            {"resolved": False, "needs_impostor_trials": int(LEAST_ERRORS / rate)}
            if threshold is None
            else {
                "resolved": True,
                "threshold": round(threshold, 5),
                "true_match_rate": round(float((genuine <= threshold).mean()), 4),
            }
        )
    return {
        "genuine_trials": len(genuine),
        "impostor_trials": len(impostors),
        "equal_error_rate": round(equal_error_rate(genuine, impostors), 5),
        "rates": rows,
    }
