"""What Detect's answer means, in plain words. No word of it claims more than was measured."""

from collections.abc import Mapping, Sequence

VERDICTS: Mapping[str, str] = {
    "issued_intact": "This service made this video, and it is unchanged",
    "issued_recovered": "This service made this video; the file was re-encoded or stripped since",
    "issued_altered": "This service made this video, and parts of it were changed afterwards",
    "conflict": "The marks in this video contradict each other: treat it as tampered with",
    "foreign_credentials": "This video carries the credentials of somebody else",
    "no_record": "No mark of this service was found",
}
"""One headline for each verdict on the marks."""

SCORES: Mapping[str, str] = {
    "machine_made": "Signs of a machine-made face were found",
    "inconclusive": "What was measured does not tell whether a face is machine-made",
    "no_sign": "No sign of a machine-made face was found",
}
"""One sentence for each verdict on the score."""

CONSENTS: Mapping[str, str] = {
    "given": "The consent that it was made under stands today.",
    "withdrawn": "The consent that it was made under has been withdrawn.",
    "expired": "The consent that it was made under has expired.",
    "not_yet_valid": "The consent that it was made under is not valid yet.",
}

CREDENTIALS: Mapping[str, str] = {
    "none": "none in the file",
    "ours": "signed by this service, intact",
    "trusted": "signed by somebody else on a trust list, intact",
    "untrusted": "intact, but the signer is on no trust list",
    "invalid": "broken: the file does not fit what was signed",
}

WITNESSES: Mapping[str, str] = {
    "watermark": "the mark in the pictures",
    "sound": "the mark in the sound",
    "manifest": "the Content Credentials",
    "content": "the content alone",
}

KINDS: Mapping[str, str] = {
    "picture": "other pictures than were released",
    "region": "a part of the picture was changed",
    "sound": "other sound than was released",
    "missing": "left out",
    "inserted": "put in: it was not in what was released",
    "reordered": "moved to another place in time",
    "speed": "played at another speed",
}

GROUPS: Mapping[str, str] = {
    "blinks": "Blinking",
    "brows": "Eyebrows",
    "head": "Head movement",
    "gaze": "Gaze",
    "lips": "Lips and sound",
    "geometry": "Shape of the head",
    "texture": "Skin and hair texture",
    "mouth": "Inside of the mouth",
    "sharpness": "Sharpness",
    "borders": "Edges of the face",
    "spectrum": "Fine detail",
    "noise": "Camera noise",
    "compression": "Compression",
    "pulse": "Pulse in the skin",
    "drawn": "Drawn or filmed",
    "sound": "Sound",
    "network": "Learnt model",
}

_LIMITS: Sequence[str] = (
    "No answer of this report means that a video is real, that somebody did or did not say something, or who "
    "is shown.",
    "A video without a mark of this service may come from any camera and from any other generator.",
    "A mark can be destroyed on purpose: that none was found does not prove that there never was one.",
    "Generators of today stay within the human ranges of most measures, so that no sign of a machine-made "
    "face is weak evidence.",
    "Strong compression, small faces, short or silent videos and filters change what can be measured.",
    "People differ: illness, medicine, make-up, glasses and nervousness may lie outside a range as well.",
)
_UNCALIBRATED = "The score is not calibrated: it orders findings, and is no probability."
_CALIBRATED = (
    "The score is calibrated on the material that the service's documentation lists; on videos of another "
    "kind it may be wrong more often."
)


def limits_of(calibrated: bool) -> list[str]:
    """What no answer proves, one sentence each."""
    return [*_LIMITS, _CALIBRATED if calibrated else _UNCALIBRATED]


def group_of(name: str) -> str:
    """A group of cues by its title."""
    return GROUPS.get(name, plain(name).capitalize())


def plain(name: str) -> str:
    """A snake_case name as words."""
    return name.replace("_", " ")


def clock(seconds: float) -> str:
    """Minutes and seconds, such as 1:02.5."""
    tenths = round(max(seconds, 0.0) * 10)
    return f"{tenths // 600}:{tenths // 10 % 60:02d}.{tenths % 10}"


def length(seconds: float) -> str:
    """How long something is, such as 14.2 seconds or 10 min 5 s."""
    if seconds < 60:
        return f"{seconds:.1f} seconds"
    whole = round(seconds)
    return f"{whole // 60} min {whole % 60} s"


def number(value: float) -> str:
    """Three digits, or whole thousands with their commas: no exponent that a reader would stumble over."""
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e9 else f"{value:.3g}"


def ranged(low: float | None, high: float | None, unit: str) -> str:
    """A human range in words."""
    if low is None and high is None:
        return "no range is known"
    if low is None:
        return f"up to {number(high or 0.0)} {unit}".strip()
    if high is None:
        return f"{number(low)} {unit} or more".strip()
    return f"{number(low)} to {number(high)} {unit}".strip()


def size_of(count: int) -> str:
    """Bytes for people."""
    for unit, scale in (("MiB", 1 << 20), ("KiB", 1 << 10)):
        if count >= scale:
            return f"{count / scale:.1f} {unit}"
    return f"{count} bytes"
