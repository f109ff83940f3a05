"""What every picture of a clip of our own is screened for, whoever is in it: faults and hazards.

Each bound stands beside what sound clips measure: the project's drawn characters, paintings and sketches with
speech, laughter and song, every emotion at full strength, 256 to 1024 pixels (docs/detect.md has the table).
"""

import numpy as np
from numpy.typing import NDArray

from safety.detector.checks.flashes import AREA, CELLS, LINEAR, LONG_SECONDS, MOST_FLASHES, Flashes
from safety.detector.checks.frames import SAMPLES, FrameMeter, Frames, Pixels
from safety.detector.report import Check, Severity

# Mean light changes by at most so many levels from frame to frame: a fade is slower, a lamp is not.
LIGHT_STEP = 12.0
# The brightest tenth of the picture below this, or the darkest tenth above that: nobody sees much.
TOO_DARK, TOO_BRIGHT = 50.0, 250.0

# Shares of the picture.
OUT_SHARE = 0.01  # stands out for a frame or two: a block of garbage of 50 x 50 in 512 x 512
JUMP_SHARE = 0.05  # is suddenly something else
GREEN_SHARE = 0.02
# Levels by which a row's edge is suddenly stronger than those near it were.
SEAM = 16.0
# Times what is usual in this clip: what is restless throughout is no fault of a frame.
UNUSUAL = 4.0

# Of the clip's median: less than this is soft, and less than that is not the same picture any more.
SOFT, BLURRED = 0.75, 0.5

# A frame that repeats the one before while the others move by so many levels.
REPEATED, MOVING = 0.02, 0.2
REPEATS, MANY_REPEATS = 0.02, 0.2  # shares of the frames

# Steps between time stamps, in nominal ones: anything else than one is a frame too many or too few.
STEP_SLACK, STEP_GAP = 0.5, 1.5


class Screening:
    """Looks at every frame of a clip once: 0.8 ms at 512 x 512."""

    def __init__(self) -> None:
        self._meter, self._flashes = FrameMeter(), Flashes()

    def see(self, at: float, pixels: Pixels) -> None:
        """The next frame, (H, W, 3) uint8 RGB; `at` seconds."""
        points = self._meter.see(at, pixels)
        side = SAMPLES // CELLS
        light = LINEAR[points].reshape(CELLS, side, CELLS, side, 3).mean(axis=(1, 3))
        self._flashes.see(at, light)

    def checks(self, step: float, *, moves: bool = True) -> list[Check]:
        """Every check of the frames seen. `step`: nominal seconds between two; `moves`: none may repeat."""
        frames = self._meter.seen()
        build = _Build(frames, step)
        checks = [*self._hazards(build), *_light(build, frames), *_broken(build, frames)]
        checks += [_sharp(build, frames), _timing(build, frames, step)]
        return [*checks, _repeats(build, frames)] if moves else checks

    def _hazards(self, build: "_Build") -> list[Check]:
        seen = self._flashes.seen()
        worst = max(seen.general, seen.red)
        colour = "red " if seen.red >= seen.general and seen.hazard else ""
        flashes = build.check(
            "flashes", not seen.hazard, worst,
            f"at most {AREA:.0%} of any third of the picture flashes more than {MOST_FLASHES} times a second",
            f"there is {colour}flashing that can start a seizure" if seen.hazard else "nothing flashes",
            seen.at,
        )  # fmt: skip
        steady = seen.long <= LONG_SECONDS
        return [
            flashes,
            build.check(
                "flicker", steady, seen.long, f"flashing for at most {LONG_SECONDS:g} s on end",
                "nothing flickers for long" if steady else "the picture flickers for long",
                severity="flag",
            ),
        ]  # fmt: skip


class _Build:
    """Makes checks whose span is where the frames are wrong."""

    def __init__(self, frames: Frames, step: float) -> None:
        self._at, self._step = frames.at, step

    def check(
        self, name: str, passed: bool, value: float, bound: str, reason: str,
        span: tuple[float, float] | None = None, severity: Severity = "refuse",
    ) -> Check:  # fmt: skip
        start, end = span or (float(self._at[0]), float(self._at[-1]))
        return Check(name, bool(passed), value, bound, reason, start, end + self._step, severity)

    def span(self, wrong: NDArray[np.bool_]) -> tuple[float, float] | None:
        where = np.flatnonzero(wrong)
        return (float(self._at[where[0]]), float(self._at[where[-1]])) if len(where) else None


