"""A consent session's film: what passes, and each way not to be there, refused for its own reason."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from perception.audio import Speech
from perception.face import FaceFinder
from safety import recogniser
from safety.encoders import open_encoder
from safety.encoders.encoder import FaceEncoder
from safety.errors import (
    Misconfigured,
    SessionCodeOld,
    SessionCodeWrong,
    SessionCut,
    SessionFaceLost,
    SessionFlat,
    SessionLips,
    SessionOtherPerson,
    SessionPersonChanged,
    SessionRefused,
    SessionSecondFace,
    SessionSilent,
    SessionTurns,
)
from safety.session.challenge import Challenge, Turn
from safety.session.checks import Shown, judge
from safety.session.code import check_code
from service.demo.characters import draw
from tests.filmed import ASKED, FPS, SIZE, Film, beside, printed, right_film

Judge = Callable[..., Shown]


@pytest.fixture(scope="module")
def encoder() -> FaceEncoder:
    return open_encoder("dlib-resnet-v1")


@pytest.fixture(scope="module")
def film(finder: FaceFinder) -> Film:
    """The drawn character does as asked."""
    return right_film(finder)


@pytest.fixture(scope="module")
def judged(finder: FaceFinder, encoder: FaceEncoder) -> Judge:
    def run(film: Film, asked: Challenge = ASKED, **more: object) -> Shown:
        return judge(film.timed(), FPS, film.speech, asked, finder=finder, encoder=encoder, **more)  # type: ignore[arg-type]

    return run


def refused(kind: type[SessionRefused], judged: Judge, film: Film, **more: object) -> dict[str, str]:
    """It raises just this leaf; its metadata."""
    with pytest.raises(SessionRefused) as caught:
        judged(film, **more)
    assert type(caught.value) is kind, caught.value
    return caught.value.metadata


def test_who_does_as_asked_passes(judged: Judge, film: Film) -> None:
    """Code, turns, lips and face agree; there are pictures enough for an enrolment, all upright faces."""
    shown = judged(film, is_sitter=lambda pixels: pixels.shape[2] == 3)
    assert 3 <= len(shown.pictures) <= 5
    assert abs(float(np.linalg.norm(shown.template)) - 1) < 1e-5
    assert shown.measures["lip_correlation"] > 0.1
    assert all(isinstance(value, float) for value in shown.measures.values())


def test_a_print_turned_in_the_hand_is_flat(judged: Judge, film: Film) -> None:
    """A still as print or on a screen, bent to the sides as the turns are asked, while the code sounds."""
    refused(SessionFlat, judged, film.showing(printed(film.frames[0], len(film.frames))))


def test_a_print_held_still_does_not_turn(judged: Judge, film: Film) -> None:
    """Nothing to see the flatness by: the turns are missing."""
    refused(SessionTurns, judged, film.showing([film.frames[0]] * len(film.frames)))


def test_turns_in_another_order(judged: Judge, film: Film) -> None:
    """The film of other turns, or of the mirrored ones, is not an answer."""
    other = Challenge(ASKED.words, (Turn.RIGHT, Turn.NOD, Turn.LEFT, Turn.UP))
    said = refused(SessionTurns, judged, film, asked=other)
    assert said == {"asked": "right,nod,left,up", "seen": "left,nod,right,up"}
    mirrored = film.showing([np.ascontiguousarray(frame[:, ::-1]) for frame in film.frames])
    refused(SessionTurns, judged, mirrored)


def test_another_code(judged: Judge, film: Film) -> None:
    """Other words than shown; one word of four exchanged; the right words in another order."""
    refused(
        SessionCodeWrong, judged, film, asked=replace(ASKED, words=("apple", "garden", "lemon", "sister"))
    )
    for words in (("banana", "window", "apple", "zebra"), ("window", "banana", "pencil", "zebra")):
        with pytest.raises(SessionCodeWrong):
            check_code(film.speech, words)


def test_a_list_of_words_is_no_code(film: Film) -> None:
    """Who says many words of the list, the right ones among them, did not say the code."""
    assert film.speech is not None
    often = Speech(np.tile(film.speech.samples[: 4 * film.speech.rate], 4), film.speech.rate)
    with pytest.raises(SessionCodeWrong):
        check_code(often, ASKED.words)


def test_without_a_recogniser(film: Film, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service without PocketSphinx says what to install; nothing passes unheard."""
    monkeypatch.setattr(recogniser, "find_spec", lambda name: None)
    with pytest.raises(Misconfigured):
        check_code(film.speech, ASKED.words)


