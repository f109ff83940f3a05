"""Pictures in evidence packs: none by default, blurred for auditors, clear for those who may see faces."""

import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from safety.evidence import verify_pack
from safety.evidence_summary import can_print
from service import audit
from service.app import App
from service.caller import Caller
from service.evidence_pictures import BLOCKS, pictures
from tests.pipeline.conftest import AUDITOR, Stage

BOTH = Caller("auditor", frozenset({"auditor", "operator"}))
pytestmark = pytest.mark.skipif(not can_print(), reason="needs reportlab")


def showing(app: App, clearness: str) -> App:
    return replace(app, settings=replace(app.settings, evidence_pictures=clearness))


def printed(app: App, caller: Caller, record_id: str | None, folder: Path) -> int:
    """Pictures in the summary of a pack that verifies."""
    pack = audit.export(app, caller, record_id, folder / "evidence.zip")
    assert verify_pack(pack).ok
    with zipfile.ZipFile(pack) as files:
        return files.read("summary.pdf").count(b"/Subtype /Image")


def test_who_sees_what(stage: Stage, tmp_path: Path) -> None:
    """The setting bounds it, the role decides; of a whole log there are none, and none after a withdrawal."""
    name = stage.ask().record.record_id
    assert printed(stage.app, BOTH, name, tmp_path) == 0
    for clearness, caller, seen in (
        ("pixelated", AUDITOR, "pixelated"),
        ("pixelated", BOTH, "pixelated"),
        ("clear", AUDITOR, "pixelated"),
        ("clear", BOTH, "clear"),
    ):
        app = showing(stage.app, clearness)
        taken = pictures(app, caller, name)
        assert [each.clearness for each in taken] == [seen] * 3
        assert [each.at for each in taken] == sorted(each.at for each in taken)
        colours = len(np.unique(np.asarray(taken[1].image).reshape(-1, 3), axis=0))
        assert (colours <= BLOCKS**2) is (seen == "pixelated")
    app = showing(stage.app, "clear")
    assert printed(app, BOTH, name, tmp_path) == 3
    assert printed(app, BOTH, None, tmp_path) == 0
    stage.withdraw()
    assert pictures(app, BOTH, name) == ()


def test_a_clip_that_is_gone_has_none(stage: Stage) -> None:
    """Without its bytes, or with damaged ones, the entries are exported all the same."""
    app = showing(stage.app, "pixelated")
    name = stage.ask().record.record_id
    path = app.blobs.path(name)
    path.write_bytes(path.read_bytes()[:2000])
    assert pictures(app, AUDITOR, name) == ()
    app.blobs.delete(name)
    assert pictures(app, AUDITOR, name) == ()
    assert pictures(app, AUDITOR, "0" * 24) == ()
