"""What extraction says of a recording."""

from dataclasses import dataclass

from safety.watermark.payload import PAYLOAD_BITS


@dataclass(frozen=True)
class Stretch:
    """Seconds `start` to `end` carry `payload` (hex), or no readable mark (None)."""

    start: float
    end: float
    payload: str | None


@dataclass(frozen=True)
class SoundReading:
    """The payload of a recording, or None, and how sure that is.

    Attributes:
        payload: the record id that most of the recording carries, 12 bytes.
        key_id: which key read it: 16 hex digits.
        confidence: 0 for no payload; 0.5 at the acceptance floor, 1 at twice its correlation.
        false_positive: for a payload: an upper bound of the probability that a recording without our mark
            reads as clearly, corrected for the number of attempts. For none: the bound that every reading
            obeys.
        stretches: who says what when, in order, without gaps; more than one payload means a splice.
        seconds: how much of the recording was looked at.
        speed: how many times faster than when marked it is played; 1 for no payload.
    """

    payload: bytes | None
    key_id: str | None
    confidence: float
    false_positive: float
    stretches: tuple[Stretch, ...]
    seconds: float
    speed: float = 1.0

    @property
    def bits(self) -> int:
        """Payload bits that were read: 96 or 0."""
        return PAYLOAD_BITS if self.payload is not None else 0
