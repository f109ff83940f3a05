"""What log and credentials say of an erased identity can be connected with nothing any more."""

from service.enroll import erase
from tests.pipeline.conftest import OPERATOR, TRACE, Stage


def test_commitments_end_with_the_identity(stage: Stage) -> None:
    """Until the erasure the inputs can be shown to be those of entries and manifest; then by nobody."""
    app, identity_id = stage.app, stage.identity.identity_id
    name = stage.ask().record.record_id
    (intake,) = stage.entries(record_id=name, gate="intake")
    said = dict(app.credentials.read(app.blobs.path(name)).consent)
    inputs = {"portrait": stage.request.portrait, "speech": stage.request.speech}

    def shown() -> dict[str, str]:
        commit = app.commitments.of(identity_id)
        return {each: commit(each, data) for each, data in inputs.items()}

    assert {each: intake[each] for each in inputs} == {each: said[each] for each in inputs} == shown()
    for each, data in inputs.items():
        assert intake[each] != app.ring.commitment(each, data)
    erase(app, identity_id, OPERATOR, TRACE)
    after = shown()
    assert not set(after.values()) & {*intake.values(), *said.values()}
