"""Asking what a video is, by the public page, as a stream and by the command: what is told, what is left."""

import http.client
import json
import re
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from PIL import Image

from perception.audio import RATE, Speech
from perception.video import write_video
from service.__main__ import main
from service.app import App
from service.caller import Callers
from service.client import Client
from service.console.detect_pages import DETECT_HEADERS, VIDEOS
from service.console.server import Console
from service.demo.characters import draw
from service.local_callers import ensure
from service.pb.sitter.v1 import detection_pb2
from service.server import Server
from service.settings import Settings
from service.wiring import build

PATIENCE = 60.0


@dataclass(frozen=True)
class Desk:
    """A server of both kinds over one App, and a browser's way to hand in a video."""

    app: App
    console: Console
    target: str

    def get(self, path: str) -> tuple[int, dict[str, str], str]:
        """Status, headers by lower-case names, and text."""
        connection = http.client.HTTPConnection(self.console.address, timeout=PATIENCE)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, headers, answer.read().decode()
        finally:
            connection.close()

    def send(self, body: bytes, name: str | None = "clip.mp4") -> tuple[int, dict[str, str], list[Any]]:
        """Status, headers, and the lines of the answer."""
        connection = http.client.HTTPConnection(self.console.address, timeout=PATIENCE)
        headers = {} if name is None else {"X-File-Name": quote(name)}
        try:
            connection.request("POST", "/detect/video", body, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
            return answer.status, dict(answer.getheaders()), [json.loads(line) for line in text.splitlines()]
        finally:
            connection.close()

    def nothing_is_left(self) -> None:
        """Every upload's folder is gone, at once or as soon as its thread has ended."""
        _until(lambda: not any(self.app.staging.iterdir()))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    settings = Settings(
        data=tmp_path_factory.mktemp("desk") / "data", listen="127.0.0.1:0", upload_bytes=1 << 20,
        detections_per_hour=1000,
    )  # fmt: skip
    ensure(settings)
    app = build(settings)
    console = Console(app)
    server = Server(app, Callers.open(settings.callers))
    yield Desk(app, console, f"127.0.0.1:{server.port}")
    server.close()
    console.close()
    app.close()


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What people send: a short film of a drawn person, a long one, and files that are none."""
    folder = tmp_path_factory.mktemp("films")
    picture = Image.fromarray(draw("pip", 192))

    def swaying(frames: int) -> Iterator[np.ndarray[Any, Any]]:
        for k in range(frames):
            at = (1, 0, 16 + 9 * np.sin(k / 7), 0, 1, 16)
            yield np.array(picture.transform((160, 160), Image.Transform.AFFINE, at))

    write_video(folder / "short.mp4", swaying(30), fps=25, speech=None)
    write_video(folder / "long.mp4", swaying(1000), fps=25, speech=None, crf=40)
    sound = Speech((0.1 * np.sin(np.arange(2 * RATE) / 20)).astype(np.float32))
    write_video(folder / "black.mp4", [np.zeros((64, 64, 3), np.uint8)] * 25, fps=25, speech=sound)
    whole = (folder / "short.mp4").read_bytes()
    (folder / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "text.mp4").write_text("this is no video " * 50)
    return {path.stem: path for path in folder.iterdir()}


def test_the_page_is_closed_to_the_outside(desk: Desk) -> None:
    """Strict headers on everything, nothing from elsewhere, no script or style in the page, no cookie."""
    for path in ("/detect", "/assets/detect.js", "/assets/detect.css", "/assets/report.css"):
        status, got, text = desk.get(path)
        assert status == 200
        assert {name: got.get(name.lower()) for name in DETECT_HEADERS} == DETECT_HEADERS, path
        assert not {"server", "set-cookie"} & set(got)
        assert not re.search(r"https?://|@import|url\(", text), path
        assert not re.search(r"<script(?![^>]*src=)|\son\w+=|\sstyle=", text), path
    assert "unsafe" not in DETECT_HEADERS["Content-Security-Policy"]
    assert desk.get("/session/none")[0] == 404  # the sitter's page is still there


def test_a_video_is_looked_at_and_gone(desk: Desk, films: dict[str, Path]) -> None:
    """Progress, then the answer with the report in every form; it is gone before the answer is read."""
    status, headers, lines = desk.send(films["short"].read_bytes(), "/home/<b>me</b>/<i>Film.mp4")
    assert list(desk.app.staging.iterdir()) == []
    assert status == 200
    assert "Set-Cookie" not in headers
    assert all("progress" in line for line in lines[:-1])
    assert {line["progress"]["stage"] for line in lines[:-1]} == {"credentials", "content"}
    answer = lines[-1]["answer"]
    told = json.loads(answer["json"])
    assert told["answer"]["verdict"] == "no_record"
    assert told["file"]["name"] == "<i>Film.mp4"
    assert "No mark of this service was found." in answer["part"]
    assert "<i>" not in answer["part"] + answer["html"]
    assert answer["pdf"]


@pytest.mark.parametrize(
    ("film", "reason"), [("cut", "MEDIA_"), ("empty", "MEDIA_EMPTY"), ("text", "MEDIA_UNSUPPORTED")]
)
def test_what_is_no_video_is_told(desk: Desk, films: dict[str, Path], film: str, reason: str) -> None:
    """A typed error in words, as the last line; and nothing is left."""
    status, _, lines = desk.send(films[film].read_bytes())
    error = lines[-1]["error"]
    assert (status, error["reason"].startswith(reason)) == (200, True)
    assert error["message"][0].isupper()
    assert str(desk.app.staging) not in error["message"]
    desk.nothing_is_left()


def test_black_pictures_are_an_answer(desk: Desk, films: dict[str, Path]) -> None:
    """What holds no face is no error: the notes say that nothing could be judged."""
    answer = json.loads(desk.send(films["black"].read_bytes())[2][-1]["answer"]["json"])["answer"]
    assert answer["score_verdict"] == "inconclusive"
    assert any("face" in note.lower() for note in answer["notes"])


def test_too_large_and_unnamed_are_refused(desk: Desk) -> None:
    """Over the limit, announced or not, and without the header that no other site can send."""
    status, _, lines = desk.send(bytes((1 << 20) + 1))
    assert (status, lines[0]["error"]["reason"]) == (413, "MEDIA_TOO_LARGE")
    status, _, lines = desk.send(b"x", name=None)
    assert (status, lines[0]["error"]["reason"]) == (400, "UPLOAD_BROKEN")
    desk.nothing_is_left()


def test_too_many_from_one_address_wait(desk: Desk, films: dict[str, Path]) -> None:
    """Over the hourly number: 429, with the time to wait."""
    few = replace(desk.app, settings=replace(desk.app.settings, detections_per_hour=1, console="127.0.0.1:0"))
    console = Console(few)
    try:
        other = Desk(few, console, "")
        assert other.send(films["text"].read_bytes())[0] == 200
        status, headers, lines = other.send(films["text"].read_bytes())
    finally:
        console.close()
    assert (status, lines[0]["error"]["reason"]) == (429, "QUOTA_REFUSED")
    assert 3000 < int(headers["retry-after"]) <= 3600


def test_who_leaves_in_the_middle_leaves_nothing(desk: Desk, films: dict[str, Path]) -> None:
    """The upload that broke off and the look that nobody waits for are ended, and their places are free."""
    host, _, port = desk.console.address.partition(":")
    body = films["long"].read_bytes()
    head = f"POST /detect/video HTTP/1.1\r\nHost: x\r\nX-File-Name: a\r\nContent-Length: {len(body)}\r\n\r\n"
    for sent in (body[: len(body) // 2], body):
        for _ in range(VIDEOS + 1):
            with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
                connection.sendall(head.encode() + sent)
                _until(lambda: any(desk.app.staging.iterdir()))
                if sent is body:
                    assert b"progress" in _heard(connection)
            desk.nothing_is_left()
    assert desk.send(films["text"].read_bytes())[0] == 200


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.02)


def _heard(connection: socket.socket) -> bytes:
    heard = b""
    while b"progress" not in heard:
        piece = connection.recv(4096)
        assert piece, "the service hung up"
        heard += piece
    return heard


def test_the_stream_tells_how_far_it_is(desk: Desk, films: dict[str, Path]) -> None:
    """The same answer as without a stream, after progress that rises; findings so far on a long video."""
    updates: list[Any] = []
    with Client(desk.target) as client:
        answer = client.detect_stream(films["short"], updates.append)
        assert answer == client.detect(films["short"])
    done = [update.progress.seconds_done for update in updates]
    assert updates[0].progress.stage == detection_pb2.DETECT_STAGE_UPLOAD
    assert updates[-1].progress.stage == detection_pb2.DETECT_STAGE_CONTENT
    assert done == sorted(done)
    assert answer.seconds == pytest.approx(1.2, abs=0.05)
    assert answer.aspect == 1.0
    assert list(desk.app.staging.iterdir()) == []


def test_a_stream_that_is_cancelled_is_ended(desk: Desk, films: dict[str, Path]) -> None:
    """After some findings the caller goes away: the work ends and the upload is gone."""

    class Enough(Exception):
        pass

    seen: list[str] = []

    def leave(update: Any) -> None:
        seen.append(update.WhichOneof("update"))
        if seen[-1] == "partial":
            raise Enough

    client = Client(desk.target)
    with client, pytest.raises(Enough):
        client.detect_stream(films["long"], leave)
    desk.nothing_is_left()
    assert "progress" in seen


Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def detect(desk: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("SITTER_DATA", str(desk.app.settings.data))

    def run(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main(["detect", *map(str, words), "--server", desk.target])
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return status, said.out, said.err

    return run


def test_the_command_writes_the_report(detect: Command, films: dict[str, Path], tmp_path: Path) -> None:
    """JSON, HTML and PDF in the folder, which is made; the JSON is what --json prints."""
    folder = tmp_path / "new" / "report"
    status, out, _ = detect(films["short"], "--json", "--report", folder)
    assert status == 0
    assert {path.name for path in folder.iterdir()} == {"report.json", "report.html", "report.pdf"}
    written = json.loads((folder / "report.json").read_text())
    assert written["answer"] == json.loads(out)
    assert written["file"]["name"] == "short.mp4"
    page = (folder / "report.html").read_text()
    assert not re.search(r"https?://|@import|url\(|<script", page)
    assert (folder / "report.pdf").read_bytes().startswith(b"%PDF")


def test_the_command_says_what_is_wrong(
    desk: Desk, detect: Command, films: dict[str, Path], tmp_path: Path
) -> None:
    """Not there, a folder, empty, no video, cut off, a file for a folder: one line each, no traceback."""
    for words, status, reason in (
        ((tmp_path / "none.mp4",), 2, "FILE"),
        ((tmp_path,), 2, "FILE"),
        ((films["short"], "--report", films["text"]), 2, "FILE"),
        ((films["empty"],), 1, "MEDIA_EMPTY"),
        ((films["text"],), 1, "MEDIA_UNSUPPORTED"),
        ((films["cut"],), 1, "MEDIA_"),
    ):
        code, out, err = detect(*words)
        assert (code, out) == (status, ""), err
        assert err.startswith(f"sitter: {reason}"), err
        desk.nothing_is_left()
