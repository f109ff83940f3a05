"""Speech with known sounds: `python -m training.visemes.corpus FOLDER`.

Writes FOLDER/<part>.npz, the utterances of one synthesiser each: samples, and a class per frame of 10 ms.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from engine.hearing.classes import CLASSES, SILENCE
from training.visemes.texts import dictionary, english, invented
from training.visemes.voices import FESTIVAL, RATE, Espeak, Labels, Samples, speak_festival, speak_flite

HOP = 160
UNKNOWN = -1  # a frame that teaches nothing
FLITE = ("kal16", "awb", "slt", "rms")
# Never trained on: how the network does with voices and languages it has not met.
HELD_OUT_VOICES = frozenset((
    "rms", "czech_machac", "suo_fi_lj_diphone", "pc_diphone", "human-it", "f2", "m4", "klatt3", "Andy",
    "linda",
))  # fmt: skip
HELD_OUT_LANGUAGES = frozenset((
    "gmw/de", "roa/es", "roa/es-419", "sit/cmn-Latn-pinyin", "urj/hu", "trk/tr", "bnt/sw", "roa/pt",
    "roa/pt-BR",
))  # fmt: skip
LANGUAGES = (
    "gmw/af", "sem/am", "sem/ar", "trk/az", "trk/ba", "zls/bg", "inc/bn", "roa/ca", "zlw/cs", "cel/cy",
    "gmq/da", "gmw/de", "grk/el", "gmw/en-029", "gmw/en", "gmw/en-GB-scotland", "gmw/en-GB-x-gbclan",
    "gmw/en-GB-x-rp", "gmw/en-US", "gmw/en-US-nyc", "art/eo", "roa/es", "roa/es-419", "urj/et", "eu",
    "ira/fa", "urj/fi", "roa/fr-BE", "roa/fr", "cel/ga", "sai/gn", "inc/gu", "map/haw", "inc/hi", "zls/hr",
    "roa/ht", "urj/hu", "ine/hy", "poz/id", "gmq/is", "roa/it", "jpx/ja", "ccs/ka", "trk/kk", "ko",
    "ira/ku", "trk/ky", "itc/la", "gmw/lb", "bat/lt", "bat/lv", "poz/mi", "zls/mk", "inc/mr", "poz/ms",
    "sem/mt", "gmq/nb", "inc/ne", "gmw/nl", "zlw/pl", "roa/pt", "roa/pt-BR", "roa/ro", "zle/ru", "zlw/sk",
    "zls/sl", "ine/sq", "zls/sr", "gmq/sv", "bnt/sw", "dra/ta", "dra/te", "trk/tk", "bnt/tn", "trk/tr",
    "trk/tt", "zle/uk", "inc/ur", "trk/uz", "aav/vi", "sit/cmn-Latn-pinyin",
)  # fmt: skip
VARIANTS = (
    "f1", "f2", "f3", "f4", "f5", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "klatt", "klatt2",
    "klatt3", "klatt4", "klatt5", "Alex", "Alicia", "Andrea", "Andy", "Annie", "Denis", "Diogo", "Gene",
    "Hugo", "Jacky", "Lee", "Marco", "Mario", "Michael", "Mike", "Nguyen", "Storm", "adam", "anika",
    "antonio", "aunty", "belinda", "benjamin", "boris", "caleb", "david", "ed", "edward", "gustave", "iven",
    "john", "kaukovalta", "linda", "marcelo", "max", "michel", "miguel", "norbert", "pablo", "paul",
    "pedro", "quincy", "rob", "robert", "sandro", "shelby", "steph", "travis", "victor", "whisper",
    "whisperf", "zac",
)  # fmt: skip


@dataclass(frozen=True)
class Utterance:
    """What a voice said: (N,) int16 at 16 kHz, and a class (or `UNKNOWN`) for each frame of 10 ms."""

    voice: str
    language: str
    samples: NDArray[np.int16]
    frames: NDArray[np.int8]

    @property
    def held_out(self) -> bool:
        return self.voice in HELD_OUT_VOICES or self.language in HELD_OUT_LANGUAGES


def frames_of(labels: Labels, samples: int) -> NDArray[np.int8]:
    """One class per frame: frame i lies around i * 10 ms."""
    frames = np.full(samples // HOP, CLASSES.index(SILENCE), np.int8)
    for name, start, end in labels:
        frames[round(start * RATE / HOP) : round(end * RATE / HOP)] = CLASSES.index(name)
    return frames


def utterance(voice: str, language: str, said: tuple[Samples, Labels]) -> Utterance:
    samples, labels = said
    whole = np.round(np.clip(samples, -1, 1) * 32767).astype(np.int16)
    return Utterance(voice, language, whole, frames_of(labels, len(whole)))


def save(path: Path, utterances: list[Utterance]) -> None:
    np.savez(
        path,
        voice=np.array([u.voice for u in utterances]),
        language=np.array([u.language for u in utterances]),
        lengths=np.array([(len(u.samples), len(u.frames)) for u in utterances]),
        samples=np.concatenate([u.samples for u in utterances]),
        frames=np.concatenate([u.frames for u in utterances]),
    )


def load(path: Path) -> list[Utterance]:
    with np.load(path) as file:
        data = dict(file)
    ends = np.cumsum(np.concatenate(([[0, 0]], data["lengths"])), 0)
    return [
        Utterance(
            str(data["voice"][i]),
            str(data["language"][i]),
            data["samples"][ends[i, 0] : ends[i + 1, 0]],
            data["frames"][ends[i, 1] : ends[i + 1, 1]],
        )
        for i in range(len(data["voice"]))
    ]


def by_flite(count: int, rng: Random) -> list[Utterance]:
    words, made = dictionary(), []
    for i in range(count):
        voice = FLITE[i % len(FLITE)]
        stretch, shift = rng.uniform(0.75, 1.25), rng.uniform(0.8, 1.3)
        made.append(utterance(voice, "en", speak_flite(english(words, rng), voice, stretch, shift)))
    return made


def by_festival(count: int, rng: Random) -> list[Utterance]:
    words, made = dictionary(), []
    for voice in FESTIVAL:
        texts = [
            english(words, rng) if voice.language == "en" else invented(voice.language, rng)
            for _ in range(count)
        ]
        made += [utterance(voice.name, voice.language, said) for said in speak_festival(texts, voice)]
    return made


def by_espeak(count: int, rng: Random) -> list[Utterance]:
    """Every language `count` times, each time another variant, speed, pitch; English six times as often."""
    engine, words, made = Espeak(), dictionary(), []
    for language in LANGUAGES:
        own = language.split("/")[-1].lower()
        for _ in range(count * 6 if own.startswith("en") else count):
            variant = rng.choice(VARIANTS)
            text = english(words, rng) if own.startswith("en") else invented(own, rng)
            said = engine.speak(
                text, f"{language}+{variant}", rng.randint(120, 230), rng.randint(10, 90), rng.randint(20, 90)
            )
            made.append(utterance(variant, language, said))
    return made


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    makers = {"flite": (by_flite, 1400), "festival": (by_festival, 110), "espeak": (by_espeak, 22)}
    for seed, (name, (make, count)) in enumerate(makers.items()):
        utterances = make(count, Random(seed))  # noqa: S311
        save(folder / f"{name}.npz", utterances)
        seconds = sum(len(u.samples) for u in utterances) / RATE
        print(f"{name}: {len(utterances)} utterances, {seconds / 3600:.2f} h", flush=True)


if __name__ == "__main__":
    main()
