"""What speech may become a voice print: enough of it, clear enough, and of one speaker."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from perception.audio import Speech
from safety.errors import EnrolmentRefused
from safety.voices.activity import active, loudness
from safety.voices.encoder import VoiceEncoder, mean_voice
from safety.voices.mel import HOP, RATE
from safety.voices.verify import stretches

Floats = NDArray[np.float32]

ENOUGH_SECONDS = 10.0
"""Speech behind a voice, in all its prints: with half of it twice as many genuine clips are refused."""
MOST_RECORDINGS = 8
MOST_SECONDS = 300.0
CLIPPED_SHARE = 1e-3  # of the samples in runs at the peak; a recording with headroom has none
CLIPPED_RUN = 3
CLIPPED_PEAK = 0.5  # quieter than that nothing was cut off by the converter
NOISY_DB = 18.0  # speech over the pauses; white noise 20 dB below costs a third of the true matches
PAUSES = 0.2  # seconds that have to be quiet before they tell anything
PAUSE_SECONDS = 0.5  # between recordings that are kept


@dataclass(frozen=True, eq=False)
class Spoken:
    """What recordings gave.

    Attributes:
        embedding: (D,) unit length: treat it like a face.
        seconds: of speech in them.
        recordings: how many.
        samples: (N,) mono at 16 kHz: all of them, one after another.
    """

    embedding: Floats = field(repr=False)
    seconds: float
    recordings: int
    samples: Floats = field(repr=False)


def make_print(recordings: Sequence[Speech], encoder: VoiceEncoder) -> Spoken:
    """The voice in some recordings.

    Raises:
        EnrolmentRefused: metadata `part` is voice, `fault` says which: number, length, silent, clipped,
            noisy, short or speakers; and `recording` in which one.
    """
    if not 1 <= len(recordings) <= MOST_RECORDINGS:
        raise _refused("number", f"a voice needs 1 to {MOST_RECORDINGS} recordings", high=MOST_RECORDINGS)
    if sum(each.seconds for each in recordings) > MOST_SECONDS:
        raise _refused(
            "length", f"recordings of a voice last {MOST_SECONDS:.0f} s at most, together", high=MOST_SECONDS
        )
    heard = [_checked(each.at(RATE), number) for number, each in enumerate(recordings, 1)]
    pieces = [encoder.partials(samples) for samples in heard]
    embeddings = np.concatenate([each.embeddings for each in pieces])
    seconds = sum(each.speech for each in pieces)
    if not len(embeddings):
        raise _refused("short", f"there is {seconds:.1f} s of speech: far too little for a voice")
    if split(embeddings) < encoder.calibration.agreement:
        raise _refused("speakers", "more than one person seems to speak: give recordings of the sitter alone")
    gap = np.zeros(round(PAUSE_SECONDS * RATE), np.float32)
    whole = np.concatenate([part for samples in heard for part in (samples, gap)])
    return Spoken(mean_voice(embeddings), round(seconds, 2), len(recordings), whole)


def split(embeddings: Floats) -> float:
    """Cosine between the two groups into which the stretches of (P, D) pieces fall apart best.

    Of one speaker the groups are alike however they are formed; 1 where there is nothing to part. Two means,
    begun along the widest direction.
    """
    means = stretches(embeddings)
    centred = means - means.mean(axis=0)
    side = centred @ np.linalg.svd(centred, full_matrices=False)[2][0] > 0
    for _ in range(5):
        if side.all() or not side.any():
            return 1.0
        one, other = mean_voice(means[side]), mean_voice(means[~side])
        side = means @ one > means @ other
    if side.all() or not side.any():
        return 1.0
    return float(mean_voice(means[side]) @ mean_voice(means[~side]))


def _checked(samples: Floats, number: int) -> Floats:
    spoken = active(samples)
    if not spoken.any():
        raise _refused("silent", f"nobody speaks in recording {number}", recording=number)
    if _clipped(samples) > CLIPPED_SHARE:
        raise _refused(
            "clipped", f"recording {number} is too loud and cut off: turn the microphone down",
            recording=number,
        )  # fmt: skip
    over = _over_noise(loudness(samples), spoken)
    if over < NOISY_DB:
        raise _refused(
            "noisy",
            f"recording {number} has speech {over:.0f} dB over its noise and needs {NOISY_DB:.0f}: record in "
            "a quiet room",
            recording=number,
            low_db=NOISY_DB,
        )
    return samples


def _over_noise(level: Floats, spoken: NDArray[np.bool_]) -> float:
    """dB of speech over the pauses; where noise leaves none to be found, over the quietest sounds in it."""
    frames = spoken[np.minimum(np.arange(len(level)) * HOP, len(spoken) - 1)]
    if (~frames).sum() * HOP / RATE >= PAUSES:
        return float(np.median(level[frames]) - np.median(level[~frames]))
    quiet, loud = np.percentile(level, (5, 75))
    return float(loud - quiet)


def _clipped(samples: Floats) -> float:
    """Share of the samples in runs of `CLIPPED_RUN` or more at the recording's peak."""
    peak = float(np.abs(samples).max())
    if peak < CLIPPED_PEAK:
        return 0.0
    at_peak = np.abs(samples) >= 0.985 * peak
    runs = np.lib.stride_tricks.sliding_window_view(at_peak, CLIPPED_RUN).all(axis=1)
    return float(runs.mean())


def _refused(fault: str, message: str, **metadata: float) -> EnrolmentRefused:
    return EnrolmentRefused(message, part="voice", fault=fault, **metadata)
