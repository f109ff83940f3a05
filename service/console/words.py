"""What a consent session asks for, in plain words: nobody consents to codes."""

from dataclasses import dataclass
from datetime import datetime

from safety.scope import Scope
from safety.session.challenge import Turn
from safety.session.rows import EXPIRED, FAILED, PASSED, Session

CHANNELS = {
    "internal": "inside an organisation",
    "web": "on web pages",
    "social": "on social networks",
    "broadcast": "on radio and television",
    "messaging": "in messages",
}
CONTROLS = {
    "gaze": "where you seem to look",
    "distance": "how near you seem",
    "emotion": "the expressions above",
    "amplitude": "how much your head, brows and eyes move",
    "pose": "how you hold your head",
    "framing": "how much of you is shown",
    "track": "your movements, as another person or a program makes them",
}
SCRIPTS = {
    "free": "anything",
    "exact": "only texts that you have agreed to, word for word",
    "topics": "anything except on the topics that were ruled out",
}
TURNS = {
    Turn.LEFT: "Turn your head to your left, then back to the camera",
    Turn.RIGHT: "Turn your head to your right, then back to the camera",
    Turn.UP: "Look up with your whole head, then back to the camera",
    Turn.NOD: "Nod: lower your chin to your chest, then back to the camera",
}
OVER = {
    PASSED: ("Thank you: it is done", "Your session was accepted. You can close this page. You can withdraw "
             "your consent at any time: ask whoever sent you the link."),
    FAILED: ("This session is over", "There are no attempts left. Nothing was agreed. If you want to try "
             "again, ask for a new link."),
    EXPIRED: ("This link is over", "Its time has passed. Nothing was agreed. If you want to go on, ask for a "
              "new link."),
}  # fmt: skip
UNKNOWN = (
    "There is no such session",
    "The link is wrong or incomplete. Open it again from the message you were sent, or ask for a new one.",
)


@dataclass(frozen=True)
class Line:
    """One row of what is asked; `regions` are country codes, which the browser can name."""

    name: str
    text: str
    regions: bool = False


def asked(session: Session) -> list[Line]:
    """Who asks for what, for how long and for where."""
    scope = session.scope
    return [
        Line("Who may make videos of you", ", ".join(sorted(scope.callers))),
        Line("What for", ", ".join(code.replace("-", " ") for code in sorted(scope.purposes))),
        Line(
            "Where they may be shown", ", ".join(CHANNELS.get(code, code) for code in sorted(scope.channels))
        ),
        Line("In which countries", ", ".join(sorted(scope.territories)), regions=True),
        Line("From and until", f"{_day(scope.not_before)} to {_day(scope.not_after)}"),
        Line("How long and how many", _lengths(scope)),
        Line("What may be said", SCRIPTS[scope.script.kind] + _topics(scope)),
        Line(
            "In whose voice",
            "your own voice alone: it is recorded here and compared with what you are made to say"
            if scope.own_voice_only
            else "any voice, not only yours",
        ),
        Line("Expressions", ", ".join(sorted(scope.emotions)) or "none that you do not show in your picture"),
        Line("In which languages", _languages(scope)),
        Line(
            "What else may be steered",
            ", ".join(CONTROLS[code] for code in sorted(scope.controls)) or "nothing",
        ),
        Line("Live", "videos may be streamed live" if scope.live else "not live"),
    ]


def _languages(scope: Scope) -> str:
    return "any" if "*" in scope.languages else ", ".join(sorted(scope.languages))


def _topics(scope: Scope) -> str:
    ruled_out = sorted({*scope.script.topics, *scope.script.terms})
    return f": {', '.join(ruled_out)}" if ruled_out else ""


def _lengths(scope: Scope) -> str:
    parts = [f"each up to {scope.max_seconds:g} seconds"]
    if scope.total_seconds is not None:
        parts.append(f"{scope.total_seconds:g} seconds in all")
    if scope.max_clips is not None:
        parts.append(f"{scope.max_clips} videos in all")
    if scope.clips_per_day is not None:
        parts.append(f"{scope.clips_per_day} a day")
    return ", ".join(parts)


def _day(at: datetime) -> str:
    return f"{at:%-d %B %Y}"
