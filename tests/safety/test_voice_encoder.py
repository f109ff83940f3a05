"""The packaged speaker encoder, against the original's numbers and on the voices that the project makes."""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from perception.audio import decode_speech
from safety.errors import EncoderUnusable
from safety.voices import open_voice_encoder
from safety.voices.activity import active
from safety.voices.encoder import mean_voice
from safety.voices.ge2e import MODEL, Ge2eEncoder
from safety.voices.mel import BANDS, RATE, mel_power
from safety.voices.thresholds import load_calibration

ROOT = Path(__file__).resolve().parents[2]
MATERIAL, DEMO = ROOT / "tests" / "material", ROOT / "service" / "demo" / "speech"
CALIBRATION = ROOT / "safety" / "voices" / "calibration" / "ge2e-lstm-v1.json"

# Of resemblyzer 0.1.4 itself, with librosa 0.11, on `piece()`: its largest components; and its 41st mel row.
LARGEST = (20, 160, 155, 162, 63, 127, 236, 125, 163, 38, 224, 107)
VALUES = (0.2143, 0.2135, 0.1940, 0.1877, 0.1770, 0.1735, 0.1719, 0.1591, 0.1582, 0.1556, 0.1521, 0.1520)
MEL_ROW = (0.57899, 0.70008, 0.89716, 0.32404, 0.64537, 1.72719)


def samples(path: Path) -> NDArray[np.float32]:
    return decode_speech(path.read_bytes()).at(RATE)


@pytest.fixture(scope="module")
def encoder() -> Ge2eEncoder:
    made = open_voice_encoder("ge2e-lstm-v1")
    assert isinstance(made, Ge2eEncoder)
    return made


@pytest.fixture(scope="module")
def piece() -> NDArray[np.float32]:
    """1.6 s of a synthetic voice at -24 dB."""
    from service.demo.make_speech import read

    cut = read(MATERIAL / "en_rms.flac")[8000 : 8000 + 25_600]
    return np.asarray(cut * (10 ** (-24 / 20) / np.sqrt(np.mean(cut**2))), np.float32)


def test_mel_spectra_are_the_originals(piece: NDArray[np.float32]) -> None:
    """A row of the original's, within rounding; a row every 10 ms, the first one centred on the beginning."""
    mel = mel_power(piece)
    assert mel.shape == (161, BANDS)
    assert mel[40, :6] == pytest.approx(MEL_ROW, abs=2e-5)


@pytest.mark.parametrize(("hertz", "band"), [(200.0, 2), (1000.0, 13), (4000.0, 30)])
def test_a_tone_is_in_its_band(hertz: float, band: int) -> None:
    """Bands are linear in frequency to 1 kHz and logarithmic above."""
    tone = np.sin(2 * np.pi * hertz * np.arange(RATE) / RATE).astype(np.float32)
    assert abs(int(mel_power(tone)[50].argmax()) - band) <= 1


def test_the_network_is_the_original(encoder: Ge2eEncoder, piece: NDArray[np.float32]) -> None:
    """The same weights give the same embedding as the package they come from: not of negative numbers, of
    length 1."""
    (found,) = encoder.partials(np.pad(piece, 8000)).embeddings[:1]
    (exact,) = encoder._embed(mel_power(piece)[None, :160])
    assert tuple(int(i) for i in np.argsort(-exact)[: len(LARGEST)]) == LARGEST
    assert exact[list(LARGEST)] == pytest.approx(VALUES, abs=1e-4)
    assert float(found @ exact) > 0.9
    assert (found >= 0).all()
    assert float(np.linalg.norm(found)) == pytest.approx(1, abs=1e-5)


def test_loudness_does_not_matter(encoder: Ge2eEncoder) -> None:
    """The same recording, four times quieter, is the same voice."""
    loud = samples(DEMO / "promise.flac")
    one, other = encoder.partials(loud), encoder.partials(loud / 4)
    assert abs(len(one.embeddings) - len(other.embeddings)) <= 1
    assert float(mean_voice(one.embeddings) @ mean_voice(other.embeddings)) > 0.99


