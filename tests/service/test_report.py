"""The report: what it says, and that it loads and shows nothing it must not, in HTML and on paper."""

import io
import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image

from safety.credential_reading import CredentialReading
from safety.detector.report import FaceTrack, Finding, Report, Second
from safety.fingerprint import Comparison
from safety.fingerprint.geometry import Geometry
from safety.verdict import Evidence, Verdict, explain
from service.detect import Detection
from service.inspection import ReadBack
from service.report import html, pdf
from service.report.answer import detection_dict
from service.report.chart import Box, Label, gauge, timeline
from service.report.content import Subject, content
from service.report.heat import MOST, heat_maps
from service.report.words import GROUPS, KINDS, VERDICTS, clock, length, limits_of, number, ranged
from service.translate_detection import detection_out

AT = datetime(2026, 11, 24, 15, 30, tzinfo=UTC)
SUBJECT = Subject("<script>x</script>.mp4", 3_456_789, "ab" * 32, AT, "Sitter 1.0")
FACE = (0.33, 0.28, 0.67, 0.74)


def report() -> Report:
    """Two cues outside their range, one inside, one of the sound; a face that was not judged."""

    def finding(name: str, group: str, sign: float, **more: Any) -> Finding:
        return Finding(
            name, group, 3.1, "a minute", 6.0, 40.0, "A 1997", sign, "seldom <shut>", 0.0, 9.0, **more
        )

    track = FaceTrack(0, 0, 0.0, 9.0, FACE, 80.0, 0.95, ("blinks",), 0.71, "machine_made", "")
    small = replace(track, face=1, note="The face is too small.")
    return Report(
        score=0.71, verdict="machine_made", seconds=9.5, frames=237, faces=2, judged=("blinks", "sound"),
        findings=(
            finding("blink_rate", "blinks", 0.7, box=(0.38, 0.38, 0.62, 0.46)),
            finding("brow_range", "brows", 0.4, box=(0.36, 0.3, 0.64, 0.38)),
            finding("lip_lag", "lips", 0.0, box=(0.4, 0.6, 0.6, 0.7)), finding("noise_floor", "sound", 0.0),
        ),
        notes=("The pulse cannot be measured.",), checks=(), timeline=tuple(
            Second(float(k), 1, 1.0, 0.5, 0.1, 0, 3.0, ("blink_rate", "brow_range") if k > 3 else ())
            for k in range(9)
        ), tracks=(track, small), suspect=0,
    )  # fmt: skip


def answer(**changes: Any) -> dict[str, Any]:
    """What the service answers about that, as JSON values."""
    credentials = CredentialReading("none")
    found = Detection(
        verdict=Verdict.NO_RECORD, explanation=explain(Verdict.NO_RECORD, Evidence("none")),
        credential_state="none", credentials=credentials,
        back=ReadBack(None, None, report(), cast(Any, None), aspect=1.6), record=None,
        comparison=None, consent=None,
    )  # fmt: skip
    return detection_dict(detection_out(found, AT)) | changes


ALTERED = [
    {"start": 3.2, "end": 5.1, "kind": "region", "confidence": 0.82, "released_start": 3.2,
     "released_end": 5.1, "box": {"left": 0.4, "top": 0.7, "right": 0.6, "bottom": 0.9}},
    {"start": 2.0, "end": 2.8, "kind": "missing", "confidence": 0.9},
    {"start": 6.0, "end": 7.0, "kind": "speed", "confidence": 0.7, "speed": 1.5},
]  # fmt: skip


def changed() -> dict[str, Any]:
    """A clip of ours, changed, whose consent was withdrawn."""
    told = explain(Verdict.ISSUED_ALTERED, Evidence("none"))
    check = {"name": "brightness", "passed": False, "severity": "flag", "value": 31.0,
             "bound": "a tenth brighter", "reason": "the picture is too dark", "start": 0.0,
             "end": 9.0}  # fmt: skip
    return answer(
        verdict="issued_altered", explanation=told, altered=ALTERED, consent="withdrawn", record_id="ab" * 12,
        found_by=["watermark", "sound"],
        checks=[check], calibrated=True, band={"low": 0.35, "high": 0.66, "false_alarms": 0.05},
    )  # fmt: skip


