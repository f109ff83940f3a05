"""Errors of the gates, the marks and the log.

SitterError
└─ SafetyError
   ├─ Refused                     a gate decided no; metadata names the gate's rule
   │  ├─ IdentityRefused
   │  │  ├─ IdentityUnknown       no such identity
   │  │  ├─ IdentityErased        it was enrolled and has been erased
   │  │  ├─ IdentityPending       a second operator has not approved it yet
   │  │  ├─ IdentitySuspended     it has no template of the face encoder in use
   │  │  ├─ ReviewRefused         it waits for no review, or the reviewer enrolled it
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
   │  │  ├─ ConsentUsedUp         its clips or seconds are used up
   │  │  ├─ ConsentConflict       it was changed by somebody else meanwhile: read it again
   │  │  ├─ ConsentScope          caller, purpose, territory, channel, duration or controls not covered
   │  │  └─ ConsentInvalid        what is to be granted cannot be: unknown code, over the longest term
   │  ├─ SessionRefused           a consent session; metadata says what was seen
   │  │  ├─ SessionUnknown
   │  │  ├─ SessionExpired         its term, or the time in which it may be cited, is over
   │  │  ├─ SessionSpent           it was passed, given up or cited already, or has no attempts left
   │  │  ├─ SessionForeign         it belongs to another caller, sitter or scope
   │  │  ├─ SessionRequired        a living person's consent needs one here
   │  │  ├─ SessionReplayed        the film was handed in before
   │  │  ├─ SessionMachineMade     the film carries a mark of this service
   │  │  ├─ SessionCut             pictures or sound are not in one piece
   │  │  ├─ SessionFaceLost        no face, or not long enough
   │  │  ├─ SessionSecondFace
   │  │  ├─ SessionPersonChanged   not one person throughout
   │  │  ├─ SessionOtherPerson     not the person it is for
   │  │  ├─ SessionFlat            a print or a still, held before the camera
   │  │  ├─ SessionTurns           the head did not turn as was asked
   │  │  ├─ SessionSilent
   │  │  ├─ SessionCodeWrong
   │  │  ├─ SessionCodeOld         the code of another session
   │  │  └─ SessionLips            the lips do not go with the sound
   │  ├─ VoiceRefused             the consent allows the sitter's own voice only
   │  │  ├─ VoiceOther             another voice is heard in the speech, or in a part of it
   │  │  ├─ VoiceUnclear           no speech, or too little to tell whose it is
   │  │  ├─ VoiceMissing           no voice, or too little of it, is enrolled
   │  │  └─ VoiceUnknown           no such voice print
   │  ├─ PolicyRefused            the policy forbids; metadata names the rules
   │  ├─ PermitSpent              a permit was used twice
   │  ├─ InspectionRefused        the finished clip failed its audit
   │  ├─ PurposeUnknown           a purpose that is not in the vocabulary
   │  ├─ QuotaRefused
   │  └─ RequestConflict          a request_id seen before with another body
   ├─ Unavailable                 a part could not decide or write: fail closed, try again
   │  ├─ StoreUnavailable
   │  ├─ SignerUnavailable
   │  ├─ RecogniserUnavailable
   │  └─ PolicyUnavailable
   ├─ RecordUnknown               no such entry, clip or checkpoint
   ├─ EvidenceInvalid             a proof, checkpoint, log or evidence pack that contradicts itself
   ├─ CallerRefused               not authenticated
   │  └─ CallerForbidden          known, but suspended or without the role for this
   ├─ EncoderUnusable             a face encoder or its calibration is missing or wrong
   └─ Misconfigured               a key, certificate, policy or setting that cannot work
"""

from collections.abc import Sequence

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


class IdentityPending(IdentityRefused):
    reason = "IDENTITY_PENDING"


class IdentitySuspended(IdentityRefused):
    reason = "IDENTITY_SUSPENDED"


class ReviewRefused(IdentityRefused):
    reason = "REVIEW_REFUSED"


class IdentityMismatch(IdentityRefused):
    reason = "IDENTITY_MISMATCH"


class IdentityAmbiguous(IdentityRefused):
    reason = "IDENTITY_AMBIGUOUS"


class _Resembling(IdentityRefused):
    """Attributes: resembled: kind and id of whom; for the operators' report, never sent."""

    resembled: Sequence[tuple[str, str]] = ()


class IdentityProtected(_Resembling):
    reason = "IDENTITY_PROTECTED"


class IdentityExists(_Resembling):
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


class ConsentUsedUp(ConsentRefused):
    reason = "CONSENT_USED_UP"


class ConsentConflict(ConsentRefused):
    reason = "CONSENT_CONFLICT"


class ConsentScope(ConsentRefused):
    reason = "CONSENT_SCOPE"


class ConsentInvalid(ConsentRefused):
    reason = "CONSENT_INVALID"


class SessionRefused(Refused):
    reason = "SESSION_REFUSED"


class SessionUnknown(SessionRefused):
    reason = "SESSION_UNKNOWN"


class SessionExpired(SessionRefused):
    reason = "SESSION_EXPIRED"


class SessionSpent(SessionRefused):
    reason = "SESSION_SPENT"


class SessionForeign(SessionRefused):
    reason = "SESSION_FOREIGN"


class SessionRequired(SessionRefused):
    reason = "SESSION_REQUIRED"


class SessionReplayed(SessionRefused):
    reason = "SESSION_REPLAYED"


class SessionMachineMade(SessionRefused):
    reason = "SESSION_MACHINE_MADE"


class SessionCut(SessionRefused):
    reason = "SESSION_CUT"


class SessionFaceLost(SessionRefused):
    reason = "SESSION_FACE_LOST"


class SessionSecondFace(SessionRefused):
    reason = "SESSION_SECOND_FACE"


class SessionPersonChanged(SessionRefused):
    reason = "SESSION_PERSON_CHANGED"


class SessionOtherPerson(SessionRefused):
    reason = "SESSION_OTHER_PERSON"


class SessionFlat(SessionRefused):
    reason = "SESSION_FLAT"


class SessionTurns(SessionRefused):
    reason = "SESSION_TURNS"


class SessionSilent(SessionRefused):
    reason = "SESSION_SILENT"


class SessionCodeWrong(SessionRefused):
    reason = "SESSION_CODE_WRONG"


class SessionCodeOld(SessionRefused):
    reason = "SESSION_CODE_OLD"


class SessionLips(SessionRefused):
    reason = "SESSION_LIPS"


class VoiceRefused(Refused):
    reason = "VOICE_REFUSED"


class VoiceOther(VoiceRefused):
    reason = "VOICE_OTHER"


class VoiceUnclear(VoiceRefused):
    reason = "VOICE_UNCLEAR"


class VoiceMissing(VoiceRefused):
    reason = "VOICE_MISSING"


class VoiceUnknown(VoiceRefused):
    reason = "VOICE_UNKNOWN"


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


class RecogniserUnavailable(Unavailable):
    reason = "RECOGNISER_UNAVAILABLE"


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
