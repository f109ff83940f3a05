"""What is said and when: phones, loudness and pitch of a recording."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.prosody import HOP, RATE, SILENT_DB, Prosody, measure, runs_of
from engine.recogniser import Heard, Recogniser
from perception.audio import Speech
from perception.errors import SpeechNotFinite, SpeechSilent, SpeechTooLong, SpeechTooShort
from perception.limits import LIMITS

VOCAL = "+VOC+"  # voiced sound without a phone: laughter, humming, singing that fits no phone
BREATH = "+BRE+"  # unvoiced sound without a phone: breath, noise

_SHORTEST_FILL = 0.08  # seconds of unexplained sound worth a phone of its own; less belongs to its neighbours
_STRETCH = 6.0  # seconds after which a stretch may end at a pause
_LONGEST_STRETCH = 20.0  # seconds after which it ends at its quietest point: bounds the recogniser's memory
_MARGIN = 0.2  # seconds of the surrounding sound that a stretch keeps: the models expect silence at the ends


@dataclass(frozen=True)
class Phone:
    """One speech sound.

    Attributes:
        symbol: ARPAbet without stress (39 phones of CMUdict), `VOCAL` or `BREATH`.
        start, end: seconds; phones are in order and do not overlap.
        confidence: 0..1, the recogniser's posterior of the word; of the whole stretch where no word was
            understood; 0 for `VOCAL` and `BREATH`.
    """

    symbol: str
    start: float
    end: float
    confidence: float = 1.0

    @property
    def seconds(self) -> float:
        return self.end - self.start


@dataclass(frozen=True)
class Phonemes:
    """Phones of a recording with its prosody. Time that no phone covers is silence."""

    phones: tuple[Phone, ...]
    prosody: Prosody
    seconds: float

    def silences(self, least: float = 0.0) -> list[tuple[float, float]]:
        """Silences (start, end in seconds) of at least `least` seconds, the recording's ends among them."""
        return [(a, b) for a, b in self.prosody.runs(speaking=False) if b - a >= least - HOP / 2]


def recognise(speech: Speech) -> Phonemes:
    """Phones, loudness and pitch of `speech`; the same for the same samples.

    English is decoded to words whose phones are aligned; where the words are not believed
    (`recogniser.UNDERSTOOD`), as in other languages, phones are decoded without words. Energy has the last
    word: no phone lies in silence.

    Raises:
        SpeechTooShort, SpeechTooLong: outside the limits of `perception.limits`.
        SpeechNotFinite: NaN or infinite samples.
        SpeechSilent: nothing louder than -60 dB re full scale.
    """
    samples = _checked(speech)
    prosody = measure(samples)
    if not prosody.speaking.any():
        raise SpeechSilent(f"the recording is silent: nothing in it is louder than {SILENT_DB:.0f} dB")
    recogniser = Recogniser()
    heard: list[Phone] = []
    for start, end in stretches(prosody):
        first = max(0.0, start - _MARGIN)
        piece = samples[int(first * RATE) : int((end + _MARGIN) * RATE)]
        sounding = float(prosody.speaking[round(start / HOP) : round(end / HOP)].sum()) * HOP
        heard += [_placed(phone, first, start, end) for phone in recogniser.hear(piece, sounding)]
    phones = fit_to_sound([phone for phone in heard if phone.seconds > HOP / 2], prosody)
    return Phonemes(tuple(phones), prosody, speech.seconds)


def _checked(speech: Speech) -> NDArray[np.float32]:
    least, most = LIMITS.audio_min_seconds, LIMITS.audio_seconds
    if speech.seconds < least:
        raise SpeechTooShort(
            f"the recording has {speech.seconds:.2f} s: at least {least} s are needed", limit=least
        )
    if speech.seconds > most:
        raise SpeechTooLong(f"the recording has {speech.seconds:.0f} s: at most {most:.0f} s", limit=most)
    if not np.isfinite(speech.samples).all():
        raise SpeechNotFinite("the recording holds values that are not numbers: export it again")
    return np.asarray(speech.at(RATE), np.float32)


def _placed(heard: Heard, offset: float, start: float, end: float) -> Phone:
    """On the recording's clock, cut to the stretch: its margins belong to the neighbours."""
    return Phone(
        heard.symbol,
        min(max(heard.start + offset, start), end),
        min(max(heard.end + offset, start), end),
        heard.confidence,
    )


def stretches(prosody: Prosody) -> list[tuple[float, float]]:
    """Cut the recording into pieces (start, end in seconds) of up to 20 s, at pauses where there are any."""
    pieces: list[tuple[float, float]] = []
    begun: float | None = None
    reached = 0.0
    for start, end in prosody.runs(speaking=True):
        if begun is not None and (start - begun > _STRETCH or end - begun > _LONGEST_STRETCH):
            pieces.append((begun, reached))
            begun = None
        begun = start if begun is None else begun
        while end - begun > _LONGEST_STRETCH:
            cut = _quietest(prosody, begun + _STRETCH, begun + _LONGEST_STRETCH)
            pieces.append((begun, cut))
            begun = cut
        reached = end
    return pieces if begun is None else [*pieces, (begun, reached)]


def _quietest(prosody: Prosody, start: float, end: float) -> float:
    window = prosody.loudness[int(start / HOP) : int(end / HOP)]
    return start + float(np.argmin(window)) * HOP


def fit_to_sound(phones: list[Phone], prosody: Prosody) -> list[Phone]:
    """Cut phones to where there is sound, and give sound that no phone explains one of its own."""
    fitted: list[Phone] = []
    for start, end in prosody.runs(speaking=True):
        inside = [
            Phone(p.symbol, max(p.start, start), min(p.end, end), p.confidence)
            for p in phones
            if min(p.end, end) - max(p.start, start) > HOP / 2
        ]
        reached = start
        for phone in inside:
            fitted += _unexplained(reached, phone.start, prosody)
            fitted.append(phone)
            reached = phone.end
        fitted += _unexplained(reached, end, prosody)
    return fitted


def _unexplained(start: float, end: float, prosody: Prosody) -> list[Phone]:
    if end - start < _SHORTEST_FILL:
        return []
    first, last = round(start / HOP), round(end / HOP)
    found: list[Phone] = []
    for symbol, mask in ((VOCAL, prosody.voiced[first:last]), (BREATH, ~prosody.voiced[first:last])):
        found += [
            Phone(symbol, start + a * HOP, start + b * HOP, 0.0)
            for a, b in runs_of(mask)
            if (b - a) * HOP >= _SHORTEST_FILL
        ]
    return sorted(found, key=lambda phone: phone.start)
