"""Phones from pocketsphinx 5 with the English models in its wheel (BSD licence); no network."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.prosody import RATE

FRAME = 0.01  # seconds, pocketsphinx's frate 100

# Mean lattice posterior of the words of a stretch (Wessel, Schlüter, Macherey, Ney 2001), weighted by
# duration over the sounding part. Measured on 48 flite utterances with known phones (4 voices, English and
# invented words, clean and in noise at 12 dB), in six groups by posterior: in those around 0.58 and 0.81
# aligned words beat allphone in viseme class per frame (by 5 and 8 %), in those at 0.41 and below they lose
# (by up to 9 %). Where words would lose, allphone is taken.
UNDERSTOOD = 0.55

_NOISES = ("SIL", "+SPN+", "+NSN+")  # silence and the model's two fillers: speech-like and other noise


@dataclass(frozen=True)
class Heard:
    """One phone as recognised: ARPAbet symbol without stress, seconds from the start of the stretch."""

    symbol: str
    start: float
    end: float
    confidence: float


class Recogniser:
    """Two decoders: words with phone alignment, and a free phone loop. Not for use by two threads at once."""

    def __init__(self) -> None:
        from pocketsphinx import Decoder, get_model_path

        # Cepstral means per stretch ("batch"): each stretch is judged by itself, whatever came before it.
        common = {"samprate": RATE, "cmn": "batch", "loglevel": "FATAL", "logfn": "/dev/null"}
        self._words: Any = Decoder(**common)
        # Beams and language weight as pocketsphinx's own phoneme recognition guide sets them.
        self._phones: Any = Decoder(
            **common,
            lm=None,
            allphone=get_model_path("en-us/en-us-phone.lm.bin"),
            lw=2.0,
            beam=1e-20,
            pbeam=1e-20,
        )

    def hear(self, samples: NDArray[np.float32], sounding: float) -> list[Heard]:
        """Phones of one stretch, (N,) float32 at 16 kHz, `sounding` seconds of which are not silent.

        Gaps between the phones are silence or noise.
        """
        pcm = np.clip(np.round(samples * 32767), -32768, 32767).astype("<i2").tobytes()
        words = self._decode_words(pcm)
        posterior = _mean_posterior(words, sounding)
        if posterior >= UNDERSTOOD:
            phones = self._align(pcm, words)
            if phones:
                return phones
        return self._allphone(pcm, posterior)

    def _decode_words(self, pcm: bytes) -> list[tuple[int, int, float]]:
        """(first frame, frames, posterior) of the words of the best hypothesis, fillers left out."""
        self._words.activate_search()
        _decode(self._words, pcm)
        if self._words.hyp() is None:
            return []
        return [
            (s.start_frame, s.end_frame - s.start_frame + 1, min(float(s.prob), 1.0))
            for s in self._words.seg()
            if s.word[0] not in "<["
        ]

    def _align(self, pcm: bytes, words: list[tuple[int, int, float]]) -> list[Heard]:
        """Second pass: phone boundaries within the words just decoded."""
        try:
            self._words.set_alignment()
        except RuntimeError:  # nothing to align: the hypothesis is fillers only
            return []
        _decode(self._words, pcm)
        alignment = self._words.get_alignment()
        if alignment is None:
            return []
        phones = [(phone.name, phone.start, phone.duration) for word in alignment for phone in word]
        return [
            Heard(name, start * FRAME, (start + frames) * FRAME, _posterior_at(words, start + frames / 2))
            for name, start, frames in phones
            if name not in _NOISES and frames > 0
        ]

    def _allphone(self, pcm: bytes, posterior: float) -> list[Heard]:
        _decode(self._phones, pcm)
        if self._phones.hyp() is None:
            return []
        return [
            Heard(s.word, s.start_frame * FRAME, (s.end_frame + 1) * FRAME, posterior)
            for s in self._phones.seg()
            if s.word not in _NOISES
        ]


def _decode(decoder: Any, pcm: bytes) -> None:
    decoder.start_utt()
    decoder.process_raw(pcm, full_utt=True)
    decoder.end_utt()


def _mean_posterior(words: list[tuple[int, int, float]], sounding: float) -> float:
    """Weighted by duration; sound that no word explains counts as not understood."""
    frames = max(sum(length for _, length, _ in words), round(sounding / FRAME), 1)
    return sum(length * posterior for _, length, posterior in words) / frames


def _posterior_at(words: list[tuple[int, int, float]], frame: float) -> float:
    for start, length, posterior in words:
        if start <= frame < start + length:
            return posterior
    return 0.0
