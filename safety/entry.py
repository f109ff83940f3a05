"""What the provenance log records: kinds of entries, and an entry before it is appended.

An entry can never be erased, so it carries no personal data: ids, keyed commitments (`KeyRing.commitment`),
rule names, outcomes, times, digests of what this service made.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import rfc8785

from safety import entry_schema

ENTRY_BYTES = 65_535
"""An entry's most bytes: the length prefix of C2SP tlog-tiles entry bundles is 16 bits."""
STARTED = "started"
"""The service started: version, policy digest, fingerprints of its certificate and models."""
POLICY_LOADED = "policy.loaded"
"""A policy came into force: its digest."""
IDENTITY_ENROLLED = "identity.enrolled"
"""An identity was enrolled: identity_id, basis, who enrolled it."""
IDENTITY_VIEWED = "identity.viewed"
"""An operator looked at the words and pictures of a pending identity: identity_id, who."""
IDENTITY_REVIEWED = "identity.reviewed"
"""A second operator approved or rejected a character or an artwork: identity_id, who, outcome."""
IDENTITY_MEDIA_DELETED = "identity.media_deleted"
"""Enrolment pictures outlived their term and were deleted: identity_id."""
IDENTITY_REEMBEDDED = "identity.reembedded"
"""Another face encoder made an identity's template anew, or could not: identity_id, outcome."""
IDENTITY_ERASED = "identity.erased"
"""An identity's key was destroyed: identity_id, and the commitment to that key its enrolment has, too."""
IDENTITY_VOICE_ADDED = "identity.voice_added"
"""A voice print was put on record: identity_id, voice_id, who, whether it waits for a review."""
IDENTITY_VOICE_REMOVED = "identity.voice_removed"
"""A voice print was destroyed: identity_id, voice_id, who."""
IDENTITY_VOICE_REVIEWED = "identity.voice_reviewed"
"""A second operator approved or rejected a voice print: identity_id, voice_id, who, outcome."""
KEYS_ROTATED = "keys.rotated"
"""The vault's keys were wrapped anew by another master key: how many."""
CONSENT_GRANTED = "consent.granted"
"""A consent was recorded: consent_id, identity_id, digest of its terms."""
CONSENT_AMENDED = "consent.amended"
"""A consent has another scope from now on: consent_id, identity_id, version, digest of its terms."""
CONSENT_RENEWED = "consent.renewed"
"""A consent has a longer term: consent_id, identity_id, version, digest of its terms."""
CONSENT_WITHDRAWN = "consent.withdrawn"
"""A consent was withdrawn: consent_id, identity_id."""
SESSION_STARTED = "session.started"
"""A consent session was started: session_id, commitment to the terms the sitter is shown."""
SESSION_ISSUED = "session.issued"
"""Its challenge was shown: session_id, commitment to the challenge."""
SESSION_ATTEMPTED = "session.attempted"
"""A film was handed in: session_id, commitment to the film. Written before it is looked at."""
SESSION_REFUSED = "session.refused"
"""The film was refused: session_id, reason."""
SESSION_PASSED = "session.passed"
"""The film showed what was asked: session_id, commitment to the evidence."""
DECISION = "decision"
"""A gate decided on a request: gate, outcome, rules, commitments to what it saw."""
REFUSAL = "refusal"
"""A request ended here: gate, reason."""
INTENT = "intent"
"""A clip is about to be made under this permit: record_id. Written before its first frame exists."""
ISSUE = "issue"
"""A clip is released: record_id, manifest id, digest of the file. Only what has an issue leaves."""
ABORTED = "aborted"
"""A clip that had an intent will not be released: record_id, reason."""
KINDS = frozenset(
    {IDENTITY_VIEWED, IDENTITY_REVIEWED, IDENTITY_MEDIA_DELETED, IDENTITY_REEMBEDDED, KEYS_ROTATED}
    | {STARTED, POLICY_LOADED, IDENTITY_ENROLLED, IDENTITY_ERASED, CONSENT_GRANTED, CONSENT_WITHDRAWN}
    | {CONSENT_AMENDED, CONSENT_RENEWED}
    | {IDENTITY_VOICE_ADDED, IDENTITY_VOICE_REMOVED, IDENTITY_VOICE_REVIEWED}
    | {SESSION_STARTED, SESSION_ISSUED, SESSION_ATTEMPTED, SESSION_REFUSED, SESSION_PASSED}
    | {DECISION, REFUSAL, INTENT, ISSUE, ABORTED}
)

COLUMNS = ("trace_id", "request_id", "record_id", "identity_id", "consent_id", "gate", "outcome", "caller")
"""Keys of a body that entries can be looked up by; and by "at"."""


@dataclass(frozen=True)
class Entry:
    """What to append.

    Attributes:
        kind: one of `KINDS`.
        body: the fields of its kind (`safety.entry_schema`); without "kind" and "at".
        at: when, aware; written as "at" in UTC to the millisecond.
    """

    kind: str
    body: Mapping[str, Any]
    at: datetime | None = None

    @property
    def time(self) -> str | None:
        """`at`, as it is written."""
        return None if self.at is None else _utc(self.at)

    def canonical(self) -> bytes:
        """The bytes that are hashed.

        Raises:
            ValueError: an unknown kind, an unknown or reserved field, a value of another type than its
                field's or not JSON, or over 65,535 bytes.
        """
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind of entry: {self.kind!r}")
        if reserved := {"kind", "at"} & self.body.keys():
            raise ValueError(f"an entry's body may not have {sorted(reserved)}")
        if objections := entry_schema.objections(self.kind, self.body):
            raise ValueError(f"an entry of kind {self.kind} does not take {', '.join(objections)}")
        content = {"kind": self.kind, **self.body}
        if self.at is not None:
            content["at"] = self.time
        try:
            data = rfc8785.dumps(content)
        except rfc8785.CanonicalizationError as error:
            raise ValueError("an entry's body holds a value that is not JSON") from error
        if len(data) > ENTRY_BYTES:
            raise ValueError(f"an entry has at most {ENTRY_BYTES} bytes")
        return data


def _utc(at: datetime) -> str:
    if at.tzinfo is None:
        raise ValueError("the time of an entry needs a time zone")
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
