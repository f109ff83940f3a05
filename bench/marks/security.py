"""What somebody does who knows the method, has marked clips, and no key.

The estimate of the mark is the residual that is left of the luma when everything coarser than the mark has
been taken off, averaged over what shows the same mark (Kutter, Voloshynovskiy and Herrigel 2000), limited to
the most that a mark may be, so that subtracting it leaves a picture worth having.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bench.marks.markers import KEY, OTHER_KEY, RECORD, Ours, Outcome
from bench.marks.quality import WEIGHTS, decibels
from bench.marks.video import FPS, Video, h264, through

COARSE = 6.0  # pixels; sigma of what is taken for picture
MOST = 6.0  # grey levels of an estimate
AVERAGED = 100  # frames
CLIPS = 10
OTHER_RECORD = bytes.fromhex("ffeeddccbbaa998877665544")
NAMES = (
    "100 frames averaged, subtracted",
    "10 clips averaged, subtracted",
    "marked again, read with the first key",
    "marked again, read with the second key",
)


@dataclass(frozen=True)
class Attacked:
    """What our reader says of one clip, and what the attack cost it.

    Attributes:
        psnr: of luma in dB, against the marked clip before the encoder.
    """

    case: str
    clip: str
    outcome: Outcome
    psnr: float


def attacks(marked: Mapping[str, Video], plain: Mapping[str, Video]) -> Iterator[Attacked]:
    """Every case on every clip; attacked clips are encoded as H.264 CRF 23."""
    ours = Ours()
    common = of_clips(plain)
    for name, video in marked.items():
        static = np.mean([residual(frame) for frame in video[:AVERAGED]], axis=0)
        again, _ = ours.mark(video, OTHER_RECORD, OTHER_KEY)
        cases = (
            (subtracted(video, static[None]), RECORD, KEY),
            (subtracted(video, common), RECORD, KEY),
            (again, RECORD, KEY),
            (again, OTHER_RECORD, OTHER_KEY),
        )
        for case, (attacked, record, key) in zip(NAMES, cases, strict=True):
            outcome = ours.read(*through(attacked), record, key)
            print(f"ours: {case}, {name} {'.x'[not outcome.exact]}")
            yield Attacked(case, name, outcome, psnr(video, attacked))


def psnr(video: Video, other: Video) -> float:
    """Of luma, of every tenth frame, in dB."""
    luma = ((a @ WEIGHTS, b @ WEIGHTS) for a, b in zip(video[::10], other[::10], strict=True))
    return decibels(float(np.mean([np.mean((a - b) ** 2) for a, b in luma])))


def spliced(marked: Mapping[str, Video], plain: Mapping[str, Video]) -> dict[str, float]:
    """Share of the seconds that are given to their record, where a clip's second half is of another record.

    Both halves are encoded together as H.264 CRF 28.
    """
    ours, shares = Ours(), {}
    for name, video in marked.items():
        half = len(video) // 2
        other, _ = ours.mark(plain[name][half:], OTHER_RECORD, KEY)
        joined, fps = through(np.concatenate([video[:half], other]), codec=h264(28))
        right, cut = 0.0, half / fps
        for segment in ours.reading(joined, fps, [KEY]).segments:
            before = max(0.0, min(segment.end, cut) - segment.start)
            after = max(0.0, segment.end - max(segment.start, cut))
            right += before * (segment.payload == RECORD.hex()) + after * (
                segment.payload == OTHER_RECORD.hex()
            )
        shares[name] = round(right / (len(joined) / fps), 3)
    return shares


def residual(frame: Video) -> NDArray[np.float32]:
    """(H, W) luma without what is coarse."""
    luma = frame @ WEIGHTS
    fine: NDArray[np.float32] = luma - ndimage.gaussian_filter(luma, COARSE, truncate=3)
    return fine.clip(-2 * MOST, 2 * MOST)  # edges are not the mark


def of_clips(plain: Mapping[str, Video]) -> NDArray[np.float32]:
    """(T, H, W): mean residual at each frame of ten clips under one key, each with its own record."""
    videos = list(plain.values())
    shape = tuple(min(v.shape[axis] for v in videos) for axis in (0, 1, 2))
    total = np.zeros(shape, np.float32)
    ours = Ours()
    for number in range(CLIPS):
        video = varied(videos[number % len(videos)][: shape[0], : shape[1], : shape[2]], number)
        marked, _ = ours.mark(video, bytes([number]) * len(RECORD), KEY)
        for t, frame in enumerate(marked):
            total[t] += residual(frame) / CLIPS
    return ndimage.uniform_filter1d(total, round(FPS / 5), axis=0)  # the picture moves, the mark less


def varied(video: Video, number: int) -> Video:
    """Another clip made of one: mirrored, of another tone, starting elsewhere."""
    turned = video[:, :, ::-1] if number % 2 else video
    curve = np.round(255 * np.linspace(0, 1, 256) ** (0.7 + 0.07 * number)).astype(np.uint8)
    return curve[np.roll(turned, (7 * number, 11 * number, 23 * number), axis=(0, 1, 2))]


def subtracted(video: Video, estimate: NDArray[np.float32]) -> Video:
    """The clip without an estimate of its mark: (T or 1, H, W), repeated where the clip is longer."""
    height, width = estimate.shape[1:]
    cleaned = video.copy()
    for t, frame in enumerate(video):
        mark = estimate[t % len(estimate)].clip(-MOST, MOST)[..., None]
        part = frame[:height, :width] - mark
        cleaned[t, :height, :width] = part.round().clip(0, 255).astype(np.uint8)
    return cleaned