def test_a_voice_is_nearer_to_itself_than_to_others(encoder: Ge2eEncoder) -> None:
    """One synthetic voice reads three texts; three others read other ones: every recording of the first is
    nearer to the first than any of the others, and passes where they do not."""
    own = [encoder.partials(samples(DEMO / f"{name}.flac")) for name in ("welcome", "promise", "goodbye")]
    strangers = [
        encoder.partials(samples(MATERIAL / f"{name}.flac")) for name in ("en_rms", "en_awb", "en_kal")
    ]
    print_ = mean_voice(own[0].embeddings)
    same = [float(mean_voice(each.embeddings) @ print_) for each in own[1:]]
    others = [float(mean_voice(each.embeddings) @ print_) for each in strangers]
    assert min(same) > encoder.calibration.profile("strict").whole > max(others)


def test_all_of_the_speech_is_heard(encoder: Ge2eEncoder) -> None:
    """Pieces cover speech from its first to its last moment, at most a second without a new one; silence and
    what is shorter than a piece give none."""
    whole = samples(DEMO / "goodbye.flac")
    found = encoder.partials(whole)
    spoken = np.flatnonzero(active(whole)) / RATE
    assert found.spans[0, 0] == pytest.approx(spoken[0], abs=0.011)
    assert found.spans[-1, 1] == pytest.approx(spoken[-1], abs=0.02)
    assert np.diff(found.spans[:, 0]).max() < 2.0
    assert len(encoder.partials(np.zeros(RATE * 5, np.float32)).embeddings) == 0
    assert len(encoder.partials(whole[: RATE // 2]).embeddings) == 0


def test_speech_is_told_from_quiet() -> None:
    """Of a recording between two silences the speech is active and the silences are not; a voice forty times
    quieter than the first one still counts as speech."""
    spoken = samples(DEMO / "welcome.flac")
    quiet = np.zeros(2 * RATE, np.float32)
    mask = active(np.concatenate([quiet, spoken, quiet, spoken / 40, quiet]))
    edge = RATE // 5
    assert not mask[: 2 * RATE - edge].any()
    assert not mask[-2 * RATE + edge :].any()
    assert mask[2 * RATE : 2 * RATE + len(spoken)].mean() > 0.6
    assert mask[-2 * RATE - len(spoken) : -2 * RATE].mean() > 0.5


def test_the_table_says_where_it_is_from(encoder: Ge2eEncoder) -> None:
    """Name, licence and hash are those of the model's row; its card says what it was trained on."""
    from perception.models import table

    (row,) = (each for each in table() if each.name == MODEL)
    assert (encoder.sha256, encoder.licence) == (row.sha256, "Apache-2.0")
    assert "VoxCeleb" in row.card
    assert encoder.calibration.sha256 == row.sha256


def test_no_other_encoder() -> None:
    """A name that is none is refused, with the one that is."""
    with pytest.raises(EncoderUnusable, match="ge2e-lstm-v1"):
        open_voice_encoder("voices:FOLDER")


@pytest.mark.parametrize(
    "spoil",
    [
        {"sha256": "0" * 64},
        {"agreement": 0.3},
        {"profiles": {}},
        {"profiles": {"default": {"whole": 0.4, "stretch": 0.4}, "strict": {"whole": 0.9, "stretch": 0.8}}},
        {"profiles": {"default": {"whole": 0.7, "stretch": 0.8}, "strict": {"whole": 0.9, "stretch": 0.8}}},
        {"profiles": {"default": {"whole": 0.9, "stretch": 0.8}, "strict": {"whole": 0.8, "stretch": 0.7}}},
        {"profiles": {"default": {"whole": "x", "stretch": 0.8}, "strict": {"whole": 0.8, "stretch": 0.7}}},
    ],
    ids=["model", "agreement", "none", "loose", "upside-down", "strict-looser", "no-number"],
)
def test_a_calibration_out_of_bounds_is_refused(spoil: dict[str, object], tmp_path: Path) -> None:
    """Whatever the file says, nothing looser than the code's bounds is used."""
    content = json.loads(CALIBRATION.read_text()) | spoil
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps(content))
    with pytest.raises(EncoderUnusable):
        load_calibration(path, json.loads(CALIBRATION.read_text())["sha256"])
    with pytest.raises(EncoderUnusable):
        load_calibration(tmp_path / "missing.json", "0" * 64)
