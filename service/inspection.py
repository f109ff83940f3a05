"""A finished file read back as a stranger would: one decoding pass for every reader.

Generate's audit and Detect use this same code, so what the gate accepts is what Detect later recognises.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from perception.audio import Speech, read_recording
from perception.video import open_pictures
from safety import detector
from safety.consent import Consent
from safety.credentials import Signed
from safety.errors import InspectionRefused
from safety.fingerprint import Fingerprint, fingerprint
from safety.fingerprint.picture import STEP
from safety.lookup.words import NOTHING, Content, read_words
from safety.records import Record
from safety.watermark import Reading
from safety.watermark.sound import READABLE, SoundReading
from service.app import App
from service.caller import Caller
from service.fan import fan_out
from service.watcher import Watcher
from service.workers.job import Draft

IDENTITY_EVERY_SECONDS = 1.0
"""How often the face in a finished clip is compared with the sitter's."""

Frames = Iterator[tuple[float, NDArray[np.uint8]]]

SoundMark = Literal["read", "not_carried", "no_sound"]
"""The sound's mark was read; the sound is too short, quiet or plain to carry one; the clip has no sound."""


@dataclass(frozen=True)
class ReadBack:
    """What a file says for itself.

    Attributes:
        reading: of the pictures' watermark; None for a recording without pictures.
        sound: of the sound's mark; None for a video without sound.
        strangers: seconds at which the face was not the sitter's; only when one was named.
        aspect: width of the picture divided by its height; 0 without pictures.
        content: by what it is looked up.
    """

    reading: Reading | None
    sound: SoundReading | None
    report: detector.Report
    fingerprint: Fingerprint
    strangers: tuple[float, ...] = ()
    aspect: float = 0.0
    content: Content = NOTHING

    @property
    def payload(self) -> str | None:
        """The record that the pictures name."""
        return _hex(self.reading)

    @property
    def sound_payload(self) -> str | None:
        """The record that the sound names."""
        return _hex(self.sound)


@dataclass(frozen=True)
class Audit:
    """A draft that passed."""

    path: Path
    frames: int
    seconds: float
    report: detector.Report
    fingerprint: Fingerprint
    sound_mark: SoundMark
    content: Content

    @property
    def digest(self) -> str:
        """SHA-256 of the report, which is kept outside the log."""
        return hashlib.sha256(json.dumps(self.report.as_dict(), sort_keys=True).encode()).hexdigest()

    def record(
        self, record_id: str, caller: Caller, consent: Consent, signed: Signed, log_index: int, at: datetime
    ) -> Record:
        """What is kept of the release."""
        return Record(
            record_id=record_id,
            caller=caller.name,
            identity_id=consent.identity_id,
            consent_id=consent.consent_id,
            released_at=at,
            clip_sha256=signed.sha256,
            manifest_id=signed.manifest_id,
            clip_bytes=signed.size,
            seconds=self.seconds,
            frames=self.frames,
            fingerprint=self.fingerprint.to_bytes(),
            report=self.report.as_dict(),
            log_index=log_index,
        )


def read_back(
    app: App,
    video: Path,
    identity_id: str | None = None,
    expect: detector.Expectations | None = None,
    watcher: Watcher | None = None,
) -> ReadBack:
    """Decode `video` once for both marks, the detector, the fingerprint and, if named, the sitter's face.

    Of a file without pictures its sound alone is read.

    Raises:
        MediaError: it cannot be read.
        CallerGone: `watcher` was stopped.
        StoreUnavailable, IdentityErased: the sitter's template cannot be read.
    """
    opened = open_pictures(video)
    if opened is None:
        return _heard(app, video)
    with opened:
        speech = opened.speech()
        watcher, info = watcher or Watcher(), opened.info
        reading, sound, report, marks, content, strangers = fan_out(
            watcher.over(opened.frames(), info.seconds),
            app.watermark.extract,
            lambda frames: _sound_read(app, speech),
            lambda frames: detector.inspect(
                frames,
                speech,
                info.fps,
                finder=app.finder,
                expect=expect,
                seconds=info.seconds,
                progress=lambda now: watcher.found(now.report),
            ),
            lambda frames: fingerprint(frames, speech),
            lambda frames: read_words(frames, speech),
            lambda frames: _strangers(app, frames, identity_id),
        )
    return ReadBack(reading, sound, report, marks, strangers, info.width / info.height, content)


