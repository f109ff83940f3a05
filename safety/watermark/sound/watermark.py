"""Both directions of the sound's mark under a set of keys."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from perception.errors import MediaUnsupported, SpeechNotFinite
from safety.errors import Misconfigured
from safety.watermark.sound import embed
from safety.watermark.sound.extract import SoundReader
from safety.watermark.sound.lapped import Samples
from safety.watermark.sound.pattern import SoundPattern, derive
from safety.watermark.sound.reading import SoundReading

SOUND_ALGORITHM = "dev.sitter.watermark.sound.v1"
LOWEST_RATE, HIGHEST_RATE = 8_000, 192_000
LOUDEST = 1e6  # full scale is 1; beyond this nothing was ever sound
READABLE = 20.0
"""Capacity from which on a recording is expected to be read back after encoding."""


class SoundWatermark:
    """Embeds under the first pattern and reads under all of them."""

    def __init__(self, patterns: Sequence[SoundPattern]) -> None:
        self._patterns = tuple(patterns)

    @property
    def key_id(self) -> str:
        """The name of the key that embeds: 16 hex digits that do not reveal it."""
        return self._patterns[0].key_id

    def embed(self, samples: NDArray[np.floating], rate: int, payload: bytes) -> Samples:
        """The marked copy of a recording, (N,) in -1..1, mono: (N,) float32.

        Takes any length; what is silent stays as it is. Memory: about ten times the recording.

        Raises:
            MediaUnsupported: not a one-dimensional array of floats, or a rate outside 8,000..192,000.
            SpeechNotFinite: NaN, infinity, or a million times full scale in it.
            Misconfigured: the payload is not 12 bytes.
        """
        heard = _checked(samples, rate)
        wave = self._patterns[0].wave(payload)
        top = max(1.0, float(np.abs(heard).max(initial=0.0)))
        return np.asarray(np.clip(heard + embed.mark(heard, rate, wave), -top, top))

    def capacity(self, samples: NDArray[np.floating], rate: int) -> float:
        """How well an unmarked recording would carry a mark, as an expected correlation; see READABLE.

        Raises: as `embed`.
        """
        return embed.capacity(_checked(samples, rate), rate)

    def extract(
        self,
        sound: NDArray[np.floating] | Iterable[NDArray[np.floating]],
        rate: int,
        *,
        thorough: bool = True,
    ) -> SoundReading:
        """Read a recording: (N,) samples, mono, or blocks of them, which are consumed as they come.

        Memory does not grow with the length. Once a payload is found, at most 15 minutes are read.

        Args:
            thorough: where nothing is found, try changed speeds (those of `extract.SPEEDS`, with the pitch).

        Raises: as `embed`, without Misconfigured.
        """
        blocks = [sound] if isinstance(sound, np.ndarray) else sound
        return SoundReader(self._patterns, thorough).read((_checked(block, rate) for block in blocks), rate)


def open_sound_watermark(keys: Sequence[bytes]) -> SoundWatermark:
    """The sound's mark under `keys` of 32 bytes: the first embeds, all are tried when reading (rotation).

    Raises:
        Misconfigured: no key, a key of another size, or the same key twice.
    """
    if not keys:
        raise Misconfigured("the watermark needs at least one key of 32 bytes")
    if len(set(keys)) != len(keys):
        raise Misconfigured("the same watermark key was given twice")
    return SoundWatermark([derive(bytes(key)) for key in keys])


def _checked(samples: NDArray[np.floating], rate: int) -> Samples:
    if not (isinstance(rate, int) and LOWEST_RATE <= rate <= HIGHEST_RATE):
        raise MediaUnsupported(
            f"sound of {rate} samples per second: use {LOWEST_RATE} to {HIGHEST_RATE}",
            limit="sample_rate", least=LOWEST_RATE, most=HIGHEST_RATE,
        )  # fmt: skip
    if not isinstance(samples, np.ndarray) or samples.ndim != 1 or samples.dtype.kind != "f":
        raise MediaUnsupported("sound here is a one-dimensional array of floats, mono, in -1..1")
    if not (np.abs(samples) <= LOUDEST).all():
        raise SpeechNotFinite("the sound holds values that are not numbers: export it again")
    return samples.astype(np.float32)
