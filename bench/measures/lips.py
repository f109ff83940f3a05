"""The lips' shape from the face mesh, whether they close where they must, and THEval's measures of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.measures.speakers import Known
from engine.state import BLENDSHAPES, State
from engine.track import Moving
from perception.mesh import (
    CHIN,
    LEFT_EYE_CORNERS,
    LIPS_INNER,
    NOSE_BASE,
    RIGHT_EYE_CORNERS,
)
from perception.pose import INDICES, rigid_rotation

Floats = NDArray[np.float64]

GAP_PAIRS = ((82, 87), (13, 14), (312, 317))
# Of the distance between the eyes (63 mm), beyond what the mesh reads on the same face with its mouth shut:
# 1.3 mm, four fifths of a pixel of the mesh network's own input, which is what its reading wavers by.
CLOSED = 0.02
# What parts the lips. A smile, a pursed or a pressed mouth stay: the mesh reads a gap of their own on each.
PARTING = ("jawOpen", "mouthClose", "mouthFunnel", "mouthShrug", "mouthLowerDown", "mouthUpperUp")
BILABIAL = ("p", "b", "m")
CLOSURE_EDGE = 0.04  # seconds about the phone in which lips may touch: one frame at 25 fps
PAUSE = 0.3  # seconds, THEval's least silence
PAUSE_START, PAUSE_END = 0.12, 0.2  # seconds in which lips may still close, or open before the voice


def upright(mesh: Floats, still: Floats) -> Floats:
    """(468, 3) the mesh turned, scaled and moved onto the still's by points that no expression moves, in
    distances between the eyes from the middle of the eyes."""
    rotation = rigid_rotation(mesh[INDICES], still[INDICES])
    turned = mesh @ rotation.T
    middle = turned[[*RIGHT_EYE_CORNERS, *LEFT_EYE_CORNERS]].mean(axis=0)
    return np.asarray((turned - middle) / eye_distance(turned))


def eye_distance(mesh: Floats) -> float:
    return float(
        np.linalg.norm(mesh[list(RIGHT_EYE_CORNERS)].mean(axis=0) - mesh[list(LEFT_EYE_CORNERS)].mean(axis=0))
    )


def shapes(meshes: Floats, still: Floats) -> Floats:
    """(T, 10) of (T, 468, 3): gap, inner and outer width, outer height, inner area, heights of upper lip,
    lower lip and chin under the nose, and how far each lip stands out; in distances between the eyes."""
    return np.stack([_shape(upright(mesh, still)) for mesh in meshes])


def _shape(mesh: Floats) -> Floats:
    def apart(a: int, b: int) -> float:
        return float(np.linalg.norm(mesh[a] - mesh[b]))

    ring = mesh[list(LIPS_INNER), :2]
    after = np.roll(ring, -1, axis=0)
    area = abs(float((ring[:, 0] * after[:, 1] - after[:, 0] * ring[:, 1]).sum())) / 2
    nose = mesh[NOSE_BASE]
    return np.array(
        [
            gap(mesh), apart(78, 308), apart(61, 291), apart(0, 17), area,
            mesh[0, 1] - nose[1], mesh[17, 1] - nose[1], mesh[CHIN, 1] - nose[1],
            mesh[0, 2] - nose[2], mesh[17, 2] - nose[2],
        ]
    )  # fmt: skip


def gap(mesh: Floats) -> float:
    """Between the inner lips, mean of three places; in the mesh's unit."""
    return float(np.mean([np.linalg.norm(mesh[a] - mesh[b]) for a, b in GAP_PAIRS]))


@dataclass(frozen=True)
class MouthShut:
    """A motion with everything left out that parts the lips: what a mesh reads on it is no opening."""

    motion: Moving

    @property
    def frames(self) -> int:
        return self.motion.frames

    @property
    def fps(self) -> int:
        return self.motion.fps

    @property
    def seconds(self) -> float:
        return self.motion.seconds

    def frame(self, index: int) -> State:
        """The face of that frame, mouth shut."""
        state = self.motion.frame(index)
        shapes = state.blendshapes.copy()
        shapes[[i for i, name in enumerate(BLENDSHAPES) if name.startswith(PARTING)]] = 0
        return replace(state, blendshapes=shapes)


def closures(gaps: Floats, fps: float, known: Sequence[Known]) -> dict[str, Any]:
    """Share of p, b and m at whose time the lips meet; gaps (T,) over those of the same face mouth shut."""
    reached, missed = 0, []
    for phone in known:
        if phone.symbol.lower() not in BILABIAL:
            continue
        first = max(0, int(np.floor((phone.start - CLOSURE_EDGE) * fps)))
        last = min(len(gaps), int(np.ceil((phone.end + CLOSURE_EDGE) * fps)) + 1)
        if first >= last:
            continue
        least = float(np.nanmin(gaps[first:last]))
        reached += least < CLOSED
        if least >= CLOSED:
            missed.append({"phone": phone.symbol, "at": round(phone.start, 2), "gap": round(least, 3)})
    count = reached + len(missed)
    return {"phones": count, "closed": reached, "missed": missed[:12]}


def pauses(gaps: Floats, fps: float, silences: Sequence[tuple[float, float]]) -> dict[str, Any]:
    """Lips in silences of 0.3 s and more: share of frames that are closed, mean gap (over that of the same
    face mouth shut), THEval's deviation."""
    inside = np.zeros(len(gaps), bool)
    deviations = []
    for start, end in silences:
        if end - start < PAUSE:
            continue
        first = 0 if start <= 0 else int(np.ceil((start + PAUSE_START) * fps))
        last = min(len(gaps), int((end - PAUSE_END) * fps) + 1)
        inside[first:last] = True
        whole = gaps[round(start * fps) : round(end * fps)]
        if len(whole):
            deviations.append(float(np.nanmedian(np.abs(whole - np.nanmedian(whole)))))
    shut = gaps[inside]
    return {
        "frames": int(inside.sum()),
        "closed_frames": int((shut < CLOSED).sum()),
        "mean_gap": None if not inside.any() else round(float(np.nanmean(shut)), 4),
        "silent_lip_mad": round(float(np.median(deviations)), 4) if deviations else None,
    }


def lip_audio(gaps: Floats, loudness: Floats, speaking: NDArray[np.bool_]) -> float | None:
    """THEval's lip-audio: mean difference of gap and root mean square of the sound, both scaled to 0..1."""
    if not speaking.any():
        return None
    scaled = [(v - np.nanmin(v)) / max(float(np.nanmax(v) - np.nanmin(v)), 1e-9) for v in (gaps, loudness)]
    return float(np.nanmean(np.abs(scaled[0] - scaled[1])[speaking]))
