"""The sitter's page: what it shows, what it takes, and what nobody else gets."""

import http.client
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from safety.errors import Misconfigured
from safety.scope import Scope
from safety.session.challenge import TERM
from safety.session.checks import MOST_BYTES
from service import sessions
from service.app import App
from service.caller import Caller
from service.console.headers import HEADERS
from service.console.pages import templates
from service.console.server import Console, listens
from service.console.words import Line, asked
from service.local_callers import ensure
from service.settings import Settings
from service.wiring import build

OPERATOR = Caller("desk", frozenset({"operator"}))
ASSETS = Path(__file__).resolve().parents[2] / "service" / "console" / "assets"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def told(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Desk:
    """A page server, and a way to ask it as a browser would."""

    app: App
    console: Console

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        connection = http.client.HTTPConnection(self.console.address, timeout=30)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            connection.close()

    def start(self, **parts: Any) -> str:
        """A session's link."""
        started = sessions.start(self.app, replace(_scope(), **parts), None, OPERATOR, "ab" * 16)
        return f"/session/{started.secret}"


def _scope() -> Scope:
    now = datetime.now(UTC)
    return Scope(
        callers=frozenset({"studio-north"}), purposes=frozenset({"customer-service"}),
        territories=frozenset({"DE"}), channels=frozenset({"web"}), not_before=now,
        not_after=now + timedelta(days=30), max_seconds=30.0, emotions=frozenset({"happy"}),
        controls=frozenset({"track"}), live=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    settings = Settings(data=tmp_path_factory.mktemp("desk") / "data", listen="127.0.0.1:0")
    ensure(settings)
    app = build(settings)
    console = Console(app)
    yield Desk(app, console)
    console.close()
    app.close()


def test_the_page_says_who_asks_for_what(desk: Desk) -> None:
    """Callers, purposes, places, term and limits in words; everything of the scope has its line."""
    text = desk.ask("GET", desk.start()).body.decode()
    for words in ("studio-north", "customer service", "on web pages", "up to 30 seconds", "streamed live",
                  "as another person or a program makes them"):  # fmt: skip
        assert words in text
    link = desk.start()
    session = desk.app.sessions.linked(link.rpartition("/")[2])
    named = {line.name for line in asked(session)}
    # not_before and not_after share a line, so do the four limits, so do a script's parts
    assert len(named) == len(asked(session)) == 12


def test_every_answer_is_closed_to_the_outside(desk: Desk) -> None:
    """Strict headers everywhere, also on errors; nothing is loaded from elsewhere, no script in the page."""
    for path in (desk.start(), "/session/none", "/nowhere", "/assets/session.js", "/assets/session.css"):
        answer = desk.ask("GET", path)
        got = {name.lower(): value for name, value in answer.headers.items()}
        assert {name.lower(): got.get(name.lower()) for name in HEADERS} == {
            name.lower(): value for name, value in HEADERS.items()
        }, path
        assert "server" not in got
        assert "set-cookie" not in got
    assert "unsafe" not in HEADERS["Content-Security-Policy"]
    for file in ASSETS.iterdir():
        text = file.read_text("utf-8")
        assert not re.search(r"https?://|@import|url\(", text), file.name
        assert not re.search(r"<script(?![^>]*src=)|\son\w+=|\sstyle=", text), file.name


def test_what_is_shown_is_text() -> None:
    """Whatever a scope comes to hold, a title or a line is never markup."""
    lines = [Line("What", "<script>alert(1)</script>")]
    page = templates().get_template("page.html.j2")
    shown = page.render(title="<b>", text="", lines=lines, attempts=3, days=0)
    assert "<script>alert" not in shown
    assert "&lt;script&gt;alert" in shown
    assert "<b>" not in page.render(title="<b>", text="<b>", lines=[], attempts=0, days=0)


def test_the_challenge_stays_the_same(desk: Desk) -> None:
    """Opening the page shows none; asking for it shows it, a second time the same with less time."""
    link = desk.start()
    page = desk.ask("GET", link).body.decode()
    first = desk.ask("POST", f"{link}/challenge").told
    second = desk.ask("POST", f"{link}/challenge").told
    assert first["words"] == second["words"]
    assert first["turns"] == second["turns"]
    assert 0 < second["seconds_left"] <= first["seconds_left"] <= TERM.total_seconds()
    assert not all(word in page for word in first["words"])


def test_a_wrong_link_is_nobodys(desk: Desk) -> None:
    """No challenge, no upload, and the page says so in words."""
    answer = desk.ask("GET", "/session/wrong")
    assert answer.status == 404
    assert b"no such session" in answer.body
    assert desk.ask("POST", "/session/wrong/challenge").status == 404
    assert desk.ask("POST", "/session/wrong/film", b"x").told["reason"] == "SESSION_UNKNOWN"
    assert desk.ask("DELETE", desk.start()).status == 405


def test_what_is_no_film_is_refused_and_counted(desk: Desk) -> None:
    """In words, with the attempts left; after the last one the link is over."""
    link = desk.start()
    assert desk.ask("POST", f"{link}/film", b"early").told["reason"] == "SESSION_EXPIRED"
    desk.ask("POST", f"{link}/challenge")
    left = []
    for attempt in range(3):
        answer = desk.ask("POST", f"{link}/film", b"not a film %d" % attempt)
        assert answer.status == 400
        assert answer.told["reason"] == "MEDIA_UNSUPPORTED"
        left.append(answer.told["attempts_left"])
    assert left == [2, 1, 0]
    over = desk.ask("GET", link)
    assert over.status == 410
    assert b"no attempts left" in over.body
    assert desk.ask("POST", f"{link}/challenge").status == 410
    assert list(desk.app.staging.iterdir()) == []


def test_films_are_bounded(desk: Desk) -> None:
    """A film that says it is too large is refused before it is read, and is no attempt."""
    link = desk.start()
    desk.ask("POST", f"{link}/challenge")
    answer = desk.ask("POST", f"{link}/film", None, **{"Content-Length": str(MOST_BYTES + 1)})
    assert (answer.status, answer.told["reason"]) == (413, "MEDIA_TOO_LARGE")
    assert desk.app.sessions.linked(link.rpartition("/")[2]).attempts == 0


def test_pages_are_for_loopback_or_tls(desk: Desk) -> None:
    """Browsers give no camera to others, and faces would travel in the clear."""
    app = replace(desk.app, settings=replace(desk.app.settings, console="0.0.0.0:0"))
    with pytest.raises(Misconfigured):
        Console(app)
    taken = replace(desk.app, settings=replace(desk.app.settings, console=desk.console.address))
    with pytest.raises(Misconfigured):
        Console(taken)


def test_where_the_page_is(tmp_path: Path) -> None:
    """The port after the service's, unless the setting names one; a free one beside a free one."""

    def place(**named: str) -> tuple[str, int]:
        return listens(Settings(data=tmp_path, **named))  # type: ignore[arg-type]

    assert place(listen="127.0.0.1:9000") == ("127.0.0.1", 9001)
    assert place(listen="127.0.0.1:0") == ("127.0.0.1", 0)
    assert place(listen="127.0.0.1:9000", console="localhost:7000") == ("localhost", 7000)
