"""The rule that decides whose face a probe shows: one to one against the claim, then one to everybody.

1. The probe is within `accept` of the claimed template.
2. It is not within `block` of anybody protected.
3. Nobody else is nearer than the claimed one plus the margin.
4. Under the name of a character or an artwork it is not within `block` of any living person.

The search over all others begins only after the claim held: a stranger's face is compared with the one
template that was claimed, and with no other. Answers carry no distance and name nobody, so that they cannot
be used to search for faces. `docs/identity.md` states what each rule does for look-alikes, twins and morphs.
"""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from safety.encoders.thresholds import Calibration
from safety.errors import IdentityAmbiguous, IdentityMismatch, IdentityProtected
from safety.gallery import Gallery, Near, Template

Floats = NDArray[np.float32]


class Likeness(StrEnum):
    """How an enrolled face resembles one that is to be enrolled."""

    PROTECTED = "protected"
    DUPLICATE = "duplicate"
    LOOKALIKE = "lookalike"


def is_within(calibration: Calibration, profile: str, template: Template, distance: float) -> bool:
    """Whether the distance is at most the 1:1 threshold of `profile` for this template; false for NaN."""
    return distance <= calibration.threshold(profile, template.pictures)


def decide(gallery: Gallery, probe: Floats, identity_id: str, calibration: Calibration) -> Template:
    """The template of the claimed identity, when the probe is that person and nobody else.

    Raises:
        IdentityMismatch, IdentityProtected: rule 1 or 2 failed.
        IdentityAmbiguous: rule 3 or 4 failed.
    """
    claimed = gallery.get(identity_id)
    own = 1 - float(claimed.embedding @ probe) if claimed is not None else float("nan")
    if claimed is None or not is_within(calibration, "accept", claimed, own):
        raise IdentityMismatch(
            "the portrait does not show the claimed identity: use a picture of that person"
        )
    nearest = own + calibration.margin
    people = len(gallery)
    reach = max(nearest, calibration.widest("block", gallery.protected), calibration.widest("block", people))
    near = [each for each in gallery.near(probe, reach) if each.identity_id != identity_id]
    if any(each.protected and _found(calibration, "block", each, gallery.protected) for each in near):
        raise IdentityProtected("the portrait shows somebody who must not be animated")
    screened = [each for each in near if claimed.basis != "consent" and each.basis == "consent"]
    living = any(_found(calibration, "block", each, people) for each in screened)
    if living or any(not each.distance >= nearest for each in near):
        raise IdentityAmbiguous(
            "the portrait could show another enrolled identity as well: use a sharper picture from the front"
        )
    return claimed


def resembled(
    gallery: Gallery, embedding: Floats, basis: str, calibration: Calibration
) -> list[tuple[Likeness, str]]:
    """Whom a face that is to be enrolled resembles: kind and identity id, nearest first.

    `duplicate`: taken for the same person. A character or an artwork keeps the wider `block` distance from
    living people. `lookalike`: within `review`. `protected`: within `block` of a protected face.
    """
    others = len(gallery)
    reach = max(calibration.widest(profile, 1) for profile in ("accept", "review", "block"))
    found: list[tuple[Likeness, str]] = []
    for each in gallery.near(embedding, reach):
        screened = basis != "consent" and each.basis == "consent"
        if each.protected:
            if _found(calibration, "block", each, gallery.protected):
                found.append((Likeness.PROTECTED, each.identity_id))
        elif _found(calibration, "block" if screened else "accept", each, others):
            found.append((Likeness.DUPLICATE, each.identity_id))
        elif _found(calibration, "review", each, 1):
            found.append((Likeness.LOOKALIKE, each.identity_id))
    return found


def _found(calibration: Calibration, profile: str, each: Near, people: int) -> bool:
    """Within the threshold of a search among so many people; true for NaN: what cannot be compared is
    near."""
    return not each.distance > calibration.searched(profile, each.pictures, people)
