"""The training scripts' own decisions: phone sets, alignment, variation, and the network in torch."""

import numpy as np
import pytest
import torch

from engine.hearing.classes import CLASSES, SILENCE
from engine.hearing.network import AHEAD, Network
from training.visemes.augment import varied
from training.visemes.corpus import frames_of
from training.visemes.human import align
from training.visemes.model import Visemes
from training.visemes.sounds import CZECH, FINNISH, INDIC, RADIO, ROMANCE, RUSSIAN, from_ipa, from_phone
from training.visemes.voices import spread


@pytest.mark.parametrize(
    ("symbol", "classes"),
    [
        ("b", ("P",)), ("mː", ("P",)), ("v", ("F",)), ("θ", ("TH",)), ("ɲ", ("Y",)), ("tʃ", ("SH",)),
        ("ts", ("S",)), ("pf", ("P", "F")), ("aɪ", ("AA", "IH")), ("əl", ("AH", "L")), ("y", ("UW",)),
        ("ʔ", None), ("", None),
    ],
)  # fmt: skip
def test_ipa_is_heard_as_what_the_lips_do(symbol: str, classes: tuple[str, ...] | None) -> None:
    """Voicing and length make no difference; affricates are their fricative, diphthongs two halves."""
    assert from_ipa(symbol) == classes


def test_phone_sets_lead_to_known_classes() -> None:
    """Every entry of every table is a class; p, b, m are one in all of them; unknown phones are told."""
    for table in (RADIO, CZECH, FINNISH, ROMANCE, RUSSIAN, INDIC):
        assert set(table.values()) <= set(CLASSES)
        assert {from_phone(phone, table) for phone in "pbm"} == {("P",)}
        assert from_phone("unheard-of", table) is None
    assert from_phone("ay", RADIO) == ("AA", "IH")
    assert from_phone("a:", FINNISH) == ("AA",)


def test_labels_become_frames_of_ten_milliseconds() -> None:
    """Times are rounded to frames; what no label covers is silence."""
    frames = frames_of([("P", 0.1, 0.16), *spread(("AA", "IY"), 0.16, 0.26)], 4800)
    names = [CLASSES[frame] for frame in frames]
    assert names[:10] == [SILENCE] * 10
    assert names[10:16] == ["P"] * 6
    assert names[16:22] == ["AA"] * 6
    assert names[22:26] == ["IY"] * 4
    assert names[26:] == [SILENCE] * 4


def test_alignment_finds_the_sounds_in_order() -> None:
    """Frames that are fairly sure of m, a, p with a pause before the p: cut where they change."""
    said = ["SIL"] * 5 + ["P"] * 6 + ["AA"] * 9 + ["SIL"] * 7 + ["P"] * 5 + ["SIL"] * 4
    likely = np.full((len(said), len(CLASSES)), np.log(0.01), np.float32)
    for i, name in enumerate(said):
        likely[i, CLASSES.index(name)] = np.log(0.7)
    path, fit = align(likely, [CLASSES.index(name) for name in ("P", "AA", "P")])
    assert [CLASSES[state] for state in path] == said
    assert np.log(0.7) - 0.3 < fit <= np.log(0.7)
    _, misfit = align(likely, [CLASSES.index(name) for name in ("S", "UW", "F", "IY")])
    assert misfit < fit - 1


def test_varied_speech_keeps_its_labels_beside_its_sound() -> None:
    """Whatever is done to a burst between silences, its label still lies over its energy."""
    samples = np.zeros(16_000, np.float32)
    samples[6400:9600] = 0.3 * np.sin(np.arange(3200) * 0.3)
    frames = np.zeros(100, np.int8)
    frames[40:60] = CLASSES.index("AA")
    for seed in range(12):
        sound, labels = varied(samples, frames, samples, 0, np.random.default_rng(seed))
        count = len(labels)
        assert abs(len(sound) // 160 - count) <= 1
        energy = np.square(sound[: count * 160 - 160]).reshape(-1, 160).mean(1)
        inside = labels[: len(energy)] > 0
        assert inside.sum() > 10
        assert energy[inside].mean() > 2 * energy[~inside].mean()


def test_torch_and_numpy_networks_agree() -> None:
    """What is trained is what runs: the same log probabilities within rounding."""
    torch.manual_seed(0)
    model = Visemes(16)
    with torch.no_grad():
        for _ in range(3):  # move the normalisation away from its start
            model.train()(torch.randn(2, 40, 200))
        model.eval()
        x = torch.randn(1, 40, 300)
        expected = torch.log_softmax(model(x)[0].T, 1).numpy()
    exported = {name: value.numpy() for name, value in model.exported().items()}
    found = Network(exported).feed(x[0].T.numpy())
    assert len(found) == 300 - AHEAD
    assert found[:-20] == pytest.approx(expected[: 300 - AHEAD - 20], abs=1e-4)
