"""The routes of the sitter's page. The secret in a link's path is the only key; there is no cookie."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from perception.errors import MediaTooLarge, SitterError
from safety.errors import QuotaRefused, SessionRefused
from safety.session.challenge import TERM
from safety.session.checks import MOST_BYTES
from safety.session.rows import OPEN, WAITING, Session
from safety.session.store import ATTEMPTS
from service import sessions
from service.app import App
from service.console import words
from service.console.bodies import spool
from service.console.headers import Headers
from service.staging import staged
from service.status import code_of, status_of

ASSETS = Path(__file__).parent / "assets"
UPLOADS = 8
"""Films on their way at a time."""

# google.rpc codes as HTTP statuses (google/rpc/code.proto)
STATUS = {3: 400, 5: 404, 7: 422, 8: 429, 9: 410, 14: 503}


class Pages:
    """The page of each session, its challenge, and where its film goes."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._templates = templates()
        self._uploads = anyio.CapacityLimiter(UPLOADS)

    def asgi(self) -> Starlette:
        """The application."""
        return Starlette(
            routes=[
                Route("/session/{secret}", self.page, methods=["GET"]),
                Route("/session/{secret}/challenge", self.challenge, methods=["POST"]),
                Route("/session/{secret}/film", self.film, methods=["POST"]),
                Route("/favicon.ico", _nothing, methods=["GET"]),
                Route("/assets/session.css", asset("session.css", "text/css"), methods=["GET"]),
                Route("/assets/session.js", asset("session.js", "text/javascript"), methods=["GET"]),
            ],
            middleware=[Middleware(Headers)],
        )

    async def page(self, request: Request) -> Response:
        """Who asks for what; or, where nothing can be answered any more, why."""
        try:
            session = await run_in_threadpool(self._app.sessions.linked, request.path_params["secret"])
        except SitterError as error:
            return self._html(*words.UNKNOWN, status=STATUS.get(code_of(error), 500))
        state = session.state_at(self._app.clock())
        if state not in (WAITING, OPEN) or session.attempts >= ATTEMPTS:
            title, text = words.OVER.get(state, words.OVER["failed"])
            return self._html(title, text, status=410)
        return self._html("May videos of you be made?", "", session)

    async def challenge(self, request: Request) -> Response:
        """The code and the turns; the term begins with the first time."""

        def issue(trace_id: str) -> Response:
            session = self._app.sessions.linked(request.path_params["secret"])
            session = sessions.issue(self._app, session.session_id, trace_id)
            if session.challenge is None or session.issued_at is None:
                raise SessionRefused("this session has no challenge: ask for a new link")
            until = session.issued_at + TERM
            return JSONResponse(
                {
                    "words": session.challenge.words,
                    "turns": session.challenge.turns,
                    "seconds_left": max(0, int((until - self._app.clock()).total_seconds())),
                }
            )

        return await self._answer("session.challenge", issue)

    async def film(self, request: Request) -> Response:
        """Take a film of up to `MOST_BYTES` as the body, look at it, and say what became of it."""
        try:
            self._uploads.acquire_on_behalf_of_nowait(request)
        except anyio.WouldBlock:
            error = QuotaRefused("many films are on their way: try again in a minute", limit="uploads")
            return self._refusal(error, "", None)
        try:
            session = await run_in_threadpool(self._app.sessions.linked, request.path_params["secret"])
            with staged(self._app, self._app.new_id(12)) as folder:
                await spool(request, folder / "film", MOST_BYTES, self._app.settings.upload_seconds, "film")
                return await self._answer(
                    "session.film",
                    lambda trace_id: self._hand_in(session.session_id, folder / "film", trace_id),
                    session.session_id,
                )
        except SitterError as error:
            return self._refusal(error, "", None)
        finally:
            self._uploads.release_on_behalf_of(request)

    def _hand_in(self, session_id: str, film: Path, trace_id: str) -> Response:
        sessions.hand_in(self._app, session_id, film, trace_id)
        return JSONResponse({"passed": True})

    async def _answer(
        self, name: str, work: Callable[[str], Response], session_id: str | None = None
    ) -> Response:
        """Run a flow in a thread, in a trace of its own; its error is told in plain words."""

        def traced() -> Response:
            with self._app.tracing.request(f"console/{name}", None) as span:
                try:
                    return work(span.trace_id)
                except Exception as error:  # told without what is not ours to tell, as over gRPC
                    span.refused(getattr(error, "reason", "INTERNAL"))
                    return self._refusal(error, span.trace_id, session_id)

        return await run_in_threadpool(traced)

    def _refusal(self, error: Exception, trace_id: str, session_id: str | None) -> Response:
        status = status_of(error, trace_id)
        body: dict[str, Any] = {
            "passed": False,
            "reason": error.reason if isinstance(error, SitterError) else "INTERNAL",
            "message": sentence(status.message),
            "attempts_left": self._left(session_id),
        }
        code = 413 if isinstance(error, MediaTooLarge) else STATUS.get(status.code, 500)
        return JSONResponse(body, status_code=code)

    def _left(self, session_id: str | None) -> int:
        if session_id is None:
            return 1
        session = self._app.sessions.get(session_id)
        return ATTEMPTS - session.attempts if session.state_at(self._app.clock()) == OPEN else 0

    def _html(self, title: str, text: str, session: Session | None = None, status: int = 200) -> HTMLResponse:
        page = self._templates.get_template("page.html.j2").render(
            title=title, text=text, lines=words.asked(session) if session else [],
            attempts=ATTEMPTS - session.attempts if session else 0,
            days=self._app.settings.session_video_days,
        )  # fmt: skip
        return HTMLResponse(page, status_code=status)


def templates() -> Environment:
    """The pages' templates: what is put into them is text, what is missing is an error."""
    return Environment(
        loader=FileSystemLoader(ASSETS), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip


def sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


async def _nothing(request: Request) -> Response:
    """Browsers ask for an icon; there is none."""
    return Response(status_code=204)


def asset(name: str, media_type: str) -> Callable[[Request], Any]:
    async def serve(request: Request) -> Response:
        return FileResponse(ASSETS / name, media_type=media_type)

    return serve
