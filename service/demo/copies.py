"""What the world does to a clip: the copies that the demo gives to Detect, and pictures of its frames."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from perception.transcode import transcode
from perception.video import open_video, write_video
from service.demo.characters import draw

CRF = 28
MILD_CRF = 20  # a clip of less than 384 pixels has less room for its mark (docs/limits.md)
SHORT_SECONDS = 8.0  # of a shorter clip too little is left on either side of a cut to know it by
SHEET_COLUMNS, SHEET_ROWS, SHEET_SIDE = 6, 3, 256


@dataclass(frozen=True)
class Copy:
    """One copy: its name, what it is, the verdict that is promised, and how it is made."""

    name: str
    what: str
    verdict: str
    make: Callable[[Path, Path], Path]


def _as_released(clip: Path, folder: Path) -> Path:
    return clip


def _reencoded(crf: int) -> Callable[[Path, Path], Path]:
    def make(clip: Path, folder: Path) -> Path:
        target = folder / "reencoded.mp4"
        transcode(clip, target, crf=crf)
        return target

    return make


def _resized(clip: Path, folder: Path) -> Path:
    target = folder / "resized.mp4"
    with open_video(clip) as opened:
        size = (opened.info.width * 3 // 8 * 2, opened.info.height * 3 // 8 * 2)  # three quarters, even
    transcode(clip, target, crf=CRF, size=size)
    return target


def _altered(clip: Path, folder: Path) -> Path:
    """Another picture in two seconds in the middle; in its last quarter, where the clip is short."""
    target = folder / "altered.mp4"
    with open_video(clip) as opened:
        seconds, width, height = opened.info.seconds, opened.info.width, opened.info.height
    other = _fitted(draw("osei", 512), width, height)
    middle, end = (seconds / 2 - 1, seconds / 2 + 1), (seconds * 0.75, seconds + 1)
    window = end if seconds < SHORT_SECONDS else middle
    transcode(clip, target, crf=23, alter=lambda _, frame: other, window=window)
    return target


def _foreign(clip: Path, folder: Path) -> Path:
    """A film that this service did not make: the camera moves slowly over a drawing."""
    target = folder / "foreign.mp4"
    still = draw("osei", 640)

    def pan() -> Iterator[NDArray[np.uint8]]:
        for step in range(100):
            yield np.ascontiguousarray(still[step : step + 512, 14 : 14 + 512])

    write_video(target, pan(), fps=25, speech=None)
    return target


def copies_of(size: int) -> tuple[Copy, ...]:
    """What the demo does to a clip of `size` pixels: as much as its mark is made for."""
    crf = CRF if size >= 384 else MILD_CRF
    resized = Copy(
        "resized", f"a copy resized to 75 % and re-encoded at CRF {CRF}", "issued_recovered", _resized
    )
    return (
        Copy("released", "the released file", "issued_intact", _as_released),
        Copy(
            "reencoded",
            f"a copy re-encoded at CRF {crf}, metadata gone,",
            "issued_recovered",
            _reencoded(crf),
        ),
        *([resized] if size >= 448 else []),
        Copy("altered", "a copy with two seconds (or its end) replaced", "issued_altered", _altered),
        Copy("foreign", "a film that was not made here", "no_record", _foreign),
    )


def pictures(clip: Path, sheet: Path, poster: Path) -> None:
    """Frames spread over the whole clip, side by side, as one PNG; and its first frame as another."""
    from PIL import Image

    with open_video(clip) as opened:
        seconds = opened.info.seconds
        every = max(seconds / (SHEET_COLUMNS * SHEET_ROWS), 0.001)
        frames = [frame for _, frame in opened.frames(every)][: SHEET_COLUMNS * SHEET_ROWS]
    Image.fromarray(frames[0]).save(poster)
    rows = -(-len(frames) // SHEET_COLUMNS)
    whole = Image.new("RGB", (SHEET_COLUMNS * SHEET_SIDE, rows * SHEET_SIDE))
    for place, frame in enumerate(frames):
        tile = Image.fromarray(frame).resize((SHEET_SIDE, SHEET_SIDE), Image.Resampling.LANCZOS)
        whole.paste(tile, (place % SHEET_COLUMNS * SHEET_SIDE, place // SHEET_COLUMNS * SHEET_SIDE))
    whole.save(sheet)


def no_face() -> bytes:
    """A picture of nobody: a soft gradient."""
    from PIL import Image

    ramp = np.linspace(60, 200, 512, dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(np.stack([np.tile(ramp, (512, 1))] * 3, axis=2)).save(file, "PNG")
    return file.getvalue()


def _fitted(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    from PIL import Image

    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.LANCZOS))
