"""What a clip of our own must show before it leaves. Bounds are wide of what a sound clip measures."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perception.audio import Speech
from safety.detector.checks.screening import Screening
from safety.detector.cues import unseen
from safety.detector.lips import EARLIEST, LATEST, Lips, runs
from safety.detector.report import Check
from safety.detector.track import Track

# The face is followed in almost every frame: a blink of the tracker in a fast turn is no fault.
SEEN_SHARE = 0.98

# A head that talks moves by a tenth of an eye distance from frame to frame at most (p95 of angular speed is
# 48 degrees a second); half an eye distance in 40 ms is another face or a cut.
JUMP = 0.5

# A picture is black or empty when it is dark or flat throughout: 8-bit video black is 0 to 2 after decoding.
DARK_LIGHT, FLAT_CONTRAST = 4.0, 2.0

# A talking face that does not change by 0.02 of 255 levels for half a second stands still; encoders skip
# blocks, so a few frames may be equal.
STILL_CHANGE, STILL_SECONDS = 0.02, 0.5

# Speaking lips: standard deviation of the gap. Real speakers 0.05 to 0.11 (GRID corpus), rendered drawings
# 0.03 to 0.06, a painted mouth half as wide as the eyes are apart 0.017; the mesh's own noise on still drawn
# mouths 0.001 to 0.011. Beyond that noise the sound decides: `lips_in_time`.
LIP_MOVEMENT = 0.013

# In pauses the gap is at most this share of its 90th percentile in speech. 1 is a mouth left open; real
# speakers, who breathe and hesitate with open lips, reach 0.6; an engine that closes on silence 0.3.
PAUSE_GAP = 0.6
LEAST_PAUSES = 0.1  # seconds, edges taken off


# Lips moved by a track: correlation of the gap with the opening that each frame was to have. Three drawn
# faces moved by the track of 5 s of speech (deviation of the opening 0.145) measure 0.81, 0.87 and 0.93; with
# those openings reversed, or shifted by 0.4 or 2 s, -0.19 to 0.01. Openings that deviate by less than a third
# of that come near the mesh's noise.
TRACK_CORRELATION = 0.4
TRACK_MOVEMENT = 0.05


@dataclass(frozen=True)
class Expectations:
    """What the clip was to be.

    Attributes:
        seconds: its length; None when not known.
        speaks: a face that speaks the clip's sound.
        moves: its head never stands still; where it may, so may the picture in a pause.
        openings: (N,) how far the lips were to part at each frame, in any unit, where something else than the
            sound moves them; then it is this that they are compared with, and the face may stand still.
    """

    seconds: float | None = None
    speaks: bool = True
    moves: bool = True
    openings: NDArray[np.float64] | None = None


def run_checks(
    expect: Expectations,
    track: Track,
    speech: Speech | None,
    lips: Lips | None,
    screening: Screening | None = None,
) -> tuple[Check, ...]:
    """Every check that `expect` asks for, and what `screening` saw. One that cannot be decided is not met."""
    speaks = expect.speaks and expect.openings is None
    checks = [*_faces(track), *_pictures(track, speaks and expect.moves)]
    if screening is not None:
        checks += screening.checks(track.step, moves=speaks and expect.moves)
    if expect.seconds is not None:
        checks.append(_length(track, expect.seconds))
    if expect.openings is not None:
        checks.append(_lips_as_told(track, expect.openings))
    if speaks:
        checks += _lips(track, speech, lips)
    return tuple(checks)


def _faces(track: Track) -> list[Check]:
    counted = np.isfinite(track.searched)
    wrong = counted & (track.searched != 1)
    most = float(np.nanmax(track.searched)) if counted.any() else 0.0
    seen = float(track.seen.mean())
    gaps = unseen(track)
    jumps = np.nan_to_num(track.moved) > JUMP
    return [
        _check(
            "one_face", not wrong.any() and bool(counted.any()), most, "exactly 1 wherever searched",
            "another number of faces than one was seen" if wrong.any() else "one face throughout",
            track, wrong,
        ),
        Check(
            "face_followed", seen >= SEEN_SHARE, seen, f"at least {SEEN_SHARE:.0%} of frames",
            "the face is lost on the way" if gaps else "the face is in every frame",
            *(gaps[0] if gaps else _whole(track)),
        ),
        _check(
            "same_face", not jumps.any(), float(np.nanmax(track.moved, initial=0.0)),
            f"at most {JUMP} eye distances from frame to frame",
            "the face jumps: a cut, or another face" if jumps.any() else "the face moves without a jump",
            track, jumps,
        ),
    ]  # fmt: skip


def _pictures(track: Track, moves: bool) -> list[Check]:
    empty = (track.light < DARK_LIGHT) | (track.contrast < FLAT_CONTRAST)
    still = track.change < STILL_CHANGE
    longest = max(runs(still), key=lambda run: run[1] - run[0], default=(0, 0))
    stood = (longest[1] - longest[0]) * track.step
    frozen = np.zeros(len(track.at), bool)
    frozen[slice(*longest)] = stood > STILL_SECONDS and moves
    return [
        _check(
            "pictures", not empty.any(), float(track.contrast.min()),
            f"luma at least {DARK_LIGHT} and its deviation at least {FLAT_CONTRAST} of 255 in every frame",
            "there are black or empty frames" if empty.any() else "no frame is black or empty", track, empty,
        ),
        _check(
            "motion", not frozen.any(), stood, f"still for at most {STILL_SECONDS} s",
            "the picture stands still" if frozen.any() else "the picture moves", track, frozen,
        ),
    ]  # fmt: skip


def _length(track: Track, seconds: float) -> Check:
    off = abs(track.seconds - seconds)
    return Check(
        "length", off <= 1.5 * track.step, track.seconds, f"{seconds:.3f} s, within a frame",
        "the clip has another length than was asked for" if off > 1.5 * track.step else "the length is right",
        *_whole(track),
    )  # fmt: skip


def _lips(track: Track, speech: Speech | None, lips: Lips | None) -> list[Check]:
    if speech is None or lips is None:
        why = "there is no sound" if speech is None or speech.silent else "the face is not seen well enough"
        return [Check("lips", False, 0.0, "lips and sound can be compared", why, *_whole(track))]
    moves = lips.movement >= LIP_MOVEMENT
    checks = [
        Check(
            "lips_move", moves, lips.movement,
            f"at least {LIP_MOVEMENT} eye distances (deviation of the gap)",
            "the lips move in speech" if moves else "the lips do not move in speech", *_whole(track),
        )
    ]  # fmt: skip
    if lips.measured:
        checks.append(
            Check(
                "lips_in_time", lips.in_time, lips.lag,
                f"{EARLIEST} to {LATEST} s, with a correlation of at least {lips.needed:.2f}"
                f" (it is {lips.near:.2f})",
                "the lips follow the sound" if lips.in_time else "the lips do not follow this sound",
                *_whole(track),
            )
        )  # fmt: skip
    if lips.pauses >= LEAST_PAUSES and np.isfinite(lips.pause_gap):
        shut = lips.pause_gap <= PAUSE_GAP
        checks.append(
            Check(
                "lips_shut", shut, lips.pause_gap, f"at most {PAUSE_GAP} of the gap in speech",
                "the lips close in pauses" if shut else "the lips stay open in pauses", *_whole(track),
            )
        )  # fmt: skip
    return checks


def _lips_as_told(track: Track, openings: NDArray[np.float64]) -> Check:
    """Whether the gap rises and falls with the openings, frame by frame."""
    seen = np.isfinite(track.mouth)
    wanted = np.interp(track.at, np.arange(len(openings)) * track.step, openings)[seen]
    gap = track.mouth[seen]
    bound = f"a correlation of at least {TRACK_CORRELATION} with the track's openings"
    if len(wanted) < 2 or wanted.std() < TRACK_MOVEMENT:
        why = "not judged: the track hardly moves the lips"
        return Check("lips_as_told", len(wanted) >= 2, 0.0, bound, why, *_whole(track))
    moved = float(gap.std())
    found = float(np.corrcoef(gap, wanted)[0, 1]) if moved > 0 else 0.0
    follows = found >= TRACK_CORRELATION
    why = "the lips move as the track does" if follows else "the lips do not move as the track does"
    return Check("lips_as_told", follows, found, bound, why, *_whole(track))


def _check(
    name: str, passed: bool, value: float, bound: str, reason: str, track: Track, wrong: NDArray[np.bool_]
) -> Check:
    """A check whose span is where it is wrong."""
    where = np.flatnonzero(wrong)
    if not len(where):
        return Check(name, passed, value, bound, reason, *_whole(track))
    span = float(track.at[where[0]]), float(track.at[where[-1]]) + track.step
    return Check(name, passed, value, bound, reason, *span)


def _whole(track: Track) -> tuple[float, float]:
    return float(track.at[0]), float(track.at[-1]) + track.step
