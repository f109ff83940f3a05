"""Breath between phrases: who speaks for long has to take it, and near microphones hear it."""

import numpy as np

from safety.detector.sound_cues.levels import RATE, STEP, Floats, Pause, Sound
from safety.detector.sound_cues.page import Bounds, Heard, finding

RATE_OF_BREATHS = Bounds(
    1.0, None, 2.0, 0.5, "Winkworth et al. 1995: who speaks takes 10 to 20 breaths a minute; most are heard"
)
LEAST_SPEAKING = 20.0  # seconds of voice: nobody has to breathe in less
_LENGTH = (0.1, 0.9)  # seconds that a breath is heard
_OVER_FLOOR = 6.0  # decibels over the quiet part of all pauses
_UNDER_VOICE = 55.0  # decibels under the voice at most
_BAND = (500.0, 7000.0)  # hertz: of the noise of air in mouth and nose
_FLAT = 0.08  # spectral flatness within it; hum and voice have less
_VOICED = 0.5  # of the autocorrelation: more is a voice
_SILENT = -85.0  # decibels of full scale


def judge_breath(sound: Sound) -> Heard:
    """Audible breaths a minute of speech."""
    if sound.speaking_seconds < LEAST_SPEAKING:
        return Heard([], f"There are under {LEAST_SPEAKING:g} seconds of voice: breath is not asked for.")
    if not sound.pauses:
        return Heard([], "There is no pause in which a breath could be heard.")
    found = breaths(sound)
    rate = len(found) * 60 / sound.seconds
    reason = f"{len(found)} breaths are heard in {sound.seconds:.0f} seconds"
    span = (0.0, sound.seconds)
    return Heard([finding("breaths", rate, "per minute", RATE_OF_BREATHS, reason, span)])


def breaths(sound: Sound) -> list[tuple[float, float]]:
    """(start, end) in seconds of each breath that is heard in a pause."""
    pauses = sound.pauses
    if not pauses:
        return []
    quiet = np.concatenate([sound.levels[pause.start : pause.end] for pause in pauses])
    floor = max(float(np.percentile(quiet, 15)), _SILENT)
    least = max(floor + _OVER_FLOOR, sound.loud - _UNDER_VOICE)
    return [
        (start * STEP, end * STEP)
        for pause in pauses
        for start, end in _louder(sound, pause, least)
        if _LENGTH[0] <= (end - start) * STEP <= _LENGTH[1] and _is_air(sound, start, end)
    ]


def _louder(sound: Sound, pause: Pause, least: float) -> list[tuple[int, int]]:
    """Runs of steps within a pause that are louder than that; single quieter steps are passed over."""
    above = sound.levels[pause.start : pause.end] > least
    above[1:-1] |= above[:-2] & above[2:]
    edges = np.flatnonzero(np.diff(np.concatenate([[False], above, [False]]).astype(np.int8)))
    return [(pause.start + int(a), pause.start + int(b)) for a, b in edges.reshape(-1, 2)]


def _is_air(sound: Sound, start: int, end: int) -> bool:
    """Noise without a pitch, spread over the band of air."""
    part: Floats = sound.samples[int(start * STEP * RATE) : int(end * STEP * RATE)]
    power = np.square(np.abs(np.fft.rfft(part * np.hanning(len(part)))))
    hertz = np.fft.rfftfreq(len(part), 1 / RATE)
    band = power[(hertz >= _BAND[0]) & (hertz <= _BAND[1])] + 1e-12
    flat = float(np.exp(np.log(band).mean()) / band.mean())
    share = float(band.sum() / (power.sum() + 1e-12))
    size = 1 << (2 * len(part) - 1).bit_length()
    same = np.fft.irfft(np.square(np.abs(np.fft.rfft(part - part.mean(), size))))
    pitch = float(same[RATE // 400 : RATE // 70].max() / max(float(same[0]), 1e-12))
    return flat >= _FLAT and share >= 0.3 and pitch <= _VOICED
