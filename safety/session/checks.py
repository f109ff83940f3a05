"""Everything a session's film must show, in one straight page: what fails raises, what passes is evidence."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from perception.audio import Speech
from safety.detector import lips
from safety.detector.track import Finder, Track
from safety.encoders.encoder import FaceEncoder
from safety.errors import SessionCut, SessionFlat, SessionLips
from safety.session.challenge import Challenge
from safety.session.code import check_code
from safety.session.cuts import check_no_jump, check_times
from safety.session.faces import IsSitter, check_one_face, check_same_person, template
from safety.session.flat import depth
from safety.session.observe import Observation, observe
from safety.session.turns import check_turns

Pixels = NDArray[np.uint8]

LEAST_SECONDS, MOST_SECONDS = 5.0, 60.0
MOST_BYTES = 64 << 20
SLOWEST = 10.0  # pictures a second: below, turns and lips cannot be followed
AROUND = 1.5  # seconds before and after the code in which lips and sound are compared
MOVES = (
    0.006  # eye distances, standard deviation of the lip gap in speech: the mesh on a still wavers by 0.003
)
PICTURES = 5


@dataclass(frozen=True, eq=False)
class Shown:
    """A film that passed.

    Attributes:
        seconds: its length.
        pictures: 3 to `PICTURES` frames for an enrolment, most frontal first: (S, S, 3) RGB.
        template: (D,) unit mean of the face's embeddings: treat it like a face.
        measures: what was measured, for the record: numbers only.
    """

    seconds: float
    pictures: tuple[Pixels, ...] = field(repr=False)
    template: NDArray[np.float32] = field(repr=False)
    measures: dict[str, float]


def judge(
    frames: Iterable[tuple[float, Pixels]],
    fps: float,
    speech: Speech | None,
    challenge: Challenge,
    *,
    finder: Finder,
    encoder: FaceEncoder,
    is_sitter: IsSitter | None = None,
    is_old: Callable[[Sequence[str]], bool] = lambda _: False,
) -> Shown:
    """Check a film against its session's challenge.

    Args:
        frames: seconds and (H, W, 3) RGB, upright.
        speech: its sound from the first picture on; None without.
        is_sitter: whether a picture shows the enrolled person; None for somebody who is not enrolled yet.
        is_old: whether words were the code of another session.

    Raises:
        SessionRefused: its leaf says what was missing; metadata `at` when, in seconds.
        MediaError: the film cannot be read to its end.
        Misconfigured: the speech recogniser is missing.
    """
    # 1. One piece, of a length in which everything fits.
    seen = observe(frames, fps, finder, encoder)
    _check_length(seen.track)
    check_times(seen.track, speech)
    # 2. One face, from the first second to the last.
    check_one_face(seen)
    # 3. The same person's.
    front = check_same_person(seen, encoder.calibration, is_sitter)
    check_no_jump(seen)
    # 4. A head, not a picture of one.
    measured = depth(seen.meshes, seen.track.pose)
    if measured.is_flat:
        raise SessionFlat(
            "this looks like a picture held before the camera: the person has to sit there",
            parallax=round(measured.parallax, 2),
        )
    # 5. What was asked for: the turns, the code, and lips that say it.
    check_turns(seen.track, challenge.turns)
    said = check_code(speech, challenge.words, is_old)
    moved = _check_lips(seen, speech, said)
    best = sorted(front, key=lambda look: look.turned)[:PICTURES]
    measures = {
        "compared": float(len(front)),
        "lip_correlation": round(moved.near, 3),
        "lip_lag": round(moved.lag, 3),
        "parallax": round(measured.parallax, 3) if np.isfinite(measured.parallax) else 0.0,
        "seconds": round(seen.track.seconds, 2),
    }
    return Shown(seen.track.seconds, tuple(look.picture for look in best), template(front), measures)


def _check_length(track: Track) -> None:
    rate = len(track.at) / max(track.seconds, 1e-3)
    if not LEAST_SECONDS <= track.seconds <= MOST_SECONDS:
        raise SessionCut(
            f"the film lasts {track.seconds:.1f} s: {LEAST_SECONDS:.0f} to {MOST_SECONDS:.0f} s are needed",
            part="length", least=LEAST_SECONDS, most=MOST_SECONDS,
        )  # fmt: skip
    if rate < SLOWEST:
        raise SessionCut(
            f"the film has {rate:.1f} pictures a second: at least {SLOWEST:.0f} are needed; close other "
            "programs and record again",
            part="rate", least=SLOWEST,
        )  # fmt: skip


def _check_lips(seen: Observation, speech: Speech | None, said: tuple[float, float]) -> lips.Lips:
    """The lips' gap against the loudness while the code is said: `safety.detector.lips`."""
    start, end = max(0.0, said[0] - AROUND), said[1] + AROUND
    part = (seen.track.at >= start) & (seen.track.at <= end)
    heard = None if speech is None else Speech(
        speech.samples[int(start * speech.rate) : int(end * speech.rate)], speech.rate
    )  # fmt: skip
    found = (
        None if heard is None else lips.measure(seen.track.at[part] - start, seen.track.mouth[part], heard)
    )
    if found is None or found.movement < MOVES or not found.in_time:
        raise SessionLips(
            "the lips do not move with the sound: face the camera while you say the code, with light on the "
            "mouth, and do not speak over a recording",
            **({} if found is None or not found.measured else {"lag": round(found.lag, 2)}),
        )
    return found