class Outside(HTMLParser):
    """Collects what a page would load, run or style by attribute, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "link", "iframe", "object", "embed", "form", "base"):
            self.found.append(tag)
        for name, value in attributes:
            loads = name in ("src", "href", "action", "srcset", "data", "poster")
            if (
                name.startswith("on")
                or name == "style"
                or (loads and not str(value).startswith("data:image/png"))
            ):
                self.found.append(f"{tag} {name}={value}")

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def words_of(page: str) -> str:
    seen = Outside()
    seen.feed(page)
    assert seen.found == []
    return " ".join(" ".join(seen.text).split())


def test_every_verdict_kind_and_cue_has_words() -> None:
    """Nobody reads a code; and no word of the report says that something is real or authentic."""
    assert set(VERDICTS) == {str(verdict) for verdict in Verdict}
    assert {"picture", "region", "sound", "missing", "inserted", "reordered", "speed"} == set(KINDS)
    every = " ".join(
        [*VERDICTS.values(), *KINDS.values(), *GROUPS.values(), *limits_of(True), *limits_of(False)]
    )
    assert "authentic" not in every.lower()
    assert "genuine" not in every.lower()


@pytest.mark.parametrize("verdict", list(Verdict))
def test_the_verdict_comes_first_with_what_it_does_not_prove(verdict: Verdict) -> None:
    """In words, before anything else; its headline is not said twice."""
    page = html.page(answer(verdict=str(verdict), explanation=explain(verdict, Evidence("none"))), SUBJECT)
    text = words_of(page)
    headline = VERDICTS[str(verdict)]
    assert text.count(headline) == 1
    assert text.index(headline) < text.index("What this does not prove") < text.index("SHA-256")


def test_a_page_loads_nothing_and_shows_markup_as_text() -> None:
    """No script, link, form, style attribute or address; its policy allows its own style and drawings."""
    page = html.page(changed(), SUBJECT)
    words_of(page)
    assert "<script" not in page
    assert "&lt;script&gt;x" in page
    assert "seldom &lt;shut&gt;" in page.lower()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    assert policy is not None
    assert "default-src &#39;none&#39;" in policy[1]
    assert "unsafe" not in policy[1]
    style = re.search(r"<style>(.*)</style>", page, re.S)
    assert style is not None
    assert not re.search(r"https?:|@import|url\(", page)


def test_changes_checks_and_consent_are_told() -> None:
    """When, what, where and how sure; what was flagged before release; the consent of today."""
    told = content(changed(), SUBJECT)
    assert told.tone == "changed"
    assert dict(told.evidence)["Record"].endswith("named by the mark in the pictures, the mark in the sound")
    assert told.lines[-1] == "The consent that it was made under has been withdrawn."
    first, missing, speed = told.changes
    assert (first.when, first.what, first.where) == (
        "0:03.2 to 0:05.1", "a part of the picture was changed", "bottom, 4% of the picture"
    )  # fmt: skip
    assert (first.released, first.confidence) == ("0:03.2 to 0:05.1", "82%")
    assert missing.when.endswith("of the released video")
    assert "1.50 times" in speed.what
    assert told.checks == [("brightness", "flagged", "The picture is too dark. Asked: a tenth brighter.")]
    assert "5% were above" in told.score[1]


def test_an_uncalibrated_score_is_called_so() -> None:
    """No probability is claimed; cues outside come first; the face that was not judged says why."""
    told = content(answer(), SUBJECT)
    assert "no probability" in told.score[1]
    assert [cue.sign for cue in told.cues] == [0.7, 0.4, 0.0, 0.0]
    assert told.cues[0].range == "6 to 40 a minute"
    assert [cue.when.startswith("face 1, ") for cue in told.cues] == [True, True, True, False]
    assert told.faces[1][1:] == ("not judged", "The face is too small.")


def test_heat_maps_hold_no_picture() -> None:
    """A grey figure with warm spots where the cues are, in the video's shape; at most six."""
    maps = heat_maps(changed())
    assert [each.caption for each in maps] == [
        "Face 1, 0:00.0 to 0:09.0: blink rate, brow range",
        "0:03.2 to 0:05.1: a part of the picture was changed"
    ]  # fmt: skip
    pixels = np.asarray(Image.open(io.BytesIO(maps[0].png)).convert("RGB")).astype(int)
    assert pixels.shape == (150, 240, 3)
    warm = pixels[..., 0] - pixels[..., 2] > 30
    rows, columns = np.nonzero(warm)
    assert 0.25 * 150 < rows.mean() < 0.45 * 150
    assert 0.45 * 240 < columns.mean() < 0.55 * 240
    assert np.ptp(pixels[~warm], axis=1).max() <= 30  # all the rest is grey
    assert heat_maps(answer(findings=[], altered=[])) == []
    assert len(heat_maps(answer(altered=ALTERED[:1] * 20))) == MOST


