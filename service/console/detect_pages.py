"""The public detect page: a video in, progress and the report out, the video gone. No login, no cookie."""

import json
import queue
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import unquote

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from perception.errors import MediaTooLarge, SitterError
from service.app import App
from service.console.bodies import spool
from service.console.headers import HEADERS, Headers
from service.console.looking import Line, Looking
from service.console.pages import STATUS, asset, sentence, templates
from service.places import Places, Rate
from service.report.html import STYLE
from service.staging import staged
from service.status import status_of
from service.uploads import UploadBroken

VIDEOS = 4
"""Videos that the page has looked at, at a time."""
LONGEST_NAME = 200

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""As the sitter's page, without films, and with the report's drawings, which are data addresses."""
DETECT_HEADERS = HEADERS | {
    "Content-Security-Policy": POLICY,
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


class DetectPages:
    """The page and where it sends its video."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._templates = templates()
        self._places = Places(VIDEOS)
        self._rate = Rate(app.settings.detections_per_hour, time.monotonic)

    def routes(self) -> list[Route]:
        """To be served beside the sitter's page."""
        guarded = [Middleware(Headers, headers=DETECT_HEADERS)]
        return [
            Route("/detect", self.page, methods=["GET"], middleware=guarded),
            Route("/detect/video", self.video, methods=["POST"], middleware=guarded),
            Route("/assets/detect.css", asset("detect.css", "text/css"), middleware=guarded),
            Route("/assets/detect.js", asset("detect.js", "text/javascript"), middleware=guarded),
            Route("/assets/report.css", _style, middleware=guarded),
        ]

    async def page(self, request: Request) -> Response:
        """The page. It holds nothing about whoever asks."""
        most = self._app.settings.upload_bytes
        page = self._templates.get_template("detect.html.j2").render(most=most, megabytes=most >> 20)
        return HTMLResponse(page)

    async def video(self, request: Request) -> Response:
        """Take a video as the body and answer line by line, JSON each: progress, and the report last.

        The name of the file comes in the header `X-File-Name`, percent-encoded. Browsers let no other site
        send that header, so that no other site can spend the reader's quota.
        """
        if "x-file-name" not in request.headers:
            error = UploadBroken("the name of the file is missing: send it in the header X-File-Name")
            return _refusal(error)
        name = Path(unquote(request.headers["x-file-name"]).replace("\\", "/")).name[:LONGEST_NAME] or "video"
        held = ExitStack()
        try:
            self._rate.count(request.client.host if request.client else "")
            held.enter_context(self._places.take())
            folder = held.enter_context(staged(self._app, self._app.new_id(12)))
            settings = self._app.settings
            await spool(request, folder / "video", settings.upload_bytes, settings.upload_seconds, "video")
        except SitterError as error:
            await run_in_threadpool(held.close)
            return _refusal(error)
        except BaseException:
            held.close()
            raise
        # From here on the thread that looks has the file, and removes it.
        looking = Looking(self._app, folder / "video", name, held.close)
        looking.start()
        return StreamingResponse(_lines(looking), media_type="application/x-ndjson")


async def _lines(looking: Looking) -> AsyncIterator[bytes]:
    """What there is to tell, as it comes. Who goes away ends the work."""
    try:
        while (line := await _next(looking.news)) is not None:
            yield json.dumps(line).encode() + b"\n"
    finally:
        looking.stop()


async def _next(news: "queue.Queue[Line | None]") -> "Line | None":
    return await anyio.to_thread.run_sync(news.get, abandon_on_cancel=True)


def _refusal(error: SitterError) -> JSONResponse:
    status = status_of(error, "")
    code = 413 if isinstance(error, MediaTooLarge) else STATUS.get(status.code, 500)
    wait = error.metadata.get("retry_seconds")
    return JSONResponse(
        {"error": {"reason": error.reason, "message": sentence(str(error))}},
        status_code=code,
        headers={"Retry-After": wait} if wait else None,
    )


async def _style(request: Request) -> Response:
    return FileResponse(STYLE, media_type="text/css")
