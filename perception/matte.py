"""Which pixels show a person: MediaPipe's selfie segmentation, sharpened along the picture's own edges."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from perception.litert import Network
from perception.models import model_path

Floats = NDArray[np.float32]

SIZE = 256
RADIUS = 4  # pixels of the 256 x 256 matte
BAND = 512  # rows of the picture at a time
SMOOTHNESS = 1e-3  # of He, Sun and Tang, Guided Image Filtering (2013), for intensities in 0..1


class PersonMatte:
    """Runs the segmentation network; not for use by two threads at once."""

    def __init__(self) -> None:
        self._network = Network(model_path("selfie_segmentation"), low=0)

    def __call__(self, pixels: NDArray[np.uint8]) -> Floats:
        """(H, W, 3) RGB -> (H, W) float32, 1 where a person is, 0 elsewhere."""
        picture = Image.fromarray(pixels)
        small = np.asarray(picture.resize((SIZE, SIZE), Image.Resampling.BOX))
        coarse = self._network(small)[0].reshape(SIZE, SIZE)
        slope, offset = _guided(small.mean(axis=2, dtype=np.float32) / np.float32(255), np.clip(coarse, 0, 1))
        matte = np.empty(pixels.shape[:2], np.float32)
        for top in range(0, len(pixels), BAND):  # a picture of 50 million pixels takes 0.2 GiB in all
            rows = slice(top, min(top + BAND, len(pixels)))
            guide = np.asarray(Image.fromarray(pixels[rows]).convert("L"), np.float32) / 255
            sharp = _enlarged(slope, pixels.shape, rows) * guide + _enlarged(offset, pixels.shape, rows)
            np.clip(sharp, 0, 1, out=matte[rows])
        return matte


def _guided(guide: Floats, matte: Floats) -> tuple[Floats, Floats]:
    """Coefficients of the fast guided filter (He and Sun, 2015): matte = slope * guide + offset, locally."""
    from scipy.ndimage import uniform_filter

    def mean(values: Floats) -> Floats:
        smooth: Floats = uniform_filter(values, 2 * RADIUS + 1, mode="nearest")
        return smooth

    guide_mean, matte_mean = mean(guide), mean(matte)
    variance = mean(guide * guide) - guide_mean**2
    slope = (mean(guide * matte) - guide_mean * matte_mean) / (variance + SMOOTHNESS)
    return mean(slope), mean(matte_mean - slope * guide_mean)


def _enlarged(values: Floats, shape: tuple[int, ...], rows: slice) -> Floats:
    """Some rows of `values` (SIZE, SIZE) enlarged to (H, W)."""
    scale = SIZE / shape[0]
    box = (0.0, rows.start * scale, float(SIZE), rows.stop * scale)
    size = (shape[1], rows.stop - rows.start)
    return np.asarray(Image.fromarray(values).resize(size, Image.Resampling.BILINEAR, box), np.float32)
