"""What extraction says of a video."""

from dataclasses import dataclass, field

from safety.watermark.payload import PAYLOAD_BITS


@dataclass(frozen=True)
class Segment:
    """Seconds `start` to `end` carry `payload` (hex), or no readable mark (None)."""

    start: float
    end: float
    payload: str | None


@dataclass(frozen=True)
class Reading:
    """The payload of a video, or None, and how sure that is.

    Attributes:
        payload: the record id that most of the video carries, 12 bytes.
        key_id: which key read it.
        confidence: 0 for no payload; 0.5 at the acceptance floor, 1 at twice its correlation.
        false_positive: for a payload: an upper bound of the probability that a video without our mark reads
            as clearly, corrected for the number of attempts. For none: the bound that every reading obeys.
        segments: who says what when, in order, without gaps; more than one payload means a spliced video.
        frames: how many frames were looked at.
        geometry: scale_x, scale_y, rotation (degrees), mirrored: how the frame lies against the one marked.
    """

    payload: bytes | None
    key_id: str | None
    confidence: float
    false_positive: float
    segments: tuple[Segment, ...]
    frames: int
    geometry: dict[str, float | bool] = field(default_factory=dict)

    @property
    def bits(self) -> int:
        """Payload bits that were read: 96 or 0."""
        return PAYLOAD_BITS if self.payload is not None else 0