def _light(build: _Build, frames: Frames) -> list[Check]:
    steps = np.abs(np.diff(frames.light, prepend=frames.light[0]))
    jumps = steps > LIGHT_STEP
    dim, glaring = frames.bright < TOO_DARK, frames.dark > TOO_BRIGHT
    poor = dim | glaring
    why = "the picture is too dark" if dim.any() else "the picture is blown out"
    return [
        build.check(
            "steady_light", not jumps.any(), float(steps.max()),
            f"at most {LIGHT_STEP:g} levels from frame to frame",
            "the brightness jumps" if jumps.any() else "the brightness is steady", build.span(jumps),
        ),
        build.check(
            "brightness", not poor.any(), float(frames.light.mean()),
            f"a tenth of the picture brighter than {TOO_DARK:g}, a tenth darker than {TOO_BRIGHT:g}",
            why if poor.any() else "the picture is neither dark nor blown out", build.span(poor), "flag",
        ),
    ]  # fmt: skip


def _broken(build: _Build, frames: Frames) -> list[Check]:
    """Blocks that come and go, blocks that come and stay, lost data, and frames put together of two."""
    jumped = np.nan_to_num(frames.jumped)
    blocks = (frames.out > _unusual(frames.out, OUT_SHARE)) | (jumped > _unusual(jumped, JUMP_SHARE))
    green = frames.green > np.median(frames.green) + GREEN_SHARE
    torn = frames.seam > _unusual(frames.seam, SEAM)
    broken = blocks | green | torn
    kinds = {"green or lost blocks": green, "a torn frame": torn & ~blocks, "blocks of garbage": blocks}
    found = next((kind for kind, where in kinds.items() if where.any()), "")
    return [
        build.check(
            "whole_frames", not broken.any(), float(max(frames.out.max(), jumped.max())),
            f"at most {OUT_SHARE:.0%} of a frame stands out, {JUMP_SHARE:.0%} changes at once; no seams",
            f"there are broken frames: {found}" if found else "every frame is whole", build.span(broken),
        )
    ]  # fmt: skip


def _sharp(build: _Build, frames: Frames) -> Check:
    usual = float(np.median(frames.sharp))
    ratio = frames.sharp / usual if usual > 0 else np.ones(len(frames.sharp))
    worst = float(ratio.min())
    return build.check(
        "sharpness", worst >= SOFT, worst, f"at least {SOFT} of the clip's usual sharpness",
        "the picture is as sharp as usual" if worst >= SOFT else "the picture loses its sharpness",
        build.span(ratio < SOFT), "refuse" if worst < BLURRED else "flag",
    )  # fmt: skip


def _timing(build: _Build, frames: Frames, step: float) -> Check:
    off = np.abs(np.diff(frames.at, prepend=frames.at[0] - step) / step - 1)
    worst = float(off.max())
    return build.check(
        "even_timing", worst <= STEP_SLACK, worst, f"every step within {STEP_SLACK:g} of a frame",
        "the frames come evenly" if worst <= STEP_SLACK else "frames are missing or too many",
        build.span(off > STEP_SLACK), "refuse" if worst > STEP_GAP else "flag",
    )  # fmt: skip


def _repeats(build: _Build, frames: Frames) -> Check:
    """Frames that stand still between frames that move; a whole stretch is `motion`'s to judge."""
    change = np.nan_to_num(frames.change, nan=np.inf)
    moved = change > MOVING
    between = np.roll(moved, 1) & np.roll(moved, -1)
    between[[0, -1]] = False
    repeated = (change < REPEATED) & between
    share = float(repeated.mean())
    return build.check(
        "fresh_frames", share <= REPEATS, share, f"at most {REPEATS:.0%} of the frames repeat the one before",
        "no frame is doubled" if share <= REPEATS else "frames are doubled",
        build.span(repeated) if share > REPEATS else None, "refuse" if share > MANY_REPEATS else "flag",
    )  # fmt: skip


def _unusual(values: NDArray[np.float64], bound: float) -> float:
    return max(bound, UNUSUAL * float(np.median(values)))
