"""What a mark does to the picture: PSNR, SSIM, VMAF, and how much it flickers."""

import importlib
import importlib.util
import json
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bench.marks.video import FPS, Video

WEIGHTS = np.array([0.299, 0.587, 0.114], np.float32)  # BT.601, as the encoders here take their luma
BLOCK = 16  # pixels; an area whose mean the eye sees change
SSIM_EVERY = 5  # frames; what is slow is measured on these

Luma = NDArray[np.float32]


def compare(video: Video, marked: Video, ffmpeg: str | None = None) -> dict[str, Any]:
    """Figures of one clip.

    PSNR of luma in dB, and over red, green and blue, since some marks are in the colour; SSIM of luma; VMAF;
    flicker: by how many grey levels the difference picture changes from frame to frame, mean over pixels, and
    over means of 16x16 pixels; `strongest`: the difference that only a thousandth of the pixels exceeds.
    """
    error, similar, strongest, change, patches = [], [], [], [], []
    coloured = []
    before = None
    for i, (plain, with_mark) in enumerate(zip(video, marked, strict=True)):
        a, b = plain @ WEIGHTS, with_mark @ WEIGHTS
        mark = b - a
        error.append(float(np.mean(mark**2)))
        if i % SSIM_EVERY == 0:
            coloured.append(float(np.mean((with_mark.astype(np.float32) - plain) ** 2)))
            similar.append(ssim(a, b))
            strongest.append(float(np.quantile(np.abs(mark), 0.999)))
        if before is not None:
            change.append(float(np.mean(np.abs(mark - before))))
            patches.append(float(np.mean(np.abs(blocks(mark) - blocks(before)))))
        before = mark
    return {
        "psnr_luma_db": decibels(float(np.mean(error))),
        "psnr_worst_frame_db": decibels(max(error)),
        "psnr_rgb_db": decibels(float(np.mean(coloured))),
        "ssim_luma": round(float(np.mean(similar)), 4),
        "vmaf": vmaf(video, marked, ffmpeg),
        "flicker_levels": round(float(np.mean(change or [0])), 3),
        "flicker_16x16_levels": round(float(np.mean(patches or [0])), 3),
        "strongest_levels": round(float(np.mean(strongest)), 1),
    }


def decibels(error: float) -> float:
    """PSNR of a mean squared error."""
    return round(10 * float(np.log10(255**2 / max(error, 1e-9))), 2)


def blocks(picture: Luma) -> Luma:
    """Means of squares of BLOCK pixels."""
    height, width = (side // BLOCK for side in picture.shape)
    cut = picture[: height * BLOCK, : width * BLOCK]
    means: Luma = cut.reshape(height, BLOCK, width, BLOCK).mean(axis=(1, 3))
    return means


def ssim(a: Luma, b: Luma) -> float:
    """Wang et al. 2004: Gaussian window of 1.5 pixels, K1 = 0.01, K2 = 0.03."""

    def smooth(x: Luma) -> Luma:
        smoothed: Luma = ndimage.gaussian_filter(x, 1.5, truncate=3.5)
        return smoothed

    mean_a, mean_b = smooth(a), smooth(b)
    spread = smooth(a * a) - mean_a**2 + smooth(b * b) - mean_b**2
    together = smooth(a * b) - mean_a * mean_b
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return float(
        np.mean(
            (2 * mean_a * mean_b + c1) * (2 * together + c2) / ((mean_a**2 + mean_b**2 + c1) * (spread + c2))
        )
    )


def vmaf(video: Video, marked: Video, ffmpeg: str | None) -> dict[str, float] | str:
    """VMAF's default model, or why it was not measured.

    Beside it what the clip scores against itself: with little motion that is less than 100.
    """
    program = with_vmaf(ffmpeg)
    if program is None:
        return "not measured: no ffmpeg with libvmaf"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, frames in (("plain.mkv", video), ("marked.mkv", marked)):
            _lossless(folder / file, frames)
        scored, itself = (_scored(program, folder, file) for file in ("marked.mkv", "plain.mkv"))
    return {
        "mean": round(scored["mean"], 2),
        "worst_frame": round(scored["min"], 2),
        "unmarked": round(itself["mean"], 2),
    }


def _scored(program: str, folder: Path, file: str) -> dict[str, float]:
    command = [program, "-v", "error", "-i", file, "-i", "plain.mkv"]
    command += ["-lavfi", "libvmaf=log_fmt=json:log_path=log", "-f", "null", "-"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    pooled: dict[str, float] = json.loads((folder / "log").read_text())["pooled_metrics"]["vmaf"]
    return pooled


@cache
def with_vmaf(ffmpeg: str | None) -> str | None:
    """An ffmpeg that has libvmaf: the one named, the system's, or that of imageio-ffmpeg."""
    candidates = [shutil.which(Path(ffmpeg).absolute())] if ffmpeg else []
    candidates.append(shutil.which("ffmpeg"))
    if importlib.util.find_spec("imageio_ffmpeg"):
        candidates.append(importlib.import_module("imageio_ffmpeg").get_ffmpeg_exe())
    for program in candidates:
        if program is None:
            continue
        listed = subprocess.run(
            [program, "-hide_banner", "-filters"], capture_output=True, text=True, check=False
        )
        if " libvmaf " in listed.stdout:
            return program
    return None


def _lossless(path: Path, video: Video) -> None:
    with av.open(str(path), "w") as file:
        stream = file.add_stream("ffv1", rate=int(FPS))
        stream.height, stream.width = (side // 2 * 2 for side in video.shape[1:3])
        stream.pix_fmt = "yuv420p"
        for frame in video:
            cut = np.ascontiguousarray(frame[: stream.height, : stream.width])
            file.mux(stream.encode(av.VideoFrame.from_ndarray(cut, "rgb24")))
        file.mux(stream.encode())
