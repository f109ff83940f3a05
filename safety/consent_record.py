"""The consent record after ISO/IEC TS 27560:2023, signed, and the receipt that a sitter keeps of it.

A record is a JSON object. It is signed with Ed25519 (RFC 8032) over its canonical form (RFC 8785), and names
the digest of the version before it, so that versions form a chain. A receipt is the record, the signature and
the public key: whoever holds the service's published key checks it with nothing else of ours. The headings of
the standard are kept: record and parties, notice, purposes, personal data, recipients, events.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from safety.consent_rows import Consent
from safety.dpv import DPV, PURPOSES, STATUS
from safety.errors import EvidenceInvalid
from safety.retention import MOST_DAYS

SCHEMA = "sitter.consent-record.1"
ALGORITHM = "Ed25519"

_LAWFUL_BASIS = {
    "consent": DPV + "ExplicitlyExpressedConsent",
    "character": "declaration of authorship",
    "artwork": "declaration that the work is in the public domain",
}
_TEMPLATE_KEPT = f"until the identity is erased, at most {MOST_DAYS} days from its enrolment"
_UNSTATED = "not stated by the controller"
_WITHDRAWAL = (
    "Ask the controller, or withdraw with the role sitter: `sitter consent withdraw RECORD_ID`. At once."
)


@dataclass(frozen=True)
class RecordSigner:
    """Signs the records of one deployment.

    Attributes:
        key: Ed25519; from `KeyRing.derive("consent-records")`.
        controller: who answers for the processing, as records name them.
        jurisdiction, storage: which law applies and where the data is kept, as the controller states it;
            empty where it does not.
    """

    key: Ed25519PrivateKey = field(repr=False)
    controller: str
    jurisdiction: str = ""
    storage: str = ""

    @classmethod
    def of(cls, seed: bytes, controller: str, *, jurisdiction: str = "", storage: str = "") -> "RecordSigner":
        """`seed`: 32 secret bytes, the same at every start."""
        return cls(Ed25519PrivateKey.from_private_bytes(seed), controller, jurisdiction, storage)

    @property
    def public_key(self) -> str:
        """Base64 of the 32 bytes: publish it."""
        return base64.b64encode(self.key.public_key().public_bytes_raw()).decode()

    def receipt(
        self, consent: Consent, event: str, *, at: datetime, by: str, before: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        """The signed receipt of a consent's new version.

        Args:
            event: granted, amended, renewed or withdrawn.
            at, by: when, and by which caller it was recorded.
            before: the receipt of the version before, None for the first.
        """
        record = _record(consent, self.controller, event, at, by) | _handling(consent, self)
        record["previous_sha256"] = None if before is None else digest(before["record"])
        return {
            "record": record,
            "signature": {
                "algorithm": ALGORITHM,
                "canonicalisation": "RFC 8785",
                "public_key": self.public_key,
                "value": base64.b64encode(self.key.sign(rfc8785.dumps(record))).decode(),
            },
        }


def digest(record: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical record, hex."""
    return hashlib.sha256(rfc8785.dumps(dict(record))).hexdigest()


def verify(receipt: Any, public_key: str | None = None) -> Mapping[str, Any]:
    """The record of a receipt, if the signature is right.

    Args:
        public_key: the service's published key, base64. Without it only the receipt's own key is used, which
            shows that nothing was changed since it was signed, not who signed.

    Raises:
        EvidenceInvalid: it is not a receipt, was changed, or another key signed it.
    """
    try:
        record, signature = receipt["record"], receipt["signature"]
        if record["schema"] != SCHEMA or signature["algorithm"] != ALGORITHM:
            raise EvidenceInvalid("this is not a receipt that this version knows")
        if public_key is not None and signature["public_key"] != public_key.strip():
            raise EvidenceInvalid("another key than the given one signed this receipt")
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(signature["public_key"], validate=True))
        key.verify(base64.b64decode(signature["value"], validate=True), rfc8785.dumps(record))
    except InvalidSignature as error:
        raise EvidenceInvalid("the receipt was changed after it was signed") from error
    except (KeyError, TypeError, ValueError, binascii.Error, rfc8785.CanonicalizationError) as error:
        raise EvidenceInvalid("this is not a consent receipt") from error
    found: Mapping[str, Any] = record
    return found


def _record(consent: Consent, controller: str, event: str, at: datetime, by: str) -> dict[str, Any]:
    scope = consent.scope
    return {
        "schema": SCHEMA,
        "schema_version": "1",
        "record_id": consent.consent_id,
        "version": consent.version,
        "parties": {
            "controller": controller,
            "pii_principal": consent.identity_id,
            "recipients": sorted(scope.callers),
        },
        "notice": {"name": consent.notice},
        "lawful_basis": _LAWFUL_BASIS[consent.basis],
        "basis": consent.basis,
        "purposes": [{"code": code, "dpv": PURPOSES[code]} for code in sorted(scope.purposes)],
        "personal_data": ["portrait", *_templates(consent), "clips made of them"],
        "special_category": "biometric",
        "territories": sorted(scope.territories),
        "channels": sorted(scope.channels),
        "languages": sorted(scope.languages),
        "emotions": sorted(scope.emotions),
        "controls": sorted(scope.controls),
        "live_streaming": scope.live,
        "own_voice_only": scope.own_voice_only,
        "script": {
            "rule": scope.script.kind,
            "texts": sorted(scope.script.texts),
            "ruled_out_topics": sorted(scope.script.topics),
            "ruled_out_terms": sorted(scope.script.terms),
        },
        "limits": {
            "seconds_per_clip": scope.max_seconds,
            "seconds_in_total": scope.total_seconds,
            "clips": scope.max_clips,
            "clips_per_day": scope.clips_per_day,
        },
        "term": {"not_before": _utc(scope.not_before), "not_after": _utc(scope.not_after)},
        "evidence_commitment": consent.evidence,
        "attested_by": consent.attested,
        "event": {"type": event, "state": STATUS[event], "time": _utc(at), "recorded_by": by},
        "granted_at": _utc(consent.granted_at),
        "withdrawal": _WITHDRAWAL,
    }


def _handling(consent: Consent, signer: RecordSigner) -> dict[str, Any]:
    """Where the data is, for how long, and under which law: fields of ISO/IEC TS 27560 by its names."""
    return {
        "storage_locations": [signer.storage or _UNSTATED],
        "retention_period": [
            *({"data": name, "period": _TEMPLATE_KEPT} for name in _templates(consent)),
            {"data": "portrait", "period": "not kept, unless the enrolment says until when"},
            {"data": "clips made of them", "period": _UNSTATED},
            {"data": "consent record", "period": "kept as evidence, with ids and commitments alone"},
        ],
        "jurisdiction": signer.jurisdiction or _UNSTATED,
    }


def _templates(consent: Consent) -> list[str]:
    return ["face template", "voice print"] if consent.scope.own_voice_only else ["face template"]


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
