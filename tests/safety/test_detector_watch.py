"""The one pass over a video: shots, several faces, faces that come and go, windows, uneven time, progress."""

import weakref
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from perception.audio import Speech
from perception.face import Face
from safety.detector import Finding, Progress, Report, inspect
from safety.detector.judgement import Judge
from safety.detector.observers import listen
from safety.detector.sampling import BUDGET_SECONDS, WHOLE, WINDOW_SECONDS, plan
from safety.detector.view import Observer, View
from safety.detector.watch import MOST_FACES, Watch
from tests.safety.test_detector import FPS, Head, alive, pictures, say

Pixels = NDArray[np.uint8]
Where = tuple[float, float, float]  # pixels to the right and down, and size


class Scene:
    """A finder of faces made of numbers.

    Args:
        head: what every face does.
        cast: for a frame's number, where its faces are; a face is followed to the nearest one.
    """

    def __init__(self, head: Head, cast: "dict[range, list[Where]]") -> None:
        self.head, self.cast = head, cast
        self.searches = self.runs = 0

    def find(self, pixels: Pixels) -> list[Face]:
        self.searches += 1
        return sorted(self._faces(pixels), key=lambda face: -face.eye_distance)

    def track(self, pixels: Pixels, previous: Face) -> Face | None:
        self.runs += 1
        near = [f for f in self._faces(pixels) if _apart(f, previous) < previous.eye_distance]
        return min(near, key=lambda f: _apart(f, previous), default=None)

    def _faces(self, pixels: Pixels) -> list[Face]:
        number = int(pixels[0, 0, 0]) * 256 + int(pixels[0, 0, 1])
        places = next((places for frames, places in self.cast.items() if number in frames), [])
        return [_placed(self.head.face(number), place) for place in places]


def _placed(face: Face, place: Where) -> Face:
    x, y, size = place
    mesh = (face.mesh * size + np.array([x, y, 0])).astype(np.float32)
    low, high = mesh[:, :2].min(axis=0), mesh[:, :2].max(axis=0)
    return replace(face, mesh=mesh, box=(float(low[0]), float(low[1]), float(high[0]), float(high[1])))


def _apart(one: Face, other: Face) -> float:
    return float(np.linalg.norm(one.mesh[:, :2].mean(axis=0) - other.mesh[:, :2].mean(axis=0)))


def person(frames: int) -> Head:
    return alive(frames, np.zeros(frames))


def scenes(*lengths: int) -> Iterator[tuple[float, Pixels]]:
    """Shots of so many frames: pictures that hardly change, until another begins."""
    number = 0
    for shot, length in enumerate(lengths):
        rng = np.random.default_rng(shot)
        base = np.kron(rng.integers(0, 255, (8, 8, 3)), np.ones((8, 8, 1))).astype(np.uint8)
        for _ in range(length):
            pixels = base.copy()
            pixels[1:] ^= rng.integers(0, 4, (63, 64, 3), np.uint8)
            pixels[0, 0, :2] = divmod(number, 256)
            yield number / FPS, pixels
            number += 1


def seen(scene: Scene, frames: Iterator[tuple[float, Pixels]]) -> Report:
    return inspect(frames, None, FPS, finder=scene)


def test_several_faces_are_judged_one_by_one() -> None:
    """A lively face and a stiff one side by side: the report says which is which."""
    lively, stiff = person(500), Head(500)

    class Pair(Scene):
        def _faces(self, pixels: Pixels) -> list[Face]:
            number = int(pixels[0, 0, 0]) * 256 + int(pixels[0, 0, 1])
            return [lively.face(number), _placed(stiff.face(number), (400.0, 0.0, 0.8))]

    report = seen(Pair(lively, {}), scenes(500))
    assert report.faces == 2
    assert [(track.face, track.shot, track.note) for track in report.tracks] == [(0, 0, ""), (1, 0, "")]
    assert report.suspect == 1
    assert report.score == report.tracks[1].score > report.tracks[0].score
    assert report.verdict == report.tracks[1].verdict
    assert {f.face for f in report.findings} == {0, 1}
    assert {f.face for f in report.findings if f.name == "head_speed" and f.sign > 0} == {1}


