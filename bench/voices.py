"""`python -m bench voices --speech FOLDER`: how the speaker encoder does on recordings of your own.

FOLDER has a folder for each speaker with two recordings or more, 8 s and longer, of any format.
The first `--prints` recordings of a speaker make the print, all others are probes against everybody. Speakers
should be strangers to the thresholds that are in use: see docs/voices.md for whose speech those come from.
"""

import argparse
import itertools
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from perception.audio import read_recording
from safety.voices import Partials, open_voice_encoder
from safety.voices.activity import active
from safety.voices.encoder import VoiceEncoder, mean_voice
from safety.voices.mel import RATE
from safety.voices.thresholds import PROFILES
from safety.voices.verify import Voice, judge
from safety.voices.watch import VoiceWatch, compare_with

Floats = NDArray[np.float32]
MOST_SECONDS = 20.0
INSERTS = (1.0, 2.0, 3.0, 4.0, 6.0)
MARGIN = 2.0  # seconds of the own voice before and after an insert, at least
PUSH = RATE // 10


def run(argv: list[str]) -> dict[str, Any]:
    options = argparse.ArgumentParser(prog="python -m bench voices")
    options.add_argument("--speech", type=Path, required=True, help="a folder of recordings per speaker")
    options.add_argument("--prints", type=int, default=1, help="recordings behind a print; default 1")
    options.add_argument("--splices", type=int, default=60, help="mixed clips per length; default 60")
    args = options.parse_args(argv)
    torch.set_num_threads(1)
    encoder = open_voice_encoder("ge2e-lstm-v1")
    sounds = {
        folder.name: [_sound(path) for path in sorted(folder.iterdir())]
        for folder in sorted(args.speech.iterdir())
        if folder.is_dir()
    }
    begin = time.process_time()
    heard = {name: [encoder.partials(each) for each in each_of] for name, each_of in sounds.items()}
    seconds = time.process_time() - begin
    speech = sum(each.speech for each_of in heard.values() for each in each_of)
    voices = {
        name: mean_voice(np.concatenate([each.embeddings for each in found[: args.prints]]))
        for name, found in heard.items()
        if len(found) > args.prints and all(len(each.embeddings) for each in found[: args.prints])
    }
    return {
        "speakers": len(sounds),
        "recordings": sum(map(len, sounds.values())),
        "processor_seconds_per_second_of_speech": round(seconds / speech, 4),
        "profiles": {name: _rates(encoder, name, voices, heard, args.prints) for name in PROFILES},
        "splices_caught": _splices(encoder, voices, sounds, args.prints, args.splices),
        "streams": _streams(encoder, voices, sounds, args.prints, args.splices),
    }


def _sound(path: Path) -> Floats:
    """At one level: what differs is the voice."""
    samples = read_recording(path).at(RATE)[: round(MOST_SECONDS * RATE)]
    level = float(np.sqrt(np.mean(samples[active(samples)] ** 2)))
    return np.asarray(samples * (10 ** (-24 / 20) / max(level, 1e-6)), np.float32)


def _rates(
    encoder: VoiceEncoder,
    name: str,
    voices: dict[str, Floats],
    heard: dict[str, list[Partials]],
    prints: int,
) -> dict[str, Any]:
    """Genuine clips refused, strangers' clips accepted, by whole and stretches together."""
    profile = encoder.calibration.profile(name)
    own: list[bool] = []
    foreign: list[bool] = []
    for whose, voice in voices.items():
        own += [judge(each, voice, profile) is Voice.SAME for each in heard[whose][prints:]]
        strangers = [each for who, found in heard.items() if who != whose for each in found]
        foreign += [judge(each, voice, profile) is Voice.SAME for each in strangers]
    return {
        "whole": profile.whole, "stretch": profile.stretch,
        "genuine": len(own), "false_rejections": round(1 - float(np.mean(own)), 4),
        "strangers": len(foreign), "false_acceptances": round(float(np.mean(foreign)), 4),
    }  # fmt: skip


def _splices(
    encoder: VoiceEncoder, voices: dict[str, Floats], sounds: dict[str, list[Floats]], prints: int, count: int
) -> dict[str, Any]:
    """Share of accepted clips that are refused once somebody else speaks for so long in their middle."""
    profile = encoder.calibration.profile("default")
    result = {}
    for length in INSERTS:
        caught = []
        for own, other, voice in _pairs(voices, sounds, prints, count):
            a, b = own[active(own)], other[active(other)]
            if len(a) < 3 * MARGIN * RATE or len(b) < length * RATE:
                continue
            if judge(encoder.partials(a), voice, profile) is not Voice.SAME:
                continue
            mixed = np.concatenate([a[: len(a) // 2], b[: round(length * RATE)], a[len(a) // 2 :]])
            caught.append(judge(encoder.partials(mixed), voice, profile) is Voice.OTHER)
        result[f"{length:g} s"] = {
            "clips": len(caught),
            "caught": round(float(np.mean(caught or [False])), 3),
        }
    return result


def _streams(
    encoder: VoiceEncoder, voices: dict[str, Floats], sounds: dict[str, list[Floats]], prints: int, count: int
) -> dict[str, Any]:
    """The own voice, then another one: ended too early, not at all, and seconds of sound until it ended."""
    profile = encoder.calibration.profile("default")
    delays, early, missed = [], 0, 0
    for own, other, voice in _pairs(voices, sounds, prints, count // 2):
        watch = VoiceWatch(encoder, compare_with(voice, lambda each: each), profile, RATE)
        ended = _ended(watch, np.concatenate([own, other]))
        if ended is None:
            missed += 1
        elif ended * RATE < len(own):
            early += 1
        else:
            delays.append(ended - len(own) / RATE)
    return {
        "streams": len(delays) + early + missed, "ended_early": early, "missed": missed,
        "delay_median": round(float(np.median(delays or [0])), 1), "delay_most": round(max(delays or [0]), 1),
    }  # fmt: skip


def _ended(watch: VoiceWatch, samples: Floats) -> float | None:
    for start in range(0, len(samples), PUSH):
        if watch.push(samples[start : start + PUSH]) is Voice.OTHER:
            return (start + PUSH) / RATE
    return None


def _pairs(
    voices: dict[str, Floats], sounds: dict[str, list[Floats]], prints: int, count: int
) -> Sequence[tuple[Floats, Floats, Floats]]:
    """A probe of one speaker, a recording of another, the first one's voice: spread evenly over all pairs."""
    every = list(itertools.permutations(voices, 2))
    chosen = every[:: max(1, len(every) // count)][:count]
    return [(sounds[one][prints], sounds[other][-1], voices[one]) for one, other in chosen]
