"""What the report says, in the order in which it says it: rows of plain texts, made once for HTML and PDF."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from service.report.words import (
    CONSENTS,
    CREDENTIALS,
    KINDS,
    SCORES,
    VERDICTS,
    WITNESSES,
    clock,
    group_of,
    length,
    number,
    plain,
    ranged,
    size_of,
)


@dataclass(frozen=True)
class Subject:
    """The file that was looked at.

    Attributes:
        name: its name, without its folder.
        size: bytes.
        sha256: of all of its bytes.
        at: when it was looked at, UTC.
        software: by what.
    """

    name: str
    size: int
    sha256: str
    at: datetime
    software: str

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self) | {"at": f"{self.at:%Y-%m-%dT%H:%M:%SZ}"}


@dataclass(frozen=True)
class Change:
    """A part that differs from what was released."""

    when: str
    what: str
    where: str
    released: str
    confidence: str


@dataclass(frozen=True)
class Cue:
    """A measure of a face or of the sound. `sign` is 0 inside its human range, up to 1 far outside."""

    group: str
    name: str
    value: str
    range: str
    reason: str
    source: str
    when: str
    sign: float


@dataclass(frozen=True)
class Content:
    """Everything that the report says.

    Attributes:
        headline, tone: the verdict on the marks in one sentence; ours, changed, conflict or none.
        lines: what follows from it.
        score: one sentence on the score, and one on what it is.
        facts: the file. `evidence`: what its marks say. Names and texts.
        faces: when, where it comes to, why not. `checks`: name, outcome, reason.
    """

    headline: str
    tone: str
    lines: Sequence[str]
    score: Sequence[str]
    facts: Sequence[tuple[str, str]]
    evidence: Sequence[tuple[str, str]]
    changes: Sequence[Change]
    cues: Sequence[Cue]
    faces: Sequence[tuple[str, str, str]]
    checks: Sequence[tuple[str, str, str]]
    notes: Sequence[str]
    limits: Sequence[str]


WHOLE, TURNED_DEGREES, PACED = 0.97, 3.5, 0.02
"""What is told of a copy's picture and speed: more than the comparison errs by (docs/fingerprint.md)."""

_TONES = {
    "issued_intact": "ours",
    "issued_recovered": "ours",
    "issued_altered": "changed",
    "conflict": "conflict",
}


def content(answer: Mapping[str, Any], subject: Subject) -> Content:
    """The report on `subject`.

    Args:
        answer: Detect's answer as JSON values, as `sitter detect --json` prints it.
    """
    verdict = answer["verdict"]
    headline = VERDICTS[verdict] + "."
    explanation = answer["explanation"].removeprefix(headline).strip()
    return Content(
        headline=headline,
        tone=_TONES.get(verdict, "none"),
        lines=[line for line in (explanation, CONSENTS.get(answer["consent"], "")) if line],
        score=_score(answer),
        facts=_facts(subject, answer),
        evidence=_evidence(answer),
        changes=[_change(span) for span in answer["altered"]],
        cues=[_cue(f, several=answer["faces"] > 1) for f in sorted(answer["findings"], key=_order)],
        faces=[_face(track) for track in answer["tracks"]],
        checks=[_check(check) for check in answer["checks"]],
        notes=answer["notes"],
        limits=answer["limits"],
    )


def _score(answer: Mapping[str, Any]) -> list[str]:
    lines = [SCORES[answer["score_verdict"]] + "."]
    band = answer.get("band") or {}
    if answer["calibrated"] and band.get("false_alarms") is not None:
        lines.append(
            f"The score is {answer['score']:.2f}. From {band['high']:.2f} on it counts as a finding: of the "
            "recordings by simulated cameras that this was set on, at most about "
            f"{band['false_alarms']:.0%} were above; for real ones that is not known. Between "
            f"{band['low']:.2f} and {band['high']:.2f} nothing is claimed."
        )
    else:
        lines.append(f"The score is {answer['score']:.2f} of 1. It is not calibrated: it is no probability.")
    return lines


def _facts(subject: Subject, answer: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        ("File", subject.name),
        ("Size", size_of(subject.size)),
        ("SHA-256", subject.sha256),
        ("Length", length(answer["seconds"])),
        ("Looked at", f"{subject.at:%-d %B %Y, %H:%M:%S} UTC, by {subject.software}"),
    ]


def _evidence(answer: Mapping[str, Any]) -> list[tuple[str, str]]:
    record = answer["record_id"]
    entry = f"entry {answer['log_index']} of the log"
    named = ", ".join(WITNESSES.get(each, plain(each)) for each in answer["found_by"])
    return [
        ("Content Credentials", _credentials(answer["credentials"])),
        ("Mark in the pictures", _mark(answer["watermark"])),
        ("Mark in the sound", _mark(answer["sound_mark"])),
        ("Record", f"{record}, {entry}; named by {named}" if record else "none was found"),
        *([("Shown as", _shown(shown))] if (shown := answer.get("shown")) else []),
        ("Consent today", plain(answer["consent"]) if record else "not asked: there is no record"),
    ]


