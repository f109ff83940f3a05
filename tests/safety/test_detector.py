"""The detector on heads made of numbers: it reads mouths, blinks and turns, and says what it cannot judge."""

import json
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from perception.audio import RATE, Speech
from perception.errors import MediaEmpty
from perception.face import Face
from perception.pose import SHAPE
from safety.detector import Expectations, Report, inspect
from safety.detector.report import Finding, combine

FPS = 25
EYES = 100.0  # pixels between the outer eye corners

# Places of the points that `perception.pose.SHAPE` does not hold, in its units.
LIDS = {160: (-0.40, 0), 158: (-0.28, 0), 385: (0.28, 0), 387: (0.40, 0)}
LOWER_LIDS = {144: -0.40, 153: -0.28, 380: 0.28, 373: 0.40}
BROWS = {70: -0.6, 63: -0.5, 105: -0.4, 66: -0.3, 107: -0.2, 300: 0.6, 293: 0.5, 334: 0.4, 296: 0.3, 336: 0.2}
LIPS = {82: (-0.05, -1), 13: (0, -1), 312: (0.05, -1), 87: (-0.05, 1), 14: (0, 1), 317: (0.05, 1)}


@dataclass
class Head:
    """Curves of a head, (T,) each: mouth and brows in outer eye distances, lids 0..1, angles in degrees."""

    frames: int
    mouth: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    lids: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    brows: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    yaw: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    pitch: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    x: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        for name, rest in (
            ("mouth", 0.0),
            ("lids", 1.0),
            ("brows", 0.0),
            ("yaw", 0.0),
            ("pitch", 0.0),
            ("x", 0.0),
        ):
            if not len(getattr(self, name)):
                setattr(self, name, np.full(self.frames, rest))

    def face(self, i: int) -> Face:
        mesh = np.zeros((468, 3))
        mesh[SHAPE[:, 0].astype(int)] = SHAPE[:, 1:]
        for point, (x, _) in LIDS.items():
            mesh[point] = (x, -0.1 - 0.05 * self.lids[i], 0)
        for point, x in LOWER_LIDS.items():
            mesh[point] = (x, -0.1 + 0.05 * self.lids[i], 0)
        for point, x in BROWS.items():
            mesh[point] = (x, -0.35 - self.brows[i], -0.05)
        for point, (x, side) in LIPS.items():
            mesh[point] = (x, 0.6 + side * self.mouth[i] / 2, -0.2)
        yaw, pitch = np.radians([self.yaw[i], self.pitch[i]])
        c, s = np.cos(yaw), np.sin(yaw)
        turn = np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]])
        c, s = np.cos(pitch), np.sin(pitch)
        turn = turn @ np.array([[1, 0, 0], [0, c, s], [0, -s, c]])
        placed = (mesh @ turn.T) * EYES + np.array([256 + self.x[i] * EYES, 256, 0])
        low, high = placed.min(axis=0), placed.max(axis=0)
        return Face((low[0], low[1], high[0], high[1]), 0.9, placed.astype(np.float32), 1.0)


class Finder:
    """Gives the head's face of the frame whose number is written in its first pixel."""

    def __init__(self, head: Head, count: int = 1, gone: Container[int] = range(0)) -> None:
        self.head, self.count, self.gone = head, count, gone
        self.searches = 0

    def find(self, pixels: NDArray[np.uint8]) -> list[Face]:
        self.searches += 1
        face = self.track(pixels, None)
        return [] if face is None else [face] * self.count

    def track(self, pixels: NDArray[np.uint8], previous: Face | None) -> Face | None:
        number = int(pixels[0, 0, 0]) * 256 + int(pixels[0, 0, 1])
        return None if number in self.gone else self.head.face(number)


