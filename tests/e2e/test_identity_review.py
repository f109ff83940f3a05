"""Four eyes, the operators' report, retention and the protected list, over real gRPC and the command line."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from perception.video import write_video
from safety.encoders import open_encoder
from service.__main__ import main
from service.client import Client, RemoteError
from service.demo.cast import png
from service.demo.characters import draw
from service.pb.sitter.v1 import identity_pb2
from tests.e2e.conftest import OPERATOR, REVIEWER, Site

SIZE = 320


@pytest.fixture
def reviewer(site: Site) -> Iterator[Client]:
    with site.deployment.client(REVIEWER) as client:
        yield client


def _bodies(site: Site, identity_id: str) -> dict[str, dict[str, Any]]:
    """The last log entry of each kind about an identity."""
    found = (json.loads(entry.body) for entry in site.auditor.entries(identity_id=identity_id))
    return {body["kind"]: body for body in found}


def _refused(act: Any) -> str:
    with pytest.raises(RemoteError) as caught:
        act()
    return caught.value.reason


def test_four_eyes(site: Site, reviewer: Client, stranger: bytes) -> None:
    """A character waits; its operator, a client and an auditor cannot approve it; another operator can; both
    steps are on record. Rejected, one is erased, and the log shows that the key it was given is destroyed."""
    given: dict[str, Any] = {"basis": "character", "label": "x", "declaration": "ours", "adult": False}
    enrolled = site.operator.enroll([stranger], **given).identity
    assert enrolled.state == identity_pb2.IDENTITY_STATE_PENDING
    identity_id = enrolled.identity_id
    assert _refused(lambda: site.ask(identity_id=identity_id, portrait=stranger)) == "IDENTITY_PENDING"
    assert _refused(lambda: site.operator.review(identity_id, approve=True)) == "REVIEW_REFUSED"
    for other in (site.client, site.auditor):
        assert _refused(lambda other=other: other.review(identity_id, approve=True)) == "CALLER_FORBIDDEN"
        assert _refused(lambda other=other: other.enrolment(identity_id)) == "CALLER_FORBIDDEN"
    told, pictures = reviewer.enrolment(identity_id)
    assert (told.label, told.declaration, len(pictures)) == ("x", "ours", 1)
    assert _bodies(site, identity_id)["identity.viewed"]["caller"] == REVIEWER
    approved = reviewer.review(identity_id, approve=True).identity
    assert _refused(lambda: reviewer.enrolment(identity_id)) == "REVIEW_REFUSED"
    assert (approved.state, approved.reviewed_by) == (identity_pb2.IDENTITY_STATE_LIVE, REVIEWER)
    assert _bodies(site, identity_id)["identity.reviewed"]["outcome"] == "approved"
    site.operator.erase(identity_id)
    again = site.operator.enroll([stranger], **given).identity.identity_id
    assert reviewer.review(again, approve=False).identity.state == identity_pb2.IDENTITY_STATE_ERASED
    bodies = _bodies(site, again)
    assert bodies["identity.erased"]["key"] == bodies["identity.enrolled"]["key"] != ""
    assert bodies["identity.reviewed"]["outcome"] == "rejected"


def test_the_report_is_for_operators(site: Site) -> None:
    """A refused duplicate is on the operators' report under the id it resembled, which its answer and the
    other roles do not get."""
    with pytest.raises(RemoteError) as caught:
        site.operator.enroll([site.portrait], basis="artwork", label="x", declaration="y", adult=False)
    assert caught.value.reason == "IDENTITY_EXISTS"
    assert site.identity_id not in str(caught.value) + str(caught.value.metadata)
    (found,) = [each for each in site.operator.likenesses() if each.identity_id == site.identity_id]
    assert (found.kind, found.other_id, found.enrolled_by) == ("duplicate", "", OPERATOR)
    for other in (site.client, site.auditor):
        assert _refused(other.likenesses) == "CALLER_FORBIDDEN"


def test_a_person_from_a_video(site: Site, tmp_path: Path) -> None:
    """Half a minute of a head that turns enrols; its best frames are the pictures, kept as long as asked."""
    heads = [draw("pip", SIZE, turn=turn) for turn in (-9, -3, 3, 9)]
    write_video(tmp_path / "turn.mp4", (head for head in heads for _ in range(15)), fps=25, speech=None)
    enrolled = site.operator.enroll(
        [], video=(tmp_path / "turn.mp4").read_bytes(), basis="consent", label="Pip", declaration="studio",
        adult=True, retain_days=30, media_days=7,
    ).identity  # fmt: skip
    try:
        assert 3 <= enrolled.pictures <= 4
        days = enrolled.retain_until.ToDatetime() - enrolled.enrolled_at.ToDatetime()
        assert days.days == 30
        assert enrolled.media_until.seconds - enrolled.enrolled_at.seconds == 7 * 86400
        assert list(site.operator.sweep().erased_ids) == []
    finally:
        site.operator.erase(enrolled.identity_id)


def test_a_protected_list_is_imported(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`sitter identity protect`: a folder's picture and a CSV's template block their faces; a file that is no
    face is told and counted."""
    key = site.deployment.app.settings.data
    monkeypatch.setenv("SITTER_DATA", str(key))
    monkeypatch.setenv("SITTER_SERVER", site.deployment.address)
    monkeypatch.setenv("SITTER_CALLER", OPERATOR)
    folder = tmp_path / "list"
    folder.mkdir()
    face = draw("osei", SIZE)
    (folder / "somebody.png").write_bytes(png(face))
    (folder / "nobody.png").write_bytes(png(np.full((200, 200, 3), 120, np.uint8)))
    assert main(["identity", "protect", str(folder)]) == 1
    printed = capsys.readouterr()
    text = printed.out + printed.err
    assert "FAIL nobody" in text
    assert "ok   somebody" in text
    encoder = open_encoder("dlib-resnet-v1")
    values = encoder.faces(draw("pip", SIZE))[0].embedding
    row = io.StringIO()
    row.write("# name, numbers\nanother," + ",".join(f"{value:.9g}" for value in values) + "\n")
    (tmp_path / "list.csv").write_text(row.getvalue())
    arguments = ["identity", "protect", str(tmp_path / "list.csv"), "--encoder-sha256", encoder.sha256]
    assert main(arguments) == 0
    for name in ("osei", "pip"):
        reason = _refused(
            lambda name=name: site.operator.enroll(
                [png(draw(name, SIZE))], basis="character", label="x", declaration="y", adult=False
            )
        )
        assert reason == "IDENTITY_PROTECTED"


def test_keys_rotate_only_while_the_service_is_stopped(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes that wrap with different master keys cannot happen: the records are locked."""
    monkeypatch.setenv("SITTER_DATA", str(site.deployment.app.settings.data))
    assert main(["keys", "rotate"]) != 0
