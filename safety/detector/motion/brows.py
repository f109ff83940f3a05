"""Brows: how far and how fast they travel, and whether they dance to the voice."""

import numpy as np
from numpy.typing import NDArray

from safety.detector.motion.curves import RATE, best_near, parted, regular, smooth
from safety.detector.motion.record import Bounds, Motion, Page

Floats = NDArray[np.float64]

RANGE = Bounds(
    None, 0.16, "a full raise (about 10 mm, own estimate) over the eye distance of 63 mm (Dodgson 2004)"
)
SPEED = Bounds(
    None,
    0.4,
    "measured: 0.04 to 0.09 in ten real readers (GRID corpus); a full raise within 0.4 s (own estimate)",
)
VOICE = Bounds(
    -0.85, 0.85, "measured: 0.22 over ten real readers (30 s, GRID corpus); brows mark some accents, not all"
)
VOICE_SECONDS, VOICE_LAG, VOICE_LEAST = 0.4, 0.4, 8.0


def judge(page: Page, motion: Motion, loud: Floats | None) -> None:
    """Range, speed and the link with loudness.

    Args:
        loud: loudness at `RATE` a second from the first frame on; None without sound.
    """
    track = motion.track
    height = track.brows.mean(axis=1)
    low, high = np.percentile(height[track.seen], [5, 95])
    page.add(
        "brow_range", float(high - low), "eye distances", RANGE,
        f"the brows travel {high - low:.2f} eye distances", group="brows", region="brows",
    )  # fmt: skip
    slow, _ = parted(regular(track.at, height[:, None]))
    speed = float(np.percentile(np.abs(np.diff(slow[:, 0])) * RATE, 95)) if len(slow) > 1 else 0.0
    page.add(
        "brow_speed", speed, "eye distances per second (95th percentile)", SPEED,
        f"the brows move at up to {speed:.2f} eye distances a second", group="brows", region="brows",
        curve=np.abs(np.diff(slow[:, 0])),
    )  # fmt: skip
    if loud is None or track.seconds < VOICE_LEAST:
        page.skip(f"Brows and voice are compared from {VOICE_LEAST:g} seconds of speech on.")
        return
    count = min(len(loud), len(slow))
    link = best_near(
        smooth(slow[:count, 0], VOICE_SECONDS), smooth(loud[:count], VOICE_SECONDS), round(VOICE_LAG * RATE)
    )
    page.add(
        "brow_voice", link, "correlation with loudness", VOICE,
        f"brows and loudness have a correlation of {link:.2f}", group="brows", region="brows",
    )  # fmt: skip