def pictures(
    count: int, still: range = range(0), black: range = range(0)
) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    """Small noisy pictures that carry their number."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(60, 200, (64, 64, 3), np.uint8)
    for i in range(count):
        if i not in still:
            pixels = rng.integers(60, 200, (64, 64, 3), np.uint8)
        if i in black:
            pixels = np.zeros((64, 64, 3), np.uint8)
        pixels = pixels.copy()
        pixels[0, 0, :2] = divmod(i, 256)
        yield i / FPS, pixels


@cache
def say(seconds: float, seed: int) -> tuple[Speech, NDArray[np.float64]]:
    """A made-up voice and the lip gap that goes with it, at `FPS`.

    Phrases of syllables of uneven length, with pauses of 0.4 to 0.8 s between them. Each syllable is a
    consonant (lips nearly shut; a hiss, or nothing) and a vowel whose openness sets the gap and whose stress
    sets the loudness, each by itself: loudness tells when the lips are open, not how far.
    """
    rng = np.random.default_rng(seed)
    count = int(seconds * RATE)
    gap, voice, hiss = np.zeros(count), np.zeros(count), np.zeros(count)
    at = int(rng.uniform(0.2, 1.2) * RATE)
    while at < count - RATE // 2:
        for _ in range(rng.integers(3, 8)):
            consonant, vowel = int(rng.uniform(0.05, 0.12) * RATE), int(rng.uniform(0.09, 0.26) * RATE)
            openness, stress = rng.uniform(0.1, 1.0), rng.uniform(0.2, 1.0)
            hiss[at : at + consonant] = rng.choice([0.0, 0.12])
            gap[at : at + consonant] = 0.02
            at += consonant
            gap[at : at + vowel] = 0.06 + 0.18 * openness
            voice[at : at + vowel] = stress
            at += vowel
        at += int(rng.uniform(0.4, 0.8) * RATE)
    window = np.hanning(RATE // 12)
    gap, voice = (np.convolve(curve, window / window.sum(), "same") for curve in (gap, voice))
    time = np.arange(count) / RATE
    harmonics = sum(np.sin(2 * np.pi * 120 * n * time) / n for n in range(1, 12))
    sound = 0.2 * voice * harmonics + hiss * np.diff(rng.standard_normal(count + 1))
    frames = int(seconds * FPS)
    lips = gap[(np.arange(frames) * RATE / FPS).astype(int)] + rng.normal(0, 0.003, frames)
    return Speech((sound * 0.5).astype(np.float32)), np.maximum(lips, 0)


def alive(frames: int, mouth: NDArray[np.float64], seed: int = 0) -> Head:
    """A head with human blinks, turns and brows."""
    rng = np.random.default_rng(seed)
    time = np.arange(frames) / FPS
    lids = np.ones(frames)
    at = 1.0
    while at < frames / FPS - 0.5:
        lids -= np.clip(1 - np.abs(time - at) / 0.14, 0, 1)
        at += float(rng.lognormal(np.log(2.4), 0.6)) + 0.5
    sway = [np.sin(2 * np.pi * f * time + rng.uniform(0, 6)) for f in (0.2, 0.35, 0.6, 1.1, 2.2)]
    return Head(
        frames,
        mouth=mouth,
        lids=np.clip(lids, 0, 1),
        brows=0.02 * sway[1],
        yaw=6 * sway[0] + 3 * sway[2] + 0.5 * sway[3] + 0.3 * sway[4],
        pitch=4 * sway[1] + 2 * sway[2],
        x=0.12 * sway[0],
    )


def loose(mouth: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same lips less tightly bound to loudness, as people's are: other muscles move them, too."""
    window = np.hanning(9)
    noise = np.convolve(np.random.default_rng(5).standard_normal(len(mouth)), window / window.sum(), "same")
    wobble = 2.5 * noise / noise.std() * mouth.std()
    return np.where(mouth > 0.03, np.maximum(mouth + wobble, 0.03), mouth)


def look(
    seconds: float = 20.0,
    *,
    head: Head | None = None,
    speech: Speech | None = None,
    expect: Expectations | None = None,
    count: int = 1,
    gone: Container[int] = range(0),
    flickering: bool = False,
    **changes: range,
) -> Report:
    spoken, mouth = say(seconds, 1)
    frames = int(seconds * FPS)
    lost = {i for i in range(frames) if i % 20 >= 10} if flickering else gone
    finder = Finder(head or alive(frames, mouth), count, lost)
    return inspect(pictures(frames, **changes), speech or spoken, FPS, finder=finder, expect=expect)


def finding(report: Report, name: str) -> Finding:
    return next(f for f in report.findings if f.name == name)


