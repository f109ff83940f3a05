"""What outlives its term is destroyed, with its consents, and that is on record."""

from dataclasses import replace
from datetime import timedelta

import pytest

from safety.errors import ConsentWithdrawn, IdentityErased, IdentityPending
from safety.retention import MOST_DAYS, Terms
from service.caller import Caller
from service.demo.cast import png
from service.demo.characters import draw
from service.enroll import RETENTION, EnrolmentRequest, enroll, sweep
from service.run import Gate
from tests.pipeline.conftest import OPERATOR, TRACE, Stage, approved


def test_nothing_is_swept_before_its_term(stage: Stage) -> None:
    """A day before the end everything stands."""
    early = stage.app.clock() + timedelta(days=MOST_DAYS - 1)
    assert sweep(replace(stage.app, clock=lambda: early), RETENTION, TRACE) == ([], [])
    assert stage.app.identities.get(stage.identity.identity_id).state == "live"


def test_what_outlives_its_term_is_erased(stage: Stage) -> None:
    """Three years after the enrolment the identity is erased and its consents withdrawn, in the job's name;
    the entry names the same key as the enrolment's; a second turn finds nothing."""
    identity_id = stage.identity.identity_id
    late = stage.app.clock() + timedelta(days=MOST_DAYS)
    app = replace(stage.app, clock=lambda: late)
    assert sweep(app, RETENTION, TRACE) == ([identity_id], [])
    erased = app.identities.get(identity_id)
    assert (erased.state, erased.erased_by) == ("erased", RETENTION.name)
    stage.refused(IdentityErased, Gate.IDENTIFY)
    assert app.consents.get(stage.consent.consent_id).state == "withdrawn"
    (enrolled,) = stage.entries(kind="identity.enrolled")
    (destroyed,) = stage.entries(kind="identity.erased")
    assert destroyed["key"] == enrolled["key"]
    assert sweep(app, RETENTION, TRACE) == ([], [])
    with pytest.raises(ConsentWithdrawn):
        stage.app.consents.verify(
            stage.consent.consent_id, stage.request.ask(Caller("studio", frozenset({"client"})), 1.0), at=late
        )


def test_pictures_go_before_the_identity(stage: Stage) -> None:
    """Kept for a week, the pictures are deleted then, once, on record; the identity stays."""
    request = EnrolmentRequest(
        "character", "x", "ours", False, False, (png(draw("osei", 512)),), terms=Terms(media_days=7)
    )
    identity, _ = enroll(stage.app, request, OPERATOR, TRACE)
    late = stage.app.clock() + timedelta(days=8)
    app = replace(stage.app, clock=lambda: late)
    assert sweep(app, RETENTION, TRACE) == ([], [identity.identity_id])
    assert sweep(app, RETENTION, TRACE) == ([], [])
    (entry,) = stage.entries(kind="identity.media_deleted")
    assert entry["identity_id"] == identity.identity_id
    assert app.identities.get(identity.identity_id).state == "pending"


def test_a_pending_character_generates_nothing(stage: Stage) -> None:
    """Until a second operator approves it, a request under its name ends at gate 3."""
    picture = png(draw("osei", 512))
    request = EnrolmentRequest("character", "x", "ours", False, False, (picture,))
    identity, _ = enroll(stage.app, request, OPERATOR, TRACE)
    stage.refused(IdentityPending, Gate.IDENTIFY, identity_id=identity.identity_id, portrait=picture)


def test_nobody_consents_for_a_pending_character(stage: Stage) -> None:
    """A consent can be recorded once a second operator has approved the identity, not before."""
    request = EnrolmentRequest("character", "x", "ours", False, False, (png(draw("osei", 512)),))
    identity, _ = enroll(stage.app, request, OPERATOR, TRACE)
    with pytest.raises(IdentityPending):
        stage.grant(identity)
    assert stage.grant(approved(stage.app, identity)).state == "given"
