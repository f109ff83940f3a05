"""From findings to a probability and a verdict: log likelihood ratios that are added, capped and calibrated.

Naive Bayes over groups of cues, held back in three ways, because few labelled clips exist and cues are
related: within a group the strongest sign counts; within a family of groups (pixels, motion, sound) the
strongest counts fully and each further one less (`DISCOUNT`); every ratio is capped. A sign can only raise
the probability, its absence only lower it. Platt scaling (1999) comes last. The numbers are in `fusion.json`,
written by `python -m training.detector.calibrate`; docs/detector.md says of which clips it is a probability.
"""

import json
from dataclasses import dataclass
from functools import cache
from math import exp, log
from pathlib import Path
from typing import Any

from safety.detector.report import LEAST_SECONDS, Finding, Verdict

PARAMETERS = Path(__file__).with_name("fusion.json")

FAMILIES = {
    "pixels": (
        "network", "texture", "noise", "spectrum", "compression", "sharpness", "borders", "mouth", "pulse",
    ),
    "motion": ("head", "blinks", "brows", "gaze", "lips", "geometry"),
    "sound": ("sound",),
    "drawing": ("drawn",),
}  # fmt: skip
DISCOUNT = 0.6
"""What the next strongest group of a family counts, of what the one before it does."""

LEAN_MOST, ODDS_MOST, ODDS_LEAST = 0.6, 2.5, -0.8
"""Nats: the most that values within their ranges, and that the networks, can say; these less against than
for, because a head on shoulders that follow it may be made all the same."""
_USUAL_SECONDS, _USUAL_EYES = 6.0, 40.0
NO_SIGN_GROUPS = 3
DOMAIN = (
    "The score is a probability at even odds, fitted on clips that this project made itself with"
    " simulated cameras: on other material it is a judgement."
)
LEAST_GROUPS = 2
"""Groups that must speak for a machine-made verdict: one cue never decides."""
LEAST_RATIO = 0.2
"""Nats from which on a group speaks for it."""
SURE_GROUPS, SURE_RATIO = ("network", "drawn"), 1.2
"""But these may decide alone, from that ratio on: the network of what moves has seen a clip's every second,
and no camera films a flat drawing that speaks."""


@dataclass(frozen=True)
class Quality:
    """How well a face could be looked at.

    Attributes:
        seconds: for how long it was followed.
        eye_distance: pixels between its eyes, median.
        seen: share of its frames in which it was.
        sound: there was speech to compare it with.
    """

    seconds: float
    eye_distance: float
    seen: float = 1.0
    sound: bool = True


@dataclass(frozen=True)
class Judgement:
    """What findings come to.

    Attributes:
        score: probability that the face is machine-made, at even odds beforehand.
        verdict: machine_made, inconclusive or no_sign.
        notes: what makes it less sure.
        calibrated: a face was judged, by parameters that were fitted on clips (`Parameters.calibrated`).
    """

    score: float
    verdict: Verdict
    notes: tuple[str, ...]
    calibrated: bool


@dataclass(frozen=True)
class Parameters:
    """What `fusion.json` holds; log likelihood ratios in nats.

    Attributes:
        prior: probability before anything is seen.
        groups: of each group, the ratio without a sign (0 or less) and with a full one (0 or more).
        leans: of some cues inside their ranges: value at which they say nothing, ratio for each e-fold above.
        odds: of the networks' findings, what one of their log odds counts.
        slope, offset: Platt scaling of the sum.
        machine_made, no_sign: probabilities from which, and up to which, there is a verdict.
        false_alarms: share of recordings at or above `machine_made` where it was chosen, by the rule of
            succession: none of 20 is 1 in 22.
        calibrated: the scaling was fitted on clips that the ratios were not.
    """

    prior: float
    groups: dict[str, tuple[float, float]]
    leans: dict[str, tuple[float, float]]
    odds: dict[str, float]
    slope: float
    offset: float
    machine_made: float
    no_sign: float
    false_alarms: float
    calibrated: bool


@cache
def parameters(path: Path = PARAMETERS) -> Parameters:
    """The parameters of this version, read once."""
    held: dict[str, Any] = json.loads(path.read_text())
    for name in ("groups", "leans"):
        held[name] = {key: (float(pair[0]), float(pair[1])) for key, pair in held[name].items()}
    return Parameters(**held)