def of_faces(report: Report) -> tuple[Finding, ...]:
    """Without what the sound alone says: a made-up voice sounds made up."""
    return tuple(finding for finding in report.findings if finding.group != "sound")


def test_a_lively_head_shows_no_sign() -> None:
    """Human blinks, turns, brows and lips: every cue in its range, and never a word of authentic."""
    spoken, mouth = say(30.0, 1)
    report = look(30.0, head=alive(750, loose(mouth)), speech=spoken)
    assert {f.name: f.sign for f in of_faces(report) if f.sign > 0} == {}
    assert report.verdict != "machine_made"
    assert report.suspect == 0
    assert {"blinks", "brows", "head", "lips", "geometry"} <= set(report.judged)
    assert "authentic" not in json.dumps(report.as_dict())


def test_a_stiff_head_is_more_suspicious() -> None:
    """No blink in half a minute, brows beyond a full raise, a head that hardly moves: told, and scored."""
    spoken, mouth = say(30.0, 1)
    time = np.arange(750) / FPS
    stiff = Head(750, mouth=mouth, brows=0.15 * np.sin(time), yaw=0.3 * np.sin(time))
    report = look(30.0, head=stiff, speech=spoken)
    signs = {f.name for f in report.findings if f.sign > 0}
    assert {"blink_rate", "brow_range", "head_speed", "head_travel"} <= signs
    lively = look(30.0, head=alive(750, loose(mouth)), speech=spoken)
    assert report.score > lively.score + 0.1
    assert report.verdict != "no_sign"
    assert set(report.timeline[10].signs) == signs


def test_one_group_alone_does_not_decide() -> None:
    """A head that is only stiff is inconclusive, however stiff."""
    lively = alive(750, np.zeros(750))
    stiff = Head(750, lids=lively.lids, brows=lively.brows)
    report = inspect(pictures(750), None, FPS, finder=Finder(stiff))
    assert finding(report, "head_speed").sign == 1
    assert report.verdict == "inconclusive"


def test_measured_numbers() -> None:
    """Rates, spans and angles come out as they were put in."""
    time = np.arange(750) / FPS
    lids = np.ones(750)
    for at in np.arange(1.5, 29, 2.5):  # 11 blinks like clockwork, 0.2 s at 40 % of their depth
        lids -= np.clip(1 - np.abs(time - at) / 0.16, 0, 1)
    head = Head(
        750, lids=lids, yaw=10 * np.sin(2 * np.pi * 0.5 * time), brows=0.05 * np.sin(2 * np.pi * 0.3 * time)
    )
    report = look(30.0, head=head)
    assert finding(report, "blink_rate").value == pytest.approx(22.0)
    assert finding(report, "blink_length").value == pytest.approx(0.2, abs=0.04)
    assert finding(report, "blink_regularity").value < 0.05
    assert finding(report, "blink_regularity").sign == 1
    # Mean speed of a sine of 10 degrees at 0.5 Hz is 20 degrees a second on one of three axes.
    assert finding(report, "head_speed").value == pytest.approx(20 / 3, rel=0.1)
    # The unit is the distance between the middles of the eyes, 0.69 of that between the outer corners.
    assert finding(report, "brow_range").value == pytest.approx(0.1 / 0.69, rel=0.1)
    assert sum(second.blinks for second in report.timeline) == 11


def test_tremor() -> None:
    """A head that shakes at 5 Hz is out of the range of heads."""
    time = np.arange(500) / FPS
    head = Head(500, yaw=3 * np.sin(2 * np.pi * 0.3 * time) + 3 * np.sin(2 * np.pi * 6 * time))
    tremor = finding(look(20.0, head=head), "head_tremor")
    assert tremor.value == pytest.approx(3 / 2**0.5, rel=0.15)
    assert tremor.sign == 1


