"""Fits the fusion: `python -m training.detector.calibrate CLIPS... [--again] [--write]`.

CLIPS as `clips` writes it. Every clip is inspected (kept beside it as JSON; --again looks anew), then the log
likelihood ratios of `safety.detector.fusion` are fitted: towards `BELIEFS`, strongly, because the clips are
few and simulated. Platt scaling and the band are of predictions for clips whose generator, and whose people,
the ratios were not fitted on.
"""

import argparse
import csv
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize

from bench.detect.figures import auc, calibration_error
from perception.face import FaceFinder
from perception.video import open_video
from safety.detector.fusion import PARAMETERS, Parameters, Quality, added, evidence, parameters, trusted
from safety.detector.inspection import inspect
from safety.detector.report import Finding

Floats = NDArray[np.float64]

# Log likelihood ratios without a sign and with a full one, before any clip was seen: what a range that holds
# 95 % of people can say at most, and that modern generators stay inside most ranges (Deepfake-Eval-2024).
BELIEFS: dict[str, tuple[float, float]] = {
    "network": (0.0, 0.0), "texture": (-0.2, 1.4), "noise": (-0.2, 1.4), "spectrum": (-0.1, 0.8),
    "compression": (-0.05, 0.5), "sharpness": (-0.1, 0.8), "borders": (-0.1, 0.8), "mouth": (-0.15, 1.0),
    "pulse": (-0.2, 0.3), "head": (-0.25, 1.2), "blinks": (-0.1, 0.7), "brows": (-0.05, 0.5),
    "gaze": (-0.1, 0.7), "lips": (-0.15, 1.0), "geometry": (-0.15, 0.8), "sound": (-0.1, 0.6),
    "drawn": (0.0, 2.5),
}  # fmt: skip
FITTED = ("texture", "noise", "spectrum", "compression", "sharpness", "borders", "mouth")
"""Of motion and sound the clips tell nothing: filmed and made ones share them."""
ODDS = {"made_pixels": 0.15, "made_place": 0.15, "moving_parts": 0.9}
"""What a log odd of the networks counts: less than one, looks of one clip are related. The network of pixels
takes enlarged recordings for made ones and counts little, whatever simulated clips say."""
ODDS_BOUNDS = ((0.0, 0.3), (0.0, 0.3), (0.0, 1.3))
TIGHT = 0.35  # nats: how far a clip set may move a belief
SLOPE_MOST = 0.8
"""Simulated clips are easier than the world: the sum never counts in full."""
FALSE_ALARMS, MISSES = 0.03, 0.10
_LEAST_BAND, _MOST_BAND = 0.65, 0.35


@dataclass(frozen=True)
class Seen:
    """One clip after inspection."""

    findings: tuple[Finding, ...]
    quality: Quality
    fake: bool
    generator: str
    person: str


