"""`python -m bench identity`: error rates are those of the trials, and only as far as these resolve them."""

from pathlib import Path

import numpy as np
import pytest

from bench.faces.curve import equal_error_rate, report, threshold_at
from bench.faces.labelled import measure
from perception.face import FaceFinder
from safety.encoders import open_encoder
from service.demo.cast import png
from service.demo.characters import draw


def test_a_threshold_lets_its_rate_through() -> None:
    """Of a thousand impostors at 1 to 1000, the threshold at 2 % is the twentieth; at 1e-3, which one false
    match would decide, there is none."""
    impostors = np.arange(1, 1001, dtype=np.float32)[::-1]
    assert threshold_at(impostors, 2e-2) == 20
    assert threshold_at(impostors, 1e-3) is None


def test_the_equal_error_rate_of_known_distributions() -> None:
    """Two uniform distributions that overlap by a fifth have 10 %; apart, none; the same, half."""
    genuine, impostors = np.linspace(0, 1, 2001), np.linspace(0.8, 1.8, 2001)
    assert equal_error_rate(genuine, impostors) == pytest.approx(0.1, abs=0.002)
    assert equal_error_rate(genuine, genuine + 2) == pytest.approx(0, abs=0.001)
    assert equal_error_rate(genuine, genuine) == pytest.approx(0.5, abs=0.002)


def test_a_report_says_what_is_not_resolved() -> None:
    """Rates below what the trials resolve have no threshold, and say how many trials they would need."""
    found = report(np.zeros(50), np.linspace(0.1, 1, 5000))
    assert found["rates"]["0.01"]["resolved"]
    assert found["rates"]["0.01"]["true_match_rate"] == 1.0
    assert found["rates"]["0.0001"] == {"resolved": False, "needs_impostor_trials": 100_000}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two characters with five pictures each, one of which shows no face."""
    made = tmp_path_factory.mktemp("faces")
    rows = ["person,file"]
    for name in ("pip", "osei"):
        for turn in (-9, -4, 0, 4):
            (made / f"{name}{turn}.png").write_bytes(png(draw(name, 256, turn=turn)))
            rows.append(f"{name},{name}{turn}.png")
    (made / "none.png").write_bytes(png(np.full((99, 99, 3), 90, np.uint8)))
    (made / "persons.csv").write_text("\n".join([*rows, "pip,none.png", "pip,missing.png"]) + "\n")
    pairs = ("pip0.png,pip4.png,1", "osei0.png,osei4.png,1", "pip0.png,osei0.png,0", "pip4.png,osei4.png,0")
    (made / "pairs.csv").write_text("\n".join(["a,b,same", *pairs]) + "\n")
    (made / "other.csv").write_text("x,y\n1,2\n")
    return made


def test_a_labelled_set_of_persons_and_of_pairs(folder: Path) -> None:
    """Both formats are read; characters are told apart; pictures without a face or file are counted."""
    finder = FaceFinder()
    encoder = open_encoder("dlib-resnet-v1", finder)
    found = measure(folder / "persons.csv", finder, encoder)
    assert (found["persons"], found["without_face"]) == (2, 2)
    for count in ("1", "2", "3"):
        trials = found["enrolled_pictures"][count]
        assert (trials["genuine_trials"], trials["impostor_trials"]) == (2, 2)
        assert trials["equal_error_rate"] == 0
    assert found["calibration_thresholds"]["thresholds"] == {"1": {}, "2": {}, "3": {}}
    pairs = measure(folder / "pairs.csv", finder, encoder)["pairs"]
    assert (pairs["genuine_trials"], pairs["impostor_trials"], pairs["equal_error_rate"]) == (2, 2, 0)
    with pytest.raises(ValueError, match="columns"):
        measure(folder / "other.csv", finder, encoder)
