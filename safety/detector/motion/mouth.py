"""Lips against sound, as a cue: by which lag, how closely, and what they do in pauses.

Which sound is an m, b or p is not known here, so whether the lips close for each is not asked.
"""

from safety.detector.lips import Lips
from safety.detector.motion.record import Bounds, Motion, Page

LAG = Bounds(
    -0.125, 0.2, "Schwartz and Savariaux 2014: -0.04 to 0.2 s; ITU-R BT.1359: a lag of 0.125 s is noticed"
)
# The best of a hundred lags is beyond the chance of one: real speakers reach 1.2 times what is needed at a
# lag that is not theirs.
_SURE = 1.5

MATCH_HIGH = 0.6
MATCH_SOURCE = (
    "measured: 0.34 over ten real readers (30 s, GRID corpus), 0.1 to 0.5 in each; lips that loudness itself"
    " moves are tighter; at least what chance gives curves that are independent six times a second"
)
MATCH_LEAST = 20.0
"""Seconds from which on lips that follow by no more than chance are a sign: in less, one real speaker in five
is not beyond it."""

PAUSE = Bounds(None, 0.65, "measured: 0.02 to 0.62 in ten real readers (GRID corpus)")
REST = Bounds(None, 0.03, "measured: median of 0.010 in real clips, 0.008 to 0.019 in three generators")
SHUT = Bounds(None, None, "no range: 0 to 0.55 in ten real readers (GRID corpus)")
_LEAST_PAUSES = 0.5  # seconds, edges taken off


def judge(page: Page, motion: Motion, lips: Lips | None) -> None:
    """Everything that lips and sound tell together. Nothing about a lag that is not beyond chance."""
    if lips is None:
        return
    if lips.measured:
        _together(page, motion, lips)
    else:
        page.skip("The lips could not be compared with the sound.")
    if lips.pauses >= _LEAST_PAUSES and lips.pause_gap == lips.pause_gap:
        page.add(
            "lip_pause", lips.pause_gap, "share of the gap in speech", PAUSE,
            f"in pauses the lips stay open by {lips.pause_gap:.0%} of what they are in speech",
            group="lips", region="lips",
        )  # fmt: skip
        page.add(
            "lip_rest", lips.rest, "eye distances", REST,
            f"in pauses the gap wavers by {lips.rest:.3f} eye distances", group="lips", region="lips",
        )  # fmt: skip
    if lips.shut == lips.shut:
        page.add(
            "lip_shut", lips.shut, "share of speech", SHUT,
            f"the lips touch in {lips.shut:.0%} of speech", group="lips", region="lips",
        )  # fmt: skip


def _together(page: Page, motion: Motion, lips: Lips) -> None:
    loose = lips.near < lips.needed and motion.track.seconds >= MATCH_LEAST
    if lips.correlation >= _SURE * lips.needed:
        page.add(
            "lip_lag", lips.lag, "s, positive when the lips come first", LAG,
            f"the lips move {lips.lag * 1000:+.0f} ms before the sound", group="lips", region="lips",
        )  # fmt: skip
    else:
        page.skip("The lips follow the sound too loosely to tell by which lag.")
    if loose or lips.near >= lips.needed:
        bounds = Bounds(lips.needed, MATCH_HIGH, MATCH_SOURCE)
        page.add(
            "lip_match", lips.near, "correlation with loudness", bounds,
            f"lip gap and loudness have a correlation of {lips.near:.2f}", group="lips", region="lips",
        )  # fmt: skip
