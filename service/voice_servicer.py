"""The calls about voices of `sitter.v1.IdentityService`: protobuf in, flows, protobuf out."""

from collections.abc import Iterator
from typing import Any

import grpc

from safety.voices.rows import VoicePrint
from service import sessions, voices
from service.app import App
from service.interceptor import current_call
from service.pb.sitter.v1 import identity_pb2
from service.translate import timestamp
from service.uploads import chunks_of, collect, header_of

CHUNK = 256 * 1024
REVIEW = {
    "none": identity_pb2.VOICE_REVIEW_NONE,
    "pending": identity_pb2.VOICE_REVIEW_PENDING,
    "approved": identity_pb2.VOICE_REVIEW_APPROVED,
    "rejected": identity_pb2.VOICE_REVIEW_REJECTED,
}
REVIEW_NAME = {number: name for name, number in REVIEW.items()}


class VoiceCalls:
    """A part of the servicer of identities."""

    _app: App

    def AddVoice(self, messages: Iterator[Any], context: grpc.ServicerContext) -> Any:  # noqa: N802
        call, app = current_call(), self._app
        header = header_of(messages, "header")
        session, said = None, b""
        if header.session_id:
            session, said = sessions.voice(app, header.session_id, call.caller)
        chunks = chunks_of(messages) if header.voice_bytes else iter(())
        recordings = collect(chunks, list(header.voice_bytes), app.settings.upload_seconds)
        made, index = voices.add(
            app, header.identity_id, tuple(recordings), call.caller, call.trace_id, session, said
        )
        return identity_pb2.AddVoiceResponse(voice=voice_out(made), log_index=index)

    def ListVoices(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        found = voices.listing(self._app, request.identity_id, current_call().caller)
        return identity_pb2.ListVoicesResponse(voices=map(voice_out, found))

    def ReviewVoice(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        call = current_call()
        decided, index = voices.review(
            self._app, request.identity_id, request.voice_id, approve=request.approve, caller=call.caller,
            trace_id=call.trace_id,
        )  # fmt: skip
        return identity_pb2.ReviewVoiceResponse(voice=voice_out(decided), log_index=index)

    def RemoveVoice(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        call = current_call()
        index = voices.remove(self._app, request.identity_id, request.voice_id, call.caller, call.trace_id)
        return identity_pb2.RemoveVoiceResponse(log_index=index)

    def HearVoice(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:  # noqa: N802
        call = current_call()
        wav = voices.hear(self._app, request.identity_id, request.voice_id, call.caller, call.trace_id)
        for start in range(0, len(wav), CHUNK):
            yield identity_pb2.HearVoiceResponse(chunk=wav[start : start + CHUNK])


def voice_out(each: VoicePrint) -> identity_pb2.VoicePrint:
    return identity_pb2.VoicePrint(
        voice_id=each.voice_id,
        encoder=each.encoder,
        source=each.source,
        seconds=each.seconds,
        recordings=each.recordings,
        added_at=timestamp(each.added_at),
        added_by=each.added_by,
        review=REVIEW[each.review],
        reviewed_by=each.reviewed_by or "",
    )