def test_sixty_faces() -> None:
    """Of a crowd all are counted and the largest few followed: the time does not grow with their number."""
    crowd = [(float(160 * (k % 10)), float(160 * (k // 10)), 0.5 + 0.002 * k) for k in range(60)]
    scene = Scene(person(50), {range(50): crowd})
    report = seen(scene, scenes(50))
    assert report.faces == 60
    assert len(report.tracks) == MOST_FACES
    assert scene.runs <= MOST_FACES * 50
    assert any("60 at once" in note for note in report.notes)


def test_a_tiny_face_is_not_judged() -> None:
    """A face of a few pixels is counted and followed, but nothing is said of it but that it is too small."""
    report = seen(Scene(person(150), {range(150): [(0.0, 0.0, 0.2)]}), scenes(150))
    assert (report.faces, report.findings, report.verdict, report.suspect) == (1, (), "inconclusive", None)
    assert "too small" in report.tracks[0].note
    assert any("too small" in note for note in report.notes)


def test_shots_are_judged_one_by_one() -> None:
    """Each cut begins a new shot with faces of its own; what is too short to be judged says so."""
    scene = Scene(person(500), {range(500): [(0.0, 0.0, 1.0)]})
    report = seen(scene, scenes(200, 50, 250))
    assert [round(start, 2) for start, _ in report.shots] == [0.0, 8.0, 10.0]
    assert [track.shot for track in report.tracks] == [0, 1, 2]
    assert [bool(track.note) for track in report.tracks] == [False, True, False]
    assert {f.face for f in report.findings} == {0, 2}
    for finding in report.findings:
        assert (
            report.tracks[finding.face].start
            <= finding.start
            < finding.end
            <= report.tracks[finding.face].end
        )


def test_a_face_that_jumps_is_another_one() -> None:
    """A cut within one room: the face is suddenly elsewhere, which is no motion."""
    places: dict[range, list[Where]] = {range(150): [(0.0, 0.0, 1.0)], range(150, 300): [(60.0, 0.0, 1.0)]}
    report = seen(Scene(person(300), places), scenes(300))
    assert len(report.shots) == 1
    assert [(round(t.start, 2), round(t.end, 2)) for t in report.tracks] == [(0.0, 6.0), (6.0, 12.0)]
    travel = [f.value for f in report.findings if f.name == "head_travel"]
    assert max(travel) < 0.3


def test_a_face_that_is_hidden_for_a_moment_is_the_same_one() -> None:
    """Half a second behind a hand is no new face; three seconds are."""
    here: list[Where] = [(0.0, 0.0, 1.0)]
    moment = {range(150): here, range(163, 300): here}
    assert len(seen(Scene(person(300), moment), scenes(300)).tracks) == 1
    long = {range(150): here, range(225, 375): here}
    assert len(seen(Scene(person(375), long), scenes(375)).tracks) == 2


def test_a_hole_in_time_is_a_cut() -> None:
    """Two seconds without a frame: whoever is there afterwards is another track, however alike."""
    scene = Scene(person(300), {range(300): [(0.0, 0.0, 1.0)]})
    frames = ((at if at < 6 else at + 2, pixels) for at, pixels in scenes(300))
    report = seen(scene, frames)
    assert [(round(t.start, 2), round(t.end, 2)) for t in report.tracks] == [(0.0, 6.0), (8.0, 14.0)]
    assert all(f.end <= 6.05 or f.start >= 7.95 for f in report.findings)


def test_half_an_hour_is_looked_at_in_parts() -> None:
    """Evenly spread windows are looked at, from the start to the end, and the report says which."""
    minutes = plan(1800.0)
    lengths = [end - start for start, end in minutes.windows if end <= 1801]
    assert sum(lengths) == pytest.approx(BUDGET_SECONDS, abs=1)
    assert minutes.windows[0][0] == 0
    assert minutes.window(1799.9) == len(lengths) - 1
    slow = ((20.0 * at, pixels) for at, pixels in pictures(2000))
    report = inspect(slow, None, 1.25, finder=Scene(person(2000), {}), seconds=1600.0)
    looked = [second for second in report.timeline if second.faces is not None]
    assert len(looked) < 200
    assert looked[-1].start > 1580
    assert (report.frames, report.seconds) == (2000, pytest.approx(1600, abs=1))
    assert any("looked at: 0 to 1" in note for note in report.notes)


@pytest.mark.parametrize("told", [None, 0.0, 10.0, 130.0])
def test_a_header_that_does_not_tell_bounds_it_too(told: float | None) -> None:
    """An hour behind a header that tells nothing, or ten seconds, takes a few minutes' work at most."""
    looked = sum(plan(told).window(at / 2) is not None for at in range(7200)) / 2
    assert WINDOW_SECONDS < looked <= 3 * BUDGET_SECONDS


def test_fast_video_is_thinned_by_its_time_stamps() -> None:
    """Of 60 frames a second every second one is looked at; of 25 every one."""
    scene = Scene(person(300), {range(300): [(0.0, 0.0, 1.0)]})
    inspect(((k / 60, pixels) for k, (_, pixels) in enumerate(scenes(300))), None, 60, finder=scene)
    assert scene.runs == 149
    scene = Scene(person(100), {range(100): [(0.0, 0.0, 1.0)]})
    seen(scene, scenes(100))
    assert scene.runs == 99


def test_uneven_time_stamps() -> None:
    """A head that turns by a sine of true time has its speed whatever frames are left out."""
    time = np.arange(1000) / 50
    head = Head(1000, yaw=10 * np.sin(2 * np.pi * 0.5 * time))
    kept = np.random.default_rng(0).random(1000) < 0.6
    frames = ((at / 2, pixels) for (at, pixels), keep in zip(scenes(1000), kept, strict=True) if keep)
    report = inspect(frames, None, 0, finder=Scene(head, {range(1000): [(0.0, 0.0, 1.0)]}))
    speed = next(f.value for f in report.findings if f.name == "head_speed")
    assert speed == pytest.approx(20 / 3, rel=0.1)


def test_progress_with_partial_reports() -> None:
    """Every few seconds the report so far is told, ever seldomer; the last word is the same as without."""
    spoken, mouth = say(40.0, 1)
    told: list[Progress] = []
    scene = Scene(alive(1000, mouth), {range(1000): [(0.0, 0.0, 1.0)]})
    told_report = inspect(scenes(400, 600), spoken, FPS, finder=scene, seconds=40.0, progress=told.append)
    plain = inspect(scenes(400, 600), spoken, FPS, finder=scene, seconds=40.0)
    assert told_report == plain
    assert [now.seconds_total for now in told] == [40.0] * len(told)
    assert 3 <= len(told) <= 8
    assert [now.seconds_done for now in told] == sorted(now.seconds_done for now in told)
    assert told[0].report.findings
    assert told[0].report.seconds == pytest.approx(told[0].seconds_done, abs=0.1)


def test_no_faces_at_all() -> None:
    """Slides: no track, no finding, every cut found, nothing said that is not known."""
    report = seen(Scene(person(1), {}), scenes(100, 100, 100))
    assert (report.faces, report.tracks, report.findings, report.verdict) == (0, (), (), "inconclusive")
    assert len(report.shots) == 3


def test_what_has_ended_is_let_go() -> None:
    """Observers hold pictures: those of a face that left are asked once, then let go."""
    asked: list[int] = []

    class Counts:
        def see(self, view: View) -> None:
            pass

        def findings(self, heard: Speech | None) -> list[Finding]:
            asked.append(1)
            return []

    held: list[weakref.ref[Counts]] = []

    def observers() -> list[Observer]:
        made = Counts()
        held.append(weakref.ref(made))
        return [made]

    faces = Judge(listen(None))
    scene = Scene(person(400), {range(400): [(0.0, 0.0, 1.0)]})
    watch = Watch(scene, observers, WHOLE, every_frame=True, ended=faces.close)
    for at, pixels in scenes(130, 130, 140):
        watch.see(at, pixels)
    assert [ref() is not None for ref in held] == [False, False, True]
    assert len(asked) == 2
    assert [bool(track.note) for track in faces.faces(watch.stretches).tracks] == [False] * 3
    assert len(asked) == 3
