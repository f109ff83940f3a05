"""What the provenance log records: kinds of entries, and an entry before it is appended.

An entry can never be erased, so it carries no personal data: ids, keyed commitments (`KeyRing.commitment`),
rule names, outcomes, times, digests of what this service made.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import rfc8785

ENTRY_BYTES = 65_535
"""An entry's most bytes: the length prefix of C2SP tlog-tiles entry bundles is 16 bits."""
STARTED = "started"
"""The service started: version, policy digest, fingerprints of its certificate and models."""
POLICY_LOADED = "policy.loaded"
"""A policy came into force: its digest."""
IDENTITY_ENROLLED = "identity.enrolled"
"""An identity was enrolled: identity_id, basis, who enrolled it."""
IDENTITY_ERASED = "identity.erased"
"""An identity's key was destroyed: identity_id."""
CONSENT_GRANTED = "consent.granted"
"""A consent was recorded: consent_id, identity_id, digest of its terms."""
CONSENT_WITHDRAWN = "consent.withdrawn"
"""A consent was withdrawn: consent_id, identity_id."""
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
    {STARTED, POLICY_LOADED, IDENTITY_ENROLLED, IDENTITY_ERASED, CONSENT_GRANTED, CONSENT_WITHDRAWN}
    | {DECISION, REFUSAL, INTENT, ISSUE, ABORTED}
)

COLUMNS = ("trace_id", "request_id", "record_id", "identity_id", "consent_id", "gate", "outcome")
"""Keys of a body that entries can be looked up by."""


@dataclass(frozen=True)
class Entry:
    """What to append.

    Attributes:
        kind: one of `KINDS`.
        body: JSON values by name; without "kind" and "at". The keys in `COLUMNS` must be strings.
        at: when, aware; written as "at" in UTC to the millisecond.
    """

    kind: str
    body: Mapping[str, Any]
    at: datetime | None = None

    def canonical(self) -> bytes:
        """The bytes that are hashed.

        Raises:
            ValueError: an unknown kind, a reserved key, a value that is not JSON, or over 65,535 bytes.
        """
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind of entry: {self.kind!r}")
        if reserved := {"kind", "at"} & self.body.keys():
            raise ValueError(f"an entry's body may not have {sorted(reserved)}")
        if any(not isinstance(self.body.get(name, ""), str) for name in COLUMNS):
            raise ValueError(f"of an entry's body {COLUMNS} must be strings")
        content = {"kind": self.kind, **self.body}
        if self.at is not None:
            content["at"] = _utc(self.at)
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
