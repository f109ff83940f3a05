"""How well scores tell fakes from recordings."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
BINS = 10
FALSE_ALARMS = (0.01, 0.05, 0.10)


def auc(scores: Floats, fake: NDArray[np.bool_]) -> float | None:
    """Area under the ROC curve: how often a fake scores above a recording, ties half. None without both."""
    made, real = scores[fake], scores[~fake]
    if not len(made) or not len(real):
        return None
    above = (made[:, None] > real[None]).mean() + 0.5 * (made[:, None] == real[None]).mean()
    return float(above)


def roc(scores: Floats, fake: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """False and true positive rates at every threshold, from none called fake to all."""
    levels = np.concatenate([[np.inf], np.unique(scores)[::-1]])
    false = np.array([(scores[~fake] >= level).mean() for level in levels])
    true = np.array([(scores[fake] >= level).mean() for level in levels])
    return false, true


def equal_error_rate(scores: Floats, fake: NDArray[np.bool_]) -> float | None:
    """Where as many recordings are called fake as fakes are missed; interpolated."""
    if fake.all() or not fake.any():
        return None
    false, true = roc(scores, fake)
    gap = false - (1 - true)
    k = int(np.argmax(gap >= 0))
    if k == 0:
        return float(false[0])
    share = -gap[k - 1] / (gap[k] - gap[k - 1])
    return float(false[k - 1] + share * (false[k] - false[k - 1]))


def detected_at(scores: Floats, fake: NDArray[np.bool_], false_alarms: float) -> float | None:
    """Share of fakes found by the lowest threshold with at most that share of false alarms."""
    if fake.all() or not fake.any():
        return None
    false, true = roc(scores, fake)
    return float(true[false <= false_alarms + 1e-12].max())


def brier(probabilities: Floats, fake: NDArray[np.bool_]) -> float:
    """Mean squared error of the probability (Brier 1950)."""
    return float(((probabilities - fake) ** 2).mean())


def calibration_error(probabilities: Floats, fake: NDArray[np.bool_], bins: int = BINS) -> float:
    """Expected calibration error over `bins` equal steps of probability (Naeini et al. 2015)."""
    place = np.minimum((probabilities * bins).astype(int), bins - 1)
    total = 0.0
    for k in range(bins):
        of = place == k
        if of.any():
            total += of.mean() * abs(float(probabilities[of].mean()) - float(fake[of].mean()))
    return float(total)


def ranked(scores: Sequence[float], fake: Sequence[bool]) -> dict[str, Any]:
    """What can be said of any score, a probability or not."""
    s, f = np.array(scores, float), np.array(fake, bool)
    return {
        "auc": _rounded(auc(s, f)),
        "eer": _rounded(equal_error_rate(s, f)),
        **{f"tpr_at_{share:.0%}_fpr": _rounded(detected_at(s, f, share)) for share in FALSE_ALARMS},
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def judged(
    scores: Sequence[float], fake: Sequence[bool], verdicts: Sequence[str], generators: Sequence[str]
) -> dict[str, Any]:
    """What can be said of probabilities with verdicts."""
    s, f = np.array(scores, float), np.array(fake, bool)
    called = np.array([verdict == "machine_made" for verdict in verdicts])
    unsure = np.array([verdict == "inconclusive" for verdict in verdicts])
    names = np.array(generators)
    return {
        **ranked(scores, fake),
        "brier": round(brier(s, f), 4),
        "ece": round(calibration_error(s, f), 4),
        "inconclusive": round(float(unsure.mean()), 4),
        "false_alarms": round(float(called[~f].mean()), 4) if (~f).any() else None,
        "recall_by_generator": {
            str(name): {
                "clips": int((names[f] == name).sum()),
                "machine_made": round(float(called[f & (names == name)].mean()), 4),
                "inconclusive": round(float(unsure[f & (names == name)].mean()), 4),
                "mean_score": round(float(s[f & (names == name)].mean()), 4),
            }
            for name in np.unique(names[f])
        },
    }
