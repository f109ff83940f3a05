"""What is said, written down: PocketSphinx, or what an installed package offers.

PocketSphinx 5.1 (BSD-2-Clause) with the US English models of its wheel (Carnegie Mellon University's, BSD).
It writes what clean English sounds like: of terms on the lists of `safety.script`, said in a sentence by
three synthetic voices, it found 89 % and invented none; with white noise 20 dB below the voice 11 %. Of other
languages it understands nothing. So it finds what an unwary caller lets be said, and is no proof of what is
said.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from perception.audio import Speech
from safety.errors import Misconfigured, RecogniserUnavailable
from safety.script import Recogniser

RATE = 16_000
FRAMES = 100  # of the recogniser, a second
LONGEST_SECONDS, SHARE = 30.0, 2.0
"""How long listening may take: so long, and so many times the length of the sound."""

GROUP = "sitter.recognisers"
"""Entry points of packages that bring a recogniser: a function of the setting's text that returns one."""

Opener = Callable[[str], Recogniser]


@dataclass(frozen=True)
class Written:
    """What was heard: its words in lower case, and each with its seconds from and to."""

    text: str
    words: tuple[tuple[str, float, float], ...]


def listen(speech: Speech, *, grammar: str | None = None, words: Sequence[tuple[str, str]] = ()) -> Written:
    """Hear a recording in a process of its own: 0.07 s of one core for a second, and 0.4 s to begin with.

    The same recording gives the same words.

    Args:
        grammar: what may be said, in JSGF; without one, any English.
        words: words of the grammar that are in no dictionary, with their phones.

    Raises:
        Misconfigured: PocketSphinx is not installed.
        RecogniserUnavailable: it failed, or took too long.
    """
    check_recogniser()
    samples = speech.at(RATE)
    peak = max(float(np.abs(samples).max()), 1e-6) if len(samples) else 1.0
    pcm = np.asarray(samples / peak * 0.5 * 32767, "<i2").tobytes()
    request = json.dumps({"grammar": grammar, "words": list(words)}).encode() + b"\n"
    # A process for each recording: a decoder keeps the mean of the sounds before, and would hear differently.
    task = [sys.executable, "-I", str(Path(__file__).with_name("recogniser_task.py"))]
    try:
        done = subprocess.run(
            task, input=request + pcm, capture_output=True, check=True,
            timeout=LONGEST_SECONDS + SHARE * speech.seconds,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        raise RecogniserUnavailable(
            "the speech recogniser failed: try again, and tell the operator if it happens again"
        ) from None
    answer = json.loads(done.stdout)
    found = ((word.partition("(")[0], start, end) for word, start, end in answer["words"])
    return Written(
        answer["text"],
        tuple((word, start / FRAMES, (end + 1) / FRAMES) for word, start, end in found),
    )


def check_recogniser() -> None:
    """Raises Misconfigured when PocketSphinx is not installed: before anybody is asked to speak."""
    if find_spec("pocketsphinx") is None:
        raise Misconfigured(
            "speech is heard by PocketSphinx: install the package pocketsphinx", part="pocketsphinx"
        )


class PocketSphinx:
    """The embedded recogniser."""

    def transcribe(self, speech: Speech) -> str:
        """Words in lower case; empty where none was heard. Raises as `listen`."""
        return "" if speech.silent else listen(speech).text


def open_recogniser(setting: str) -> Recogniser:
    """The recogniser that a deployment names.

    Args:
        setting: `pocketsphinx`, or `SCHEME:...` of an installed package.

    Raises:
        Misconfigured: nothing installed brings the scheme.
    """
    if setting == "pocketsphinx":
        check_recogniser()
        return PocketSphinx()
    scheme = setting.partition(":")[0]
    for point in entry_points(group=GROUP, name=scheme):
        opener: Opener = point.load()
        return opener(setting)
    raise Misconfigured(
        f"no installed package brings a recogniser {scheme}: install it, or set `pocketsphinx`",
        setting="recogniser",
    )
