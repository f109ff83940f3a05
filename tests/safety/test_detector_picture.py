"""Cues in pictures, on scenes that no bound was chosen by: bent stills against films of the same face."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

from perception.face import Face, FaceFinder
from perception.mesh import LIPS_INNER, LIPS_OUTER
from safety.detector.picture import PictureCue, picture_cues, picture_observers
from safety.detector.picture.texture import Background
from safety.detector.report import Finding
from safety.detector.view import View
from service.demo.characters import draw

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]

FPS, SIZE, FRAMES = 12.5, 384, 60
ROOM = 10  # pixels around the scene in which it can sway


@dataclass
class Scene:
    """Frames (T, H, W, 3) and where the face is in each."""

    frames: list[Pixels]
    faces: list[Face]


@cache
def sitter() -> tuple[Floats, Face]:
    """A drawn face with the fine texture of skin and cloth, and where it is."""
    side = SIZE + 2 * ROOM
    drawn = draw("mira", side, turn=4.0, light=(0.5, -0.5))
    face = FaceFinder().find(drawn)[0]
    grain = np.random.default_rng(7).normal(size=(side, side))
    grain = 5 * gaussian_filter(grain, 0.6) + 14 * gaussian_filter(grain, 2.0)
    return np.clip(drawn.astype(np.float64) + grain[..., None], 0, 255), face


def moved(face: Face, across: float, down: float) -> Face:
    """The same face elsewhere."""
    mesh = face.mesh + np.array([across, down, 0], np.float32)
    x0, y0, x1, y1 = face.box
    return Face((x0 + across, y0 + down, x1 + across, y1 + down), face.score, mesh, face.mesh_score)


def path(count: int, seed: int, size: float) -> Floats:
    """(count, 2) pixels across and down, slow."""
    rng = np.random.default_rng(seed)
    at = np.arange(count) / FPS
    waves = ((0.25, 1.0), (0.7, 0.5), (1.9, 0.1))
    lines = [sum(a * np.sin(6.28 * (f * at + rng.uniform())) for f, a in waves) for _ in (0, 1)]
    return size * np.stack([np.asarray(line) for line in lines], axis=1)


def head_moves(texture: Floats, face: Face, way: Floats, sway: Sequence[float] = (0.0, 0.0)) -> Floats:
    """The picture with the head drawn elsewhere, bent smoothly around it as a warp does; then all of it."""
    height, width = texture.shape[:2]
    rows, columns = np.mgrid[:height, :width].astype(np.float64) - np.array([sway[1], sway[0]])[:, None, None]
    x, y = face.mesh[:, :2].mean(axis=0)
    away = np.hypot((columns - x) / (face.box[2] - face.box[0]), (rows - y) / (face.box[3] - face.box[1]))
    share = np.clip((1.0 - away) / 0.4, 0.0, 1.0)
    places = [rows - way[1] * share, columns - way[0] * share]
    return np.stack(
        [map_coordinates(texture[..., c], places, order=1, mode="nearest") for c in range(3)], axis=2
    )


def cut(picture: Floats) -> Pixels:
    return np.clip(np.round(picture[ROOM:-ROOM, ROOM:-ROOM]), 0, 255).astype(np.uint8)


@cache
def bent_still() -> Scene:
    """A still whose head is moved; everything else stands."""
    texture, face = sitter()
    ways = path(FRAMES, 1, 4.0)
    return Scene(
        [cut(head_moves(texture, face, way)) for way in ways], [moved(face, *(way - ROOM)) for way in ways]
    )


@cache
def filmed() -> Scene:
    """The same through a camera held by hand: light that wavers, fresh noise that grows with light."""
    texture, face = sitter()
    rng = np.random.default_rng(3)
    ways, sway = path(FRAMES, 1, 4.0), path(FRAMES, 2, 1.5)
    light = 1 + 0.004 * np.cumsum(rng.normal(0, 0.4, FRAMES))
    frames = []
    for k in range(FRAMES):
        seen = light[k] * head_moves(texture, face, ways[k], sway[k].tolist())
        noise = gaussian_filter(rng.normal(size=seen.shape), (0.5, 0.5, 0)) * np.sqrt(2 + seen / 12)
        frames.append(cut(seen + noise))
    return Scene(frames, [moved(face, *(way + more - ROOM)) for way, more in zip(ways, sway, strict=True)])


def through(scene: Scene, crf: int) -> Scene:
    """H.264 and back."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="matroska") as file:
        stream = file.add_stream(
            "libx264", rate=Fraction(25, 2), options={"crf": str(crf), "preset": "veryfast"}
        )
        stream.width, stream.height, stream.pix_fmt = SIZE, SIZE, "yuv420p"
        stream.codec_context.thread_count = 1
        for number, pixels in enumerate(scene.frames):
            frame = av.VideoFrame.from_ndarray(pixels, "rgb24")
            frame.pts, frame.time_base = number, Fraction(2, 25)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    buffer.seek(0)
    with av.open(buffer) as file:
        frames = [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]
    return Scene(frames, scene.faces)