def test_charts_stay_inside() -> None:
    """Also for a video of ten minutes, without a second of timeline, and for scores at either end."""
    rows = [{"start": float(k), "seen": 0.5, "signs": ["x"]} for k in range(600)]
    charts = [timeline(changed()), timeline(answer(timeline=rows, seconds=600.0))]
    charts += [timeline(answer(timeline=[], seconds=0.0, altered=[]))]
    charts += [gauge(answer(score=score)) for score in (0.0, 0.5, 1.0)]
    for chart in charts:
        boxes = [shape for shape in chart.shapes if isinstance(shape, Box)]
        assert all(box.x >= -1 and box.x + box.width <= chart.width + 1.5 for box in boxes)
        assert all(box.y >= -0.01 and box.y + box.height <= chart.height for box in boxes)
        assert any(isinstance(shape, Label) for shape in chart.shapes)
    assert sum(isinstance(shape, Box) and shape.tone == "sign" for shape in charts[1].shapes) <= 240


def test_the_paper_says_the_same() -> None:
    """A PDF of some pages, the same bytes every time, also of letters that its fonts lack."""
    subject = replace(SUBJECT, name="中文.mp4")
    sheets = pdf.pdf(changed(), subject)
    assert sheets.startswith(b"%PDF")
    assert sheets == pdf.pdf(changed(), subject)
    assert 2 <= sheets.count(b"/Type /Page\n") <= 6
    assert pdf.latin("é中") == "é\\u4e2d"


def test_numbers_as_words() -> None:
    """Times, lengths and ranges."""
    assert [clock(0), clock(62.54), clock(3600), clock(-1)] == ["0:00.0", "1:02.5", "60:00.0", "0:00.0"]
    assert [number(13000.0), number(0.0413), number(-1234.5)] == ["13,000", "0.0413", "-1,234"]
    assert [length(14.2), length(605)] == ["14.2 seconds", "10 min 5 s"]
    assert [ranged(1, 2, "s"), ranged(None, 2, ""), ranged(1, None, "s"), ranged(None, None, "s")] == [
        "1 to 2 s", "up to 2", "1 s or more", "no range is known"
    ]  # fmt: skip


def test_how_a_copy_shows_the_clip_is_told() -> None:
    """Crop, mirror, turn, speed and what was laid over the picture are told where they are more than errors
    of measuring; a copy like the release is called so."""

    def told(compared: Comparison) -> str:
        found = Detection(
            verdict=Verdict.ISSUED_RECOVERED, explanation="", credential_state="none",
            credentials=CredentialReading("none"),
            back=ReadBack(None, None, report(), cast(Any, None), aspect=1.6), record=None,
            comparison=compared, consent=None,
        )  # fmt: skip
        rows = dict(content(detection_dict(detection_out(found, AT)), SUBJECT).evidence)
        return rows.get("Shown as", "")

    seen = Geometry(mirrored=True, rotation_degrees=-5.0, crop=(0.1, 0.1, 0.9, 0.9))
    changed = told(Comparison(True, 1.0, (), seen, 1.25, ((0.0, 0.8, 1.0, 1.0),)))
    for words in ("64%", "mirrored", "turned by -5", "1.25 times", "laid over bottom"):
        assert words in changed
    assert told(Comparison(True, 1.0, (), Geometry(rotation_degrees=1.0), 1.001)) == "as it was released"
    assert told(Comparison(False, 0.0, ())) == ""
