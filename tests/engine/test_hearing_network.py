"""The network, its features and its decoder, by themselves."""

import numpy as np
import pytest

from engine.hearing.classes import CLASSES
from engine.hearing.decoder import LAG, STATES, Decoder
from engine.hearing.features import BANDS, filters, relative, spectra
from engine.hearing.network import AHEAD, WEIGHTS, Network, weights
from engine.hearing.phones import BREATH, VOCAL
from engine.prosody import RATE, WINDOW
from tests.engine.spoken import sound


def features(count: int = 200, seed: int = 0) -> np.ndarray:
    """(count, 40) of the right kind, from noise."""
    return np.random.default_rng(seed).uniform(-4, 1, (count, BANDS)).astype(np.float32)


def test_weights_are_small_and_plain() -> None:
    """Under 2 MB, arrays only, finite."""
    assert WEIGHTS.stat().st_size < 2_000_000
    assert all(np.isfinite(array).all() for array in weights().values())
    assert weights()["output.bias"].shape == (len(CLASSES),)


def test_outputs_are_probabilities_and_come_after_the_lookahead() -> None:
    """Each frame's probabilities sum to one; the first AHEAD frames bring none."""
    out = Network().feed(features())
    assert out.shape == (200 - AHEAD, len(CLASSES))
    assert np.exp(out).sum(1) == pytest.approx(1.0, abs=1e-5)
    assert len(Network().feed(features(AHEAD))) == 0
    assert len(Network().feed(features(0))) == 0


@pytest.mark.parametrize("size", [1, 2, 5, 64])
def test_pieces_give_the_same_bits(size: int) -> None:
    """However many frames come at once."""
    network, whole = Network(), Network().feed(features())
    parts = [network.feed(features()[a : a + size]) for a in range(0, 200, size)]
    assert np.array_equal(np.concatenate(parts), whole)


def test_nothing_further_ahead_is_looked_at() -> None:
    """Frames after t + AHEAD do not change frame t; frame t + AHEAD does."""
    one, other = features(), features()
    other[150:] = features(50, seed=1)
    before, after = Network().feed(one), Network().feed(other)
    assert np.array_equal(before[: 150 - AHEAD], after[: 150 - AHEAD])
    assert not np.array_equal(before[150 - AHEAD], after[150 - AHEAD])


@pytest.mark.parametrize("hertz", [200.0, 1000.0, 4000.0])
def test_a_tone_is_loudest_in_its_band(hertz: float) -> None:
    """The band whose triangle weighs the tone most has the most energy."""
    tone = np.sin(2 * np.pi * hertz * np.arange(RATE) / RATE).astype(np.float32)
    bands = spectra(tone, 50)
    assert (bands.argmax(1) == filters(1.0)[round(hertz / RATE * 512)].argmax()).all()


def test_features_forget_how_loud_the_recording_is() -> None:
    """Spectra and the loudness of loud speech lowered together by 20 dB: the same features."""
    samples = sound((0, 0.5, 0.3))
    loud = np.full(40, -10.0, np.float32)
    assert relative(spectra(samples * 0.1, 40), loud - 20) == pytest.approx(
        relative(spectra(samples, 40), loud), abs=2e-3
    )
    assert len(samples) >= 39 * 160 + WINDOW


def likely(*names: str, sure: float = 0.9) -> np.ndarray:
    """(n, classes) log probabilities: `sure` of the named class."""
    rows = np.full((len(names), len(CLASSES)), (1 - sure) / (len(CLASSES) - 1))
    for i, name in enumerate(names):
        rows[i, CLASSES.index(name)] = sure
    return np.log(rows).astype(np.float32)


def decode(rows: np.ndarray, voiced: bool = False, loud: bool = False) -> list[str]:
    """States of all frames."""
    decoder = Decoder()
    mask = np.ones(len(rows), bool)
    certain = decoder.follow(rows, mask & voiced, mask & loud)
    assert len(certain) == max(0, len(rows) - LAG)
    return [STATES[state] for state in certain + decoder.finish()]


def test_sounds_come_through_and_blips_do_not() -> None:
    """Runs of likely frames are kept as they are; a doubtful frame amid others is not a sound."""
    names = ["AA"] * 8 + ["S"] * 6 + ["P"] * 5 + ["IY"] * 9
    assert decode(likely(*names)) == names
    blip = likely(*["AA"] * 20)
    blip[10] = likely("T", sure=0.5)[0]
    assert decode(blip) == ["AA"] * 20


def test_doubt_closes_the_lips() -> None:
    """Where p and t are as likely as each other, it is p: a closure missed is worse than one too many."""
    rows = np.logaddexp(likely(*["P"] * 8), likely(*["T"] * 8)) - np.float32(np.log(2))
    assert decode(rows.astype(np.float32)) == ["P"] * 8


def test_loud_sound_without_speech_is_a_voice_or_a_breath() -> None:
    """What the network calls silence is VOCAL where a loud voice is, BREATH where loud noise is."""
    quiet = likely(*["SIL"] * 10)
    assert decode(quiet) == ["SIL"] * 10
    assert decode(quiet, voiced=True, loud=True) == [VOCAL] * 10
    assert decode(quiet, loud=True) == [BREATH] * 10
    assert decode(likely(*["AA"] * 10), voiced=True, loud=True) == ["AA"] * 10


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4])
def test_a_few_frames_are_decoded_at_the_end(count: int) -> None:
    """Fewer frames than the lag come out when no more do."""
    assert decode(likely(*["AA"] * count)) == ["AA"] * count