def watch(
    frames: Sequence[Pixels], faces: Sequence[Face | None], fps: float = FPS
) -> tuple[dict[str, Finding], list[str]]:
    """What every cue finds, and notes."""
    cues: list[PictureCue] = picture_cues()
    for k, (pixels, face) in enumerate(zip(frames, faces, strict=True)):
        view = View(k / fps, pixels, face, k)
        for cue in cues:
            cue.see(view)
    found = {finding.name: finding for cue in cues for finding in cue.findings(None)}
    return found, [note for cue in cues for note in cue.notes()]


@cache
def look(name: str, crf: int) -> tuple[dict[str, Finding], list[str]]:
    scene = through({"still": bent_still, "film": filmed}[name](), crf)
    return watch(scene.frames, scene.faces)


def test_a_still_has_no_fresh_noise_beside_its_face_and_a_film_has() -> None:
    """At CRF 14 the bent still is outside the range, the film inside; both were judged."""
    still, film = look("still", 14)[0], look("film", 14)[0]
    assert still["noise_even"].sign >= 0.5
    assert film["noise_even"].sign == 0
    assert film["noise_fresh"].sign == 0
    assert film["noise_fresh"].value > still["noise_fresh"].value


def test_a_background_that_never_changes_is_told_from_a_filmed_one() -> None:
    """At CRF 14 the still's background stands, the film's wavers."""
    still, film = look("still", 14)[0]["background_still"], look("film", 14)[0]["background_still"]
    assert still.sign > 0
    assert film.sign == 0
    assert still.box is not None
    assert still.box[3] < 1


def test_noise_is_not_judged_where_compression_took_it() -> None:
    """At CRF 36 neither the still nor the film gets a sign of noise, and notes say why."""
    for name in ("still", "film"):
        found, notes = look(name, 36)
        assert "noise_even" not in found
        assert "noise_fresh" not in found
        assert any("compression" in note for note in notes)


def test_a_film_has_no_sign_at_any_quality() -> None:
    """No picture cue is outside its range on the film, at CRF 14, 28 or 36."""
    for crf in (14, 28, 36):
        assert {name: f.sign for name, f in look("film", crf)[0].items() if f.sign > 0} == {}


def test_findings_are_of_groups_that_are_known_and_carry_time_and_place() -> None:
    """Every finding names its group, a source, a span inside the film, and a box in the picture."""
    for finding in look("film", 14)[0].values():
        assert finding.group in {
            "texture", "noise", "mouth", "sharpness", "borders", "spectrum", "compression", "pulse",
            "drawn",
        }  # fmt: skip
        assert finding.source
        assert finding.reason
        assert 0 <= finding.start < finding.end <= FRAMES / FPS
        assert finding.box is not None
        left, top, right, bottom = finding.box
        assert 0 <= left < right <= 1
        assert 0 <= top < bottom <= 1


