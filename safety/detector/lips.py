"""Do the lips belong to the sound?

Two questions that need no model of speech:

*In time.* The gap between the lips and the loudness of the band in which open vowels are strong rise and fall
together, 2 to 7 times a second (Chandrasekaran et al. 2009, PLoS Comput Biol e1000436). Both curves lose what
is slower than `TREND_SECONDS` (smiles, fading) and are correlated at every lag up to two seconds. Lips that
belong to the sound correlate best at a lag near zero, and beyond chance; those moved by a fifth of a second
have it there, those of another recording anywhere (and so by chance near zero: 4 of 56 pairs of made-up
voices, 2 of 90 pairs of recordings and rendered lips. This finds mistakes, it is no proof).

*Shut.* In a pause of the voice the gap is smaller than in speech.

Inside running speech the link is loose (zero-lag correlation about 0.1 in real speakers): less than
`LEAST_SECONDS` cannot be judged by its lag.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perception.audio import SILENT_PEAK, Speech

Floats = NDArray[np.float64]

GRID = 50  # samples per second of both curves
# Hertz: the first formant of open vowels and the second of back ones (Peterson and Barney 1952: 570 to 1220
# for "hot", "hat", "hut"), above the first formant of closed vowels (270 to 530), which are as loud with lips
# nearly shut. Against 250 to 1200 Hz it took the link in ten pairs of voice and lips from 0.29-0.81 to
# 0.35-0.84, and that of 30 s of real speakers (GRID corpus) from 0.26 to 0.34.
BAND = (600.0, 1400.0)
VOICE = (80.0, 7500.0)  # hertz: from the lowest voices' pitch to the noise of s and f
COMPRESSION = (
    0.5  # exponent on amplitude: loudness grows about so (Stevens 1957 gives 0.6 for sound pressure)
)
SMOOTH_SECONDS = 0.08
TREND_SECONDS = 2.0
LAG_SECONDS = 2.0  # searched to either side, at most a third of the clip

# Positive: the lips move first. Lips lead by up to 0.2 s before plosives and lag by up to 0.04 s (Schwartz
# and Savariaux 2014, PLoS Comput Biol e1003743); two frames of slack where the sound comes first, and less
# lead than that for the mean of a whole clip.
EARLIEST, LATEST = -0.08, 0.16

# 1.8 standard errors of a correlation between curves that are independent SPEED times a second (both are
# limited to about 3 Hz), and never less than 0.1.
SPEED = 6.0
STANDARD_ERRORS = 1.8
LEAST_CORRELATION = 0.1

# A pause: the voice is 26 dB below its usual loudness for this long. The lips open before the voice and close
# after it, so the pause counts without its edges.
PAUSE_SECONDS = 0.3
PAUSE_EDGE_SECONDS = 0.12
PAUSE_LEVEL = 0.05

SHUT_GAP = 0.02  # eye distances: lips that touch, with the mesh's noise

LEAST_SECONDS = 4.0
LEAST_SEEN = 0.8  # share of frames with a face


@dataclass(frozen=True)
class Lips:
    """How lips and sound go together.

    Attributes:
        correlation, lag: the best one and its lag in seconds (positive: lips first); NaN where too short.
        near: the best correlation with a lag that lips can have; NaN where too short.
        needed: what `near` must reach to be beyond chance.
        movement: standard deviation of the lip gap while there is speech, in eye distances.
        pause_gap: median gap in pauses over the 90th percentile in speech; NaN without a pause.
        pauses: seconds of pauses, without their edges.
        speaking: (G,) bool, there is speech, `GRID` a second from the clip's first frame on.
        rest: median absolute deviation of the gap in pauses, in eye distances; NaN without a pause.
        shut: share of speech in which the gap is under `SHUT_GAP`; NaN without speech.
    """

    correlation: float
    lag: float
    near: float
    needed: float
    movement: float
    pause_gap: float
    pauses: float
    speaking: NDArray[np.bool_]
    rest: float = np.nan
    shut: float = np.nan

    @property
    def measured(self) -> bool:
        return bool(np.isfinite(self.correlation))

    @property
    def in_time(self) -> bool:
        """The best lag is one that lips can have, and the correlation there is beyond chance."""
        return self.measured and EARLIEST <= self.lag <= LATEST and self.near >= self.needed


def measure(at: Floats, mouth: Floats, speech: Speech) -> Lips | None:
    """Compare the lip gap at times `at` (NaN where unseen) with the sound from time 0 on.

    Returns:
        None where there is nothing to compare: silence, fewer than two frames, or a face mostly unseen.
    """
    seen = np.isfinite(mouth)
    if speech.silent or len(at) < 2 or seen.mean() < LEAST_SEEN:
        return None
    length = min(at[-1], speech.seconds)
    count = int(length * GRID)
    if count < 2:
        return None
    grid = np.arange(count) / GRID
    gap = np.interp(grid, at[seen], mouth[seen])
    loud = loudness(speech)[:count]
    gap, grid = gap[: len(loud)], grid[: len(loud)]
    speaking = voiced_parts(speech)[:count]
    quiet = _pauses(speaking)
    voiced = gap[speaking]
    wide = float(np.percentile(voiced, 90)) if len(voiced) else np.nan
    paused = float(np.median(gap[quiet])) / wide if quiet.any() and wide > 0 else np.nan
    best, lag, near = _agreement(gap, loud) if count >= LEAST_SECONDS * GRID else (np.nan, np.nan, np.nan)
    return Lips(
        correlation=best,
        lag=lag,
        near=near,
        needed=max(LEAST_CORRELATION, STANDARD_ERRORS / float(np.sqrt(SPEED * length))),
        movement=float(voiced.std()) if len(voiced) else 0.0,
        pause_gap=paused,
        pauses=float(quiet.sum()) / GRID,
        speaking=speaking,
        rest=float(np.median(np.abs(gap[quiet] - np.median(gap[quiet])))) if quiet.any() else np.nan,
        shut=float((voiced < SHUT_GAP).mean()) if len(voiced) else np.nan,
    )


def voiced_parts(speech: Speech) -> NDArray[np.bool_]:
    """(G,) `GRID` a second: there is a voice.

    It is asked of the whole band: a sung "ee" is weak in `BAND` and is no pause.
    """
    level = loudness(speech, VOICE)
    if not len(level):
        return np.zeros(0, bool)
    return np.asarray(level > np.percentile(level, 95) * PAUSE_LEVEL**COMPRESSION)


def loudness(speech: Speech, hertz: tuple[float, float] = BAND) -> Floats:
    """(G,) `GRID` a second: compressed amplitude within `hertz`."""
    from scipy.signal import butter, sosfiltfilt

    rate = 16_000
    band = butter(2, hertz, "bandpass", fs=rate, output="sos")
    samples = speech.at(rate).astype(np.float64)
    hop = rate // GRID
    samples = np.pad(samples, (0, -len(samples) % hop))
    if len(samples) < 2 * hop:
        return np.zeros(len(samples) // hop)
    rows = sosfiltfilt(band, samples).reshape(-1, hop)
    # What the silence threshold of a recording would leave is no voice.
    amplitude = np.maximum(np.sqrt((rows**2).mean(axis=1)) - SILENT_PEAK / 2, 0.0)
    return np.asarray(amplitude**COMPRESSION)


def _pauses(speaking: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Inside of pauses that are long enough, edges taken off."""
    quiet = np.zeros(len(speaking), bool)
    edge = round(PAUSE_EDGE_SECONDS * GRID)
    for start, end in runs(~speaking):
        if (end - start) / GRID >= PAUSE_SECONDS:
            quiet[start + edge : end - edge] = True
    return quiet


def runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """(first, one past last) of every run of True."""
    steps = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(steps[::2], steps[1::2], strict=True)]


def _agreement(gap: Floats, loud: Floats) -> tuple[float, float, float]:
    """Best correlation and its lag, best correlation within the lags that lips have."""
    gap, loud = _even(gap), _even(loud)
    most = min(round(LAG_SECONDS * GRID), len(gap) // 3)
    lags = np.arange(-most, most + 1)
    values = np.array([_correlation(gap, loud, int(lag)) for lag in lags])
    near = (lags >= round(EARLIEST * GRID)) & (lags <= round(LATEST * GRID))
    best = int(values.argmax())
    return float(values[best]), float(lags[best]) / GRID, float(values[near].max())


def _even(curve: Floats) -> Floats:
    """Smoothed, and without its trend."""
    window = np.hanning(round(SMOOTH_SECONDS * GRID) + 2)[1:-1]
    smooth = _convolve(curve, window / window.sum())
    flat = np.ones(round(TREND_SECONDS * GRID) | 1)
    return smooth - _convolve(smooth, flat / len(flat))


def _convolve(curve: Floats, window: Floats) -> Floats:
    half = len(window) // 2
    padded = np.pad(curve, (half, len(window) - 1 - half), mode="edge")
    return np.asarray(np.convolve(padded, window, "valid"))


def _correlation(gap: Floats, loud: Floats, lag: int) -> float:
    """Pearson's, of the gap `lag` steps before the loudness; 0 where one does not move."""
    size = len(gap) - abs(lag)
    first = gap[max(0, -lag) : max(0, -lag) + size]
    second = loud[max(0, lag) : max(0, lag) + size]
    first, second = first - first.mean(), second - second.mean()
    scale = float(np.sqrt((first @ first) * (second @ second)))
    return float(first @ second) / scale if scale > 1e-12 else 0.0
