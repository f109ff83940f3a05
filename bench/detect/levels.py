"""The same clip at other compression levels."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from perception.encoding import write_video
from perception.video import open_video

Pixels = NDArray[np.uint8]

LEVELS = {"crf18": (18, 1.0), "crf28": (28, 1.0), "crf33": (33, 1.0), "crf28_half": (28, 0.5)}
"""Name: CRF of H.264 and factor of the size."""

_FASTEST = 60


def recoded(source: Path, target: Path, crf: int, scale: float) -> Path:
    """`source` again, as H.264 with its sound. Raises as `open_video`."""
    with open_video(source) as video:
        fps = max(1, min(round(video.info.fps) or 25, _FASTEST))
        speech = video.speech()
        pictures = (_scaled(pixels, scale) for _, pixels in video.frames(every=1 / fps))
        write_video(target, pictures, fps=fps, speech=speech, crf=crf)
    return target


def _scaled(pixels: Pixels, scale: float) -> Pixels:
    if scale == 1.0:
        return pixels
    height, width = (max(2, 2 * round(side * scale / 2)) for side in pixels.shape[:2])
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC))
