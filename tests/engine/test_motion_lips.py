"""Lips meet where they must, stay shut where nobody speaks, and take the shape of what is said elsewhere."""

import numpy as np
import pytest
from spoken import babble, spoken

from engine.motion import Motion, plan_from_phonemes
from engine.motion.lips import FRAME
from engine.motion.visemes import DIPHTHONGS, VISEMES
from engine.speech import BREATH, VOCAL, Phonemes
from engine.state import EMOTIONS, Controls, State

PARTING = (
    "mouthFunnel",
    "mouthLowerDownLeft",
    "mouthLowerDownRight",
    "mouthUpperUpLeft",
    "mouthUpperUpRight",
)
ARPABET = (
    *("AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW"),
    *("B", "CH", "D", "DH", "F", "G", "HH", "JH", "K", "L", "M", "N", "NG", "P", "R", "S", "SH", "T", "TH"),
    *("V", "W", "Y", "Z", "ZH"),
)


def plan(phonemes: Phonemes, **controls: object) -> Motion:
    return plan_from_phonemes(phonemes, Controls(**controls))  # type: ignore[arg-type]


def sealed(state: State) -> bool:
    """Lips touch: mouthClose takes back all that jawOpen opened, and nothing else parts them."""
    return abs(state["jawOpen"] - state["mouthClose"]) < 1e-5 and all(state[name] < 1e-5 for name in PARTING)


@pytest.mark.parametrize("sound", ["P", "B", "M"])
@pytest.mark.parametrize("seconds", [0.03, 0.06, 0.12])
@pytest.mark.parametrize("fps", [24, 25, 30, 60])
def test_bilabials_are_sealed_in_a_frame_at_any_rate(sound: str, seconds: float, fps: int) -> None:
    """However short p, b or m is and however the frames fall, one frame near it shows sealed lips."""
    for shift in np.linspace(0, 1 / fps, 5):
        words = spoken(("", 0.3 + shift), ("AA", 0.2), (sound, seconds), ("AA", 0.2), ("", 0.3))
        motion = plan(words, fps=fps)
        phone = words.phones[1]
        near = [
            motion.frame(i)
            for i in range(motion.frames)
            if phone.start - FRAME / 2 <= i / fps <= phone.end + FRAME / 2
        ]
        assert any(sealed(state) for state in near)


def test_bilabial_is_sealed_at_its_middle_under_every_emotion() -> None:
    """No emotion, at full strength, parts lips that p b m holds together."""
    words = spoken(("", 0.4), ("AE", 0.2), ("M", 0.08), ("AO", 0.2), ("", 0.4))
    middle = (words.phones[1].start + words.phones[1].end) / 2
    for emotion in EMOTIONS:
        assert sealed(plan(words, emotion=((emotion, 1.0),)).state(middle)), emotion


def test_jaw_stays_low_under_sealed_lips() -> None:
    """Lips close with the jaw nearly shut, not over a gaping one."""
    words = spoken(("", 0.4), ("AA", 0.2), ("B", 0.08), ("AA", 0.2), ("", 0.4))
    state = plan(words).state(0.64)
    assert state["jawOpen"] < 0.2
    assert state["mouthPressLeft"] > 0.2


def test_bilabials_open_again() -> None:
    """Vowels around a bilabial part the lips."""
    motion = plan(spoken(("", 0.4), ("AA", 0.16), ("B", 0.08), ("AA", 0.16), ("", 0.4)))
    for at in (0.48, 0.72):
        state = motion.state(at)
        assert state["jawOpen"] - state["mouthClose"] > 0.25


def test_labiodentals_bring_the_lower_lip_in() -> None:
    """f and v roll the lower lip in under an almost shut jaw, without sealing the lips."""
    for sound in ("F", "V"):
        state = plan(spoken(("", 0.4), ("AA", 0.2), (sound, 0.09), ("AA", 0.2), ("", 0.4))).state(0.645)
        assert state["mouthRollLower"] > 0.3
        assert state["jawOpen"] < 0.12
        assert state["mouthUpperUpLeft"] > 0.05


def test_silences_are_shut() -> None:
    """Inside every silence of 300 ms and more the mouth is shut as in the picture, under any emotion."""
    words = spoken(
        ("", 0.5), ("AA", 0.3), ("", 0.3), ("UW", 0.3), ("", 1.0), ("S", 0.2), ("AE", 0.2), ("", 0.6)
    )
    for emotion in ("neutral", "surprised", "disgusted", "afraid"):
        motion = plan(words, emotion=((emotion, 1.0),))
        for start, end in words.silences(0.3):
            for at in np.arange(start + 0.14, max(end - 0.16, start + 0.15), 0.01):
                state = motion.state(float(at))
                assert state["jawOpen"] < 1e-5
                assert sealed(state), (emotion, at)


