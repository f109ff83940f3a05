"""The routes, as the C2PA Soft Binding Resolution API 2.4 names them. No login, no cookie, read only."""

import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from perception.errors import MediaTooLarge, MediaUnsupported
from service.app import App
from service.console.bodies import spool
from service.console.headers import Headers
from service.places import Places, Rate
from service.queries import NotOffered, QueryInvalid
from service.resolution.bindings import FINGERPRINTS, WATERMARKS, Match, by_binding, by_content
from service.resolution.limits import Bucket
from service.resolution.manifests import manifest
from service.resolution.problems import problem
from service.staging import staged
from service.watcher import Watcher

BASE = "/c2pa/v1"
MEDIA_TYPE = "application/c2pa"
VIDEOS = 2
"""Videos that are looked at for their manifest, at a time."""
BURST, PER_SECOND = 60, 2.0
"""Questions without a video that one address may ask at once, and in each second after."""
QUERY_BYTES, QUERY_SECONDS = 4096, 10.0
MOST_RESULTS, RESULTS = 100, 10
GONE_SECONDS = 0.5

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
"""Any site may read what everybody may read; no cookie goes along, because there is none."""

Answer = Callable[[Request], Awaitable[Response]]


class Resolution:
    """Answers which manifest belongs to a soft binding or a video, and hands out manifests."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._places = Places(VIDEOS)
        self._videos = Rate(app.settings.detections_per_hour, time.monotonic)
        self._questions = Bucket(BURST, PER_SECOND, time.monotonic)

    def routes(self) -> list[Route]:
        """To be served beside the pages."""
        served: list[tuple[str, Answer, str]] = [
            ("/matches/byBinding", self.binding, "GET"),
            ("/matches/byBinding", self.posted_binding, "POST"),
            ("/matches/byContent", self.content, "POST"),
            ("/matches/byReference", self.reference, "POST"),
            ("/manifests/{manifest_id}", self.manifest, "GET"),
            ("/services/supportedAlgorithms", self.algorithms, "GET"),
        ]
        guarded = [Middleware(Headers, headers=HEADERS)]
        return [
            Route(BASE + path, _answering(answer), methods=[method], middleware=guarded)
            for path, answer, method in served
        ]

    async def binding(self, request: Request) -> Response:
        """`queryByBinding`: parameters alg, value, maxResults."""
        query = request.query_params
        return await self._bound(request, query.get("alg"), query.get("value"))

    async def posted_binding(self, request: Request) -> Response:
        """The same with alg and value in a JSON object."""
        body = await _json(request)
        return await self._bound(request, body.get("alg"), body.get("value"))

    async def content(self, request: Request) -> Response:
        """`uploadAsset`: a video or recording as the body; parameters alg, hintAlg, hintValue, maxResults."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if not kind.startswith(("video/", "audio/")) and kind not in ("application/mp4", _BYTES):
            raise MediaUnsupported("send a video or a recording as the body, with its own Content-Type")
        most, query = _most(request), request.query_params
        hint = query.get("hintValue")
        if hint is not None and query.get("hintAlg") not in WATERMARKS:
            raise QueryInvalid(f"hintAlg must be one of {', '.join(WATERMARKS)}", part="hintAlg")
        self._videos.count(_address(request))
        settings = self._app.settings
        with self._places.take(), staged(self._app, self._app.new_id(12)) as folder:
            video = folder / "video"
            await spool(request, video, settings.upload_bytes, settings.upload_seconds, "video")
            matches = await self._looked(request, video, query.get("alg"), hint)
        return _matches(matches, most)

    async def reference(self, request: Request) -> Response:
        """`queryByReference` would have this server fetch any address that a stranger names: not offered."""
        raise NotOffered("this service fetches no addresses: send the video itself to /matches/byContent")

    async def manifest(self, request: Request) -> Response:
        """`getManifestById`: parameter returnActiveManifest."""
        self._questions.take(_address(request))
        active = {"true": True, "false": False}.get(
            request.query_params.get("returnActiveManifest", "false").lower()
        )
        if active is None:
            raise QueryInvalid("returnActiveManifest must be true or false", part="returnActiveManifest")
        name = request.path_params["manifest_id"]
        store = await run_in_threadpool(manifest, self._app, name, active_only=active)
        return Response(store, media_type=MEDIA_TYPE)

    async def algorithms(self, request: Request) -> Response:
        """`getSupportedBindings`."""
        self._questions.take(_address(request))
        return JSONResponse(
            {
                "watermarks": [{"alg": name} for name in WATERMARKS],
                "fingerprints": [{"alg": name} for name in FINGERPRINTS],
            }
        )

    async def _bound(self, request: Request, algorithm: object, value: object) -> Response:
        self._questions.take(_address(request))
        if not isinstance(algorithm, str) or not isinstance(value, str):
            raise QueryInvalid("alg and value are required, as texts", part="alg,value")
        most = _most(request)
        return _matches(await run_in_threadpool(by_binding, self._app, algorithm, value), most)

    async def _looked(
        self, request: Request, video: Path, algorithm: str | None, hint: str | None
    ) -> list[Match]:
        """`by_content` in a thread; ended when whoever asked goes away."""
        watcher = Watcher()
        done: list[list[Match]] = []
        failed: list[Exception] = []

        def look() -> None:
            try:
                with self._app.tracing.request("c2pa/byContent", None):
                    done.append(by_content(self._app, video, algorithm, hint, watcher))
            except Exception as error:
                failed.append(error)

        async def leave() -> None:
            while not await request.is_disconnected():
                await anyio.sleep(GONE_SECONDS)
            watcher.stop()

        async with anyio.create_task_group() as group:
            group.start_soon(leave)
            try:
                await run_in_threadpool(look)
            finally:
                watcher.stop()
                group.cancel_scope.cancel()
        if failed:
            raise failed[0]
        return done[0]


_BYTES = "application/octet-stream"


def _answering(answer: Answer) -> Answer:
    """The same; errors become problem details."""

    async def guarded(request: Request) -> Response:
        try:
            return await answer(request)
        except Exception as error:
            return problem(error)

    return guarded


def _matches(matches: list[Match], most: int) -> JSONResponse:
    return JSONResponse({"matches": [match.as_dict() for match in matches[:most]]})


def _most(request: Request) -> int:
    text = request.query_params.get("maxResults", str(RESULTS))
    if not text.isdecimal() or not 1 <= int(text[:9]) <= MOST_RESULTS:
        raise QueryInvalid(f"maxResults must be 1 to {MOST_RESULTS}", part="maxResults")
    return int(text)


async def _json(request: Request) -> dict[str, object]:
    """A small JSON object. Raises QueryInvalid, MediaTooLarge."""
    data = b""
    with anyio.move_on_after(QUERY_SECONDS) as waiting:
        async for piece in request.stream():
            data += piece
            if len(data) > QUERY_BYTES:
                raise MediaTooLarge(
                    f"a query has {QUERY_BYTES} bytes at most", limit="query_bytes", most=QUERY_BYTES
                )
    if waiting.cancelled_caught:
        raise QueryInvalid(f"the query did not arrive within {QUERY_SECONDS:g} s", part="body")
    try:
        body = json.loads(data)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise QueryInvalid("the body must be a JSON object with alg and value", part="body")
    return body


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
