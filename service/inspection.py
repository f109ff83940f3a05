"""A finished file read back as a stranger would: one decoding pass for every reader.

Generate's audit and Detect use this same code, so what the gate accepts is what Detect later recognises.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from perception.video import VideoInfo, open_video
from safety import detector
from safety.consent import Consent
from safety.credentials import Signed
from safety.errors import InspectionRefused
from safety.fingerprint import Fingerprint, fingerprint
from safety.records import Record
from safety.watermark import Reading
from service.app import App
from service.caller import Caller
from service.fan import fan_out
from service.workers.job import Draft

IDENTITY_EVERY_SECONDS = 1.0
"""How often the face in a finished clip is compared with the sitter's."""

Frames = Iterator[tuple[float, NDArray[np.uint8]]]


@dataclass(frozen=True)
class ReadBack:
    """What a file says for itself."""

    info: VideoInfo
    reading: Reading
    report: detector.Report
    fingerprint: Fingerprint
    strangers: tuple[float, ...]  # seconds at which the face was not the sitter's; only when one was named


@dataclass(frozen=True)
class Audit:
    """A draft that passed."""

    path: Path
    frames: int
    seconds: float
    report: detector.Report
    fingerprint: Fingerprint

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
    app: App, video: Path, identity_id: str | None = None, expect: detector.Expectations | None = None
) -> ReadBack:
    """Decode `video` once for the watermark, the detector, the fingerprint and, if named, the sitter's face.

    Raises:
        MediaError: it cannot be read.
        StoreUnavailable, IdentityErased: the sitter's template cannot be read.
    """
    with open_video(video) as opened:
        speech = opened.speech()
        reading, report, marks, strangers = fan_out(
            opened.frames(),
            app.watermark.extract,
            lambda frames: detector.inspect(
                frames, speech, opened.info.fps, finder=app.finder, expect=expect
            ),
            lambda frames: fingerprint(frames, speech),
            lambda frames: _strangers(app, frames, identity_id),
        )
    return ReadBack(opened.info, reading, report, marks, strangers)


def inspect(
    app: App,
    draft: Draft,
    *,
    payload: str,
    identity_id: str,
    expect: detector.Expectations,
) -> Audit:
    """Gate 9. The draft's own bytes must carry the mark, show the sitter alone, and speak with the sound.

    Args:
        expect: what moves the face, and so what the lips are compared with.

    Raises:
        InspectionRefused: metadata `rules` names every bound that was broken.
    """
    back = read_back(app, draft.path, identity_id, expect)
    read = back.reading.payload.hex() if back.reading.payload else None
    broken = [
        rule
        for rule, holds in {
            "inspect.watermark": read == payload,
            "inspect.length": back.report.frames == draft.frames,
            "inspect.sitter": not back.strangers,
        }.items()
        if not holds
    ]
    broken += [f"inspect.{check}" for check in back.report.failed]
    if broken:
        raise InspectionRefused(
            f"the finished clip failed its inspection ({', '.join(broken)}): it is discarded; try another "
            "portrait or seed, and tell the operator if it happens again",
            rules=",".join(broken),
        )
    return Audit(draft.path, draft.frames, draft.frames / draft.fps, back.report, back.fingerprint)


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
