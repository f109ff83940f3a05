"""Makes the demo's recordings anew: `python -m service.demo.make_speech`.

Needs Debian's `flite` (2.2, with its voice slt).
"""

import subprocess
import tempfile
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

RATE = 16000
FOLDER = Path(__file__).parent / "speech"
PAUSE = 0.65  # seconds between the two halves: lips must rest there
VOICE = "slt"
TEXTS = {
    "welcome": (
        "Welcome to Sitter. A program painted my picture.",
        "Press play, and maybe my lips move. But permission comes first.",
    ),
    "promise": (
        "Before a portrait may speak, somebody must permit it.",
        "Every movie we make keeps an unseen mark, and a public number.",
    ),
    "goodbye": (
        "My time is up. Thank you, and remember my name.",
        "Bring a picture, a bit of speech, and a person's permission.",
    ),
}


def flite(text: str, voice: str) -> NDArray[np.float32]:
    """(N,) samples at `RATE` of a text spoken by one of flite's voices."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "speech.wav"
        subprocess.run(["flite", "-voice", voice, "-t", text, "-o", str(target)], check=True, timeout=60)
        return read(target)


def read(path: Path) -> NDArray[np.float32]:
    """(N,) mono samples at `RATE` of a sound file."""
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
        frames = [*container.decode(audio=0), None]
        parts = [part.to_ndarray()[0] for frame in frames for part in resampler.resample(frame)]
    return np.concatenate(parts).astype(np.float32)


def trimmed(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Without the quiet before and after, so that pauses are as long as they claim."""
    loud = np.flatnonzero(np.abs(samples) > 0.01 * np.abs(samples).max())
    return samples[loud[0] : loud[-1] + 1]


def silence(seconds: float) -> NDArray[np.float32]:
    return np.zeros(round(seconds * RATE), np.float32)


def write_flac(path: Path, samples: NDArray[np.float32], peak: float = 0.7) -> None:
    """Mono 16-bit FLAC at `RATE`, scaled to `peak`."""
    scaled = samples * (peak / max(float(np.abs(samples).max()), 1e-6))
    whole = np.round(scaled * 32767).astype(np.int16)
    with av.open(str(path), "w", format="flac") as container:
        stream = container.add_stream("flac", rate=RATE, layout="mono", format="s16")
        for start in range(0, len(whole), 4096):
            frame = av.AudioFrame.from_ndarray(whole[None, start : start + 4096], format="s16", layout="mono")
            frame.sample_rate, frame.pts = RATE, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, (first, second) in TEXTS.items():
        parts = [silence(0.25), trimmed(flite(first, VOICE)), silence(PAUSE), trimmed(flite(second, VOICE))]
        write_flac(FOLDER / f"{name}.flac", np.concatenate([*parts, silence(0.35)]))


if __name__ == "__main__":
    main()