def _credentials(reading: Mapping[str, Any]) -> str:
    """What the file says of itself is told as its own word."""
    parts = [CREDENTIALS.get(reading["state"], plain(reading["state"]))]
    parts += [f"signer: {reading['issuer']}"] if reading["issuer"] else []
    parts += [f"made with, by its own word: {reading['generator']}"] if reading["generator"] else []
    if reading["signed_at"]:
        stamped = "by a trusted time-stamp" if reading["time_stamped"] else "by the signer's own clock"
        parts.append(f"signed {reading['signed_at']} {stamped}")
    parts += [f"failures: {', '.join(reading['failures'])}"] if reading["failures"] else []
    return "; ".join(parts)


def _shown(shown: Mapping[str, Any]) -> str:
    """How a copy shows the released pictures, in words."""
    crop = shown["crop"]
    left = (crop["right"] - crop["left"]) * (crop["bottom"] - crop["top"])
    parts = [f"cropped: {left:.0%} of the released picture is left"] if left < WHOLE else []
    parts += ["mirrored"] if shown["mirrored"] else []
    turned = shown["rotation_degrees"]
    parts += [f"turned by {turned:.0f} degrees"] if abs(turned) >= TURNED_DEGREES else []
    parts += [f"{shown['speed']:.2f} times as fast"] if abs(shown["speed"] - 1) >= PACED else []
    parts += [f"something was laid over {_where(box)}" for box in shown["covered"]]
    return "; ".join(parts) or "as it was released"


def _mark(reading: Mapping[str, Any]) -> str:
    if not reading["payload"]:
        return "none was read"
    chance = f"; at most {reading['false_positive']:.0e} by chance" if reading["false_positive"] else ""
    return f"names {reading['payload']}, confidence {reading['confidence']:.2f}{chance}"


def _change(span: Mapping[str, Any]) -> Change:
    start, end, kind = span["start"], span["end"], span["kind"]
    released = ""
    if span.get("released_start") is not None and span.get("released_end") is not None:
        released = f"{clock(span['released_start'])} to {clock(span['released_end'])}"
    speed = f" ({span['speed']:.2f} times)" if span.get("speed") is not None else ""
    return Change(
        when=f"{clock(start)} to {clock(end)}" + (" of the released video" if kind == "missing" else ""),
        what=KINDS.get(kind, plain(kind)) + speed,
        where=_where(span.get("box")),
        released=released,
        confidence=f"{span['confidence']:.0%}",
    )


def _where(box: Mapping[str, float] | None) -> str:
    """A part of the picture in words: a ninth of it, or more of them."""
    if not box:
        return ""
    x, y = (box["left"] + box["right"]) / 2, (box["top"] + box["bottom"]) / 2
    down = "top" if y < 1 / 3 else "bottom" if y > 2 / 3 else ""
    across = "left" if x < 1 / 3 else "right" if x > 2 / 3 else ""
    share = (box["right"] - box["left"]) * (box["bottom"] - box["top"])
    return f"{' '.join(filter(None, (down, across))) or 'middle'}, {share:.0%} of the picture"


def _order(finding: Mapping[str, Any]) -> tuple[float, int, str]:
    return -finding["sign"], finding["face"], finding["cue"]


def _cue(finding: Mapping[str, Any], *, several: bool) -> Cue:
    face = f"face {finding['face'] + 1}, " if several and finding["group"] != "sound" else ""
    return Cue(
        group=group_of(finding["group"]),
        name=plain(finding["cue"]),
        value=f"{number(finding['value'])} {finding['unit']}".strip(),
        range=ranged(finding.get("low"), finding.get("high"), finding["unit"]),
        reason=_sentence(finding["reason"]),
        source=finding["source"],
        when=f"{face}{clock(finding['start'])} to {clock(finding['end'])}",
        sign=finding["sign"],
    )


def _face(track: Mapping[str, Any]) -> tuple[str, str, str]:
    when = f"{clock(track['start'])} to {clock(track['end'])}"
    name = f"Face {track['face'] + 1}, shot {track['shot'] + 1}, {when}"
    if track["note"]:
        return name, "not judged", track["note"]
    return name, f"{track['score']:.2f}", SCORES[track["score_verdict"]] + "."


def _check(check: Mapping[str, Any]) -> tuple[str, str, str]:
    outcome = "met" if check["passed"] else "flagged" if check["severity"] == "flag" else "not met"
    return plain(check["name"]), outcome, f"{_sentence(check['reason'])} Asked: {check['bound']}."


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
