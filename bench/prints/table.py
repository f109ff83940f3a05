"""The rows: what becomes of each copy and edit, and how often another clip passes for the same."""

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.marks.video import Timed, h264, through
from bench.measures.speakers import recordings
from bench.prints.altered import EDITS, FPS, QUICK_EDITS, Box, Clip, Edit
from bench.prints.copies import COPIES, QUICK_COPIES, RATE, Sound, cropped
from engine.animate import animate
from engine.state import Controls
from perception.audio import Speech
from perception.face import FaceFinder
from safety.fingerprint import Comparison, Fingerprint, Span, compare, fingerprint
from service.demo.characters import draw

SECONDS, SIZE = 8.0, 512
SAID = ("promise", "goodbye", "welcome", "en_awb", "de", "es", "cmn", "en_kal")
CHECKED = ("osei", "pip")  # the bounds were set on other clips of mira, osei and pip
WITHIN, OVERLAPS = 0.5, 0.5  # seconds and intersection over union: what is promised
TRAVELS = {"CRF 28": ((), 28), "crop 80 %, CRF 33": ((cropped(0.8, 0.5, 0.5),), 33)}


@dataclass(frozen=True)
class Made:
    """What the engine rendered, as three clips: the released, another of the same portrait, another's."""

    released: Clip
    same: Clip
    other: Clip


def rows(quick: bool = False) -> dict[str, Any]:
    """All figures. `quick`: one portrait, a few cases, few pairs."""
    finder = FaceFinder()
    made = {name: _made(name, finder) for name in CHECKED[: 1 if quick else None]}
    copies = {name: _copied(name, made) for name in (QUICK_COPIES if quick else COPIES)}
    edits = {
        f"{name}; {how}": _edited(name, how, made)
        for name in (QUICK_EDITS if quick else EDITS)
        for how in list(TRAVELS)[: 1 if quick else None]
    }
    return {
        "clips": f"{', '.join(made)}: {SECONDS:g} s of {SIZE}x{SIZE} at {FPS} frames a second",
        "faithful_copies": copies,
        "edits": edits,
        "same_portrait": strangers(finder, 3 if quick else len(SAID)),
        "cost": cost(next(iter(made.values())).released),
        "summary": _summary(copies, edits),
    }


def _made(name: str, finder: FaceFinder) -> Made:
    other = {"osei": "pip", "pip": "mira"}[name]
    return Made(
        rendered(name, "goodbye", 2, finder), rendered(name, "promise", 5, finder),
        rendered(other, "promise", 5, finder),
    )  # fmt: skip


def rendered(name: str, said: str, seed: int, finder: FaceFinder, size: int = SIZE) -> Clip:
    """A character speaking: the recording, repeated where it is too short."""
    spoken = recordings(said, SAID[(SAID.index(said) + 3) % len(SAID)]).first(SECONDS + 0.2)
    frames = animate(draw(name, size), spoken.speech, Controls(size=size, fps=FPS, seed=seed), finder)
    video = np.stack(list(itertools.islice(frames, round(SECONDS * FPS))))
    return Clip(video, spoken.speech.at(RATE)[: round(SECONDS * RATE)].astype(np.float32))


def printed(timed: Timed, sound: Sound) -> Fingerprint:
    video, fps = timed
    return fingerprint(((k / fps, frame) for k, frame in enumerate(video)), Speech(sound))


def _released(clip: Clip) -> Fingerprint:
    return printed((clip.video, float(FPS)), clip.sound)


def _copied(name: str, made: dict[str, Made]) -> dict[str, Any]:
    results = []
    for each in made.values():
        timed, sound = COPIES[name](each.released.video, each.released.sound)
        results.append(compare(_released(each.released), printed(timed, sound)))
    return {
        "recognised": sum(one.same_clip for one in results),
        "of": len(results),
        "false_spans": [_said(span) for one in results for span in one.altered],
        "geometry": [_geometry(one) for one in results],
    }


def _geometry(one: Comparison) -> dict[str, Any]:
    told = one.geometry
    return {
        "mirrored": told.mirrored, "rotation": told.rotation_degrees, "scale": told.scale,
        "crop": list(told.crop), "speed": one.speed, "covered": [list(box) for box in one.covered],
    }  # fmt: skip


def _edited(name: str, how: str, made: dict[str, Made]) -> dict[str, Any]:
    edit, (filters, crf) = EDITS[name], TRAVELS[how]
    found = []
    for each in made.values():
        clip = edit.make(each.released, each.same if edit.other == "same" else each.other)
        probe = printed(through(clip.video, *filters, codec=h264(crf)), clip.sound)
        found.append(_judged(compare(_released(each.released), probe), edit, how))
    return {
        "recognised": sum(one["recognised"] for one in found),
        "of": len(found),
        "seconds_off": [one["off"] for one in found],
        "iou": [one["iou"] for one in found if edit.box],
        "others": [said for one in found for said in one["others"]],
    }


