"""`sitter.v1.ConsentSessionService`: protobuf in, flows, protobuf out. No decision is taken here."""

import json
from collections.abc import Iterator
from typing import Any

import grpc

from safety.session.challenge import TERM, Turn
from safety.session.rows import EXPIRED, FAILED, OPEN, PASSED, WAITING, Session
from safety.session.store import EVIDENCE
from service import sessions
from service.app import App
from service.interceptor import current_call
from service.pb.sitter.v1 import session_pb2, session_pb2_grpc
from service.staging import staged
from service.translate import identity_out, scope_in, scope_out, timestamp
from service.uploads import UploadBroken, spool

PAGE_PATH = "/session/"
STATE = {
    state: session_pb2.SessionState.Value(f"SESSION_STATE_{state.upper()}")
    for state in (WAITING, OPEN, PASSED, FAILED, EXPIRED)
}
STATE_NAME = {number: state for state, number in STATE.items()}
TURN = {turn: session_pb2.HeadTurn.Value(f"HEAD_TURN_{turn.upper()}") for turn in Turn}
TURN_NAME = {number: turn for turn, number in TURN.items()}


class ConsentSessionServicer(session_pb2_grpc.ConsentSessionServiceServicer):  # type: ignore[misc]  # untyped
    def __init__(self, app: App) -> None:
        self._app = app

    def StartSession(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        call, app = current_call(), self._app
        scope = scope_in(request.scope, app.moderation.commitment)
        started = sessions.start(app, scope, request.identity_id or None, call.caller, call.trace_id)
        answer = session_pb2.StartSessionResponse(log_index=started.log_index)
        if request.link:
            answer.link_path = PAGE_PATH + started.secret
            answer.session.CopyFrom(self._out(started.session))
        else:
            shown = sessions.issue(app, started.session.session_id, call.trace_id)
            answer.session.CopyFrom(self._out(shown))
            answer.challenge.CopyFrom(challenge_out(shown))
        return answer

    def SubmitSession(self, messages: Iterator[Any], context: grpc.ServicerContext) -> Any:  # noqa: N802
        call, app = current_call(), self._app
        first = next(messages, None)
        if first is None or first.WhichOneof("part") != "header":
            raise UploadBroken("the first message must be the header")
        sessions.owned(app, first.header.session_id, call.caller)
        with staged(app, app.new_id(12)) as folder:
            film = folder / "film"
            spool(_chunks(messages), first.header.video_bytes, film, app.settings.upload_seconds)
            session, index = sessions.hand_in(app, first.header.session_id, film, call.trace_id)
        return session_pb2.SubmitSessionResponse(session=self._out(session), log_index=index)

    def GetSession(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        session = sessions.get(self._app, request.session_id, current_call().caller)
        return session_pb2.GetSessionResponse(session=self._out(session))

    def EnrollFromSession(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        call = current_call()
        identity, index = sessions.enroll(
            self._app, request.session_id, label=request.label, adult=request.adult,
            guardian=request.guardian, caller=call.caller, trace_id=call.trace_id,
        )  # fmt: skip
        return session_pb2.EnrollFromSessionResponse(identity=identity_out(identity), log_index=index)

    def _out(self, session: Session) -> session_pb2.ConsentSession:
        passed = session.state == PASSED
        return session_pb2.ConsentSession(
            session_id=session.session_id,
            state=STATE[session.state_at(self._app.clock())],
            identity_id=session.identity_id or "",
            scope=scope_out(session.scope),
            started_at=timestamp(session.started_at),
            attempts=session.attempts,
            reason=session.reason,
            evidence=EVIDENCE + session.session_id if passed else "",
            evidence_commitment=session.evidence or "",
            measures_json=json.dumps(session.measures, sort_keys=True),
        )


def challenge_out(session: Session) -> session_pb2.SessionChallenge:
    """The challenge of an open session; empty otherwise."""
    if session.challenge is None or session.issued_at is None:
        return session_pb2.SessionChallenge()
    return session_pb2.SessionChallenge(
        words=session.challenge.words,
        turns=[TURN[turn] for turn in session.challenge.turns],
        until=timestamp(session.issued_at + TERM),
    )


def _chunks(messages: Iterator[Any]) -> Iterator[bytes]:
    for message in messages:
        if message.WhichOneof("part") != "chunk":
            raise UploadBroken("after the first message only chunks may follow")
        yield message.chunk