def test_the_code_of_another_session(judged: Judge, film: Film) -> None:
    """A recording of an earlier session says that session's code: its own reason."""
    asked = replace(ASKED, words=("apple", "garden", "lemon", "sister"))
    refused(SessionCodeOld, judged, film, asked=asked, is_old=lambda words: tuple(words) == ASKED.words)


def test_no_sound(judged: Judge, film: Film) -> None:
    """No sound track, and one with nothing in it."""
    refused(SessionSilent, judged, replace(film, speech=None))
    assert film.speech is not None
    with pytest.raises(SessionSilent):
        check_code(Speech(film.speech.samples * 0, film.speech.rate), ASKED.words)


def test_somebody_looks_over_the_shoulder(judged: Judge, film: Film) -> None:
    """A second face for two seconds; the time is told."""
    wide = beside(film.frames, draw("osei", SIZE), 2 * FPS, 4 * FPS)
    at = float(refused(SessionSecondFace, judged, film.showing(wide))["at"])
    assert 2.0 <= at <= 4.0


def test_another_person_half_way(judged: Judge, film: Film) -> None:
    """Somebody else sits there for the second half, in the same place."""
    half = len(film.frames) // 2
    other = [draw("osei", SIZE)] * (len(film.frames) - half)
    refused(SessionPersonChanged, judged, film.showing(film.frames[:half] + other))


def test_not_the_enrolled_person(judged: Judge, film: Film) -> None:
    """One person throughout, but not the one whose pictures are enrolled."""
    refused(SessionOtherPerson, judged, film, is_sitter=lambda pixels: False)


def test_the_face_leaves(judged: Judge, film: Film) -> None:
    """A second and a half without a face: time enough to change places."""
    empty = np.full((SIZE, SIZE, 3), 120, np.uint8)
    frames = [empty if 2 * FPS <= i < 3.5 * FPS else frame for i, frame in enumerate(film.frames)]
    refused(SessionFaceLost, judged, film.showing(frames))


def test_a_cut_in_the_picture(finder: FaceFinder, encoder: FaceEncoder, film: Film, judged: Judge) -> None:
    """Seconds left out leave a hole in the times; closed up, the head jumps; elsewhere, the room does."""
    holes = [(at, frame) for at, frame in film.timed() if not 1.0 <= at < 2.2]
    with pytest.raises(SessionCut) as caught:
        judge(holes, FPS, film.speech, ASKED, finder=finder, encoder=encoder)
    assert caught.value.metadata["part"] == "time"
    closed = film.frames[: round(4.6 * FPS)] + film.frames[round(7.3 * FPS) :]
    assert refused(SessionCut, judged, film.showing(closed))["part"] == "face"
    moved = [elsewhere(frame) if i >= 5 * FPS else frame for i, frame in enumerate(film.frames)]
    assert refused(SessionCut, judged, film.showing(moved))["part"] == "scene"


def elsewhere(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The same head in the same place in another room."""
    room = (255 - frame // 3).astype(np.uint8)
    room[20:236, 40:216] = frame[20:236, 40:216]
    return room


def test_sound_that_ends_early(judged: Judge, film: Film) -> None:
    """The sound breaks off three seconds before the pictures."""
    assert film.speech is not None
    short = Speech(film.speech.samples[: -3 * film.speech.rate], film.speech.rate)
    assert refused(SessionCut, judged, replace(film, speech=short))["part"] == "sound"


def test_too_short_to_show_anything(judged: Judge, film: Film) -> None:
    """Four seconds do not hold a code and four turns."""
    assert refused(SessionCut, judged, film.showing(film.frames[: 4 * FPS]))["part"] == "length"


def test_lips_that_do_not_speak(judged: Judge, film: Film) -> None:
    """The sound comes a second late: somebody else says the code."""
    assert film.speech is not None
    late = Speech(np.roll(film.speech.samples, round(0.9 * film.speech.rate)), film.speech.rate)
    refused(SessionLips, judged, replace(film, speech=late))