def _judged(comparison: Comparison, edit: Edit, how: str) -> dict[str, Any]:
    """The span of that kind nearest to the truth: how far off its ends are, and how its box overlaps."""
    alike = {"picture", "region"}
    spans = [s for s in comparison.altered if s.kind == edit.kind or {s.kind, edit.kind} <= alike]
    nearest = min(spans, key=lambda span: _off(span, edit.truth), default=None)
    box = edit.box if edit.box is None or not TRAVELS[how][0] else _in_the_crop(edit.box)
    return {
        "recognised": comparison.same_clip,
        "off": None if nearest is None else round(_off(nearest, edit.truth), 2),
        "iou": 0.0 if nearest is None or box is None else round(overlap(nearest.box, box), 2),
        "others": [_said(span) for span in comparison.altered if span is not nearest],
    }


def _off(span: Span, truth: tuple[float, float]) -> float:
    return max(abs(span.start - truth[0]), abs(span.end - truth[1]))


def overlap(one: Box | None, other: Box) -> float:
    """Intersection over union; 0 without a box."""
    if one is None:
        return 0.0
    wide, high = (max(0.0, min(one[k + 2], other[k + 2]) - max(one[k], other[k])) for k in (0, 1))
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return wide * high / max(sum(areas) - wide * high, 1e-9)


def _in_the_crop(box: Box) -> Box:
    left, top, right, bottom = (min(1.0, max(0.0, (edge - 0.1) / 0.8)) for edge in box)
    return left, top, right, bottom


def _said(span: Span) -> str:
    return f"{span.kind} {span.start:.2f}-{span.end:.2f}"


def strangers(finder: FaceFinder, count: int) -> dict[str, Any]:
    """Clips of one portrait with other words and movement, each against each: none may be the same."""
    passed = pairs = 0
    for name in ("mira", *CHECKED):
        prints = [
            _released(rendered(name, said, 11 + k, finder, size=256)) for k, said in enumerate(SAID[:count])
        ]
        for one, other in itertools.permutations(prints, 2):
            pairs += 1
            passed += compare(one, other).same_clip
    return {"pairs": pairs, "passed_for_the_same": passed}


def cost(clip: Clip) -> dict[str, float]:
    """Processor time of printing a frame and of comparing, and bytes kept of a second."""
    start = time.process_time()
    mine = _released(clip)
    per_frame = (time.process_time() - start) / len(clip.video) * 1e3
    cut = EDITS["2.5 s cut out"].make(clip, clip)
    probe = _released(cut)
    mirrored = printed((np.ascontiguousarray(clip.video[:, :, ::-1]), float(FPS)), clip.sound)
    still = printed((np.ascontiguousarray(clip.video[::-1]), float(FPS)), clip.sound[::-1].copy())
    return {
        "print_ms_a_frame": round(per_frame, 2),
        "bytes_a_second": round(len(mine.to_bytes()) / SECONDS),
        "compare_ms_faithful": _cpu_ms(mine, mirrored),
        "compare_ms_cut": _cpu_ms(mine, probe),
        "compare_ms_another": _cpu_ms(mine, still),
        "compare_s_ten_minutes": round(_cpu_ms(*_ten_minutes(mine)) / 1e3, 2),
    }


def _cpu_ms(one: Fingerprint, other: Fingerprint) -> float:
    start = time.process_time()
    compare(one, other)
    return round((time.process_time() - start) * 1e3)


def _ten_minutes(mine: Fingerprint) -> tuple[Fingerprint, Fingerprint]:
    """Ten minutes that move as the clip does, never twice the same; and they without half a minute."""
    random = np.random.default_rng(6)
    starts = (random.permutation(75 * 12)[:75] % 14 * 6).tolist()
    whole = [mine.change[s : s + 96] for s in starts]
    signs = random.choice([-1, 1], len(starts))
    change = np.concatenate(
        [np.resize(p, (96, p.shape[1])) * sign for p, sign in zip(whole, signs, strict=True)]
    )
    rows_ = len(change) // 6
    layout = np.resize(mine.layout, (rows_, *mine.layout.shape[1:]))
    released = Fingerprint(change.astype(np.int8), layout, None)
    kept = np.r_[0:3000, 3384 : len(change)]
    return released, Fingerprint(released.change[kept], layout[np.r_[0:500, 564:rows_]], None)


def _summary(copies: dict[str, Any], edits: dict[str, Any]) -> dict[str, Any]:
    judged = [(name, off) for name, row in edits.items() for off in row["seconds_off"]]
    faces = [iou for name, row in edits.items() if name.startswith("face of") for iou in row["iou"]]
    regions = [iou for row in edits.values() for iou in row["iou"]]
    pictures = [off for name, off in judged if " of another portrait" in name and "face" not in name]
    return {
        "copies_recognised": _share(list(_each(copies, "recognised"))),
        "copies_without_false_span": _share([not row["false_spans"] for row in copies.values()]),
        "edits_within_half_a_second": _share([off is not None and off <= WITHIN for _, off in judged]),
        "replaced_seconds_within_half_a_second": _share([o is not None and o <= WITHIN for o in pictures]),
        "replaced_seconds_worst": max((o for o in pictures if o is not None), default=None),
        "face_iou_least": min(faces, default=None),
        "region_iou_held": _share([iou >= OVERLAPS for iou in regions]),
    }


def _each(copies: dict[str, Any], what: str) -> Iterator[bool]:
    for row in copies.values():
        yield row[what] == row["of"]


def _share(held: list[bool]) -> str:
    return f"{sum(held)} of {len(held)}"
