"""The head: how fast, how smoothly, how far it moves, and whether it moves with the voice.

The mesh's own noise above 3 Hz is as large as that of real heads (0.65 degrees on a still drawing): what is
fast is judged only where it is gross.
"""

import numpy as np
from numpy.typing import NDArray

from safety.detector.motion.curves import RATE, best_near, parted, regular, smooth
from safety.detector.motion.record import Bounds, Motion, Page, outside

Floats = NDArray[np.float64]

SPEED = Bounds(
    0.8, 18.5, "measured: 1.1 to 2.3 in ten laboratory readers (GRID corpus), 4.8 to 18.5 in real clips"
)
TREMOR = Bounds(
    None, 1.2, "measured: 0.1 to 0.2 degrees in real readers (GRID corpus); twice the noise of the mesh"
)
TRAVEL = Bounds(
    0.01, None, "measured: 0.014 to 0.053 in 3 s of real readers (GRID corpus), 0.155 in real clips"
)
FAST = Bounds(
    None, 4.0, "measured: 0.8 % (median) in 17 real clips, 0.6 to 2.4 % in ten real readers (GRID corpus)"
)
JERK = Bounds(20.0, 280.0, "measured: 106 to 140 in ten real readers (GRID corpus); half and twice of that")
NECK = Bounds(
    0.4,
    5.0,
    "measured: 1.1 to 2.5 in ten real readers (GRID corpus): a neck is about as far behind the eyes; half and"
    " twice of that",
)
VOICE = Bounds(
    -0.7,
    0.85,
    "measured: 0.41 over ten real readers (30 s, GRID corpus); heads follow loudness (Munhall 2004)",
)
VOICE_SECONDS, VOICE_LAG, VOICE_LEAST = 0.5, 0.4, 8.0
_LEAST_TURN = 1.0  # degrees: turning that is large against the mesh's noise
_LEAST_FAST = 2.5  # degrees: of less, that noise alone would be more than 3 %


def judge(page: Page, motion: Motion, loud: Floats | None) -> None:
    """Speed, tremor, smoothness, travel, the neck and the link with loudness.

    Args:
        loud: loudness at `RATE` a second from the first frame on; None without sound.
    """
    track = motion.track
    pose = regular(track.at, track.pose)
    slow, fast = parted(pose)
    speed = float(np.abs(np.diff(slow, axis=0)).mean() * RATE)
    page.add(
        "head_speed", speed, "degrees per second and axis", SPEED,
        f"the head turns at {speed:.1f} degrees a second", group="head",
    )  # fmt: skip
    tremor = float(np.sqrt(fast.var(axis=0).sum()))
    page.add(
        "head_tremor", tremor, "degrees", TREMOR, f"the head trembles by {tremor:.1f} degrees",
        group="head", curve=(fast**2).sum(axis=1),
    )  # fmt: skip
    travel = float(np.sqrt(np.nanvar(track.place, axis=0).sum()))
    page.add(
        "head_travel", travel, "eye distances", TRAVEL, f"the head moves about by {travel:.2f} eye distances",
        group="head",
    )  # fmt: skip
    turning = float(np.sqrt(slow.var(axis=0).sum()))
    if turning < _LEAST_TURN:
        page.skip("The head hardly turns: how smoothly, and about which neck, cannot be told.")
        return
    if turning >= _LEAST_FAST:
        share = 100 * tremor**2 / (turning**2 + tremor**2)
        page.add(
            "head_fast", share, "percent of its power above 3 Hz", FAST,
            f"{share:.1f} % of the turning is faster than 3 Hz", group="head",
        )  # fmt: skip
    jerk = _jerk(slow)
    page.add(
        "head_jerk", jerk, "per second squared (jerk over speed)", JERK,
        "the head's speed changes as a head's does" if outside(jerk, JERK) == 0
        else "the head's speed changes too evenly" if jerk < 100 else "the head's speed changes too abruptly",
        group="head",
    )  # fmt: skip
    neck = travel / np.radians(turning)
    page.add(
        "head_neck", float(neck), "eye distances per radian", NECK,
        f"the eyes travel {neck:.1f} eye distances for each radian that the head turns", group="head",
    )  # fmt: skip
    _voice(page, motion, slow, loud)


def _voice(page: Page, motion: Motion, slow: Floats, loud: Floats | None) -> None:
    if loud is None or motion.track.seconds < VOICE_LEAST:
        page.skip(f"Head and voice are compared from {VOICE_LEAST:g} seconds of speech on.")
        return
    speed = np.sqrt((np.diff(slow, axis=0, prepend=slow[:1]) ** 2).sum(axis=1))
    count = min(len(speed), len(loud))
    link = best_near(
        smooth(speed[:count], VOICE_SECONDS), smooth(loud[:count], VOICE_SECONDS), round(VOICE_LAG * RATE)
    )
    page.add(
        "head_voice", link, "correlation with loudness", VOICE,
        f"the head's speed and loudness have a correlation of {link:.2f}", group="head",
    )  # fmt: skip


def _jerk(slow: Floats) -> float:
    """Root mean square of the second change of speed over that of speed: a frequency squared."""
    speed = np.diff(slow, axis=0) * RATE
    jerk = np.diff(slow, n=3, axis=0) * RATE**3
    return float(np.sqrt((jerk**2).sum(axis=1).mean()) / max(np.sqrt((speed**2).sum(axis=1).mean()), 1e-6))
