"""What a consent covers, and whether it covers one request: values and pure functions, no store.

Deny by default: an empty list, an unknown code, a missing time zone or a number that is not one matches
nothing. Every part only ever narrows: a narrower scope never allows more.
"""

import json
import math
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from safety.errors import ConsentInvalid, ConsentScope
from safety.script import FREE, ScriptRule, Spoken, allows
from safety.vocabulary import CHANNELS, CONTROLS, EMOTIONS, NAME, PURPOSES, TERRITORIES, implied_by

TERM = timedelta(days=366)
"""The longest a consent lasts. A year, so that nobody is bound by what they have forgotten."""

CLIP_SECONDS = 600.0
"""The longest clip that a consent can allow, in seconds."""

TOTAL_SECONDS = 1_000_000.0
"""The most seconds that a limit on all clips together can name."""

MOST_CLIPS = 1_000_000
"""The most clips that a limit can name."""

_RANGE = re.compile(r"\*|[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8}){0,4}")


@dataclass(frozen=True)
class Scope:
    """What a sitter allowed. Raises ConsentInvalid where it holds something that cannot be granted.

    Attributes:
        callers: exact names of those who may ask; never "anyone".
        purposes: codes of `PURPOSES`; a grant covers the children that are not explicit.
        territories: ISO 3166-1 alpha-2 codes of where clips may be shown.
        channels: codes of `CHANNELS`.
        not_before, not_after: half-open interval [not_before, not_after), UTC, at most `TERM` long.
        max_seconds: longest clip, over 0 to `CLIP_SECONDS`.
        emotions: names of `EMOTIONS` that may be asked for; they need the control `emotion` too.
        controls: names of `CONTROLS` that may be steered.
        live: whether frames may be streamed while they are made.
        languages: language ranges (RFC 4647, section 2.1) of what may be said: "de" covers "de-AT", "*" any
            and also what nobody declared.
        script: what may be said.
        total_seconds: all clips together, over 0 to `TOTAL_SECONDS`; None: as `max_clips` and the term allow.
        max_clips: how many in all, 1 to `MOST_CLIPS`; None: as the term allows.
        clips_per_day: how many within any 24 hours, 1 to `MOST_CLIPS`; None: as the others allow.
        own_voice_only: whether what is said has to be in the sitter's own, enrolled voice.
    """

    callers: frozenset[str]
    purposes: frozenset[str]
    territories: frozenset[str]
    channels: frozenset[str]
    not_before: datetime
    not_after: datetime
    max_seconds: float
    emotions: frozenset[str]
    controls: frozenset[str]
    live: bool
    languages: frozenset[str] = frozenset({"*"})
    script: ScriptRule = FREE
    total_seconds: float | None = None
    max_clips: int | None = None
    clips_per_day: int | None = None
    own_voice_only: bool = False

    def __post_init__(self) -> None:
        _known("purpose", self.purposes, PURPOSES)
        _known("territory", self.territories, TERRITORIES)
        _known("channel", self.channels, CHANNELS)
        _known("emotion", self.emotions, EMOTIONS)
        _known("control", self.controls, CONTROLS)
        if not _is_codes(self.callers) or any(not NAME.fullmatch(name) for name in self.callers):
            raise ConsentInvalid(
                "a consent names its callers one by one: 1 to 63 of a-z, 0-9, dot and hyphen, no wildcard",
                part="callers",
            )
        if not (_is_number(self.max_seconds) and 0 < self.max_seconds <= CLIP_SECONDS):
            raise ConsentInvalid(
                f"max_seconds must be over 0 and at most {CLIP_SECONDS:g} seconds",
                part="max_seconds", high=CLIP_SECONDS,
            )  # fmt: skip
        if not isinstance(self.live, bool):
            raise ConsentInvalid("live must be true or false", part="live")
        if not isinstance(self.own_voice_only, bool):
            raise ConsentInvalid("own_voice_only must be true or false", part="own_voice_only")
        if not _is_codes(self.languages) or any(not _RANGE.fullmatch(each) for each in self.languages):
            raise ConsentInvalid('a language is a range such as de, pt-BR or "*" for any', part="languages")
        if not isinstance(self.script, ScriptRule):
            raise ConsentInvalid("a script rule is needed: `free` allows anything", part="script")
        _check_counters(self)
        if not (_is_utc(self.not_before) and _is_utc(self.not_after)):
            raise ConsentInvalid("not_before and not_after must be times in UTC", part="term")
        if not timedelta(0) < self.not_after - self.not_before <= TERM:
            raise ConsentInvalid(
                f"a consent must end after it begins and within {TERM.days} days of it: renew it after that",
                part="term", high_days=TERM.days,
            )  # fmt: skip

    def to_json(self) -> str:
        """One canonical line: sorted keys and lists, times in ISO 8601."""
        return json.dumps(
            {field.name: _plain(getattr(self, field.name)) for field in fields(self)},
            sort_keys=True, separators=(",", ":"),
        )  # fmt: skip

    @classmethod
    def from_json(cls, text: str) -> "Scope":
        """Read what `to_json` wrote.

        Raises:
            ConsentScope: it has other fields, or codes that this version does not know: it covers nothing.
        """
        try:
            return cls(**{name: _typed(name, value) for name, value in json.loads(text).items()})
        except (ConsentInvalid, TypeError, ValueError, AttributeError) as error:
            raise ConsentScope(
                "the stored consent has fields or codes unknown to this version, so it covers nothing: "
                "have it granted anew",
                parts="record",
            ) from error


