"""Sound that comes piece by piece, at another rate."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from perception.errors import MediaUnsupported, SpeechNotFinite

Samples = NDArray[np.float32]
LOWEST, HIGHEST = 8_000, 96_000


class Resampler:
    """Mono samples from one rate to another, the same whatever the sizes of the pieces (FFmpeg's swresample).

    Args:
        source, target: samples per second, 8000..96000.

    Raises:
        MediaUnsupported: another rate.
    """

    def __init__(self, source: int, target: int) -> None:
        for rate in (source, target):
            if not (isinstance(rate, int) and LOWEST <= rate <= HIGHEST):
                raise MediaUnsupported(
                    f"sound of {rate} samples per second: use {LOWEST} to {HIGHEST}",
                    limit="sample_rate", least=LOWEST, most=HIGHEST,
                )  # fmt: skip
        self._source = source
        self._fed = 0
        self._filter: Any = None
        if source != target:
            import av

            self._filter = av.AudioResampler(format="flt", layout="mono", rate=target)

    def resample(self, samples: Samples) -> Samples:
        """What (N,) more samples in -1..1 give, any N: (M,).

        Raises:
            MediaUnsupported: not a one-dimensional array of floats.
            SpeechNotFinite: NaN or infinite samples; nothing of them is kept.
        """
        if not isinstance(samples, np.ndarray) or samples.ndim != 1 or samples.dtype.kind != "f":
            raise MediaUnsupported("sound here is a one-dimensional array of floats, mono, in -1..1")
        if not np.isfinite(samples).all():
            raise SpeechNotFinite("the sound holds values that are not numbers: export it again")
        samples = np.clip(samples, -1.0, 1.0).astype(np.float32)
        if self._filter is None or not len(samples):
            return samples
        import av

        frame = av.AudioFrame.from_ndarray(samples[None], "flt", "mono")
        frame.rate, frame.pts = self._source, self._fed
        self._fed += len(samples)
        return self._joined(self._filter.resample(frame))

    def flush(self) -> Samples:
        """The last samples, which waited for neighbours."""
        if self._filter is None or not self._fed:
            return np.zeros(0, np.float32)
        return self._joined(self._filter.resample(None))

    @staticmethod
    def _joined(frames: list[Any]) -> Samples:
        pieces = [frame.to_ndarray()[0] for frame in frames if frame is not None]
        return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)
