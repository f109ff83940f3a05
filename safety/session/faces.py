"""One face, and the same one from the first second to the last."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from safety.encoders.encoder import unit
from safety.encoders.thresholds import Calibration
from safety.errors import (
    SessionFaceLost,
    SessionOtherPerson,
    SessionPersonChanged,
    SessionSecondFace,
)
from safety.session.observe import Look, Observation

LEAST_SEEN = 0.85  # share of the frames
LONGEST_GAP = 0.8  # seconds without the face: long enough to hide behind a hand, not to change places
# Degrees from which on embeddings are not compared: dlib's and ArcFace's are made for faces from the front.
# Between two compared seconds the face was followed from frame to frame, which `cuts` watches.
COMPARABLE = 20.0
LONGEST_UNCOMPARED = 4.0  # seconds
LEAST_COMPARED = 3

IsSitter = Callable[[NDArray[np.uint8]], bool]


def check_one_face(seen: Observation) -> None:
    """Raises SessionSecondFace and SessionFaceLost; metadata `at` says when, in seconds."""
    for at, persons in seen.persons:
        if persons > 1:
            raise SessionSecondFace(
                "there is more than one face in the film: be alone before the camera, also in mirrors and "
                "pictures behind you",
                at=round(at, 1), faces=persons,
            )  # fmt: skip
    track = seen.track
    visible = np.flatnonzero(track.seen)
    edges = np.concatenate([[track.at[0]], track.at[visible], [track.at[-1]]])
    gaps = np.diff(edges)
    if len(visible) < LEAST_SEEN * len(track.at) or gaps.max() > LONGEST_GAP:
        raise SessionFaceLost(
            "the face was not in the picture, or not clear, for a part of the film: sit in the light, keep "
            "the whole face in the picture, and turn less far",
            at=round(float(edges[int(gaps.argmax())]), 1), seen=round(len(visible) / len(track.at), 2),
        )  # fmt: skip


def check_same_person(
    seen: Observation, calibration: Calibration, is_sitter: IsSitter | None = None
) -> tuple[Look, ...]:
    """The looks from the front, all of one person; of the sitter, if `is_sitter` can tell.

    Raises:
        SessionFaceLost: it did not look at the camera often enough to compare.
        SessionPersonChanged: two seconds show different people; metadata `at`.
        SessionOtherPerson: it is not the sitter; metadata `at`.
    """
    front = [look for look in seen.looks if look.turned <= COMPARABLE and look.embedding is not None]
    moments = np.array([seen.track.at[0], *(look.at for look in front), seen.track.at[-1]])
    if len(front) < LEAST_COMPARED or np.diff(moments).max() > LONGEST_UNCOMPARED:
        raise SessionFaceLost(
            "the face did not look at the camera often enough to be compared: come back to the middle after "
            "each turn",
            compared=len(front), least=LEAST_COMPARED,
        )  # fmt: skip
    for before, look in pairwise(front):
        apart = float(1 - _of(front[0]) @ _of(look))
        if max(apart, float(1 - _of(before) @ _of(look))) > calibration.agreement:
            raise SessionPersonChanged(
                "the film does not show one person from beginning to end: record it in one piece, alone",
                at=round(look.at, 1),
            )
    for look in front if is_sitter else ():
        if is_sitter is not None and not is_sitter(look.picture):
            raise SessionOtherPerson(
                "the film shows somebody else than the person whose pictures are enrolled",
                at=round(look.at, 1),
            )
    return tuple(front)


def template(looks: tuple[Look, ...]) -> NDArray[np.float32]:
    """(D,) unit mean of what was compared."""
    return unit(np.mean([_of(look) for look in looks], axis=0))


def _of(look: Look) -> NDArray[np.float32]:
    if look.embedding is None:
        raise SessionFaceLost("the face cannot be compared: sit in the light and look at the camera")
    return look.embedding
