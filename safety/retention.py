"""How long identities and their pictures are kept: a term is set at enrolment and enforced by a job.

The longest is three years, after which the Illinois Biometric Information Privacy Act (740 ILCS 14/15)
requires destruction at the latest; a term starts at the enrolment and is never extended by use.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from safety.errors import EnrolmentRefused
from safety.identity_rows import Identity

MOST_DAYS = 3 * 365
PENDING_DAYS = 30
"""After which an enrolment that nobody reviewed is erased."""


@dataclass(frozen=True)
class Terms:
    """Days from the enrolment.

    Attributes:
        days: until the identity is erased, 1 to 1095.
        media_days: until its enrolment pictures are deleted, at most `days`; 0 keeps none.
    """

    days: int = MOST_DAYS
    media_days: int = 0


def check_terms(terms: Terms) -> None:
    """Raises EnrolmentRefused for terms out of range."""
    if not 1 <= terms.days <= MOST_DAYS:
        raise EnrolmentRefused(
            f"an identity is kept for 1 to {MOST_DAYS} days", part="retain_days", high=MOST_DAYS
        )
    if not 0 <= terms.media_days <= terms.days:
        raise EnrolmentRefused(
            "pictures are kept for at most as long as the identity: choose fewer days",
            part="media_days", high=terms.days,
        )  # fmt: skip


def due(identities: Iterable[Identity], at: datetime) -> tuple[list[str], list[str]]:
    """Ids to erase, and ids whose pictures are to be deleted, at the time `at`."""
    standing = [each for each in identities if each.state != "erased"]
    over = [each.identity_id for each in standing if _ends(each) <= at]
    media = [each.identity_id for each in standing if each.media_until and each.media_until <= at]
    return over, [identity_id for identity_id in media if identity_id not in over]


def _ends(identity: Identity) -> datetime:
    term = identity.retain_until or identity.enrolled_at + timedelta(days=MOST_DAYS)
    if identity.review == "pending":
        return min(term, identity.enrolled_at + timedelta(days=PENDING_DAYS))
    return term