def evidence(findings: tuple[Finding, ...], p: Parameters) -> dict[str, float]:
    """The log likelihood ratio of each group that was measured, before families are discounted."""
    ratios: dict[str, float] = {}
    for group, (without, full) in p.groups.items():
        of = [finding for finding in findings if finding.group == group]
        if of:
            sign = max(min(max(finding.sign, 0.0), 1.0) for finding in of)
            ratios[group] = without + (full - without) * sign + _leaning(of, p) + _odds(of, p)
    return ratios


def _odds(findings: list[Finding], p: Parameters) -> float:
    """What log odds of the networks say: of pixels, of the place that looks most made, of what moves."""
    said = {f.name: p.odds[f.name] * f.value for f in findings if f.name in p.odds}
    pixels = max((said.pop(name) for name in ("made_pixels", "made_place") if name in said), default=0.0)
    return min(max(pixels + sum(said.values()), ODDS_LEAST), ODDS_MOST)


def _leaning(findings: list[Finding], p: Parameters) -> float:
    """What values say that are inside their range but nearer to generators than to people, or the reverse."""
    total = 0.0
    for finding in findings:
        if finding.name in p.leans and finding.value > 0:
            middle, slope = p.leans[finding.name]
            total += slope * log(finding.value / middle)
    return min(max(total, -LEAN_MOST), LEAN_MOST)


def added(ratios: dict[str, float]) -> float:
    """The sum over families: in each, the strongest for and the strongest against count fully."""
    total = 0.0
    for groups in FAMILIES.values():
        of = [ratios[group] for group in groups if group in ratios]
        for part in (sorted((r for r in of if r > 0), reverse=True), sorted(r for r in of if r < 0)):
            total += sum(ratio * DISCOUNT**k for k, ratio in enumerate(part))
    return total


def judge(findings: tuple[Finding, ...], quality: Quality, p: Parameters | None = None) -> Judgement:
    """The probability and the verdict that findings on one face carry.

    Args:
        p: other parameters than those of this version.
    """
    p = parameters() if p is None else p
    trust, notes = trusted(quality)
    ratios = evidence(findings, p)
    score = probability(added(ratios) * trust, p)
    calibrated = p.calibrated and any(group not in FAMILIES["sound"] for group in ratios)
    told = (DOMAIN, *notes) if calibrated else notes
    return Judgement(score, _verdict(score, ratios, quality, p), told, calibrated)


def probability(total: float, p: Parameters) -> float:
    """Of a sum of log likelihood ratios."""
    odds = log(p.prior / (1 - p.prior)) + p.slope * total + p.offset
    return 1 / (1 + exp(-odds))


def _verdict(score: float, ratios: dict[str, float], quality: Quality, p: Parameters) -> Verdict:
    if quality.seconds < LEAST_SECONDS or not ratios:
        return "inconclusive"
    speak = sum(ratio >= LEAST_RATIO for ratio in ratios.values())
    sure = any(ratios.get(group, 0.0) >= SURE_RATIO for group in SURE_GROUPS)
    if score >= p.machine_made and (speak >= LEAST_GROUPS or sure):
        return "machine_made"
    if score <= p.no_sign and len(ratios) >= NO_SIGN_GROUPS and not _poor(quality):
        return "no_sign"
    return "inconclusive"


def trusted(quality: Quality) -> tuple[float, tuple[str, ...]]:
    """How much of the evidence counts, 0..1, and why not all of it does."""
    trust, notes = 1.0, []
    if quality.seconds < _USUAL_SECONDS:
        trust *= (max(quality.seconds, 0.0) / _USUAL_SECONDS) ** 0.5
        notes.append(f"The face is seen for {quality.seconds:.1f} seconds only: the evidence counts less.")
    if quality.eye_distance < _USUAL_EYES:
        trust *= (max(quality.eye_distance, 0.0) / _USUAL_EYES) ** 0.5
        notes.append(
            f"The face is small, {quality.eye_distance:.0f} pixels from eye to eye: the evidence counts less."
        )
    if quality.seen < 1.0:
        trust *= quality.seen
    if not quality.sound:
        notes.append("Without speech neither the lips' timing nor the voice could be judged.")
    return trust, tuple(notes)


def _poor(quality: Quality) -> bool:
    """So little was seen that the absence of signs means nothing."""
    return quality.seconds < LEAST_SECONDS or quality.eye_distance < _USUAL_EYES / 2 or quality.seen < 0.5
