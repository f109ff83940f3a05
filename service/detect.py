"""Detect: what is this video. The same reading code as the audit, one table for the verdict. No gRPC here."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from safety.consent import Consent
from safety.credentials import CredentialReading
from safety.errors import ConsentUnknown
from safety.fingerprint import Comparison, Fingerprint, compare
from safety.records import Record
from safety.verdict import EXPLANATIONS, CredentialState, Evidence, Verdict, judge
from service.app import App
from service.inspection import ReadBack, read_back


@dataclass(frozen=True)
class Detection:
    """The answer. `record` and `consent` are of the clip that the marks name, if they agree on one."""

    verdict: Verdict
    explanation: str
    credential_state: CredentialState
    credentials: CredentialReading
    back: ReadBack
    record: Record | None
    comparison: Comparison | None
    consent: Consent | None


def detect(app: App, video: Path) -> Detection:
    """Read every mark in `video`, compare the content with what was released, and judge.

    Nothing of the upload is kept. Raises MediaError when it cannot be read; a broken or hostile manifest
    is no error but a finding.
    """
    credentials = app.credentials.read(video)
    back = read_back(app, video)

    by_bytes = app.records.find("clip_sha256", _sha256(video))
    by_manifest = (
        app.records.find("manifest_id", credentials.manifest_id) if credentials.manifest_id else None
    )
    payload = back.reading.payload.hex() if back.reading.payload else None
    by_watermark = app.records.find("record_id", payload) if payload else None

    record = by_bytes or by_watermark or by_manifest
    comparison = compare(Fingerprint.from_bytes(record.fingerprint), back.fingerprint) if record else None
    found = Evidence(
        credentials=_state(credentials),
        by_bytes=_name(by_bytes),
        by_manifest=_name(by_manifest),
        by_watermark=_name(by_watermark),
        marks_unknown=(payload is not None and by_watermark is None)
        or (credentials.ours and by_manifest is None),
        same_clip=comparison.same_clip if comparison else None,
        altered=bool(comparison and comparison.altered),
    )
    verdict = judge(found)
    return Detection(
        verdict=verdict,
        explanation=EXPLANATIONS[verdict],
        credential_state=found.credentials,
        credentials=credentials,
        back=back,
        record=record,
        comparison=comparison,
        consent=_consent(app, record),
    )


def _state(credentials: CredentialReading) -> CredentialState:
    """The verdict's terms: intact by us, by a listed signer, by an unlisted one; or broken, or none."""
    if credentials.ours:
        return "ours"
    return "untrusted" if credentials.state == "valid" else credentials.state


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
