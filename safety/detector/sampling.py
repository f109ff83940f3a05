"""Which parts of a video are looked at: all of a short one, windows spread over a long one."""

from dataclasses import dataclass

BUDGET_SECONDS = 120.0
WINDOW_SECONDS = 15.0
"""A window is long enough to see several blinks (26 a minute in conversation, Bentivoglio 1997)."""
OPEN_FIRST, OPEN_GROWTH, OPEN_MOST = 45.0, 1.8, 3600.0
"""Where the length is not known, windows begin ever farther apart: each wait is so many times the last,
after a first piece of so many seconds."""

LEAST_STEP = 1 / 40
"""Seconds between two frames that are looked at: of 48, 50 or 60 a second every second one, of 25 or 30
every one. Faces move below 10 Hz, and the numbers of cues are taken from time stamps, not from counts."""


@dataclass(frozen=True)
class Plan:
    """Windows to look at.

    Attributes:
        windows: (start, end) in seconds, rising; empty for the whole video.
    """

    windows: tuple[tuple[float, float], ...] = ()

    def window(self, at: float) -> int | None:
        """The number of the window that `at` is in; None where nothing is looked at."""
        if not self.windows:
            return 0
        return next((k for k, (start, end) in enumerate(self.windows) if start <= at < end), None)


WHOLE = Plan()


def plan(seconds: float | None) -> Plan:
    """What to look at in a video of that length; None or 0 where its header does not tell.

    At most `BUDGET_SECONDS` of it and one window more: windows of `WINDOW_SECONDS` that are evenly spread,
    the first at its start and the last at its end. What comes after the length that a header tells is looked
    at less and less, as where none is told.
    """
    if not seconds:
        return Plan(_growing(OPEN_FIRST))
    if seconds <= BUDGET_SECONDS + WINDOW_SECONDS:
        return Plan(_growing(BUDGET_SECONDS + WINDOW_SECONDS))
    count = int(BUDGET_SECONDS // WINDOW_SECONDS)
    step = (seconds - WINDOW_SECONDS) / (count - 1)
    spread = [(k * step, k * step + WINDOW_SECONDS) for k in range(count - 1)]
    return Plan((*spread, *_growing(seconds, start=seconds - WINDOW_SECONDS)))


def _growing(end: float, start: float = 0.0) -> tuple[tuple[float, float], ...]:
    """A first window, then others ever farther apart: under three minutes more of an hour."""
    windows, wait = [(start, end + LEAST_STEP)], WINDOW_SECONDS
    while windows[-1][1] < OPEN_MOST:
        begin = windows[-1][1] + wait
        windows.append((begin, begin + WINDOW_SECONDS))
        wait *= OPEN_GROWTH
    return tuple(windows)
