"""Between Detect's protobuf and our own types."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeAlias

from service.pb.sitter.v1 import consent_pb2, detection_pb2
from service.report.words import limits_of
from service.translate import VERDICT, consent_state
from service.watcher import Progress, Stage

if TYPE_CHECKING:
    from datetime import datetime

    from safety.credential_reading import CredentialReading
    from safety.detector import Finding, Report, Second
    from safety.detector.report import FaceTrack
    from safety.fingerprint import Comparison, Span
    from safety.watermark import Reading
    from safety.watermark.sound import SoundReading
    from service.detect import Detection

Place: TypeAlias = tuple[float, float, float, float]

STAGE = {stage: detection_pb2.DetectStage.Value(f"DETECT_STAGE_{stage.upper()}") for stage in Stage}
STAGE_NAME = {number: stage for stage, number in STAGE.items()}


def detection_out(found: Detection, at: datetime) -> detection_pb2.DetectResponse:
    """The answer to anybody: no name, no identity, no distance to a template, no picture."""
    report = found.back.report
    return detection_pb2.DetectResponse(
        verdict=VERDICT[found.verdict],
        explanation=found.explanation,
        record_id=found.record.record_id if found.record else "",
        credentials=_credentials_out(found.credentials, found.credential_state),
        watermark=_watermark_out(found.back.reading),
        sound_mark=_watermark_out(found.back.sound),
        altered=[span_out(span) for span in (found.comparison.altered if found.comparison else ())],
        consent=consent_state(found.consent, at) if found.consent else consent_pb2.CONSENT_STATE_UNSPECIFIED,
        score=report.score,
        score_verdict=report.verdict,
        calibrated=report.calibrated,
        findings=[finding_out(finding) for finding in report.findings],
        report_json=json.dumps(report.as_dict()),
        log_index=found.record.log_index if found.record else -1,
        notes=report.notes,
        limits=limits_of(report.calibrated),
        checks=_checks_out(found.record.report if found.record else {}),
        timeline=[_second_out(second) for second in report.timeline],
        band=_band_out(report.calibrated),
        seconds=report.seconds,
        faces=report.faces,
        tracks=[_track_out(track) for track in report.tracks],
        suspect=report.suspect,
        aspect=found.back.aspect,
        found_by=_found_by(found),
        shown=_shown_out(found.comparison),
    )


def _shown_out(compared: Comparison | None) -> detection_pb2.Shown | None:
    if compared is None or not compared.same_clip:
        return None
    seen = compared.geometry
    return detection_pb2.Shown(
        mirrored=seen.mirrored,
        rotation_degrees=seen.rotation_degrees,
        scale=seen.scale,
        crop=_box_out(seen.crop),
        place=_box_out(seen.shown),
        speed=compared.speed,
        covered=[_placed(box) for box in compared.covered],
    )


def _found_by(found: Detection) -> list[str]:
    """What in the file names the record."""
    if found.record is None:
        return []
    named = {
        "watermark": found.back.payload == found.record.record_id,
        "sound": found.back.sound_payload == found.record.record_id,
        "manifest": found.credentials.manifest_id == found.record.manifest_id,
    }
    return [witness for witness, names in named.items() if names] or ["content"]


def _credentials_out(reading: CredentialReading, state: str) -> detection_pb2.CredentialReading:
    same = ("manifest_id", "issuer", "failures", "generator", "actions", "source_type", "signed_at")
    return detection_pb2.CredentialReading(
        state=detection_pb2.CredentialState.Value(f"CREDENTIAL_STATE_{state.upper()}"),
        time_stamped=reading.time_stamped,
        **{name: getattr(reading, name) for name in same},
    )


def update_out(news: Progress | Report) -> detection_pb2.DetectStreamResponse:
    """How far it is, or what there is so far."""
    if isinstance(news, Progress):
        return detection_pb2.DetectStreamResponse(
            progress=detection_pb2.DetectProgress(
                stage=STAGE[news.stage], seconds_done=news.done, seconds_total=news.total
            )
        )
    return detection_pb2.DetectStreamResponse(
        partial=detection_pb2.PartialFindings(
            score=news.score,
            score_verdict=news.verdict,
            findings=[finding_out(finding) for finding in news.findings],
            seconds=news.seconds,
        )
    )


def span_out(span: Span) -> detection_pb2.Span:
    told = {name: value for name, value in asdict(span).items() if value is not None}
    return detection_pb2.Span(**told | {"box": _box_out(told.get("box"))})


def finding_out(finding: Finding) -> detection_pb2.Finding:
    return detection_pb2.Finding(
        cue=finding.name,
        value=finding.value,
        unit=finding.unit,
        low=finding.low,
        high=finding.high,
        sign=finding.sign,
        reason=finding.reason,
        start=finding.start,
        end=finding.end,
        source=finding.source,
        group=finding.group,
        face=finding.face,
        box=_box_out(finding.box),
    )


def _track_out(track: FaceTrack) -> detection_pb2.FaceTrack:
    return detection_pb2.FaceTrack(
        face=track.face,
        shot=track.shot,
        start=track.start,
        end=track.end,
        box=_box_out(track.box),
        seen=track.seen,
        score=track.score,
        score_verdict=track.verdict,
        note=track.note,
    )


def _band_out(calibrated: bool) -> detection_pb2.ScoreBand | None:
    """Between which scores nothing is claimed; None where no score means a probability."""
    if not calibrated:
        return None
    from safety.detector.fusion import parameters

    known = parameters()
    return detection_pb2.ScoreBand(
        low=known.no_sign, high=known.machine_made, false_alarms=known.false_alarms
    )


def _box_out(box: Place | None) -> detection_pb2.Box | None:
    return None if box is None else _placed(box)


def _placed(box: Place) -> detection_pb2.Box:
    left, top, right, bottom = box
    return detection_pb2.Box(left=left, top=top, right=right, bottom=bottom)


def _watermark_out(reading: Reading | SoundReading | None) -> detection_pb2.WatermarkReading:
    if reading is None:
        return detection_pb2.WatermarkReading()
    return detection_pb2.WatermarkReading(
        payload=reading.payload.hex() if reading.payload else "",
        confidence=reading.confidence,
        false_positive=reading.false_positive,
    )


def _checks_out(report: Mapping[str, Any]) -> Iterator[detection_pb2.Check]:
    """The checks of a record's report, which an earlier release may have written without a severity."""
    same = ("name", "passed", "value", "bound", "reason", "start", "end")
    for check in report.get("checks", ()):
        yield detection_pb2.Check(
            severity=check.get("severity", "refuse"), **{name: check[name] for name in same}
        )


def _second_out(second: Second) -> detection_pb2.Second:
    return detection_pb2.Second(
        start=second.start,
        faces=second.faces,
        seen=second.seen,
        speaking=second.speaking,
        signs=second.signs,
    )
