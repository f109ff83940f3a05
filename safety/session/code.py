"""Was the code said? Heard by PocketSphinx against a grammar of all code words and of sounds that are none.

PocketSphinx 5.1 (BSD-2-Clause), with the US English model of its wheel. It hears words, not voices: a
recording or a synthetic voice that says this session's code passes here.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

from perception.audio import Speech
from safety.errors import Misconfigured, SessionCodeOld, SessionCodeWrong, SessionSilent
from safety.session.challenge import CODE_WORDS, WORDS

RATE = 16_000
FRAMES = 100  # of the recogniser, a second
# Phones of the garbage, from every manner and place of articulation; all 39 cost forty times the time and
# made no difference to 12 spoken codes.
GARBAGE = ("AA", "AH", "EH", "IY", "UW", "ER", "N", "M", "L", "S", "T", "K", "SH", "F", "D")
UNLIKELY = 0.01  # weight of a garbage phone against a code word's
MOST_WORDS = 3 * CODE_WORDS
"""Code words that may be heard in all: a slip and another try, not a list of everything."""

_lock = threading.Lock()


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
        Misconfigured: PocketSphinx is not installed.
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


def check_recogniser() -> None:
    """Raises Misconfigured when PocketSphinx is not installed: before anybody is asked to speak."""
    if find_spec("pocketsphinx") is None:
        raise Misconfigured(
            "consent sessions need the speech recogniser: install the package pocketsphinx",
            part="pocketsphinx",
        )


def hear(speech: Speech) -> Heard:
    """The code words in a recording, in any order and number."""
    samples = speech.at(RATE)
    peak = max(float(np.abs(samples).max()), 1e-6) if len(samples) else 1.0
    pcm = np.asarray(samples / peak * 0.5 * 32767, np.int16).tobytes()
    # The library's decoder keeps the mean of the sounds before: a fresh one hears the same film the same.
    with _lock:
        decoder = _decoder()
        decoder.start_utt()
        decoder.process_raw(pcm, no_search=False, full_utt=True)
        decoder.end_utt()
        found = [
            (each.word.partition("(")[0], each.start_frame / FRAMES, (each.end_frame + 1) / FRAMES)
            for each in decoder.seg() or ()
        ]
    known = [each for each in found if each[0] in WORDS]
    return Heard(tuple(each[0] for each in known), tuple((each[1], each[2]) for each in known))


def _runs(words: Sequence[str]) -> list[tuple[str, ...]]:
    return [tuple(words[k : k + CODE_WORDS]) for k in range(len(words) - CODE_WORDS + 1)]


def _decoder() -> Any:
    check_recogniser()
    from pocketsphinx import Config, Decoder, get_model_path

    config = Config(
        hmm=get_model_path("en-us/en-us"), dict=get_model_path("en-us/cmudict-en-us.dict"), lm=None,
        loglevel="FATAL", bestpath=False, ds=2, topn=2,
    )  # fmt: skip
    decoder = Decoder(config)
    for phone in GARBAGE:
        decoder.add_word(_garbage(phone), phone, False)
    decoder.add_jsgf_string("code", grammar())
    decoder.activate_search("code")
    return decoder


def grammar() -> str:
    """Any number of code words and garbage phones, in JSGF."""
    words = [f"/1/ {word}" for word in WORDS]
    others = [f"/{UNLIKELY}/ {_garbage(phone)}" for phone in GARBAGE]
    return f"#JSGF V1.0; grammar code; public <said> = ( {' | '.join([*words, *others])} )*;"


def _garbage(phone: str) -> str:
    return f"x{phone.lower()}x"
