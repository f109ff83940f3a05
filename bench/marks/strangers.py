"""Videos that do not carry our mark: any reading of one is wrong.

Small and short, so that there can be many: parts of the clips, mirrored, in other colours, with noise; drawn
textures; still pictures; half of all carry the mark of a key that the reader does not have.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from bench.marks.markers import KEY, OTHER_KEY, Ours
from bench.marks.video import FPS, Video
from safety.watermark.extract import FALSE_POSITIVE

FRAMES = 16
THOROUGH_EVERY = 4  # the whole search on each n-th, the usual geometries on the others
SIDES = (160, 256)  # pixels, smallest and largest
READER_KEYS = (KEY, bytes(range(50, 82)))


def count(videos: Sequence[Video], number: int) -> dict[str, Any]:
    """Wrong readings of so many strangers, each read with two keys."""
    ours, wrong, thorough = Ours(), [], 0
    for i in range(number):
        whole = i % THOROUGH_EVERY == 0
        reading = ours.reading(stranger(videos, i), FPS, READER_KEYS, thorough=whole)
        thorough += whole
        if reading.payload is not None:
            wrong.append({"stranger": i, "false_positive": reading.false_positive})
        if (i + 1) % 100 == 0:
            print(f"strangers: {i + 1} of {number}, {len(wrong)} read")
    return {
        "videos": number,
        "with_a_foreign_mark": number // 2,
        "searched_whole": thorough,
        "wrong_readings": len(wrong),
        "which": wrong,
        "upper_95": round(1 - 0.05 ** (1 / max(number, 1)), 5) if not wrong else None,  # Clopper-Pearson
        "computed_bound_per_video": FALSE_POSITIVE,
    }


def stranger(videos: Sequence[Video], number: int) -> Video:
    """The n-th; the same each time."""
    rng = np.random.default_rng(number)
    side = int(rng.integers(SIDES[0], SIDES[1] + 1)) // 2 * 2
    kind = rng.integers(4)
    video = _part(videos, side, rng) if kind < 3 else _texture(side, rng)
    if rng.random() < 0.3:
        video = np.repeat(video[:1], FRAMES, axis=0)
    noise = rng.normal(0, rng.uniform(0, 4), video.shape[1:])
    video = np.clip(np.round(video + noise), 0, 255).astype(np.uint8)
    if number % 2:
        video, _ = Ours().mark(video, rng.bytes(12), OTHER_KEY)
    return video


def _part(videos: Sequence[Video], side: int, rng: np.random.Generator) -> Video:
    video = videos[int(rng.integers(len(videos)))]
    count_, height, width = video.shape[:3]
    cut = int(rng.integers(min(height, width) // 3, min(height, width) + 1))
    top, left = int(rng.integers(height - cut + 1)), int(rng.integers(width - cut + 1))
    start = int(rng.integers(max(count_ - FRAMES, 0) + 1))
    taken = video[start : start + FRAMES, top : top + cut, left : left + cut, rng.permutation(3)]
    if rng.random() < 0.5:
        taken = taken[:, :, ::-1]
    curve = np.round(255 * np.linspace(0, 1, 256) ** rng.uniform(0.5, 2)).astype(np.uint8)
    resized = [Image.fromarray(curve[f]).resize((side, side), Image.Resampling.BICUBIC) for f in taken]
    return np.stack([np.asarray(f) for f in resized])


def _texture(side: int, rng: np.random.Generator) -> Video:
    """Noise whose spectrum falls as that of nature does, or faster, or not; it drifts."""
    spectrum = np.fft.rfft2(rng.normal(size=(side, side)))
    f = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None])
    field = np.fft.irfft2(spectrum / np.maximum(f, 1 / side) ** rng.uniform(0, 1.5), s=(side, side))
    grey = 128 + rng.uniform(10, 60) * field / field.std()
    step = rng.integers(-3, 4, 2)
    moved = [np.roll(grey, tuple(step * t), axis=(0, 1)) for t in range(FRAMES)]
    return np.repeat(np.clip(np.round(np.stack(moved)), 0, 255).astype(np.uint8)[..., None], 3, axis=3)
