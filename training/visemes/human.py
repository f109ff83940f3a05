"""People's recorded speech: Debian's asterisk-core-sounds-*, read texts aligned by an earlier network.

`python -m training.visemes.human CLEAN WEIGHTS`: adds CLEAN/human.npz. The sounds of each text come from
espeak-ng; when each is said, from the path through them that the network finds likeliest (Viterbi).
Recordings that fit their text badly are left out.
"""

import gzip
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.hearing.classes import CLASSES, SILENCE
from engine.hearing.network import AHEAD, Network
from training.visemes.corpus import HOP, UNKNOWN, Utterance, save
from training.visemes.dataset import features_of
from training.visemes.voices import RATE, Espeak, at_rate

# (package's language, espeak-ng voice): Allison Smith twice, June Wallack (CC BY-SA 3.0), Carlo Flora and a
# Russian speaker of Maxim Topal's (CC BY 3.0).
SPEAKERS = (("en", "gmw/en-US"), ("fr", "roa/fr"), ("es", "roa/es-419"), ("it", "roa/it"), ("ru", "zle/ru"))
_SOUNDS, _TEXTS = Path("/usr/share/asterisk/sounds"), Path("/usr/share/doc")
_WORST = -1.5  # mean log probability along the path
_PAUSE = 2.0  # nats against a pause between two sounds
_EDGE = 1  # frames on each side of a boundary that teach nothing: the alignment is not sure of them


def prompts(language: str) -> list[tuple[Path, str]]:
    packed = _TEXTS / f"asterisk-core-sounds-{language}" / f"core-sounds-{language}.txt.gz"
    found = []
    for line in gzip.decompress(packed.read_bytes()).decode("utf-8", "replace").splitlines():
        name, colon, text = line.partition(":")
        path = _SOUNDS / language / f"{name.strip()}.wav"
        if colon and path.exists() and not set("[(<?�") & set(text.strip()[:-1]) and len(text) > 3:
            found.append((path, text.strip()))
    return found


def align(likely: NDArray[np.float32], sounds: list[int]) -> tuple[NDArray[np.int8], float]:
    """Class per frame along the best path through `sounds`, pauses allowed, and its mean log probability."""
    silent = CLASSES.index(SILENCE)
    states = [silent]
    for sound in sounds:
        states += [sound, silent]
    emission = likely[:, states]
    count = len(states)
    score = np.full(count, -np.inf)
    score[:2] = emission[0, :2]
    back = np.zeros((len(likely), count), np.int8)
    pause = np.where(np.arange(count) % 2 == 0, -_PAUSE, 0.0)
    for t in range(1, len(likely)):
        steps = np.full((3, count), -np.inf)
        steps[0] = score
        steps[1, 1:] = score[:-1] + pause[1:]
        steps[2, 3::2] = score[1:-2:2]  # from sound to sound
        back[t] = steps.argmax(0)
        score = steps.max(0) + emission[t]
    at = count - 1 if score[-1] > score[-2] else count - 2
    total = float(score[at]) / len(likely)
    path = np.zeros(len(likely), np.int8)
    for t in range(len(likely) - 1, -1, -1):
        path[t] = states[at]
        at -= int(back[t, at])
    return path, total


def main() -> None:
    clean, weights = Path(sys.argv[1]), Path(sys.argv[2])
    with np.load(weights) as file:
        trained = {name: file[name].astype(np.float32) for name in file.files}
    from scipy.io import wavfile

    engine, kept, dropped = Espeak(), [], 0
    for language, voice in SPEAKERS:
        for path, text in prompts(language):
            rate, raw = wavfile.read(path)
            samples = at_rate(raw, rate)
            _, labels = engine.speak(text, voice, 160, 50, 50)
            names = [name for name, _, _ in labels if name != SILENCE]
            sounds = [CLASSES.index(b) for a, b in zip(["", *names], names, strict=False) if a != b]
            features = np.pad(features_of(samples), ((0, AHEAD), (0, 0)), "edge")
            likely = Network(trained).feed(features)
            if not 2 <= len(sounds) <= len(likely) // 2:
                dropped += 1
                continue
            frames, fit = align(likely, sounds)
            if fit < _WORST:
                dropped += 1
                continue
            edges = np.flatnonzero(np.diff(frames)) + 1
            for edge in edges:
                frames[max(0, edge - _EDGE) : edge + _EDGE] = UNKNOWN
            whole = np.round(np.clip(samples, -1, 1) * 32767).astype(np.int16)
            kept.append(Utterance(f"human-{language}", "human", whole, frames))
        print(language, len(kept), "kept,", dropped, "dropped", flush=True)
    save(clean / "human.npz", kept)
    print(f"{sum(len(u.samples) for u in kept) / RATE / 60:.0f} minutes; a frame is {HOP} samples")


if __name__ == "__main__":
    main()
