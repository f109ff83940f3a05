"""One talking clip, rendered once and measured whole: mouth, head, blinks, sharpness."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.measures import agreement, eyes, head, lips
from bench.measures.agreement import Pair
from bench.measures.sharpness import Sharpness
from bench.measures.speakers import RATE, Spoken, levels, silences
from bench.measures.stage import Stage
from engine.state import Amplitude, Controls
from perception.face import Face

Floats = NDArray[np.float64]

SHARPNESS_EVERY = 5  # frames
SHORT_SECONDS = 2.4  # of speech for the second look at sharpness
HELD_SECONDS = 8.0  # of the speech, with a still head, for the mesh's own noise


@dataclass(frozen=True)
class Measured:
    """Figures of one clip and the pair of lips and sound for the correlation over clips."""

    name: str
    figures: dict[str, Any]
    pair: Pair


class Looking:
    """Compares frames that pass with a portrait's still."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._sharpness = Sharpness(stage.pixels, stage.still.mesh.astype(np.float64))
        self._ratios: list[tuple[float, float, float]] = []

    def __call__(self, index: int, frame: NDArray[np.uint8], face: Face) -> None:
        if index % SHARPNESS_EVERY == 0:
            self._ratios.append(self._sharpness.ratio(frame, face.mesh.astype(np.float64)))

    @property
    def scale(self) -> float:
        """Pixels of the still for one of the frame."""
        return float(np.median([ratio[2] for ratio in self._ratios]))

    def report(self) -> dict[str, Any]:
        """Energy against the still's, and what laying the still there costs by itself."""
        ratios = np.array(self._ratios)
        return {
            "of_the_still": round(float(np.median(ratios[:, 0])), 3),
            "p10": round(float(np.percentile(ratios[:, 0], 10)), 3),
            "kept_by_laying_the_still_there": round(float(np.median(ratios[:, 1])), 3),
            "frames": len(ratios),
        }


def measure(stage: Stage, spoken: Spoken, size: int, fps: int = 25) -> Measured:
    """Render and measure one clip."""
    controls = Controls(size=size, fps=fps)
    animation = stage.animation(spoken, controls)
    looked = Looking(stage)
    seen = stage.watcher(animation, looked)
    like_frame = Looking(stage.scaled(1 / looked.scale))
    like_frame.stage.watcher(like_frame.stage.animation(spoken.first(SHORT_SECONDS), controls), like_frame)
    held = stage.watch(spoken.first(HELD_SECONDS), replace(controls, amplitude=Amplitude(head=0.0)))
    still = stage.still.mesh.astype(np.float64)
    meshes = head.filled(seen.mesh.reshape(-1, 468 * 3)).reshape(-1, 468, 3)
    shape = lips.shapes(meshes, still)
    # What the mesh reads on a mouth that is shut wavers with the head and the smile, on flat art by 0.04.
    shut = stage.watcher(replace(animation, motion=lips.MouthShut(animation.motion)))
    shut_gap = lips.shapes(head.filled(shut.mesh.reshape(-1, 468 * 3)).reshape(-1, 468, 3), still)[:, 0]
    loud = levels(spoken.speech, fps, len(shape))
    quiet = silences(spoken.speech)
    figures = {
        "frames": len(shape),
        "frames_without_a_face": seen.lost,
        "mouth": {
            "gap_read_on_the_still": round(lips.gap(still) / lips.eye_distance(still), 4),
            "gap_read_mouth_shut": [round(float(v), 4) for v in np.percentile(shut_gap, (5, 50, 95))],
            **_mouth(shape[:, 0] - shut_gap, fps, spoken, quiet, loud),
        },
        "head": head.report(head.angles(meshes), head.angles(held.mesh), fps),
        "blinks": eyes.blink_report(seen.lids, fps),
        "sharpness": looked.report(),
        "sharpness of a still no finer than the frame": like_frame.report(),
    }
    sound = agreement.log_mel(spoken.speech.at(RATE), RATE, len(shape), fps)
    return Measured(f"{stage.name}, {spoken.name}", figures, Pair(shape, sound))


def _mouth(
    gaps: Floats, fps: int, spoken: Spoken, quiet: list[tuple[float, float]], loud: Floats
) -> dict[str, Any]:
    at = np.arange(len(gaps)) / fps
    speaking = ~np.any([(at >= a) & (at < b) for a, b in quiet] or [np.zeros(len(at), bool)], axis=0)
    voiced = gaps[speaking]
    return {
        "gap_in_speech": {
            "mean": round(float(voiced.mean()), 3),
            "p95": round(float(np.percentile(voiced, 95)), 3),
            "sd": round(float(voiced.std()), 3),
        },
        "closures": lips.closures(gaps, fps, spoken.phones),
        "pauses": lips.pauses(gaps, fps, quiet),
        "lip_audio": round(lips.lip_audio(gaps, loud, speaking) or 0.0, 3),
    }