def test_frame_rate_does_not_change_the_numbers() -> None:
    """At 50 frames a second the same head has the same speed and blinks."""
    time = np.arange(1000) / 50
    lids = np.ones(1000)
    for at in (2.0, 5.0, 7.0, 12.0, 13.0, 18.0):
        lids -= np.clip(1 - np.abs(time - at) / 0.16, 0, 1)
    head = Head(1000, lids=lids, yaw=10 * np.sin(2 * np.pi * 0.5 * time))
    frames = ((at / 2, pixels) for at, pixels in pictures(1000))
    report = inspect(frames, None, 50, finder=Finder(head))
    assert finding(report, "head_speed").value == pytest.approx(20 / 3, rel=0.1)
    assert finding(report, "blink_rate").value == pytest.approx(18.0)
    assert finding(report, "blink_length").value == pytest.approx(0.2, abs=0.03)


def test_whole_pictures_are_searched_once_a_second() -> None:
    """Following is cheap, searching is not: 20 seconds take 20 searches."""
    spoken, mouth = say(20.0, 1)
    finder = Finder(alive(500, mouth))
    inspect(pictures(500), spoken, FPS, finder=finder)
    assert finder.searches == 20


@pytest.mark.parametrize("seconds", [0.04, 1.0, 3.9])
def test_short_videos_are_inconclusive(seconds: float) -> None:
    """From one frame on there is a report; under four seconds it judges nothing and says so."""
    frames = int(seconds * FPS)
    report = inspect(pictures(frames), None, FPS, finder=Finder(Head(frames)))
    assert (report.verdict, report.findings, report.judged) == ("inconclusive", (), ())
    assert report.frames == frames
    assert any("shorter than 4 seconds" in note for note in report.notes)


def test_no_frames() -> None:
    """Nothing to look at is MediaEmpty."""
    with pytest.raises(MediaEmpty):
        inspect(iter([]), None, FPS, finder=Finder(Head(1)))


def test_no_face_several_faces_no_sound_silence() -> None:
    """Each is a note, not an error, and what is left is judged."""
    nobody = look(10.0, gone=range(250))
    assert (nobody.faces, nobody.verdict, of_faces(nobody)) == (0, "inconclusive", ())
    assert "No face was seen." in nobody.notes
    assert (nobody.tracks, nobody.suspect) == ((), None)
    assert nobody.timeline[3].mouth is None
    crowd = look(10.0, count=3)
    assert crowd.faces == 3
    assert any("Several faces" in note for note in crowd.notes)
    mute = inspect(pictures(250), None, FPS, finder=Finder(alive(250, np.zeros(250))))
    assert "There is no sound track." in mute.notes
    assert mute.timeline[0].speaking is None
    silent = look(10.0, speech=Speech(np.zeros(10 * RATE, np.float32)))
    assert "The sound track is silent." in silent.notes


def test_a_face_is_judged_while_it_is_there() -> None:
    """A face that leaves after five of ten seconds is judged by those five, and the report says so."""
    report = look(10.0, gone=range(125, 250))
    (track,) = report.tracks
    assert (track.start, track.note) == (0.0, "")
    assert track.end == pytest.approx(5.0, abs=0.05)
    assert {(f.start, f.end, f.face) for f in of_faces(report)} == {(0.0, track.end, 0)}


def test_half_a_face_is_not_judged() -> None:
    """A face that is lost again and again gives no finding, and the share in which it is seen is named."""
    report = look(10.0, flickering=True)
    assert of_faces(report) == ()
    assert any("seen in 5" in note for note in report.notes)


def test_report_is_plain_json() -> None:
    """The report survives JSON, holds no NaN and no arrays."""
    text = json.dumps(
        look(8.0, gone=range(60, 70), expect=Expectations(seconds=8.0)).as_dict(), allow_nan=False
    )
    report = json.loads(text)
    assert {"score", "verdict", "calibrated", "findings", "timeline", "checks", "notes"} <= set(report)
    assert len(report["timeline"]) == 8


def test_score_grows_with_signs_and_counts_a_group_once() -> None:
    """More signs never lower the score; two of one group count as the stronger one."""

    def made(group: str, sign: float) -> Finding:
        return Finding("x", group, 0.0, "", None, None, "", sign, "", 0.0, 1.0)

    assert combine(()) == pytest.approx(0.3)
    head = combine((made("head", 1.0),))
    assert combine((made("head", 1.0), made("head", 0.4))) == head
    assert 0.3 < head < combine((made("head", 1.0), made("lips", 0.5))) < 1
