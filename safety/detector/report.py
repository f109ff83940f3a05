"""The detector's report: plain values, no picture, no face, nothing that tells who is shown."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

Verdict = Literal["machine_made", "inconclusive", "no_sign"]
Severity = Literal["refuse", "flag"]

# The first detector's score, before `fusion`: 1 - (1 - PRIOR) x product over groups of motion cues of
# (1 - WEIGHT x strongest sign of the group). The bench compares with it.
PRIOR = 0.3
WEIGHTS = {"blinks": 0.35, "brows": 0.25, "head": 0.4, "lips": 0.5}

LEAST_SECONDS = 4.0
"""A face that is seen for less is not judged."""


@dataclass(frozen=True)
class Finding:
    """One measured cue.

    Attributes:
        name, group: what was measured; one of the groups of `fusion.FAMILIES`.
        value, unit: the number.
        low, high: the range of human speakers; None where it has no such end.
        source: where the range comes from.
        sign: 0 inside the range .. 1 far outside.
        reason: one plain sentence.
        start, end: seconds that it is about.
        box: left, top, right, bottom of the region that it is about, as fractions of the picture.
        face: which of the faces, a place in `Report.tracks`; 0 also for what is about the whole file.
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
    box: tuple[float, float, float, float] | None = None
    face: int = 0


@dataclass(frozen=True)
class Check:
    """One demand on a clip of our own: met or not, and by how much.

    Attributes:
        name: stable snake_case.
        passed: met.
        value, bound: the number, and what it had to keep to, in words.
        reason: one plain sentence.
        start, end: seconds where it went wrong, or the whole clip.
        severity: "refuse" where the clip may not leave without it; "flag" where people should look at it.
    """

    name: str
    passed: bool
    value: float
    bound: str
    reason: str
    start: float
    end: float
    severity: Severity = "refuse"


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
class FaceTrack:
    """One face through one shot. Who it is, or whether it is the same person as in another, is not asked.

    Attributes:
        face: its number: its place in `Report.tracks`, and `Finding.face` of what was found on it.
        shot: its shot's place in `Report.shots`.
        start, end: seconds.
        box: where it was, in the middle of all: left, top, right, bottom as fractions of the picture.
        eye_distance: pixels between its eyes, median.
        seen: share of its frames in which it was followed.
        judged: groups of cues that could be judged; none where `note` says why it was not judged.
        score, verdict: as of a report, for this face alone.
        note: why it could not be judged; empty where it was.
    """

    face: int
    shot: int
    start: float
    end: float
    box: tuple[float, float, float, float]
    eye_distance: float
    seen: float
    judged: tuple[str, ...]
    score: float
    verdict: Verdict
    note: str


@dataclass(frozen=True)
class Report:
    """What was seen.

    Attributes:
        score: 0..1, how much speaks for a machine-made face; `calibrated` says whether it is a probability.
            Of several faces that could be judged: that of the most suspicious one.
        verdict: machine_made, inconclusive or no_sign. There is no verdict that means authentic.
        seconds: length of the video up to the last frame given.
        frames: how many frames there were, looked at or not.
        faces: the most faces seen at once.
        judged: groups of cues that could be judged, of any face.
        findings: every cue that could be measured, inside its range or not, of every face that was judged.
        notes: what could not be judged, and why.
        checks: the demands of `Expectations`, none without them.
        timeline: second by second.
        tracks: every face in every shot.
        shots: (start, end) in seconds of what was looked at of each shot: a new one begins with a cut, and
            where a part of a long video was left out.
        suspect: the face that `score` and `verdict` are of; None where none could be judged.
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
    tracks: tuple[FaceTrack, ...] = ()
    shots: tuple[tuple[float, float], ...] = ()
    suspect: int | None = None

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the checks that were not met and refuse."""
        return self._unmet("refuse")

    @property
    def flagged(self) -> tuple[str, ...]:
        """Names of the checks that were not met and are for people to look at."""
        return self._unmet("flag")

    def _unmet(self, severity: Severity) -> tuple[str, ...]:
        return tuple(c.name for c in self.checks if not c.passed and c.severity == severity)

    def as_dict(self) -> dict[str, Any]:
        """For JSON: numbers to four places."""
        plain: dict[str, Any] = _rounded(asdict(self))
        return plain


@dataclass(frozen=True)
class Progress:
    """How far a look at a video has come.

    Attributes:
        seconds_done: of the video.
        seconds_total: its length; None where its header does not tell.
        report: on what was seen up to now; its numbers may still change.
    """

    seconds_done: float
    seconds_total: float | None
    report: Report


def combine(findings: tuple[Finding, ...]) -> float:
    """The first detector's score of a set of findings, 0..1: a baseline, never shown."""
    doubt = 1 - PRIOR
    for group, weight in WEIGHTS.items():
        doubt *= 1 - weight * max((f.sign for f in findings if f.group == group), default=0.0)
    return 1 - doubt


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return value