def _sound_read(app: App, speech: Speech | None) -> SoundReading | None:
    """The mark in the sound, beside the readers of the pictures."""
    return None if speech is None else app.sound_watermark.extract(speech.samples, speech.rate)


def _heard(app: App, path: Path) -> ReadBack:
    """What a recording says for itself. Its fingerprint has a grey, still picture. Raises MediaError."""
    speech = read_recording(path)
    return ReadBack(
        reading=None,
        sound=app.sound_watermark.extract(speech.samples, speech.rate),
        report=detector.without_pictures(speech.seconds, speech),
        fingerprint=fingerprint(still(speech.seconds), speech),
        content=read_words((), speech),
    )


def still(seconds: float) -> Frames:
    """A grey picture for as long as a recording has none."""
    grey = np.full((8, 8, 3), 128, np.uint8)
    return ((k * STEP, grey) for k in range(int(seconds / STEP) + 1))


def inspect(
    app: App,
    draft: Draft,
    *,
    payload: str,
    identity_id: str,
    expect: detector.Expectations,
) -> Audit:
    """Gate 9. The draft's own bytes must carry the marks, show the sitter alone, and speak with the sound.

    The sound's mark must be read where the sound's capacity, told before it was marked, is READABLE or more:
    about 3 seconds of speech. Sound that is shorter, quieter or plainer may come out unread, never with
    another record.

    Args:
        expect: what moves the face, and so what the lips are compared with.

    Raises:
        InspectionRefused: metadata `rules` names every bound that was broken.
    """
    back = read_back(app, draft.path, identity_id, expect)
    sound_mark = _sound_mark(back, draft)
    broken = [
        rule
        for rule, holds in {
            "inspect.watermark": back.payload == payload,
            "inspect.sound_mark": sound_mark is not None and back.sound_payload in (payload, None),
            "inspect.length": back.report.frames == draft.frames,
            "inspect.sitter": not back.strangers,
        }.items()
        if not holds
    ]
    broken += [f"inspect.{check}" for check in back.report.failed]
    if broken or sound_mark is None:
        raise InspectionRefused(
            f"the finished clip failed its inspection ({', '.join(broken)}): it is discarded; try another "
            "portrait or seed, and tell the operator if it happens again",
            rules=",".join(broken),
        )
    seconds = draft.frames / draft.fps
    return Audit(draft.path, draft.frames, seconds, back.report, back.fingerprint, sound_mark, back.content)


def _sound_mark(back: ReadBack, draft: Draft) -> SoundMark | None:
    """What became of the sound's mark; None where it, or the sound, is lost."""
    if draft.sound is None:
        return "no_sound" if back.sound is None else None
    if back.sound is None:
        return None
    if back.sound_payload is not None:
        return "read"
    return "not_carried" if draft.sound < READABLE else None


def _hex(reading: Reading | SoundReading | None) -> str | None:
    return reading.payload.hex() if reading is not None and reading.payload is not None else None


def _strangers(app: App, frames: Frames, identity_id: str | None) -> tuple[float, ...]:
    """Times at which the face is not the identity's, looked at once a second."""
    if identity_id is None:
        return ()
    strange: list[float] = []
    due = 0.0
    for at, frame in frames:
        if at >= due:
            due += IDENTITY_EVERY_SECONDS
            if not app.identities.same_person(frame, identity_id):
                strange.append(at)
    return tuple(strange)
