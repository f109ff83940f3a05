"""Identities, generation and audit of `sitter.v1`: protobuf in, flows, protobuf out. No decision is taken
here."""

import json
import queue
from collections.abc import Generator, Iterator
from typing import Any

import grpc

from safety.retention import MOST_DAYS, Terms
from service import audit, enroll
from service import generate as generation
from service.app import App
from service.flow import Flow
from service.interceptor import Call, current_call
from service.paging import PAGE
from service.paging import page as page_of
from service.pb.sitter.v1 import (
    audit_pb2,
    audit_pb2_grpc,
    generation_pb2,
    generation_pb2_grpc,
    identity_pb2,
    identity_pb2_grpc,
)
from service.request import GenerationRequest
from service.run import Gate, Run
from service.staging import staged
from service.translate import (
    BASIS_NAME,
    ENTRY_FILTERS,
    GATE,
    LABEL_NAME,
    TRACK_MODE_NAME,
    controls_in,
    entry_out,
    entry_time,
    identity_out,
    likeness_out,
    release_out,
)
from service.uploads import chunks_of, collect, header_of
from service.voice_servicer import VoiceCalls

CHUNK = 256 * 1024
GONE = "the caller went away"


class IdentityServicer(VoiceCalls, identity_pb2_grpc.IdentityServiceServicer):
    def __init__(self, app: App) -> None:
        self._app = app

    def EnrollIdentity(self, messages: Iterator[Any], context: grpc.ServicerContext) -> Any:  # noqa: N802
        header = header_of(messages, "header")
        sizes = [*header.picture_bytes, header.video_bytes, *header.voice_bytes]
        chunks = chunks_of(messages) if any(sizes) else iter(())
        parts = collect(chunks, sizes, self._app.settings.upload_seconds)
        count = len(header.picture_bytes)
        pictures, video, voices = parts[:count], parts[count], parts[count + 1 :]
        request = enroll.EnrolmentRequest(
            basis=BASIS_NAME[header.basis], label=header.label, declaration=header.declaration,
            adult=header.adult, protected=header.protected, pictures=tuple(pictures), video=video,
            template=tuple(header.template.values), encoder_sha256=header.template.encoder_sha256,
            guardian=header.guardian, terms=Terms(header.retain_days or MOST_DAYS, header.media_days),
            voices=tuple(voices),
        )  # fmt: skip
        identity, index = enroll.enroll(self._app, request, current_call().caller, current_call().trace_id)
        return identity_pb2.EnrollIdentityResponse(identity=identity_out(identity), log_index=index)

    def ReviewIdentity(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        call = current_call()
        identity, index = enroll.review(
            self._app, request.identity_id,
            approve=request.approve, caller=call.caller, trace_id=call.trace_id,
        )  # fmt: skip
        return identity_pb2.ReviewIdentityResponse(identity=identity_out(identity), log_index=index)

    def GetEnrolment(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:  # noqa: N802
        call = current_call()
        identity, pictures = enroll.pending(self._app, request.identity_id, call.caller, call.trace_id)
        told = identity_pb2.Enrolment(
            identity=identity_out(identity), label=identity.label, declaration=identity.declaration
        )
        yield identity_pb2.GetEnrolmentResponse(enrolment=told)
        for picture in pictures:
            yield identity_pb2.GetEnrolmentResponse(picture=picture)

    def ListLikenesses(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        found = enroll.likenesses(self._app, current_call().caller)
        return identity_pb2.ListLikenessesResponse(likenesses=map(likeness_out, found))

    def SweepIdentities(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        erased, media = enroll.sweep(self._app, current_call().caller, current_call().trace_id)
        return identity_pb2.SweepIdentitiesResponse(erased_ids=erased, media_ids=media)

    def GetIdentity(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        identity = enroll.get(self._app, request.identity_id, current_call().caller)
        return identity_pb2.GetIdentityResponse(identity=identity_out(identity))

    def ListIdentities(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        page, following = page_of(enroll.everyone(self._app, current_call().caller), request)
        return identity_pb2.ListIdentitiesResponse(
            identities=map(identity_out, page), next_page_token=following
        )

    def EraseIdentity(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        call = current_call()
        identity, withdrawn, index = enroll.erase(self._app, request.identity_id, call.caller, call.trace_id)
        return identity_pb2.EraseIdentityResponse(
            identity=identity_out(identity), withdrawn_consent_ids=withdrawn, log_index=index
        )


class GenerationServicer(generation_pb2_grpc.GenerationServiceServicer):
    def __init__(self, app: App) -> None:
        self._app = app

    def Generate(self, messages: Iterator[Any], context: grpc.ServicerContext) -> Iterator[Any]:  # noqa: N802
        call = current_call()
        yield generation_pb2.GenerateResponse(trace_id=call.trace_id)
        spec = header_of(messages, "spec")
        # Whom gate 1 will refuse need not be listened to: it refuses, and logs that, without the upload.
        sizes = [spec.portrait_bytes, spec.speech_bytes, spec.track_bytes]
        if not call.caller.may("client"):
            sizes = [0, 0, 0]
        chunks = chunks_of(messages) if any(sizes) else iter(())
        portrait, speech, track = collect(chunks, sizes, self._app.settings.upload_seconds)
        request = GenerationRequest(
            request_id=spec.request_id, identity_id=spec.identity_id, consent_id=spec.consent_id,
            purpose=spec.purpose, territory=spec.territory, channel=spec.channel,
            controls=controls_in(spec.controls), portrait=portrait, speech=speech, track=track,
            track_mode=TRACK_MODE_NAME[spec.track_mode], script=spec.script, language=spec.language,
            label=LABEL_NAME.get(spec.label),
        )  # fmt: skip
        release = yield from self._follow(request, call)
        report = json.dumps(dict(release.record.report))
        yield generation_pb2.GenerateResponse(release=release_out(release, report))
        with self._app.blobs.open(release.record.record_id) as clip:
            while chunk := clip.read(CHUNK):
                yield generation_pb2.GenerateResponse(chunk=chunk)

    def _follow(self, request: GenerationRequest, call: Call) -> Generator[Any, None, generation.Release]:
        """Run the flow in a thread of its own and pass on its progress; the call's end stops the flow."""
        news: queue.Queue[generation_pb2.GenerateResponse | None] = queue.Queue()

        def progress(gate: Gate, done: int, total: int) -> None:
            now = generation_pb2.Progress(gate=GATE[gate], frames_done=done, frames_total=total)
            news.put(generation_pb2.GenerateResponse(progress=now))

        run = Run(self._app, call.caller, self._app.new_id(12), call.trace_id, progress)
        if not call.context.add_callback(lambda: run.stop(GONE)):  # it went while it sent
            run.stop(GONE)
        flow = Flow(
            lambda: generation.attempt(self._app, request, call.caller, run), done=lambda: news.put(None)
        )
        flow.start()
        while (update := news.get()) is not None:
            yield update
        release: generation.Release = flow.result()
        return release


class AuditServicer(audit_pb2_grpc.AuditServiceServicer):
    def __init__(self, app: App) -> None:
        self._app = app

    def ListEntries(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        size = request.page_size or PAGE
        only = {name: getattr(request, name) or None for name in ENTRY_FILTERS}
        only |= {name: entry_time(request, name) for name in ("since", "until")}
        found = audit.entries(self._app, current_call().caller, request.start, size, only)
        following = found[-1].index + 1 if len(found) == size else -1
        return audit_pb2.ListEntriesResponse(entries=map(entry_out, found), next_start=following)

    def GetProvenance(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        proven = audit.provenance(self._app, current_call().caller, request.record_id)
        return audit_pb2.GetProvenanceResponse(
            entries=[audit_pb2.ProvenEntry(entry=entry_out(entry), proof=proof) for entry, proof in proven],
            vkey=str(self._app.log.key),
        )

    def GetReceipt(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        entry, proof = audit.receipt(self._app, current_call().caller, request.record_id)
        return audit_pb2.GetReceiptResponse(entry=entry_out(entry), proof=proof, vkey=str(self._app.log.key))

    def GetCheckpoint(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        checkpoint, vkey = audit.checkpoint(self._app, current_call().caller)
        return audit_pb2.GetCheckpointResponse(checkpoint=checkpoint, vkey=vkey)

    def GetInclusionProof(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        entry, size, hashes = audit.inclusion(self._app, current_call().caller, request.index, request.size)
        return audit_pb2.GetInclusionProofResponse(entry=entry_out(entry), size=size, hashes=hashes)

    def GetConsistencyProof(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        size, hashes = audit.consistency(self._app, current_call().caller, request.old_size, request.new_size)
        return audit_pb2.GetConsistencyProofResponse(new_size=size, hashes=hashes)

    def ExportEvidence(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:  # noqa: N802
        with staged(self._app, self._app.new_id(12)) as folder:
            pack = audit.export(
                self._app, current_call().caller, request.record_id or None, folder / "evidence.zip"
            )
            with pack.open("rb") as file:
                while chunk := file.read(CHUNK):
                    yield audit_pb2.ExportEvidenceResponse(chunk=chunk)
