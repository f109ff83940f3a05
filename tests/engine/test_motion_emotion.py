"""Emotions shape the face by strength, blend, and leave speech its lips."""

import numpy as np
from spoken import babble

from engine.motion import plan_from_phonemes
from engine.motion.emotion import ATTITUDES, blend
from engine.state import BLENDSHAPES, EMOTIONS, INDEX, Controls


def mean_face(*emotion: tuple[str, float]) -> np.ndarray:
    """(52,) average blendshapes over ten seconds of speech."""
    motion = plan_from_phonemes(babble(10.0), Controls(emotion=emotion))
    return np.mean([motion.frame(i).blendshapes for i in range(0, motion.frames, 3)], 0)


def test_every_emotion_has_an_attitude_in_arkit_names() -> None:
    """All eight emotions are known, with blendshape names that exist and weights within 0..1."""
    assert set(ATTITUDES) == set(EMOTIONS)
    for attitude in ATTITUDES.values():
        assert set(attitude.shapes) <= set(BLENDSHAPES)
        assert all(0 < weight <= 1 for weight in attitude.shapes.values())


def test_emotions_differ_from_each_other_and_from_neutral() -> None:
    """Any two emotions at full strength differ clearly in some blendshape."""
    faces = {name: mean_face((name, 1.0)) for name in EMOTIONS}
    for a in EMOTIONS:
        for b in EMOTIONS:
            if a < b:
                assert np.abs(faces[a] - faces[b]).max() > 0.25, (a, b)


def test_strength_scales_the_expression() -> None:
    """A half smile is about half of a full one; strength 0 is none."""
    smile = INDEX["mouthSmileLeft"]
    none, half, full = (mean_face(("happy", strength))[smile] for strength in (0.0, 0.5, 1.0))
    assert 0.4 < (half - none) / (full - none) < 0.6


def test_blends_mix_and_do_not_overflow() -> None:
    """Two emotions at full strength are shared out to halves; weaker ones add."""
    both = blend((("happy", 1.0), ("surprised", 1.0)))
    assert both.shapes["mouthSmileLeft"] == 0.5 * ATTITUDES["happy"].shapes["mouthSmileLeft"]
    assert both.shapes["browInnerUp"] == 0.5 * ATTITUDES["surprised"].shapes["browInnerUp"]
    weak = blend((("sad", 0.3), ("angry", 0.2)))
    assert weak.shapes["mouthFrownLeft"] > 0.3 * ATTITUDES["sad"].shapes["mouthFrownLeft"]


def test_contempt_is_one_sided() -> None:
    """Contempt lifts one corner of the mouth only."""
    face = mean_face(("contempt", 1.0))
    assert face[INDEX["mouthSmileLeft"]] - face[INDEX["mouthSmileRight"]] > 0.25


def test_brows_rise_on_accents() -> None:
    """Without any emotion the brows are lifted now and then and rest in between."""
    motion = plan_from_phonemes(babble(40.0), Controls(seed=4))
    brow = np.array([motion.frame(i)["browOuterUpLeft"] for i in range(motion.frames)])
    assert brow.max() > 0.15
    assert np.median(brow) < 0.08
