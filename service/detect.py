"""Detect: what is this video. The same reading code as the audit, one table for the verdict. No gRPC here."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from safety.consent import Consent
from safety.credentials import CredentialReading
from safety.errors import ConsentUnknown
from safety.fingerprint import Comparison, Fingerprint, Span, compare
from safety.fingerprint.heard import same_sound
from safety.lookup import Words
from safety.records import Record
from safety.verdict import CredentialState, Evidence, Verdict, explain, judge
from service.app import App
from service.inspection import ReadBack, read_back
from service.watcher import Stage, Watcher

CERTAIN = 0.9
"""Share of a video's pictures that are a release's from which no other candidate is looked at."""


@dataclass(frozen=True)
class Detection:
    """The answer. `record` and `consent` are of the clip that the marks name, or else the content."""

    verdict: Verdict
    explanation: str
    credential_state: CredentialState
    credentials: CredentialReading
    back: ReadBack
    record: Record | None
    comparison: Comparison | None
    consent: Consent | None


def detect(app: App, video: Path, watcher: Watcher | None = None) -> Detection:
    """Read every mark in `video`, compare the content with what was released, and judge.

    Nothing of the upload is kept. Raises MediaError when it cannot be read, and CallerGone when `watcher` is
    stopped; a broken or hostile manifest is no error but a finding.
    """
    watcher = watcher or Watcher()
    watcher.at(Stage.CREDENTIALS)
    credentials = app.credentials.read(video)
    back = read_back(app, video, watcher=watcher)

    by_bytes = app.records.find("clip_sha256", _sha256(video))
    by_manifest = (
        app.records.find("manifest_id", credentials.manifest_id) if credentials.manifest_id else None
    )
    by_watermark, unknown_picture = _named(app, back.payload)
    by_sound, unknown_sound = _named(app, back.sound_payload)

    record = by_bytes or by_watermark or by_sound or by_manifest
    comparison, sounds_same = _compared(record, back) if record else (None, None)
    recognised = None
    if by_bytes is None and back.reading is not None and not (comparison and comparison.same_clip):
        recognised = recognise(app, back.content.sought, back.fingerprint)
    if record is None and recognised is not None:
        record, comparison = recognised
        sounds_same = same_sound(Fingerprint.from_bytes(record.fingerprint), back.fingerprint)
    found = Evidence(
        credentials=_state(credentials),
        by_bytes=_name(by_bytes),
        by_manifest=_name(by_manifest),
        by_watermark=_name(by_watermark),
        by_sound=_name(by_sound),
        marks_unknown=unknown_picture or unknown_sound or (credentials.ours and by_manifest is None),
        same_clip=comparison.same_clip if comparison else None,
        altered=bool(comparison and comparison.altered),
        same_sound=sounds_same,
        pictures=back.reading is not None,
        by_content=recognised[0].record_id if recognised else None,
    )
    verdict = judge(found)
    return Detection(
        verdict=verdict,
        explanation=explain(verdict, found),
        credential_state=found.credentials,
        credentials=credentials,
        back=back,
        record=record,
        comparison=comparison,
        consent=_consent(app, record),
    )


def recognise(app: App, sought: Words, probe: Fingerprint) -> tuple[Record, Comparison] | None:
    """The release that a video is of by its content alone, and how they compare.

    Words find candidates; only one whose pictures agree, by the fingerprint, is an answer. Of several (a
    request made twice gives the same pictures) the best agreement, and of equals the first candidate.
    """
    best: tuple[Record, Comparison] | None = None
    for candidate in app.lookup.search(sought):
        record = app.records.find("record_id", candidate.record_id)
        if record is None:
            continue
        comparison = compare(Fingerprint.from_bytes(record.fingerprint), probe)
        if comparison.same_clip and (best is None or comparison.similarity > best[1].similarity):
            best = record, comparison
        if best is not None and best[1].similarity >= CERTAIN:
            break
    return best


def _state(credentials: CredentialReading) -> CredentialState:
    """The verdict's terms: intact by us, by a listed signer, by an unlisted one; or broken, or none."""
    if credentials.ours:
        return "ours"
    return "untrusted" if credentials.state == "valid" else credentials.state


def _named(app: App, payload: str | None) -> tuple[Record | None, bool]:
    """The record that a mark names, and whether it names one that is not here."""
    record = app.records.find("record_id", payload) if payload else None
    return record, payload is not None and record is None


def _compared(record: Record, back: ReadBack) -> tuple[Comparison, bool]:
    """The content against the record's: all of it, and its sound alone.

    Where only the sound agrees, all pictures are reported as changed.
    """
    released = Fingerprint.from_bytes(record.fingerprint)
    sounds_same = same_sound(released, back.fingerprint)
    if back.reading is not None:
        comparison = compare(released, back.fingerprint)
        if comparison.same_clip or not sounds_same:
            return comparison, sounds_same
    spans = (Span(0.0, round(back.fingerprint.seconds, 2), "picture"),) if sounds_same else ()
    return Comparison(same_clip=False, similarity=0.0, altered=spans), sounds_same


def _name(record: Record | None) -> str | None:
    return record.record_id if record else None


def _consent(app: App, record: Record | None) -> Consent | None:
    try:
        return app.consents.get(record.consent_id) if record else None
    except ConsentUnknown:
        return None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
