"""One watermarker over all cases, and what it comes to by group, clip and attack."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.marks.attacks import TARGETS, Case
from bench.marks.markers import Marker, Outcome
from bench.marks.quality import compare
from bench.marks.video import FPS, Video

UNTURNED, SEARCHED = "h264 crf 28", "rotate 5"  # cases whose reading times stand for the two searches


@dataclass(frozen=True)
class Result:
    """One case on one clip."""

    case: str
    group: str
    clip: str
    outcome: Outcome


def attack_all(
    marker: Marker, marked: Mapping[str, Video], cases: Iterable[Case], label: str
) -> list[Result]:
    """Every case that this build can run on every clip that is long enough for it."""
    results = []
    for case in cases:
        if case.needs is not None and not case.needs.there:
            continue
        for name, video in marked.items():
            if len(video) / FPS + 1e-6 >= case.least:
                outcome = marker.read(*case.attack(video))
                results.append(Result(case.name, case.group, name, outcome))
        said = "".join(".x"[not r.outcome.exact] for r in results if r.case == case.name)
        print(f"{label}: {case.name} {said}")
    return results


def mark_all(marker: Marker, videos: Mapping[str, Video]) -> tuple[dict[str, Video], float]:
    """The marked clips, and the median of the processor seconds for a frame."""
    done = {name: marker.mark(video) for name, video in videos.items()}
    return {name: each[0] for name, each in done.items()}, float(
        np.median([each[1] for each in done.values()])
    )


def quality(videos: Mapping[str, Video], marked: Mapping[str, Video], ffmpeg: str | None) -> dict[str, Any]:
    return {name: compare(video, marked[name], ffmpeg) for name, video in videos.items()}


def summary(results: Sequence[Result], embed: float) -> dict[str, Any]:
    """What was read, by group, clip and attack; what was not, by name; and the speed."""
    clips = list(dict.fromkeys(r.clip for r in results))
    return {
        "recovered": share(results)["share"],
        "by_group": {
            group: share(of_it) | {"target": target}
            for group, target in TARGETS.items()
            if (of_it := [r for r in results if r.group == group])
        },
        "by_clip": {clip: share([r for r in results if r.clip == clip]) for clip in clips},
        "by_attack": {
            case: {r.clip: round(r.outcome.bits, 3) for r in results if r.case == case}
            for case in dict.fromkeys(r.case for r in results)
        },
        "not_read": [f"{r.case}: {r.clip}" for r in results if not r.outcome.exact],
        "speed": {
            "embed": _speed([embed]),
            "extract": _speed(_each(results, UNTURNED)),
            "full_search": _speed(_each(results, SEARCHED)),
            "slowest_reading_seconds": round(max((r.outcome.cpu for r in results), default=0.0), 2),
            "all_readings_seconds": round(sum(r.outcome.cpu for r in results), 1),
        },
    }


def share(results: Sequence[Result]) -> dict[str, Any]:
    read = sum(r.outcome.exact for r in results)
    return {"read": read, "of": len(results), "share": round(read / max(len(results), 1), 4)}


def _each(results: Sequence[Result], case: str) -> list[float]:
    return [r.outcome.cpu / r.outcome.frames for r in results if r.case == case]


def _speed(seconds: Sequence[float]) -> dict[str, float] | None:
    """Processor time of a frame, and frames a second of one core; of the median clip."""
    middle = float(np.median(seconds)) if seconds else 0.0
    if not middle:
        return None
    return {"cpu_ms_per_frame": round(1000 * middle, 2), "fps_per_core": round(1 / middle, 1)}
