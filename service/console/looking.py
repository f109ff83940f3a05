"""One look at an uploaded video, in a thread: news for the page, the report at the end, the video removed."""

import base64
import hashlib
import json
import queue
import threading
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

from perception.errors import SitterError
from safety.detector.report import Report
from safety.evidence_summary import can_print
from service import detect as detection
from service.app import App
from service.console.pages import sentence
from service.report import html, pdf
from service.report.answer import detection_dict
from service.report.content import Subject
from service.report.words import SCORES
from service.status import status_of
from service.translate_detection import detection_out
from service.watcher import Progress, Watcher

Line = dict[str, Any]


class Looking(threading.Thread):
    """Tells `news` how far it is and what came of it, then None.

    Args:
        name: of the file, as its owner calls it.
        remove: is called when the video is not needed any more, however it ends.

    Attributes:
        news: lines with one key each: progress, partial, and last answer or error.
    """

    def __init__(self, app: App, video: Path, name: str, remove: Callable[[], None]) -> None:
        super().__init__(name="sitter-detect-page", daemon=True)
        self._app, self._video, self._name, self._remove = app, video, name, remove
        self._watcher = Watcher(self._tell)
        self.news: queue.Queue[Line | None] = queue.Queue()

    def stop(self) -> None:
        """Nobody waits any more."""
        self._watcher.stop()

    def run(self) -> None:
        last: Line | None = None
        try:
            last = self._traced()
        finally:
            self._remove()  # before the answer: whoever has it can rely on it
            if last is not None:
                self.news.put(last)
            self.news.put(None)

    def _traced(self) -> Line:
        with self._app.tracing.request("console/detect", None) as span:
            try:
                return {"answer": self._look()}
            except Exception as error:  # told without what is not ours to tell, as over gRPC
                reason = error.reason if isinstance(error, SitterError) else "INTERNAL"
                span.refused(reason)
                message = sentence(status_of(error, span.trace_id).message)
                return {"error": {"reason": reason, "message": message}}

    def _look(self) -> dict[str, Any]:
        """The answer, and the report in every form."""
        found = detection.detect(self._app, self._video, self._watcher)
        answer = detection_dict(detection_out(found, self._app.clock()))
        with self._video.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        software = f"Sitter {metadata.version('sitter')}"
        subject = Subject(self._name, self._video.stat().st_size, digest, self._app.clock(), software)
        written = {"file": subject.as_dict(), "answer": answer}
        return {
            "part": html.part(answer, subject),
            "html": html.page(answer, subject),
            "json": json.dumps(written, indent=2, sort_keys=True),
            "pdf": base64.b64encode(pdf.pdf(answer, subject)).decode() if can_print() else "",
        }

    def _tell(self, news: Progress | Report) -> None:
        if isinstance(news, Progress):
            told = {"stage": str(news.stage), "done": news.done, "total": news.total}
            self.news.put({"progress": told})
        else:
            self.news.put({"partial": {"text": SCORES[news.verdict], "seconds": news.seconds}})