def test_texture_that_sticks_to_places_is_told_from_texture_that_goes_along() -> None:
    """Grain that stays in the picture while the face moves is a sign; grain that moves with it is none."""
    texture, face = sitter()
    smooth = gaussian_filter(texture, (1.5, 1.5, 0))
    grain = np.random.default_rng(5).normal(size=texture.shape[:2])[..., None] * 3
    ways = path(40, 4, 9.0)
    faces = [moved(face, *(way - ROOM)) for way in ways]
    sticking = [cut(head_moves(smooth, face, way) + grain) for way in ways]
    along = [cut(head_moves(smooth + grain, face, way)) for way in ways]
    assert watch(sticking, faces)[0]["texture_sticking"].sign == 1
    assert watch(along, faces)[0]["texture_sticking"].sign == 0


def test_a_mouth_with_a_soft_patch_around_it_is_told() -> None:
    """The lower face pasted in soft has a border and a soft mouth; the same face untouched has neither."""
    texture, face = sitter()
    lips = face.mesh[list(LIPS_OUTER), :2]
    x, y = lips.mean(axis=0)
    rows, columns = np.mgrid[: texture.shape[0], : texture.shape[1]]
    away = np.hypot((columns - x) / np.ptp(lips[:, 0]), (rows - y) / (1.6 * np.ptp(lips[:, 1])))
    share = np.clip((0.85 - away) / 0.1, 0, 1)[..., None]
    pasted = texture * (1 - share) + gaussian_filter(texture, (2.0, 2.0, 0)) * share
    faces = [moved(face, -ROOM, -ROOM)] * 60
    found = watch([cut(pasted)] * 60, faces)[0]
    plain = watch([cut(texture)] * 60, faces)[0]
    assert found["mouth_border"].sign > 0
    assert found["mouth_sharpness"].sign > 0
    assert plain["mouth_border"].sign == 0
    assert plain["mouth_sharpness"].sign == 0


def open_mouth(face: Face, gap: float) -> Face:
    """With the lower lip farther down by that many eye distances."""
    mesh = face.mesh.copy()
    lower = [*LIPS_INNER[1:10], *LIPS_OUTER[1:10]]
    mesh[lower, 1] += gap * face.eye_distance
    return Face(face.box, face.score, mesh, face.mesh_score)


@pytest.mark.parametrize(("redrawn", "told"), [(True, True), (False, False)])
def test_a_mouth_that_is_redrawn_in_every_frame_flickers(redrawn: bool, told: bool) -> None:
    """Teeth that are new in every frame are a sign; teeth that stay, under the same noise, are none."""
    texture, face = sitter()
    face = open_mouth(moved(face, -ROOM, -ROOM), 0.2)
    upper, lower = face.mesh[13, :2], face.mesh[14, :2]
    rows, columns = slice(int(upper[1]), int(lower[1])), slice(int(upper[0]) - 20, int(upper[0]) + 20)
    rng = np.random.default_rng(6)
    teeth = gaussian_filter(rng.normal(size=(SIZE, SIZE)), 1.5) * 120
    frames = []
    for _ in range(60):
        frame = cut(texture).astype(np.float64)
        if redrawn:
            teeth = gaussian_filter(rng.normal(size=(SIZE, SIZE)), 1.5) * 120
        frame[rows, columns] = 110 + teeth[rows, columns, None]
        frames.append(np.clip(frame + rng.normal(size=frame.shape) * 2, 0, 255).astype(np.uint8))
    assert (watch(frames, [face] * 60)[0]["mouth_flicker"].sign > 0) is told


def test_the_same_frames_give_the_same_findings() -> None:
    """Twice the same, to the last digit; asking in between changes nothing."""
    scene = bent_still()
    first = watch(scene.frames, scene.faces)
    cues = picture_cues()
    for k, (pixels, face) in enumerate(zip(scene.frames, scene.faces, strict=True)):
        for cue in cues:
            cue.see(View(k / FPS, pixels, face, k))
            cue.findings(None)
    assert {f.name: f for cue in cues for f in cue.findings(None)} == first[0]
    assert len(picture_observers()) == len(cues)


def test_still_backgrounds_need_something_to_be_seen() -> None:
    """Before an even wall there is nothing that could stand still."""
    scene = bent_still()
    wall = [np.full_like(pixels, 90) for pixels in scene.frames]
    found, notes = watch(wall, scene.faces)
    assert "background_still" not in found
    assert any("beside the person" in note for note in notes)
    assert Background.group == "texture"
