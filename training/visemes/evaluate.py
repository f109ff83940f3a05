"""How well it hears what it has not met: `python -m training.visemes.evaluate CLEAN [COUNT]`.

Per held-out voice or language, COUNT utterances: share of the frames of speech whose class is right; p b m:
found, and heard where there is none; f v: the same; silence: share of its frames kept, and of speech called
silence.
Options: --noise (again in noise 15 dB under the speech), --pocketsphinx (beside what Sitter used before).
"""

import sys
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.hearing.classes import CLASSES, SILENCE
from engine.hearing.listener import Listener
from engine.prosody import measure, runs_of
from training.visemes.augment import noisy
from training.visemes.corpus import HELD_OUT_LANGUAGES, HOP, LANGUAGES, UNKNOWN, Utterance, load
from training.visemes.sounds import FIRST_SHARE, HALVES, RADIO

NEAR = 4  # frames: 40 ms
_SILENT, _P, _F = (CLASSES.index(name) for name in (SILENCE, "P", "F"))
Frames = NDArray[np.int8]
Hear = Callable[[NDArray[np.float32]], Frames]


@dataclass
class Score:
    frames: int = 0
    right: int = 0
    found: dict[int, int] = field(default_factory=lambda: {_P: 0, _F: 0})
    there: dict[int, int] = field(default_factory=lambda: {_P: 0, _F: 0})
    false: dict[int, int] = field(default_factory=lambda: {_P: 0, _F: 0})
    heard: dict[int, int] = field(default_factory=lambda: {_P: 0, _F: 0})
    shifts: list[float] = field(default_factory=list)
    quiet: int = 0
    quiet_right: int = 0
    sound: int = 0
    sound_lost: int = 0

    def add(self, truth: Frames, heard: Frames) -> None:
        known = truth != UNKNOWN
        speech = known & (truth != _SILENT)
        self.frames += int(speech.sum())
        self.right += int((truth == heard)[speech].sum())
        for name in (_P, _F):
            real, taken = runs_of(truth == name), runs_of(heard == name)
            self.there[name] += len(real)
            self.heard[name] += len(taken)
            self.found[name] += sum(
                any(a < d + NEAR and c < b + NEAR and _at_its_time(a, b, c, d) for c, d in taken)
                for a, b in real
            )
            self.false[name] += sum(not any(a < d + NEAR and c < b + NEAR for a, b in real) for c, d in taken)
            if name == _P:
                for a, b in real:
                    near = [c - a for c, d in taken if a < d and c < b]
                    self.shifts += near[:1]
        # Silence counts from 100 ms on, its edges left out: where a sound ends is a matter of taste.
        for a, b in runs_of(truth == _SILENT):
            if b - a >= 10:
                self.quiet += b - a - 6
                self.quiet_right += int((heard[a + 3 : b - 3] == _SILENT).sum())
        self.sound += int(speech.sum())
        self.sound_lost += int((heard[speech] == _SILENT).sum())

    def line(self) -> str:
        onsets = np.array(self.shifts or [0]) * 10
        return " | ".join(
            (
                f"{_share(self.right, self.frames)}",
                f"p b m {self._contacts(_P)}, onset {np.median(onsets):+.0f} ms, nine in ten within "
                f"{np.percentile(np.abs(onsets), 90):.0f} ms",
                f"f v {self._contacts(_F)}",
                f"silence kept {_share(self.quiet_right, self.quiet)}",
                f"speech lost {_share(self.sound_lost, self.sound)}",
            )
        )

    def _contacts(self, name: int) -> str:
        found, false = _share(self.found[name], self.there[name]), _share(self.false[name], self.heard[name])
        return f"{found} of {self.there[name]:4d}, false {false}"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / max(whole, 1):5.1f}"


def _at_its_time(a: int, b: int, c: int, d: int) -> bool:
    """The middle of what was heard lies in the sound, or within 40 ms of its middle."""
    return a <= (c + d) / 2 <= b or c <= (a + b) / 2 <= d or abs((a + b) - (c + d)) / 2 <= NEAR


def by_network(samples: NDArray[np.float32]) -> Frames:
    listener = Listener()
    listener.feed(samples)
    listener.finish()
    frames = np.full(len(samples) // HOP, _SILENT, np.int8)
    for phone in listener.phonemes().phones:
        label = CLASSES.index(phone.symbol) if phone.symbol in CLASSES else len(CLASSES)
        frames[round(phone.start * 100) : round(phone.end * 100)] = label
    return frames


def by_pocketsphinx() -> Hear:
    """What Sitter did before: English words aligned, where they are believed, else phones."""
    from training.visemes.baseline import Recogniser

    recogniser = Recogniser()

    def hear(samples: NDArray[np.float32]) -> Frames:
        speaking = measure(samples).speaking
        frames = np.full(len(samples) // HOP, _SILENT, np.int8)
        for phone in recogniser.hear(samples, float(speaking.sum()) / 100):
            start, end = round(phone.start * 100), round(phone.end * 100)
            low = phone.symbol.lower()
            if low in HALVES:
                middle = round(start + FIRST_SHARE * (end - start))
                frames[start:middle] = CLASSES.index(RADIO[HALVES[low][0]])
                frames[middle:end] = CLASSES.index(RADIO[HALVES[low][1]])
            else:
                frames[start:end] = CLASSES.index(RADIO[low])
        frames[~speaking[: len(frames)]] = _SILENT
        return frames

    return hear


def group(u: Utterance) -> str:
    """A held-out voice or language; espeak-ng's held-out voices in known languages are one group."""
    if u.language in HELD_OUT_LANGUAGES:
        return u.language
    return "espeak-ng voices" if u.language in LANGUAGES else u.voice


def main() -> None:
    clean, count = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 20
    sets: dict[str, list[Utterance]] = defaultdict(list)
    for path in sorted(clean.glob("*.npz")):
        for u in load(path):
            if u.held_out and len(sets[group(u)]) < count:
                sets[group(u)].append(u)
    hearers: dict[str, Hear] = {"network": by_network}
    if "--pocketsphinx" in sys.argv:
        hearers["pocketsphinx"] = by_pocketsphinx()
    for condition in ("clean", "noise at 15 dB") if "--noise" in sys.argv else ("clean",):
        for who, hear in hearers.items():
            total = Score()
            for name, utterances in sorted(sets.items()):
                score, rng = Score(), np.random.default_rng(0)
                for u in utterances:
                    x = np.asarray(np.pad(u.samples, (30 * HOP, 30 * HOP)) / 32768, np.float32)
                    if condition != "clean":
                        x = noisy(x, x, rng, 15.0)
                    truth = np.pad(u.frames, (30, 30))
                    heard = hear(x)
                    size = min(len(truth), len(heard))
                    score.add(truth[:size], heard[:size])
                    total.add(truth[:size], heard[:size])
                print(f"{who:12s} {condition:6s} {name:22s} {score.line()}", flush=True)
            print(f"{who:12s} {condition:6s} {'all':22s} {total.line()}", flush=True)


if __name__ == "__main__":
    main()
