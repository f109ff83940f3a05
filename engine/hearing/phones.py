"""Speech sounds in time, with the prosody they were said in."""

from dataclasses import dataclass

from engine.prosody import HOP, Prosody

VOCAL = "+VOC+"  # voiced sound without a phone: laughter, humming, singing that fits no phone
BREATH = "+BRE+"  # unvoiced sound without a phone: breath, noise


@dataclass(frozen=True)
class Phone:
    """One speech sound.

    Attributes:
        symbol: a class of `engine.hearing.classes` other than silence, `VOCAL` or `BREATH`; by hand also any
            other of the 39 ARPAbet phones of CMUdict, without stress.
        start, end: seconds; phones are in order and do not overlap.
        confidence: 0..1, mean posterior of the class over its frames; 0 for `VOCAL` and `BREATH`.
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
