"""The visible label and the file's own metadata, through every gate."""

import json
import uuid
from dataclasses import replace
from typing import Any

import av
import numpy as np

from perception.video import open_video
from safety.errors import InspectionRefused, PolicyRefused, RequestConflict
from safety.metadata import AIGC
from service.generate import Release
from service.run import Gate
from tests.fakes import FilmWorkers
from tests.pipeline.conftest import Stage


def picture(stage: Stage, release: Release) -> np.ndarray:
    """The first frame of the released clip."""
    with open_video(stage.app.blobs.path(release.record.record_id)) as video:
        return next(iter(video.frames()))[1]


def test_a_request_is_labelled_logged_and_stated(stage: Stage) -> None:
    """Drawn in, on the log with the mark and the issue, in the credentials; none unless asked for."""
    plain = stage.ask()
    labelled = stage.ask(label="corner")
    apart = np.abs(picture(stage, plain).astype(int) - picture(stage, labelled)).max(2)
    rows, columns = np.nonzero(apart > 60)
    side = apart.shape[0]
    assert rows.min() > 0.7 * side
    assert columns.min() > 0.3 * side
    for release, kind, actions in ((plain, None, 0), (labelled, "corner", 1)):
        name = release.record.record_id
        assert stage.entries(record_id=name, gate="mark")[0].get("label") == kind
        assert stage.entries(record_id=name, kind="issue")[0].get("label") == kind
        reading = stage.app.credentials.read(stage.app.blobs.path(name))
        assert (reading.ours, reading.actions.count("c2pa.edited")) == (True, actions)


def test_the_deployment_labels_what_asks_for_none(stage: Stage) -> None:
    """With the setting every clip is labelled; a request may choose which label, not none."""
    app = replace(stage.app, settings=replace(stage.app.settings, visible_label="icon"))
    for asked, drawn in ((None, "icon"), ("banner", "banner")):
        name = stage.ask(app=app, label=asked).record.record_id
        assert stage.entries(record_id=name, gate="mark")[0]["label"] == drawn


def test_the_policy_may_require_it(stage: Stage) -> None:
    """Advertising without a label is refused; with one that rule is content."""
    consent = stage.grant(purposes=frozenset({"advertising"}))
    ad = {"purpose": "advertising", "consent_id": consent.consent_id}
    error = stage.refused(PolicyRefused, Gate.PERMIT, **ad)
    assert "label" in str(error)
    assert stage.ask(label="icon", **ad).record.record_id


def test_an_unlabelled_draft_does_not_leave(stage: Stage) -> None:
    """A worker that forgets the label is found out before anything is signed."""
    workers = stage.app.workers
    assert isinstance(workers, FilmWorkers)
    workers.unlabelled = True
    error = stage.refused(InspectionRefused, Gate.MARK, label="icon")
    assert error.metadata["rules"] == "mark.label"


def test_the_same_request_with_another_label_is_another(stage: Stage) -> None:
    """A retry gives the same clip; with another label the request id is taken."""
    first = str(uuid.uuid4())
    clip = stage.ask(request_id=first, label="icon").record
    assert stage.ask(request_id=first, label="icon").record == clip
    stage.refused(RequestConflict, Gate.ADMIT, request_id=first, label="corner")


def test_aigc_is_written_where_the_deployment_has_a_name(stage: Stage) -> None:
    """The producer is the setting, the number the record's; without the setting there is no such field."""
    app = replace(stage.app, settings=replace(stage.app.settings, aigc_producer="Example Studio"))
    name = stage.ask(app=app).record.record_id
    fields = tags(stage, name)
    said: dict[str, Any] = json.loads(fields[AIGC])
    assert (said["ContentProducer"], said["ProduceID"], said["Label"]) == ("Example Studio", name, "1")
    assert AIGC not in tags(stage, stage.ask().record.record_id)


def tags(stage: Stage, name: str) -> dict[str, str]:
    with av.open(str(stage.app.blobs.path(name))) as container:
        return dict(container.metadata)
