"""The figures of one run, as the rows of the table."""

from typing import Any

import numpy as np

from bench.measures.targets import row

Found = dict[str, Any]
SIZE = 512
SHARP = ("sharpness", "sharpness of a still no finer than the frame")


def table(found: Found) -> list[dict[str, Any]]:
    """Every target beside its figure; of several portraits the mean, the worst one named."""
    return [*_speed(found), *_mouth(found), *_motion(found), *_controls(found), *_sameness(found)]


def _speed(found: Found) -> list[dict[str, Any]]:
    whole, gpu = found.get("generate"), found["speed"]["gpu"]
    alone = next(each for each in found["speed"]["engine"] if each["size"] == SIZE)
    (live,), memory = found["stream"], found["memory"]
    lengths = f"{memory['long']['seconds']:g} s against {memory['short']['seconds']:g} s"
    return [
        row("engine", _rate(alone), _cost(alone)),
        row("generate", None if whole is None else round(whole["ours"]["frames_per_second"], 1)),
        row("first frame", live["first_frame_ms"], f"{live['lookahead_ms']:g} ms of it wait for sound"),
        row("sustained", _rate(live), _cost(live)),
        row("batch", gpu.get("frames_per_second"), gpu.get("status", "")),
        row("memory", round(memory["long"]["peak_mib"] / memory["short"]["peak_mib"], 3), lengths),
    ]


def _rate(run: dict[str, Any]) -> float:
    return float(run["frames_per_second"])


def _cost(run: dict[str, Any]) -> str:
    """Processor time tells what a busy machine hides."""
    return f"{run['threads']} thread(s), {run['cpu_milliseconds_per_frame']:g} ms of processor time a frame"


def _mouth(found: Found) -> list[dict[str, Any]]:
    agreed, mouths = found["agreement"], [clip["mouth"] for clip in found["clips"].values()]
    phones = sum(mouth["closures"]["phones"] for mouth in mouths)
    closed = sum(mouth["closures"]["closed"] for mouth in mouths)
    paused = sum(mouth["pauses"]["frames"] for mouth in mouths)
    shut = sum(mouth["pauses"]["closed_frames"] for mouth in mouths)
    deviations = [m["pauses"]["silent_lip_mad"] for m in mouths if m["pauses"]["silent_lip_mad"] is not None]
    return [
        row("agreement", agreed["correlation"]),
        row("offset", agreed["best_offset_frames"]),
        row("swapped", agreed["swapped"]),
        row("closures", round(closed / phones, 3) if phones else None, f"{closed} of {phones}"),
        row("pauses", round(shut / paused, 3) if paused else None, f"{shut} of {paused} frames"),
        row("silent lips", max(deviations, default=None), "the worst clip"),
    ]


def _motion(found: Found) -> list[dict[str, Any]]:
    clips = found["clips"]
    return [
        _mean("delta p", {name: clip["head"]["delta_p"] for name, clip in clips.items()}),
        _mean(
            "fast power",
            {name: clip["head"]["power_without_the_mesh's_own"]["over 3 Hz"] for name, clip in clips.items()},
        ),
        _mean("blinks", {name: clip["blinks"]["per_minute"] for name, clip in clips.items()}),
        _mean("blink length", {name: clip["blinks"].get("milliseconds") for name, clip in clips.items()}),
        _mean(
            "blink asymmetry",
            {name: clip["blinks"].get("opening_over_closing") for name, clip in clips.items()},
        ),
        _worst(
            "sharpness",
            {name: min(clip[key]["of_the_still"] for key in SHARP) for name, clip in clips.items()},
            min,
        ),
    ]


def _controls(found: Found) -> list[dict[str, Any]]:
    steered = found["controls"]
    judged = [felt["as_expected"] for each in steered.values() for felt in each["emotions"].values()]
    lacking = [
        f"{name}: {emotion} ({', '.join(felt['missing'])})"
        for name, each in steered.items()
        for emotion, felt in each["emotions"].items()
        if felt["missing"]
    ]
    return [
        _mean("gaze", {name: each["gaze"]["mean_error_degrees"] for name, each in steered.items()}),
        _mean("distance", {name: each["distance"]["mean_error"] for name, each in steered.items()}),
        row("emotions", round(float(np.mean(judged)), 3) if judged else None, "; ".join(lacking)),
    ]


def _sameness(found: Found) -> list[dict[str, Any]]:
    long = found["memory"]["long"]
    return [row("same pixels", float(long["same_after_the_clip"]), f"after {long['frames']} frames")]


def _mean(key: str, values: dict[str, float | None]) -> dict[str, Any]:
    known = {name: value for name, value in values.items() if value is not None}
    if not known:
        return row(key, None)
    each = "; ".join(f"{name}: {value:g}" for name, value in known.items())
    return row(key, round(float(np.mean(list(known.values()))), 4), each)


def _worst(key: str, values: dict[str, float], pick: Any) -> dict[str, Any]:
    each = "; ".join(f"{name}: {value:g}" for name, value in values.items())
    return row(key, pick(values.values(), default=None), each)
