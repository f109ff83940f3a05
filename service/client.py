"""The Python client: what the CLI, the demo and the tests use.

with Client("127.0.0.1:8443", token=make_token) as sitter:
    release = sitter.generate(spec, portrait, speech, progress=print)
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from service.pb.sitter.v1 import (
    audit_pb2,
    audit_pb2_grpc,
    consent_pb2,
    consent_pb2_grpc,
    detection_pb2,
    detection_pb2_grpc,
    generation_pb2,
    generation_pb2_grpc,
    identity_pb2,
    identity_pb2_grpc,
    session_pb2,
    session_pb2_grpc,
)

CHUNK = 256 * 1024


class RemoteError(Exception):
    """The service refused or failed.

    Attributes:
        code: name of the gRPC status code.
        reason: stable UPPER_SNAKE reason; empty when the service could not be reached.
        metadata: limit names, rules, and the trace id.
    """

    def __init__(self, code: str, reason: str, message: str, metadata: dict[str, str]) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.metadata = metadata


@dataclass(frozen=True)
class Generated:
    """A clip and what the service said of it."""

    release: generation_pb2.Release
    clip: bytes
    trace_id: str


class Client:
    """A connection to one service. Every method raises RemoteError.

    Args:
        target: host:port.
        token: gives the bearer token of a call; None for calls that need none.
        credentials: TLS channel credentials; None for a plain connection on loopback.
        seconds: deadline of every call.
    """

    def __init__(
        self,
        target: str,
        *,
        token: Callable[[], str] | None = None,
        credentials: grpc.ChannelCredentials | None = None,
        seconds: float = 3600.0,
    ) -> None:
        self._token = token
        self._seconds = seconds
        self._channel = (
            grpc.secure_channel(target, credentials) if credentials else grpc.insecure_channel(target)
        )
        self._identities = identity_pb2_grpc.IdentityServiceStub(self._channel)
        self._consents = consent_pb2_grpc.ConsentServiceStub(self._channel)
        self._generation = generation_pb2_grpc.GenerationServiceStub(self._channel)
        self._detection = detection_pb2_grpc.DetectionServiceStub(self._channel)
        self._audit = audit_pb2_grpc.AuditServiceStub(self._channel)
        self._sessions = session_pb2_grpc.ConsentSessionServiceStub(self._channel)

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._channel.close()

    def enroll(
        self,
        pictures: list[bytes],
        *,
        basis: str,
        label: str,
        declaration: str,
        adult: bool,
        protected: bool = False,
        guardian: bool = False,
        video: bytes = b"",
        template: identity_pb2.FaceTemplate | None = None,
        retain_days: int = 0,
        media_days: int = 0,
        voices: Sequence[bytes] = (),
    ) -> identity_pb2.EnrollIdentityResponse:
        header = identity_pb2.EnrollIdentityHeader(
            basis=identity_pb2.Basis.Value(f"BASIS_{basis.upper()}"),
            label=label, declaration=declaration, adult=adult, protected=protected,
            picture_bytes=[len(picture) for picture in pictures], guardian=guardian, video_bytes=len(video),
            template=template, retain_days=retain_days, media_days=media_days,
            voice_bytes=[len(voice) for voice in voices],
        )  # fmt: skip
        messages = _upload(
            identity_pb2.EnrollIdentityRequest, {"header": header}, [*pictures, video, *voices]
        )
        return self._call(self._identities.EnrollIdentity, messages)

    def add_voice(
        self, identity_id: str, recordings: Sequence[bytes], *, session_id: str = ""
    ) -> identity_pb2.AddVoiceResponse:
        header = identity_pb2.AddVoiceHeader(
            identity_id=identity_id, voice_bytes=[len(each) for each in recordings], session_id=session_id
        )
        messages = _upload(identity_pb2.AddVoiceRequest, {"header": header}, recordings)
        return self._call(self._identities.AddVoice, messages)

    def voices(self, identity_id: str) -> list[identity_pb2.VoicePrint]:
        request = identity_pb2.ListVoicesRequest(identity_id=identity_id)
        return list(self._call(self._identities.ListVoices, request).voices)

    def review_voice(
        self, identity_id: str, voice_id: str, *, approve: bool
    ) -> identity_pb2.ReviewVoiceResponse:
        request = identity_pb2.ReviewVoiceRequest(identity_id=identity_id, voice_id=voice_id, approve=approve)
        return self._call(self._identities.ReviewVoice, request)

    def remove_voice(self, identity_id: str, voice_id: str) -> identity_pb2.RemoveVoiceResponse:
        request = identity_pb2.RemoveVoiceRequest(identity_id=identity_id, voice_id=voice_id)
        return self._call(self._identities.RemoveVoice, request)

    def hear_voice(self, identity_id: str, voice_id: str) -> bytes:
        """The recordings behind a print as a WAV file; empty where they are not kept."""
        request = identity_pb2.HearVoiceRequest(identity_id=identity_id, voice_id=voice_id)
        with _errors():
            return b"".join(part.chunk for part in self._identities.HearVoice(request, **self._options()))

    def review(self, identity_id: str, *, approve: bool) -> identity_pb2.ReviewIdentityResponse:
        request = identity_pb2.ReviewIdentityRequest(identity_id=identity_id, approve=approve)
        return self._call(self._identities.ReviewIdentity, request)

    def enrolment(self, identity_id: str) -> tuple[identity_pb2.Enrolment, list[bytes]]:
        """What there is to review of a pending identity: words, and pictures as PNG files."""
        request = identity_pb2.GetEnrolmentRequest(identity_id=identity_id)
        with _errors():
            answers = list(self._identities.GetEnrolment(request, **self._options()))
        return answers[0].enrolment, [each.picture for each in answers[1:]]

    def likenesses(self) -> list[identity_pb2.Likeness]:
        request = identity_pb2.ListLikenessesRequest()
        return list(self._call(self._identities.ListLikenesses, request).likenesses)

    def sweep(self) -> identity_pb2.SweepIdentitiesResponse:
        return self._call(self._identities.SweepIdentities, identity_pb2.SweepIdentitiesRequest())

    def identity(self, identity_id: str) -> identity_pb2.Identity:
        return self._call(
            self._identities.GetIdentity, identity_pb2.GetIdentityRequest(identity_id=identity_id)
        ).identity

    def identities(self) -> Iterator[identity_pb2.Identity]:
        yield from self._pages(
            self._identities.ListIdentities, identity_pb2.ListIdentitiesRequest, "identities"
        )

    def erase(self, identity_id: str) -> identity_pb2.EraseIdentityResponse:
        return self._call(
            self._identities.EraseIdentity, identity_pb2.EraseIdentityRequest(identity_id=identity_id)
        )

    def grant(
        self, identity_id: str, scope: consent_pb2.Scope, *, evidence: str, notice: str
    ) -> consent_pb2.GrantConsentResponse:
        request = consent_pb2.GrantConsentRequest(
            identity_id=identity_id, scope=scope, evidence=evidence, notice=notice
        )
        return self._call(self._consents.GrantConsent, request)

    def withdraw(self, consent_id: str) -> consent_pb2.WithdrawConsentResponse:
        return self._call(
            self._consents.WithdrawConsent, consent_pb2.WithdrawConsentRequest(consent_id=consent_id)
        )

    def amend(
        self, consent_id: str, version: int, scope: consent_pb2.Scope, *, evidence: str, notice: str
    ) -> consent_pb2.AmendConsentResponse:
        """Another scope; `version` is the one read before: CONSENT_CONFLICT if there is another by now."""
        request = consent_pb2.AmendConsentRequest(
            consent_id=consent_id, version=version, scope=scope, evidence=evidence, notice=notice
        )
        return self._call(self._consents.AmendConsent, request)

    def renew(
        self, consent_id: str, version: int, not_after: Timestamp, *, evidence: str, notice: str
    ) -> consent_pb2.RenewConsentResponse:
        """The same for longer; `version` is the one read before."""
        request = consent_pb2.RenewConsentRequest(
            consent_id=consent_id, version=version, not_after=not_after, evidence=evidence, notice=notice
        )
        return self._call(self._consents.RenewConsent, request)

    def consent_receipt(
        self, consent_id: str, version: int = 0, *, pdf: bool = False
    ) -> consent_pb2.GetConsentReceiptResponse:
        """The signed receipt of one version, 0 for the current one."""
        request = consent_pb2.GetConsentReceiptRequest(consent_id=consent_id, version=version, pdf=pdf)
        return self._call(self._consents.GetConsentReceipt, request)

    def uses(self, identity_id: str) -> Iterator[consent_pb2.Use]:
        """What was made with an identity's face, oldest first."""
        yield from self._pages(
            self._consents.ListUses, consent_pb2.ListUsesRequest, "uses", identity_id=identity_id
        )

    def start_session(
        self, scope: consent_pb2.Scope, *, identity_id: str = "", link: bool = False
    ) -> session_pb2.StartSessionResponse:
        request = session_pb2.StartSessionRequest(identity_id=identity_id, scope=scope, link=link)
        return self._call(self._sessions.StartSession, request)

    def submit_session(self, session_id: str, film: Path) -> session_pb2.SubmitSessionResponse:
        """Hand in a film and wait for the outcome. Raises OSError when the file cannot be read."""
        header = session_pb2.SubmitSessionHeader(session_id=session_id, video_bytes=film.stat().st_size)
        with film.open("rb") as file:
            messages = _upload(session_pb2.SubmitSessionRequest, {"header": header}, [file])
            return self._call(self._sessions.SubmitSession, messages)

    def session(self, session_id: str) -> session_pb2.ConsentSession:
        request = session_pb2.GetSessionRequest(session_id=session_id)
        return self._call(self._sessions.GetSession, request).session

    def enroll_from_session(
        self, session_id: str, *, label: str, adult: bool, guardian: bool = False
    ) -> session_pb2.EnrollFromSessionResponse:
        request = session_pb2.EnrollFromSessionRequest(
            session_id=session_id, label=label, adult=adult, guardian=guardian
        )
        return self._call(self._sessions.EnrollFromSession, request)

    def consent(self, consent_id: str) -> consent_pb2.Consent:
        return self._call(
            self._consents.GetConsent, consent_pb2.GetConsentRequest(consent_id=consent_id)
        ).consent

    def consents(self, identity_id: str = "") -> Iterator[consent_pb2.Consent]:
        yield from self._pages(
            self._consents.ListConsents, consent_pb2.ListConsentsRequest, "consents", identity_id=identity_id
        )

    def generate(
        self,
        spec: generation_pb2.GenerateSpec,
        portrait: bytes,
        speech: bytes,
        *,
        track: bytes = b"",
        progress: Callable[[generation_pb2.Progress], None] = lambda _: None,
    ) -> Generated:
        """Upload, wait, and receive the clip. `spec`'s sizes are filled in; no speech and no track where they
        are empty."""
        spec.portrait_bytes, spec.speech_bytes, spec.track_bytes = len(portrait), len(speech), len(track)
        trace_id, release, clip = "", generation_pb2.Release(), bytearray()
        with _errors():
            for answer in self._generation.Generate(
                _upload(generation_pb2.GenerateRequest, {"spec": spec}, [portrait, speech, track]),
                **self._options(),
            ):
                match answer.WhichOneof("event"):
                    case "trace_id":
                        trace_id = answer.trace_id
                    case "progress":
                        progress(answer.progress)
                    case "release":
                        release = answer.release
                    case "chunk":
                        clip += answer.chunk
        return Generated(release, bytes(clip), trace_id)

    def detect(self, video: Path) -> detection_pb2.DetectResponse:
        """Upload a file and ask what it is. Raises OSError when the file cannot be read."""
        header = detection_pb2.DetectHeader(video_bytes=video.stat().st_size)
        with video.open("rb") as file:
            messages = _upload(detection_pb2.DetectRequest, {"header": header}, [file])
            return self._call(self._detection.Detect, messages)

    def detect_stream(
        self, video: Path, progress: Callable[[detection_pb2.DetectStreamResponse], None] = lambda _: None
    ) -> detection_pb2.DetectResponse:
        """As `detect`, and `progress` is told how far it is and what there is so far."""
        header = detection_pb2.DetectHeader(video_bytes=video.stat().st_size)
        answer = detection_pb2.DetectResponse()
        with video.open("rb") as file, _errors():
            messages = _upload(detection_pb2.DetectStreamRequest, {"header": header}, [file])
            for update in self._detection.DetectStream(messages, **self._options()):
                if update.HasField("answer"):
                    answer = update.answer
                else:
                    progress(update)
        return answer

    def entries(self, start: int = 0, **only: str | Timestamp) -> Iterator[audit_pb2.Entry]:
        """Entries of the log from `start` on; `only` has filters of ListEntriesRequest."""
        filters: dict[str, Any] = dict(only)
        while start >= 0:
            page = self._call(self._audit.ListEntries, audit_pb2.ListEntriesRequest(start=start, **filters))
            yield from page.entries
            start = page.next_start

    def provenance(self, record_id: str) -> audit_pb2.GetProvenanceResponse:
        return self._call(self._audit.GetProvenance, audit_pb2.GetProvenanceRequest(record_id=record_id))

    def receipt(self, record_id: str) -> audit_pb2.GetReceiptResponse:
        """The proof that a clip was released, cosigned where witnesses have seen it."""
        return self._call(self._audit.GetReceipt, audit_pb2.GetReceiptRequest(record_id=record_id))

    def checkpoint(self) -> audit_pb2.GetCheckpointResponse:
        return self._call(self._audit.GetCheckpoint, audit_pb2.GetCheckpointRequest())

    def inclusion(self, index: int, size: int = 0) -> audit_pb2.GetInclusionProofResponse:
        return self._call(
            self._audit.GetInclusionProof, audit_pb2.GetInclusionProofRequest(index=index, size=size)
        )

    def consistency(self, old_size: int, new_size: int = 0) -> audit_pb2.GetConsistencyProofResponse:
        request = audit_pb2.GetConsistencyProofRequest(old_size=old_size, new_size=new_size)
        return self._call(self._audit.GetConsistencyProof, request)

    def evidence(self, record_id: str = "") -> bytes:
        """The evidence pack of one clip, or of the whole log."""
        with _errors():
            request = audit_pb2.ExportEvidenceRequest(record_id=record_id)
            return b"".join(part.chunk for part in self._audit.ExportEvidence(request, **self._options()))

    def _call(self, method: Callable[..., Any], request: Any) -> Any:
        with _errors():
            return method(request, **self._options())

    def _pages(self, method: Callable[..., Any], kind: type[Any], field: str, **only: str) -> Iterator[Any]:
        token = ""
        while True:
            page = self._call(method, kind(page_token=token, **only))
            yield from getattr(page, field)
            if not (token := page.next_page_token):
                return

    def _options(self) -> dict[str, Any]:
        metadata = [("authorization", f"Bearer {self._token()}")] if self._token else []
        return {"timeout": self._seconds, "metadata": metadata}


class _errors:  # noqa: N801 (reads as a word)
    """Turns gRPC's errors into RemoteError."""

    def __enter__(self) -> None:
        return

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, grpc.RpcError):
            raise _remote(error) from None


def _remote(error: Any) -> RemoteError:
    info = error_details_pb2.ErrorInfo()
    status = rpc_status.from_call(error)
    for detail in status.details if status else ():
        if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR):
            detail.Unpack(info)
    message = error.details() or error.code().name
    if not info.reason and error.code() is grpc.StatusCode.UNAVAILABLE:
        # gRPC's own text lists addresses and errors of its libraries
        message = "the service cannot be reached: is it running, is the address right, does it want TLS?"
    return RemoteError(error.code().name, info.reason, message, dict(info.metadata))


def _upload(kind: type[Any], first: dict[str, Any], parts: Iterable[bytes | BinaryIO]) -> Iterator[Any]:
    yield kind(**first)
    for part in parts:
        if isinstance(part, bytes):
            for start in range(0, len(part), CHUNK):
                yield kind(chunk=part[start : start + CHUNK])
        else:
            while chunk := part.read(CHUNK):
                yield kind(chunk=chunk)