def look(folder: Path, again: bool) -> list[Seen]:
    """Inspect the clips of a folder."""
    finder = FaceFinder()
    seen = []
    with (folder / "clips.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            kept = (folder / row["file"]).with_suffix(".json")
            if again or not kept.is_file():
                kept.write_text(json.dumps(_inspected(folder / row["file"], finder)))
                print(row["file"], flush=True)
            held = json.loads(kept.read_text())
            if held["quality"] is None:
                continue
            found = tuple(Finding(**{**f, "box": None}) for f in held["findings"])
            person = row["file"].split("_" + row["generator"])[0]
            seen.append(
                Seen(found, Quality(**held["quality"]), row["label"] == "fake", row["generator"], person)
            )
    return seen


def _inspected(path: Path, finder: FaceFinder) -> dict[str, Any]:
    with open_video(path) as video:
        speech = video.speech()
        report = inspect(video.frames(), speech, video.info.fps, finder=finder)
    if report.suspect is None:
        return {"quality": None, "findings": []}
    track = report.tracks[report.suspect]
    quality = Quality(track.end - track.start, track.eye_distance, track.seen, speech is not None)
    findings = [asdict(f) for f in report.findings if f.face == report.suspect]
    return {"quality": asdict(quality), "findings": findings}


def total(clip: Seen, p: Parameters) -> float:
    """The sum of a clip's log likelihood ratios."""
    return added(evidence(clip.findings, p)) * trusted(clip.quality)[0]


def fit(clips: list[Seen], start: Parameters) -> Parameters:
    """Ratios near `BELIEFS` that suit the clips; each generator counts as much, recordings as all of them."""
    fake = np.array([clip.fake for clip in clips])
    weight = _weights(clips)
    middle = np.array([*np.ravel([BELIEFS[group] for group in FITTED]), *ODDS.values()])
    bounds = [(-1.5, 0.0) if k % 2 == 0 else (0.0, 2.5) for k in range(2 * len(FITTED))]
    bounds += ODDS_BOUNDS

    def with_ratios(x: Floats) -> Parameters:
        pairs = {group: (float(x[2 * k]), float(x[2 * k + 1])) for k, group in enumerate(FITTED)}
        odds = dict(zip(ODDS, x[2 * len(FITTED) :].tolist(), strict=True))
        return replace(start, groups={**BELIEFS, **pairs}, odds=odds)

    def loss(x: Floats) -> float:
        p = with_ratios(x)
        z = np.array([total(clip, p) for clip in clips])
        likely = np.logaddexp(0, np.where(fake, -z, z))
        return float((weight * likely).sum() + (((x - middle) / TIGHT) ** 2).sum() / 2)

    return with_ratios(minimize(loss, middle, method="L-BFGS-B", bounds=bounds, options={"maxiter": 40}).x)


def _weights(clips: list[Seen]) -> Floats:
    names = [clip.generator if clip.fake else "filmed" for clip in clips]
    made = len({name for name in names if name != "filmed"})
    weight = np.array([1.0 if n == "filmed" else 1.0 / made for n in names])
    counts = {name: names.count(name) for name in names}
    return np.asarray(weight / np.array([counts[name] for name in names]) * len(clips) / 2)


def held_out(clips: list[Seen], start: Parameters) -> Floats:
    """Of each clip the sum by ratios fitted without its generator, or, of a recording, without its person."""
    generators = sorted({clip.generator for clip in clips if clip.fake})
    people = sorted({clip.person for clip in clips})
    fold = [
        generators.index(c.generator) if c.fake else people.index(c.person) % len(generators) for c in clips
    ]
    out = np.zeros(len(clips))
    for k in range(len(generators)):
        p = fit([clip for clip, of in zip(clips, fold, strict=True) if of != k], start)
        for row, clip in enumerate(clips):
            if fold[row] == k:
                out[row] = total(clip, p)
    return out


def platt(sums: Floats, fake: NDArray[np.bool_], weight: Floats) -> tuple[float, float]:
    """Slope and offset of the log odds."""

    def loss(x: Floats) -> float:
        z = x[0] * sums + x[1]
        likely = np.logaddexp(0, np.where(fake, -z, z))
        return float((weight * likely).sum() + 2 * (x[0] - SLOPE_MOST) ** 2 + 2 * x[1] ** 2)

    found = minimize(loss, np.array([SLOPE_MOST, 0.0]), bounds=[(0.1, SLOPE_MOST), (-1.0, 1.0)]).x
    return float(found[0]), float(found[1])


def band(chance: Floats, fake: NDArray[np.bool_]) -> tuple[float, float]:
    """From where, and up to where, there is a verdict."""
    high = float(np.quantile(chance[~fake], 1 - FALSE_ALARMS, method="higher")) + 0.01
    low = float(np.quantile(chance[fake], MISSES, method="lower")) - 0.01
    return min(max(high, _LEAST_BAND), 0.95), max(min(low, _MOST_BAND), 0.05)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.detector.calibrate")
    parser.add_argument("clips", type=Path, nargs="+", help="folders that `clips` wrote")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--write", action="store_true", help="put the result in the product")
    options = parser.parse_args()
    torch.set_num_threads(1)
    clips = [clip for folder in options.clips for clip in look(folder, options.again)]
    fake = np.array([clip.fake for clip in clips])
    start = replace(parameters(), groups=BELIEFS, odds=ODDS)
    sums, weight = held_out(clips, start), _weights(clips)
    slope, offset = platt(sums, fake, weight)
    fitted = replace(fit(clips, start), slope=slope, offset=offset)
    chance = 1 / (1 + np.exp(-(slope * sums + offset)))
    high, low = band(chance, fake)
    result = replace(
        fitted, machine_made=round(high, 3), no_sign=round(low, 3), calibrated=True,
        false_alarms=round(float(((chance[~fake] >= high).sum() + 1) / ((~fake).sum() + 2)), 3),
        slope=round(slope, 3), offset=round(offset, 3),
        odds={name: round(value, 3) for name, value in fitted.odds.items()},
        groups={g: (round(a, 3), round(b, 3)) for g, (a, b) in fitted.groups.items()},
    )  # fmt: skip
    generators = sorted({clip.generator for clip in clips if clip.fake})
    named = np.array([clip.generator for clip in clips])
    print(json.dumps({
        "clips": len(clips), "recordings": int((~fake).sum()), "auc": auc(chance, fake),
        "auc_by_generator_left_out": {
            g: auc(chance[~fake | (named == g)], fake[~fake | (named == g)]) for g in generators
        },
        "ece": calibration_error(chance, fake), "parameters": asdict(result),
    }, indent=2))  # fmt: skip
    if options.write:
        PARAMETERS.write_text(json.dumps(asdict(result), indent=2) + "\n")


if __name__ == "__main__":
    main()
