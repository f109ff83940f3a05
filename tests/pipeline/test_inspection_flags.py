"""What the audit of a finished clip sees: flags go with the clip into log and record, faults refuse it."""

from pathlib import Path

import pytest

from safety.detector.checks import screening
from safety.errors import InspectionRefused
from safety.evidence_summary import line
from service.detect import detect
from service.explain import explain
from service.report.answer import detection_dict
from service.run import Gate
from service.translate_detection import detection_out
from tests.pipeline.conftest import Stage


def test_a_flag_releases_and_is_on_record(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clip leaves; its log entry, what `why` says of it, the summary and the record name the check."""
    monkeypatch.setattr(screening, "TOO_DARK", 256.0)
    record = stage.ask().record
    (entry,) = stage.entries(record_id=record.record_id, gate="inspect")
    assert entry["flags"] == ["brightness"]
    told = explain(record.record_id, [entry | {"index": 3}])
    assert any("flagged for people to look at: brightness" in each for each in told)
    assert "(flagged: brightness)" in line(3, entry)[2]
    flagged = [check for check in record.report["checks"] if not check["passed"]]
    assert [(check["name"], check["severity"]) for check in flagged] == [("brightness", "flag")]


def test_anybody_who_asks_sees_the_checks(stage: Stage, tmp_path: Path) -> None:
    """Detect's answer on a released clip: what names the record, and every check with its severity."""
    record = stage.ask().record
    clip = tmp_path / "clip.mp4"
    with stage.app.blobs.open(record.record_id) as file:
        clip.write_bytes(file.read())
    answer = detection_dict(detection_out(detect(stage.app, clip), stage.app.clock()))
    assert answer["record_id"] == record.record_id
    assert answer["found_by"] == ["watermark", "sound", "manifest"]
    assert answer["consent"] == "given"
    severities = {check["name"]: check["severity"] for check in answer["checks"]}
    assert severities["flashes"] == "refuse"
    assert severities["brightness"] == "flag"
    assert all(check["passed"] for check in answer["checks"])


def test_a_clip_without_flags_says_nothing_of_them(stage: Stage) -> None:
    """The usual case: no field, no word."""
    record = stage.ask().record
    (entry,) = stage.entries(record_id=record.record_id, gate="inspect")
    assert "flags" not in entry


def test_a_fault_of_the_frames_refuses(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its name, and nothing leaves."""
    monkeypatch.setattr(screening, "LIGHT_STEP", -1.0)
    error = stage.refused(InspectionRefused, Gate.INSPECT)
    assert "inspect.steady_light" in error.metadata["rules"].split(",")