def test_mouth_opens_before_the_voice_only_after_a_pause() -> None:
    """100 to 200 ms before speech after a pause the lips part; before that they are shut."""
    motion = plan(spoken(("", 1.0), ("AA", 0.3), ("", 0.5)))
    assert motion.state(0.8)["jawOpen"] < 1e-5
    assert motion.state(0.95)["jawOpen"] > 0.05


def test_speech_that_begins_with_p_opens_from_the_contact() -> None:
    """There is no gape before a first p: the lips stay together until it is released."""
    motion = plan(spoken(("", 1.0), ("P", 0.09), ("AA", 0.3), ("", 0.5)))
    assert all(sealed(motion.state(float(at))) for at in np.arange(0.5, 1.05, 0.01))
    assert motion.state(1.25)["jawOpen"] > 0.25


def test_rounding_begins_early_and_ends_late() -> None:
    """The lips pucker for "oo" before its onset while the tongue sound before it still lasts."""
    motion = plan(
        spoken(("", 0.4), ("IY", 0.2), ("T", 0.08), ("UW", 0.16), ("T", 0.08), ("IY", 0.2), ("", 0.4))
    )
    assert motion.state(0.66)["mouthPucker"] > 0.2
    assert motion.state(0.88)["mouthPucker"] > 0.2
    assert motion.state(0.5)["mouthPucker"] < 0.1


def test_tongue_sounds_take_their_neighbours_lips() -> None:
    """t between rounded vowels is rounded, between spread vowels spread."""
    rounded = plan(spoken(("", 0.4), ("UW", 0.16), ("T", 0.08), ("UW", 0.16), ("", 0.4))).state(0.6)
    spread = plan(spoken(("", 0.4), ("IY", 0.16), ("T", 0.08), ("IY", 0.16), ("", 0.4))).state(0.6)
    assert rounded["mouthPucker"] > 0.35 > spread["mouthPucker"]
    assert spread["mouthStretchLeft"] > 0.15 > rounded["mouthStretchLeft"]


def test_sibilants_bring_the_teeth_together() -> None:
    """s narrows the jaw between open vowels and keeps the lips apart."""
    state = plan(spoken(("", 0.4), ("AA", 0.16), ("S", 0.12), ("AA", 0.16), ("", 0.4))).state(0.62)
    assert state["jawOpen"] < 0.2
    assert state["mouthLowerDownLeft"] > 0.1


def test_stops_shorter_than_a_frame_leave_the_jaw_alone() -> None:
    """A t of 30 ms does not pump the jaw; one of 90 ms lowers it."""

    def dip(seconds: float) -> float:
        motion = plan(spoken(("", 0.4), ("AA", 0.2), ("T", seconds), ("AA", 0.2), ("", 0.4)))
        return motion.state(0.6 + seconds / 2)["jawOpen"]

    assert dip(0.03) > 0.4
    assert dip(0.09) < dip(0.03) - 0.1


def test_open_vowels_are_wider_than_close_ones() -> None:
    """Jaw opening is ordered as phonetics has it: aa > eh > ih > s."""
    jaws = [
        plan(spoken(("", 0.4), (sound, 0.3), ("", 0.4))).state(0.55)["jawOpen"]
        for sound in ("AA", "EH", "IH", "S")
    ]
    assert jaws == sorted(jaws, reverse=True)


def test_loud_speech_opens_wider() -> None:
    """Within one recording the louder of two equal vowels opens the jaw further."""
    words = spoken(("", 0.4), ("AA", 0.3), ("T", 0.1), ("AA", 0.3), ("", 0.4), melody=0.0)
    words.prosody.loudness[80:110] += 9.0
    motion = plan(words)
    assert motion.state(0.95)["jawOpen"] > 1.15 * motion.state(0.55)["jawOpen"]


def test_sound_without_phones_moves_the_jaw() -> None:
    """Laughter and singing that fit no phone open the mouth; breath opens it a little."""
    voiced = plan(spoken(("", 0.4), (VOCAL, 0.3), ("", 0.4))).state(0.55)
    breath = plan(spoken(("", 0.4), (BREATH, 0.3), ("", 0.4))).state(0.55)
    assert voiced["jawOpen"] > 0.2
    assert 0.02 < breath["jawOpen"] < 0.15


def test_every_phone_has_a_shape() -> None:
    """All 39 sounds of ARPAbet are a viseme, a diphthong or a contact."""
    contacts = {"P", "B", "M", "F", "V"}
    assert set(ARPABET) == (set(VISEMES) - {VOCAL, BREATH}) | set(DIPHTHONGS) | contacts


def test_lips_move_at_a_speed_that_lips_have() -> None:
    """No lip channel passes from 0 to 1 within 40 ms anywhere in running speech."""
    motion = plan(babble(8.0))
    names = ("jawOpen", "mouthClose", "mouthPucker", "mouthFunnel", "mouthLowerDownLeft", "mouthRollLower")
    track = np.array([[motion.state(float(at))[name] for name in names] for at in np.arange(0, 8, 0.01)])
    assert np.abs(np.diff(track, axis=0)).max() < 0.25
