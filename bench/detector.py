"""`python -m bench detector`: how well the detector tells machine-made talking faces from filmed ones.

    python -m bench detector --clips CSV [--levels]
    python -m bench detector [--quick] [--levels]

CSV: file, label (real or fake), generator; files are relative to its folder. Without it a self-made held-out
set is rendered, of which every "recording" is simulated: those figures say that the detector works, not how
well it does on people. Each clip is also scored by three baselines. One thread; times are processor time.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from bench.detect import baselines, own
from bench.detect.clips import ClipsUnusable, LabelledClip, read_clips
from bench.detect.figures import judged, ranked
from bench.detect.levels import LEVELS, recoded
from perception.errors import SitterError
from perception.face import FaceFinder
from perception.video import open_video
from perception.warp import Pyramid, turned_view
from safety.detector.inspection import inspect
from safety.detector.report import Report
from safety.detector.view import crop_region

CROP, CROPS = 128, 3


@dataclass(frozen=True)
class Row:
    """One clip at one level."""

    clip: LabelledClip
    report: Report
    baselines: dict[str, float]
    seconds: float  # of processor time
    pixels: int  # of a frame


def run(argv: list[str]) -> dict[str, Any]:
    """The figures. What is wrong with the list is said in one line, and the exit status is 2."""
    options = arguments().parse_args(argv)
    torch.set_num_threads(1)
    try:
        with tempfile.TemporaryDirectory() as scratch:
            return _measured(options, Path(scratch))
    except ClipsUnusable as error:
        print(f"{error.reason}: {error}", file=sys.stderr)
        raise SystemExit(2) from error


def _measured(options: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    finder = FaceFinder()
    clips: Iterable[LabelledClip]
    if options.clips is not None:
        clips, source = read_clips(options.clips), "the clips of the list"
    else:
        most, seconds = (2, 4.5) if options.quick else (options.people, own.SECONDS)
        clips = own.make(scratch, finder, seconds, most)
        source = (
            "self-made: people, voices and generators (but for our own engine) that were never trained on;"
            " its recordings are simulated"
        )
    rows: dict[str, list[Row]] = {"as_given": []}
    failed: list[dict[str, str]] = []
    for clip in clips:
        print(clip.name, flush=True)
        try:
            rows["as_given"].append(look(clip, clip.path, finder))
            for level, (crf, scale) in LEVELS.items() if options.levels else ():
                copy = recoded(clip.path, scratch / "copy.mp4", crf, scale)
                rows.setdefault(level, []).append(look(clip, copy, finder))
                copy.unlink()
        except SitterError as error:
            failed.append({"file": clip.name, "reason": error.reason, "message": str(error)})
    if not rows["as_given"]:
        raise ClipsUnusable("CLIPS_UNREADABLE", f"none of the clips can be read: {failed[0]['message']}")
    return {
        "clips": source,
        "counts": {
            "real": sum(not row.clip.fake for row in rows["as_given"]),
            "fake": sum(row.clip.fake for row in rows["as_given"]),
        },
        "failed": failed,
        "levels": {level: summary(of) for level, of in rows.items()},
        "speed": _speed(rows["as_given"]),
        "rows": [_told(row) for row in rows["as_given"]],
    }


def look(clip: LabelledClip, path: Path, finder: FaceFinder) -> Row:
    """Inspect one file. Raises SitterError where it cannot be read."""
    began = time.process_time()
    with open_video(path) as video:
        report = inspect(
            video.frames(), video.speech(), video.info.fps, finder=finder, seconds=video.info.seconds
        )
        took = time.process_time() - began
        crops, pixels = [], 0
        for _, frame in video.frames(every=max(report.seconds / CROPS, 0.04)):
            pixels = frame.shape[0] * frame.shape[1]
            if faces := finder.find(frame):
                crops.append(turned_view(Pyramid(frame), crop_region(faces[0]), CROP))
    scores = {
        "cues_v1": baselines.cues_v1(report.findings),
        "blink_rate": baselines.blink_rate(report.findings),
        "spectrum": baselines.spectrum(crops),
    }
    return Row(clip, report, scores, took, pixels)


def summary(rows: list[Row]) -> dict[str, Any]:
    """The figures of one level, and of the baselines on the same clips."""
    fake = [row.clip.fake for row in rows]
    ours = judged(
        [row.report.score for row in rows], fake, [row.report.verdict for row in rows],
        [row.clip.generator for row in rows],
    )  # fmt: skip
    others = {name: ranked([row.baselines[name] for row in rows], fake) for name in baselines.NAMES}
    return {"detector": ours, "baselines": others}


def _speed(rows: list[Row]) -> dict[str, float]:
    frames, seconds = sum(row.report.frames for row in rows), sum(row.seconds for row in rows)
    return {
        "frames_per_processor_second": round(frames / max(seconds, 1e-9), 1),
        "mean_megapixels": round(sum(row.pixels for row in rows) / len(rows) / 1e6, 3),
    }


def _told(row: Row) -> dict[str, Any]:
    return {
        "file": row.clip.name,
        "label": "fake" if row.clip.fake else "real",
        "generator": row.clip.generator,
        "score": round(row.report.score, 4),
        "verdict": row.report.verdict,
        "judged": list(row.report.judged),
        "signs": sorted({finding.name for finding in row.report.findings if finding.sign > 0}),
        **{name: round(value, 4) for name, value in row.baselines.items()},
    }


def arguments() -> argparse.ArgumentParser:
    """What can be asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench detector")
    parser.add_argument("--clips", type=Path, help="labelled clips: a CSV of file,label,generator")
    parser.add_argument(
        "--levels", action="store_true", help="each clip again at CRF 18, 28, 33 and half size"
    )
    parser.add_argument("--people", type=int, help="without --clips: only so many of the six people")
    parser.add_argument("--quick", action="store_true", help="without --clips: two people, shorter clips")
    return parser
