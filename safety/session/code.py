"""Was the code said? Heard by PocketSphinx against a grammar of all code words and of sounds that are none.

PocketSphinx 5.1 (BSD-2-Clause), with the US English model of its wheel. It hears words, not voices: a
recording or a synthetic voice that says this session's code passes here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from perception.audio import Speech
from safety.errors import SessionCodeOld, SessionCodeWrong, SessionSilent
from safety.recogniser import listen
from safety.session.challenge import CODE_WORDS, WORDS

# Phones of the garbage, from every manner and place of articulation; all 39 cost forty times the time and
# made no difference to 12 spoken codes.
GARBAGE = ("AA", "AH", "EH", "IY", "UW", "ER", "N", "M", "L", "S", "T", "K", "SH", "F", "D")
UNLIKELY = 0.01  # weight of a garbage phone against a code word's
MOST_WORDS = 3 * CODE_WORDS
"""Code words that may be heard in all: a slip and another try, not a list of everything."""


@dataclass(frozen=True)
class Heard:
    """Code words, in their order, and from when to when each was said, in seconds."""

    words: tuple[str, ...]
    spans: tuple[tuple[float, float], ...]


def check_code(
    speech: Speech | None, code: Sequence[str], is_old: Callable[[Sequence[str]], bool] = lambda _: False
) -> tuple[float, float]:
    """From when to when the code was said, in seconds.

    Args:
        is_old: whether such words were the code of another session.

    Raises:
        SessionSilent: there is no sound.
        SessionCodeOld: another session's code was said, and not this one's.
        SessionCodeWrong: neither; metadata `heard` counts the code words that were heard.
        Misconfigured, RecogniserUnavailable: as `listen`.
    """
    if speech is None or speech.silent:
        raise SessionSilent("nothing can be heard in the film: let the browser or app use the microphone")
    heard = hear(speech)
    runs = _runs(heard.words)
    if len(heard.words) <= MOST_WORDS and tuple(code) in runs:
        first = len(runs) - 1 - runs[::-1].index(tuple(code))
        return heard.spans[first][0], heard.spans[first + CODE_WORDS - 1][1]
    if any(is_old(run) for run in runs):
        raise SessionCodeOld(
            "the code that was said belongs to another session: say the one shown for this session"
        )
    raise SessionCodeWrong(
        "the code was not heard: say the words as they are shown, clearly, with a short pause between them, "
        "without other words from the list",
        heard=len(heard.words),
    )


def hear(speech: Speech) -> Heard:
    """The code words in a recording, in any order and number."""
    found = listen(speech, grammar=grammar(), words=[(_garbage(phone), phone) for phone in GARBAGE]).words
    known = [each for each in found if each[0] in WORDS]
    return Heard(tuple(each[0] for each in known), tuple((each[1], each[2]) for each in known))


def _runs(words: Sequence[str]) -> list[tuple[str, ...]]:
    return [tuple(words[k : k + CODE_WORDS]) for k in range(len(words) - CODE_WORDS + 1)]


def grammar() -> str:
    """Any number of code words and garbage phones, in JSGF."""
    words = [f"/1/ {word}" for word in WORDS]
    others = [f"/{UNLIKELY}/ {_garbage(phone)}" for phone in GARBAGE]
    return f"#JSGF V1.0; grammar code; public <said> = ( {' | '.join([*words, *others])} )*;"


def _garbage(phone: str) -> str:
    return f"x{phone.lower()}x"
