"""`sitter.v1.DetectionService`: an upload in, the answer out, the upload gone. No decision is taken here."""

import queue
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import grpc

from perception.errors import MediaTooLarge
from service import detect as detection
from service.app import App
from service.flow import Flow
from service.interceptor import current_call
from service.pb.sitter.v1 import detection_pb2, detection_pb2_grpc
from service.places import Places
from service.staging import staged
from service.translate_detection import detection_out, update_out
from service.uploads import chunks_of, header_of, spool
from service.watcher import Stage, Watcher

DETECTIONS = 8
"""Uploads that anybody may have looked at, at a time: the others find threads and disk space left."""


class DetectionServicer(detection_pb2_grpc.DetectionServiceServicer):  # type: ignore[misc]  # no types there
    def __init__(self, app: App) -> None:
        self._app = app
        self._places = Places(DETECTIONS)

    def Detect(self, messages: Iterator[Any], context: grpc.ServicerContext) -> Any:  # noqa: N802
        watcher = Watcher()
        if not context.add_callback(watcher.stop):  # it went before it sent
            watcher.stop()
        with self._uploaded(messages) as video:
            return self._answer(video, watcher)

    def DetectStream(self, messages: Iterator[Any], context: grpc.ServicerContext) -> Iterator[Any]:  # noqa: N802
        news: queue.Queue[detection_pb2.DetectStreamResponse | None] = queue.Queue()
        watcher = Watcher(lambda told: news.put(update_out(told)))
        if not current_call().context.add_callback(watcher.stop):  # it went while it sent
            watcher.stop()
        watcher.at(Stage.UPLOAD)
        yield news.get()
        with self._uploaded(messages) as video, ExitStack() as ending:
            flow = Flow(lambda: self._answer(video, watcher), done=lambda: news.put(None))
            flow.start()
            ending.callback(flow.join)  # the upload is there as long as it is read
            ending.callback(watcher.stop)
            while (update := news.get()) is not None:
                yield update
            answer = flow.result()
        yield detection_pb2.DetectStreamResponse(answer=answer)  # the upload is gone

    def _answer(self, video: Path, watcher: Watcher) -> detection_pb2.DetectResponse:
        return detection_out(detection.detect(self._app, video, watcher), self._app.clock())

    @contextmanager
    def _uploaded(self, messages: Iterator[Any]) -> Iterator[Path]:
        """The upload as a file in a folder of its own, which is gone on every way out."""
        header = header_of(messages, "header")
        limit = self._app.settings.upload_bytes
        if header.video_bytes > limit:
            raise MediaTooLarge(f"a video of up to {limit} bytes is taken", limit="upload_bytes", most=limit)
        with self._places.take(), staged(self._app, self._app.new_id(12)) as folder:
            video = folder / "upload"
            spool(chunks_of(messages), header.video_bytes, video, self._app.settings.upload_seconds)
            yield video
