"""The default speaker encoder: Resemblyzer's network, trained by the generalized end-to-end loss.

Li Wan, Quan Wang, Alan Papir, Ignacio Lopez Moreno, "Generalized End-to-End Loss for Speaker Verification",
ICASSP 2018 (arXiv 1710.10467): three LSTM layers of 256, the last state through a linear layer and a
rectifier, length 1. Weights of PyPI's `resemblyzer` 0.1.4, read by torch without unpickling any code.
"""

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perception.errors import ModelCorrupt
from perception.models import model_path, table
from safety.voices.activity import active
from safety.voices.encoder import Partials
from safety.voices.mel import BANDS, HOP, RATE, mel_power
from safety.voices.thresholds import VoiceCalibration, load_calibration

Floats = NDArray[np.float32]

NAME = "ge2e-lstm-v1"
MODEL = "resemblyzer_ge2e"
SIZE = 256
LAYERS = 3
FRAMES, STEP = 160, 80  # mel frames of a partial, and from one to the next: 1.6 and 0.8 s
LEVEL = 10 ** (-24 / 20)  # RMS of the speech: mel powers are no logarithms, so the network hears loudness
BATCH = 64


class Ge2eEncoder:
    """256 numbers for every 0.8 s of speech.

    Raises:
        ModelMissing, ModelCorrupt: the weights are not there or not the pinned ones.
    """

    def __init__(self) -> None:
        row = next(model for model in table() if model.name == MODEL)
        self.name = NAME
        self.size = SIZE
        self.sha256 = row.sha256
        self.licence = row.licence
        self._lstm, self._linear = _loaded(model_path(MODEL))

    @cached_property
    def calibration(self) -> VoiceCalibration:
        return load_calibration(Path(__file__).parent / "calibration" / f"{NAME}.json", self.sha256)

    def partials(self, samples: Floats) -> Partials:
        place = np.flatnonzero(active(samples))
        speech = _levelled(np.asarray(samples, np.float32)[place])
        last = len(speech) // HOP - FRAMES
        starts = [*range(0, last, STEP), last] if last >= 0 else []  # to the very end: nothing stays unheard
        if not starts:
            return Partials(np.zeros((0, 2), np.float32), np.zeros((0, SIZE), np.float32), len(speech) / RATE)
        cuts = [slice(start * HOP, (start + FRAMES) * HOP) for start in starts]
        mels = np.stack([mel_power(speech[cut])[:FRAMES] for cut in cuts])
        spans = np.asarray([(place[cut.start], place[cut.stop - 1] + 1) for cut in cuts]) / RATE
        return Partials(spans.astype(np.float32), self._embed(mels), len(speech) / RATE)

    def _embed(self, mels: Floats) -> Floats:
        """(P, FRAMES, BANDS) to (P, SIZE), unit length."""
        import torch

        found = []
        with torch.inference_mode():
            for start in range(0, len(mels), BATCH):
                _, (hidden, _) = self._lstm(torch.from_numpy(mels[start : start + BATCH]))
                found.append(torch.nn.functional.normalize(torch.relu(self._linear(hidden[-1]))).numpy())
        return np.concatenate(found)


def _levelled(speech: Floats) -> Floats:
    """At one level, whatever that of the recording; quiet and loud parts stay apart, as in its training."""
    level = float(np.sqrt(np.mean(speech**2))) if len(speech) else 0.0
    return np.asarray(speech * (LEVEL / max(level, 1e-6)), np.float32)


def _loaded(path: Path) -> tuple[Any, Any]:
    """The network. Raises ModelCorrupt when the file has other arrays than it needs."""
    import torch

    state = torch.load(path, map_location="cpu", weights_only=True)["model_state"]
    lstm = torch.nn.LSTM(BANDS, SIZE, LAYERS, batch_first=True)
    linear = torch.nn.Linear(SIZE, SIZE)
    try:
        for name, part in (("lstm.", lstm), ("linear.", linear)):
            part.load_state_dict(
                {key.removeprefix(name): value for key, value in state.items() if key.startswith(name)}
            )
    except RuntimeError as error:
        raise ModelCorrupt("the speaker network has other arrays than it needs", model=MODEL) from error
    return lstm.eval(), linear.eval()
