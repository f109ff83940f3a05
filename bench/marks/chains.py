"""Several things one after another, as they happen to videos in the world."""

import numpy as np

from bench.marks import edits
from bench.marks.video import FPS, Codec, Timed, Video, h264, levels, through


def social(video: Video, fps: float = FPS) -> Timed:
    """A social network: 480 lines, 30 frames a second, H.264 CRF 30."""
    return through(video, ("fps", "30"), ("scale", "-2:480:flags=bicubic"), codec=h264(30), fps=fps, out=30.0)


def social_twice(video: Video) -> Timed:
    """Downloaded and uploaded again."""
    return social(*social(video))


def messenger(video: Video) -> Timed:
    """A messenger: 400 lines in the baseline profile, then forwarded and encoded again."""
    small = Codec("libx264", {"crf": "30", "preset": "veryfast", "profile": "baseline"})
    sent, _ = through(video, ("scale", "-2:400:flags=bilinear"), codec=small)
    return through(sent, codec=h264(32))


def reposted(video: Video) -> Timed:
    """For a phone: 540x960 on its own blur, with a caption, H.264 CRF 28."""
    return through(edits.captioned(edits.on_its_blur(540, 960)(video)), codec=h264(28))


def recaptured(video: Video) -> Timed:
    """A screen filmed by a phone: askew, with moire, resampled, soft, darker, H.264 CRF 28."""
    seen = edits.moire(edits.perspective(edits.seen_askew(0.03))(video))
    darker, _ = levels(lambda v: v**1.2, h264(18))(seen)
    lens = (("scale", "iw*0.83:-2:flags=bilinear"), ("gblur", "sigma=0.8"), ("scale", "iw*1.1:-2"))
    return through(edits.noisy(3)(darker), *lens, codec=h264(28))


def as_gif(video: Video) -> Timed:
    """Half of the frames, fewer colours, no encoder after it."""
    return edits.gif(video[::2]), FPS / 2


def dropped(part: float, video: Video) -> Timed:
    """Frames lost at random, the rest closes up."""
    return through(video[np.random.default_rng(3).random(len(video)) >= part])
