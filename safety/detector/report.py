"""The detector's report: plain values, no picture, no face, nothing that tells who is shown."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

Verdict = Literal["machine_made", "inconclusive", "no_sign"]

# How the score is put together, until it is calibrated on material that no bound was chosen by:
# 1 - (1 - PRIOR) x product over groups of (1 - WEIGHT x strongest sign of the group).
# Cues of one group measure the same muscle and are not counted twice. PRIOR is what is said of a clip with
# no sign at all; modern generators stay inside the human ranges of most cues (Deepfake-Eval-2024, arXiv
# 2503.02857: open detectors lose half of their AUC in the wild), so no sign is weak evidence.
PRIOR = 0.3
WEIGHTS = {"blinks": 0.35, "brows": 0.25, "head": 0.4, "lips": 0.5}

# One group alone never decides, and a short or mostly unseen clip is not judged at all.
MACHINE_MADE_SCORE = 0.6
MACHINE_MADE_GROUPS = 2
NO_SIGN_SECONDS = 10.0
NO_SIGN_GROUPS = 3
LEAST_SECONDS = 4.0


@dataclass(frozen=True)
class Finding:
    """One measured cue.

    Attributes:
        name, group: what was measured; a key of `WEIGHTS`.
        value, unit: the number.
        low, high: the range of human speakers; None where it has no such end.
        source: where the range comes from.
        sign: 0 inside the range .. 1 far outside.
        reason: one plain sentence.
        start, end: seconds that it is about.
    """

    name: str
    group: str
    value: float
    unit: str
    low: float | None
    high: float | None
    source: str
    sign: float
    reason: str
    start: float
    end: float


@dataclass(frozen=True)
class Check:
    """One demand on a clip of our own: met or not, and by how much.

    Attributes:
        name: stable snake_case.
        passed: met.
        value, bound: the number, and what it had to keep to, in words.
        reason: one plain sentence.
        start, end: seconds where it went wrong, or the whole clip.
    """

    name: str
    passed: bool
    value: float
    bound: str
    reason: str
    start: float
    end: float


@dataclass(frozen=True)
class Second:
    """One second of the timeline.

    Attributes:
        start: seconds.
        faces: the most faces seen in it; None where it was not searched.
        seen: share of its frames in which the face was followed.
        speaking: share of it in which there is speech; None without sound.
        mouth: mean lip gap in eye distances; None where no face was seen.
        blinks: blinks that were shut deepest in it.
        turning: mean head speed, degrees per second and axis; None where no face was seen.
        signs: names of findings outside their range that cover it.
    """

    start: float
    faces: int | None
    seen: float
    speaking: float | None
    mouth: float | None
    blinks: int
    turning: float | None
    signs: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """What was seen.

    Attributes:
        score: 0..1, how much speaks for a machine-made face; `calibrated` says whether it is a probability.
        verdict: machine_made, inconclusive or no_sign. There is no verdict that means authentic.
        seconds, frames: length of what was looked at.
        faces: the most faces seen at once.
        judged: groups of cues that could be judged.
        findings: every cue that could be measured, inside its range or not.
        notes: what could not be judged, and why.
        checks: the demands of `Expectations`, none without them.
        timeline: second by second.
    """

    score: float
    verdict: Verdict
    seconds: float
    frames: int
    faces: int
    judged: tuple[str, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    checks: tuple[Check, ...]
    timeline: tuple[Second, ...]
    calibrated: bool = False

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the checks that were not met."""
        return tuple(check.name for check in self.checks if not check.passed)

    def as_dict(self) -> dict[str, Any]:
        """For JSON: numbers to four places."""
        plain: dict[str, Any] = _rounded(asdict(self))
        return plain


def combine(findings: tuple[Finding, ...]) -> float:
    """The uncalibrated score of a set of findings, 0..1."""
    doubt = 1 - PRIOR
    for group, weight in WEIGHTS.items():
        doubt *= 1 - weight * max((f.sign for f in findings if f.group == group), default=0.0)
    return 1 - doubt


def judge(score: float, findings: tuple[Finding, ...], judged: tuple[str, ...], seconds: float) -> Verdict:
    """The verdict that the evidence carries."""
    if seconds < LEAST_SECONDS or not judged:
        return "inconclusive"
    outside = {f.group for f in findings if f.sign >= 0.5}
    if score >= MACHINE_MADE_SCORE and len(outside) >= MACHINE_MADE_GROUPS:
        return "machine_made"
    unmarked = not any(f.sign > 0 for f in findings)
    if unmarked and seconds >= NO_SIGN_SECONDS and len(judged) >= NO_SIGN_GROUPS:
        return "no_sign"
    return "inconclusive"


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return value