@dataclass(frozen=True)
class Ask:
    """One use that somebody asks for. Any value may be in it: what no scope lists is refused.

    Attributes:
        identity_id: who would be shown.
        caller: name of who asks.
        purpose, territory, channel: codes.
        seconds: length of the clip.
        emotions: names of the emotions asked for; empty when the caller steers none.
        controls: names of the controls that differ from their default.
        live: whether frames are to be streamed while they are made.
        language: tag (BCP 47) of what is said, as declared; empty where nobody declared it.
        spoken: what is said, as declared and as heard; empty where neither is known.
        voice: whose voice it is said in: `same` where it was found to be the sitter's own, `not_asked` where
            nobody listened for that.
    """

    identity_id: str
    caller: str
    purpose: str
    territory: str
    channel: str
    seconds: float
    emotions: frozenset[str]
    controls: frozenset[str]
    live: bool
    language: str = ""
    spoken: tuple[Spoken, ...] = ()
    voice: str = "not_asked"


def outside(scope: Scope, ask: Ask, at: datetime) -> tuple[str, ...]:
    """The parts of `scope` that do not cover `ask` at the time `at`; empty when it is covered."""
    checks: dict[str, Callable[[], bool]] = {
        "not_before": lambda: _is_utc(at) and scope.not_before <= at,
        "not_after": lambda: _is_utc(at) and at < scope.not_after,
        "caller": lambda: ask.caller in scope.callers,
        "purpose": lambda: bool(implied_by(ask.purpose) & scope.purposes),
        "territory": lambda: ask.territory in scope.territories,
        "channel": lambda: ask.channel in scope.channels,
        "seconds": lambda: _is_number(ask.seconds) and 0 < ask.seconds <= scope.max_seconds,
        "emotions": lambda: ask.emotions <= scope.emotions,
        "controls": lambda: ask.controls | ({"emotion"} if ask.emotions else set()) <= scope.controls,
        "live": lambda: ask.live is False or (ask.live is True and scope.live),
        "language": lambda: any(_matches(ask.language, each) for each in scope.languages),
        "script": lambda: allows(scope.script, ask.spoken),
        "voice": lambda: ask.voice == "same" or (ask.voice == "not_asked" and scope.own_voice_only is False),
    }
    return tuple(part for part, check in checks.items() if not _holds(check))


def _holds(check: Callable[[], bool]) -> bool:
    """Whether it is so; what cannot be asked of a value of that type is not."""
    try:
        return check() is True
    except (TypeError, AttributeError):
        return False


def _matches(tag: str, wanted: str) -> bool:
    """Basic filtering of RFC 4647, section 3.3.1."""
    tag, wanted = tag.lower(), wanted.lower()
    return wanted in ("*", tag) or tag.startswith(f"{wanted}-")


def _check_counters(scope: Scope) -> None:
    """Raises ConsentInvalid for a limit on all clips together that is none."""
    total = scope.total_seconds
    if total is not None and not (_is_number(total) and 0 < total <= TOTAL_SECONDS):
        raise ConsentInvalid(
            f"total_seconds must be over 0 and at most {TOTAL_SECONDS:g} seconds",
            part="total_seconds", high=TOTAL_SECONDS,
        )  # fmt: skip
    for name in ("max_clips", "clips_per_day"):
        most = getattr(scope, name)
        if most is not None and not (type(most) is int and 0 < most <= MOST_CLIPS):
            raise ConsentInvalid(f"{name} must be 1 to {MOST_CLIPS}", part=name, high=MOST_CLIPS)


def _known(kind: str, codes: frozenset[str], known: Any) -> None:
    if not _is_codes(codes) or not all(code in known for code in codes):
        choice = ", ".join(sorted(known)) if len(known) < 50 else "ISO 3166-1 alpha-2 codes such as DE or JP"
        raise ConsentInvalid(f"a consent lists a {kind} that does not exist: use {choice}", part=kind)


def _is_codes(codes: object) -> bool:
    return isinstance(codes, frozenset) and all(isinstance(code, str) for code in codes)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_utc(at: object) -> bool:
    return isinstance(at, datetime) and at.tzinfo is not None and at.utcoffset() == timedelta(0)


def _plain(value: Any) -> Any:
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, ScriptRule):
        return {name: _plain(each) for name, each in asdict(value).items()}
    return value.isoformat() if isinstance(value, datetime) else value


def _typed(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return frozenset(value)
    if name == "script":
        return ScriptRule(**{key: _typed(key, each) for key, each in value.items()})
    return datetime.fromisoformat(value) if name in ("not_before", "not_after") else value
