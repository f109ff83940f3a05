"""Errors of the gates, the marks and the log.

SitterError
└─ SafetyError
   ├─ Refused                     a gate decided no; metadata names the gate's rule
   │  ├─ IdentityRefused
   │  │  ├─ IdentityUnknown       no such identity
   │  │  ├─ IdentityErased        it was enrolled and has been erased
   │  │  ├─ IdentityMismatch      the portrait is not the claimed identity
   │  │  ├─ IdentityAmbiguous     another identity is as near as the claimed one
   │  │  ├─ IdentityProtected     somebody who must never be animated
   │  │  ├─ IdentityExists        enrolment: that face is enrolled already
   │  │  └─ EnrolmentRefused      pictures too few, too poor, or not of one person
   │  ├─ ConsentRefused
   │  │  ├─ ConsentUnknown
   │  │  ├─ ConsentForeign        it belongs to another identity
   │  │  ├─ ConsentNotYetValid
   │  │  ├─ ConsentExpired
   │  │  ├─ ConsentWithdrawn
   │  │  ├─ ConsentScope          caller, purpose, territory, channel, duration or controls not covered
   │  │  └─ ConsentInvalid        what is to be granted cannot be: unknown code, over the longest term
   │  ├─ PolicyRefused            the policy forbids; metadata names the rules
   │  ├─ PermitSpent              a permit was used twice
   │  ├─ InspectionRefused        the finished clip failed its audit
   │  ├─ PurposeUnknown           a purpose that is not in the vocabulary
   │  ├─ QuotaRefused
   │  └─ RequestConflict          a request_id seen before with another body
   ├─ Unavailable                 a part could not decide or write: fail closed, try again
   │  ├─ StoreUnavailable
   │  ├─ SignerUnavailable
   │  └─ PolicyUnavailable
   ├─ RecordUnknown               no such entry, clip or checkpoint
   ├─ EvidenceInvalid             a proof, checkpoint, log or evidence pack that contradicts itself
   ├─ CallerRefused               not authenticated
   │  └─ CallerForbidden          known, but suspended or without the role for this
   ├─ EncoderUnusable             a face encoder or its calibration is missing or wrong
   └─ Misconfigured               a key, certificate, policy or setting that cannot work
"""

from perception.errors import SitterError


class SafetyError(SitterError):
    reason = "SAFETY_ERROR"


class Refused(SafetyError):
    reason = "REFUSED"


class IdentityRefused(Refused):
    reason = "IDENTITY_REFUSED"


class IdentityUnknown(IdentityRefused):
    reason = "IDENTITY_UNKNOWN"


class IdentityErased(IdentityRefused):
    reason = "IDENTITY_ERASED"


class IdentityMismatch(IdentityRefused):
    reason = "IDENTITY_MISMATCH"


class IdentityAmbiguous(IdentityRefused):
    reason = "IDENTITY_AMBIGUOUS"


class IdentityProtected(IdentityRefused):
    reason = "IDENTITY_PROTECTED"


class IdentityExists(IdentityRefused):
    reason = "IDENTITY_EXISTS"


class EnrolmentRefused(IdentityRefused):
    reason = "ENROLMENT_REFUSED"


class ConsentRefused(Refused):
    reason = "CONSENT_REFUSED"


class ConsentUnknown(ConsentRefused):
    reason = "CONSENT_UNKNOWN"


class ConsentForeign(ConsentRefused):
    reason = "CONSENT_FOREIGN"


class ConsentNotYetValid(ConsentRefused):
    reason = "CONSENT_NOT_YET_VALID"


class ConsentExpired(ConsentRefused):
    reason = "CONSENT_EXPIRED"


class ConsentWithdrawn(ConsentRefused):
    reason = "CONSENT_WITHDRAWN"


class ConsentScope(ConsentRefused):
    reason = "CONSENT_SCOPE"


class ConsentInvalid(ConsentRefused):
    reason = "CONSENT_INVALID"


class PolicyRefused(Refused):
    reason = "POLICY_REFUSED"


class PermitSpent(Refused):
    reason = "PERMIT_SPENT"


class InspectionRefused(Refused):
    reason = "INSPECTION_REFUSED"


class PurposeUnknown(Refused):
    reason = "PURPOSE_UNKNOWN"


class QuotaRefused(Refused):
    reason = "QUOTA_REFUSED"


class RequestConflict(Refused):
    reason = "REQUEST_CONFLICT"


class Unavailable(SafetyError):
    reason = "UNAVAILABLE"


class StoreUnavailable(Unavailable):
    reason = "STORE_UNAVAILABLE"


class SignerUnavailable(Unavailable):
    reason = "SIGNER_UNAVAILABLE"


class PolicyUnavailable(Unavailable):
    reason = "POLICY_UNAVAILABLE"


class RecordUnknown(SafetyError):
    reason = "RECORD_UNKNOWN"


class EvidenceInvalid(SafetyError):
    reason = "EVIDENCE_INVALID"


class CallerRefused(SafetyError):
    reason = "CALLER_REFUSED"


class CallerForbidden(CallerRefused):
    reason = "CALLER_FORBIDDEN"


class EncoderUnusable(SafetyError):
    reason = "ENCODER_UNUSABLE"


class Misconfigured(SafetyError):
    reason = "MISCONFIGURED"
