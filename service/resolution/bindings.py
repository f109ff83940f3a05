"""What a soft binding or a video resolves to: manifest ids. No HTTP here."""

import base64
import binascii
import re
from dataclasses import dataclass
from pathlib import Path

from perception.audio import Speech, read_recording
from perception.video import open_pictures
from safety.fingerprint import Comparison, Fingerprint, compare, fingerprint
from safety.fingerprint.heard import same_sound
from safety.lookup import Words, read_words
from safety.records import Record
from safety.watermark import ALGORITHM
from safety.watermark.sound import SOUND_ALGORITHM
from service.app import App
from service.detect import recognise
from service.fan import fan_out
from service.inspection import still
from service.queries import QueryInvalid
from service.watcher import Watcher

FINGERPRINT_ALGORITHM = "dev.sitter.fingerprint.2"
WATERMARKS = (ALGORITHM, SOUND_ALGORITHM)
FINGERPRINTS = (FINGERPRINT_ALGORITHM,)
LONGEST_VALUE = 128
"""Characters of a soft binding's value; ours have 24 hex digits."""

_HEX = re.compile(r"[0-9a-f]{24}")
_BYTES = 12


@dataclass(frozen=True)
class Match:
    """A manifest that fits; `score` is 0..100, the share of the pictures that agree, where they were seen."""

    manifest_id: str
    score: int | None = None

    def as_dict(self) -> dict[str, object]:
        """As the specification's `softBindingQueryResult` lists it."""
        scored = {} if self.score is None else {"similarityScore": self.score}
        return {"manifestId": self.manifest_id, **scored}


def by_binding(app: App, algorithm: str, value: str) -> list[Match]:
    """The manifest whose soft binding has that value: what the value names, not what any video is.

    Args:
        value: base64 of the payload's 12 bytes, or of its 24 hex digits as our manifests write them; or those
            digits as they are.

    Raises:
        QueryInvalid: the algorithm is not one of `WATERMARKS`, or the value is not of it.
    """
    if algorithm in FINGERPRINTS:
        raise QueryInvalid(
            f"{algorithm} is read from a video: send the video to /matches/byContent", part="alg"
        )
    if algorithm not in WATERMARKS:
        raise QueryInvalid(f"the algorithm is not supported: use {' or '.join(WATERMARKS)}", part="alg")
    record = app.records.find("record_id", _payload(value))
    return [Match(record.manifest_id)] if record else []


def by_content(
    app: App,
    video: Path,
    algorithm: str | None = None,
    hint: str | None = None,
    watcher: Watcher | None = None,
) -> list[Match]:
    """The manifests of the clip that a video shows: named by a mark or found by content, in either case only
    where the content agrees.

    Args:
        algorithm: only what this one of `WATERMARKS` and `FINGERPRINTS` finds.
        hint: a soft binding's value that the asker has read; it counts as a mark does.

    Raises:
        MediaError: the video cannot be read.
        QueryInvalid: no such algorithm, or the hint is no value of ours.
    """
    if algorithm is not None and algorithm not in (*WATERMARKS, *FINGERPRINTS):
        raise QueryInvalid("the algorithm is not supported: see /services/supportedAlgorithms", part="alg")
    hinted = [] if hint is None else [_payload(hint)]
    seen = _read(app, video, watcher or Watcher())
    named = hinted + [payload for name, payload in seen.marks.items() if algorithm in (None, name)]
    found: dict[str, Match] = {}
    for payload in dict.fromkeys(named):
        record = app.records.find("record_id", payload)
        if record is not None and (match := _agreeing(record, seen)):
            found[record.record_id] = match
    if not found and seen.pictures and algorithm in (None, FINGERPRINT_ALGORITHM):
        recognised = recognise(app, seen.sought, seen.probe)
        if recognised is not None:
            found[recognised[0].record_id] = Match(recognised[0].manifest_id, _score(recognised[1]))
    return sorted(found.values(), key=lambda match: -(match.score or 0))


@dataclass(frozen=True)
class _Seen:
    """What was read of a video: payloads by algorithm, the words to look for, the fingerprint."""

    marks: dict[str, str]
    sought: Words
    probe: Fingerprint
    pictures: bool


def _agreeing(record: Record, seen: _Seen) -> Match | None:
    """A match if the content agrees with the record's: a mark alone may have been copied."""
    released = Fingerprint.from_bytes(record.fingerprint)
    if not seen.pictures:
        return Match(record.manifest_id) if same_sound(released, seen.probe) else None
    comparison = compare(released, seen.probe)
    return Match(record.manifest_id, _score(comparison)) if comparison.same_clip else None


def _score(comparison: Comparison) -> int:
    return min(100, max(1, round(100 * comparison.similarity)))


def _read(app: App, video: Path, watcher: Watcher) -> _Seen:
    """One decoding pass."""
    opened = open_pictures(video)
    marks: dict[str, str] = {}
    if opened is None:
        speech = read_recording(video)
        _heard(app, speech, marks)
        probe = fingerprint(still(speech.seconds), speech)
        return _Seen(marks, read_words((), speech).sought, probe, pictures=False)
    with opened:
        sound = opened.speech()
        if sound is not None:
            _heard(app, sound, marks)
        reading, probe, content = fan_out(
            watcher.over(opened.frames(), opened.info.seconds),
            app.watermark.extract,
            lambda frames: fingerprint(frames, sound),
            lambda frames: read_words(frames, sound),
        )
    if reading.payload is not None:
        marks[ALGORITHM] = reading.payload.hex()
    return _Seen(marks, content.sought, probe, pictures=True)


def _heard(app: App, speech: Speech, marks: dict[str, str]) -> None:
    payload = app.sound_watermark.extract(speech.samples, speech.rate).payload
    if payload is not None:
        marks[SOUND_ALGORITHM] = payload.hex()


def _payload(value: str) -> str:
    """The record's name in a soft binding's value. Raises QueryInvalid."""
    text = value.strip()
    if len(text) <= LONGEST_VALUE:
        if _HEX.fullmatch(text.lower()):
            return text.lower()
        try:
            data = base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
        except (binascii.Error, ValueError):
            data = b""
        if len(data) == _BYTES:
            return data.hex()
        if _HEX.fullmatch(data.decode("ascii", "replace").lower()):
            return data.decode("ascii").lower()
    raise QueryInvalid(
        f"the value is no payload of ours: send base64 of its {_BYTES} bytes or its {2 * _BYTES} hex digits",
        part="value",
    )
