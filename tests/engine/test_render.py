"""Frames say what the state says, measured on the frames with the face mesh."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from pictured import Pixels, portrait_of

from engine.portrait import Portrait, build_portrait
from engine.portrait.canvas import cut
from engine.render import Renderer
from engine.render.pose import FREE_TURN, LARGEST_TURN, Camera, bounded
from engine.state import BLENDSHAPES, INDEX, Controls, State, rest
from perception.face import Face, FaceFinder, sole_face
from perception.mesh import LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS


@pytest.fixture(scope="module")
def renderer(portrait: Portrait) -> Renderer:
    return Renderer(portrait, Controls())


def state(
    rotation: tuple[float, float, float] = (0.0, 0.0, 0.0),
    gaze: tuple[float, float] = (0.0, 0.0),
    **shapes: float,
) -> State:
    """A state of the named shapes; a name without side stands for both."""
    values = np.zeros(len(BLENDSHAPES), np.float32)
    for name, value in shapes.items():
        for each in (name,) if name in INDEX else (name + "Left", name + "Right"):
            values[INDEX[each]] = value
    return State(values, rotation, gaze=gaze)


def seen(finder: FaceFinder, frame: Pixels) -> Face:
    return sole_face(finder.find(frame), frame.shape)


def lip_gap(face: Face) -> float:
    """Between the inner lips, in distances between the eyes."""
    return float(np.linalg.norm(face.mesh[13, :2] - face.mesh[14, :2])) / face.eye_distance


def eye_aspect(face: Face) -> float:
    """Height over width of the eyes, mean of both."""
    pairs = ((159, 145, RIGHT_EYE_CORNERS), (386, 374, LEFT_EYE_CORNERS))
    return float(np.mean([_apart(face, top, bottom) / _apart(face, *ends) for top, bottom, ends in pairs]))


def _apart(face: Face, a: int, b: int) -> float:
    return float(np.linalg.norm(face.mesh[a, :2] - face.mesh[b, :2]))


def psnr(a: Pixels, b: Pixels) -> float:
    return float(10 * np.log10(255**2 / ((a.astype(float) - b) ** 2).mean()))


def test_rest_is_the_picture(still: Pixels, portrait: Portrait, renderer: Renderer) -> None:
    """All channels zero: the cropped picture, over 40 dB, nowhere off by more than resampling explains."""
    picture = cut(still, replace(portrait.framing, oversample=1))
    border = portrait.framing.border
    picture = picture[border:-border, border:-border].clip(0, 255)
    frame = renderer.render(rest())
    assert frame.shape == (512, 512, 3)
    assert frame.dtype == np.uint8
    assert psnr(frame, picture.round().astype(np.uint8)) > 40


def test_same_state_same_pixels(renderer: Renderer) -> None:
    """A frame depends on its state alone, not on what was rendered before."""
    wanted = state((5, -3, 2), (8, -4), jawOpen=0.4, eyeBlink=0.3, mouthSmile=0.5)
    first = renderer.render(wanted)
    renderer.render(state((-9, 5, -4), jawOpen=1, eyeBlink=1))
    assert np.array_equal(renderer.render(wanted), first)


def test_a_batch_is_its_frames(renderer: Renderer) -> None:
    """Frames rendered together differ from those rendered one by one by rounding alone; order is kept."""
    states = [
        rest(),
        state((7, -4, 5), (10, 3), jawOpen=0.5, eyeBlinkLeft=1.0, mouthSmile=0.7),
        replace(
            state((-8, 5, -6), jawOpen=0.9, tongueOut=0.6, browInnerUp=0.8), translation=(0.3, -0.2, 0.1)
        ),
    ]
    together = renderer.render_batch(states)
    assert together.shape == (3, 512, 512, 3)
    for frame, each in zip(together.numpy(), states, strict=True):
        difference = np.abs(frame.astype(int) - renderer.render(each))
        assert difference.max() <= 1
        assert (difference > 0).mean() < 0.001


def test_what_leaves_the_frame_is_cut_off(portrait: Portrait, renderer: Renderer) -> None:
    """Eyes and mouth over or beyond an edge of the frame are drawn as far as they are in it."""
    away = portrait.framing.size / portrait.head.unit
    inside = renderer.render(state(jawOpen=0.5, eyeBlink=0.5)).astype(int)
    for x, y in ((0.45 * away, 0.0), (0.0, -0.4 * away), (-1.5 * away, 0.0), (0.0, 1.5 * away)):
        frame = renderer.render(replace(state(jawOpen=0.5, eyeBlink=0.5), translation=(x, y, 0.0)))
        assert frame.shape == inside.shape
        assert np.abs(frame - inside).mean() > 1


def test_jaw_opens_the_lips(finder: FaceFinder, renderer: Renderer) -> None:
    """The measured gap grows with jawOpen and is wide at 1."""
    gaps = [lip_gap(seen(finder, renderer.render(state(jawOpen=jaw)))) for jaw in (0, 0.3, 0.6, 1.0)]
    assert gaps[0] < 0.05
    assert np.diff(gaps).min() > 0.05
    assert gaps[-1] > 0.3


def test_closed_lips_are_closed(finder: FaceFinder, renderer: Renderer) -> None:
    """p, b, m: with mouthClose as large as jawOpen the lips meet as at rest, though the jaw is down."""
    at_rest = seen(finder, renderer.render(rest()))
    shut = seen(finder, renderer.render(state(jawOpen=0.3, mouthClose=0.3, mouthPress=0.3)))
    assert lip_gap(shut) < lip_gap(at_rest) + 0.02
    chin = (shut.mesh[152, 1] - at_rest.mesh[152, 1]) / at_rest.eye_distance
    assert chin > 0.03


def test_a_mouth_open_in_the_picture_shuts(finder: FaceFinder, renderer: Renderer) -> None:
    """A still with parted lips stays as it is at rest and shuts when the state says so."""
    still = renderer.render(state(jawOpen=0.35))
    parted = Renderer(portrait_of(finder, still, Controls()), Controls())
    at_rest = seen(finder, parted.render(rest()))
    shut = seen(finder, parted.render(state(mouthClose=1.0)))
    assert lip_gap(at_rest) == pytest.approx(lip_gap(seen(finder, still)), abs=0.03)
    assert lip_gap(shut) < 0.5 * lip_gap(at_rest)


def test_opening_shows_a_mouth_and_not_a_hole(portrait: Portrait, renderer: Renderer) -> None:
    """Between open lips: teeth about as light as skin at the top, no black anywhere."""
    frame = renderer.render(state(jawOpen=0.6)).astype(float)
    x = round(float(portrait.mesh[13, 0]))
    top = round(float(portrait.mesh[13, 1]))
    drop = round(0.6 * 0.4 * portrait.head.unit)
    column = frame[top : top + drop, x - 3 : x + 4].mean(axis=1)
    assert column[: drop // 3].max() > 0.55 * portrait.style.skin.max()
    assert column.max(axis=1).min() > 12


def test_blink_narrows_the_eyes(finder: FaceFinder, renderer: Renderer) -> None:
    """Each phase of a blink is measured narrower than the one before."""
    phases = [eye_aspect(seen(finder, renderer.render(state(eyeBlink=b)))) for b in (0, 0.25, 0.5, 0.75)]
    assert np.diff(phases).max() < -0.02
    assert phases[-1] < 0.7 * phases[0]


def test_shut_eyes_show_nothing_of_the_eyeball(portrait: Portrait, renderer: Renderer) -> None:
    """At the end of a blink the eyeball can be repainted without a change in the frame."""
    layers = [
        replace(eye, sclera=eye.sclera * 0, iris=eye.iris * 0, light=eye.light * 0) for eye in portrait.eyes
    ]
    emptied = Renderer(replace(portrait, eyes=tuple(layers)), Controls())
    shut = state(eyeBlink=1)
    assert np.abs(emptied.render(shut).astype(int) - renderer.render(shut)).max() <= 3
    narrowed = state(eyeBlink=0.3)
    assert np.abs(emptied.render(narrowed).astype(int) - renderer.render(narrowed)).max() > 100


def test_eyes_at_rest_are_the_picture(portrait: Portrait, renderer: Renderer) -> None:
    """Without a blink or a glance eyes are those of the picture, whatever they were taken apart into."""
    layers = [replace(eye, lids=eye.lids * 0, sclera=eye.sclera * 0) for eye in portrait.eyes]
    emptied = Renderer(replace(portrait, eyes=tuple(layers)), Controls())
    still = state((4, -3, 2), jawOpen=0.3)
    assert np.array_equal(emptied.render(still), renderer.render(still))


def test_one_eye_blinks_alone(portrait: Portrait, renderer: Renderer) -> None:
    """The sitter's left lid moves pixels at image right only."""
    change = np.abs(renderer.render(state(eyeBlinkLeft=1)).astype(int) - renderer.render(rest())).sum(axis=2)
    columns = np.flatnonzero((change > 20).any(axis=0))
    assert columns.min() > portrait.mesh[168, 0]


@pytest.mark.parametrize(("gaze", "axis", "sign"), [((20, 0), 0, 1), ((-20, 0), 0, -1), ((0, -15), 1, 1)])
def test_gaze_moves_the_iris(
    portrait: Portrait, renderer: Renderer, gaze: tuple[float, float], axis: int, sign: int
) -> None:
    """Positive yaw moves the dark of the eyes to image right, negative pitch moves it down."""
    frames = [renderer.render(s).astype(float).mean(axis=2) for s in (rest(), state(gaze=gaze))]
    for eye in portrait.eyes:
        patch = eye.patch
        border, k = portrait.framing.border, portrait.framing.oversample
        rows = slice(patch.top // k - border, patch.bottom // k - border)
        columns = slice(patch.left // k - border, patch.right // k - border)
        inside = ((eye.height > eye.upper) & (eye.height < eye.lower))[::k, ::k]
        centres = []
        for frame in frames:
            part = frame[rows, columns][: inside.shape[0], : inside.shape[1]]
            dark = np.clip(130 - part, 0, None) * inside[: part.shape[0], : part.shape[1]]
            centres.append(
                [(dark.sum(axis=a) * np.arange(dark.shape[1 - a])).sum() / dark.sum() for a in (0, 1)]
            )
        assert sign * (centres[1][axis] - centres[0][axis]) > 1.0


@pytest.mark.parametrize(
    ("axis", "degrees"), [(0, 10.0), (0, -10.0), (1, 8.0), (1, -8.0), (2, 8.0), (2, -8.0)]
)
def test_head_turns_the_way_the_state_says(
    finder: FaceFinder, renderer: Renderer, axis: int, degrees: float
) -> None:
    """The pose measured on the frame changes by the asked angle, to a half, about the asked axis."""
    rotation = [0.0, 0.0, 0.0]
    rotation[axis] = degrees
    at_rest = seen(finder, renderer.render(rest())).pose
    turned = seen(finder, renderer.render(state((rotation[0], rotation[1], rotation[2])))).pose
    change = (turned[axis] - at_rest[axis]) / degrees
    assert 0.5 < change < 1.5


def test_background_and_shoulders_stay(portrait: Portrait, renderer: Renderer) -> None:
    """Head motion leaves the corners of the background and the bottom of the frame as they are."""
    still, turned = (renderer.render(s) for s in (rest(), state((12, 6, 8))))
    for part in (np.s_[:40, :40], np.s_[:40, -40:], np.s_[-4:, :]):
        assert np.abs(still[part].astype(int) - turned[part]).max() <= 2


def test_frames_are_as_sharp_as_the_picture(portrait: Portrait, renderer: Renderer) -> None:
    """The face in motion keeps at least 80 % of the detail it has at rest."""
    x, y = portrait.mesh[4, :2].astype(int)
    part = np.s_[y - 60 : y + 20, x - 50 : x + 50]

    def detail(frame: Pixels) -> float:
        luma = frame[part].astype(float).mean(axis=2)
        return float(
            np.abs(
                4 * luma[1:-1, 1:-1] - luma[2:, 1:-1] - luma[:-2, 1:-1] - luma[1:-1, 2:] - luma[1:-1, :-2]
            ).mean()
        )

    assert detail(renderer.render(state((4, 2, 3)))) > 0.8 * detail(renderer.render(rest()))


def test_a_nearer_camera_makes_the_nose_larger(finder: FaceFinder, still: Pixels, portrait: Portrait) -> None:
    """At distance 0.75 the face is larger in the frame and the nose larger against the width of the head."""
    controls = Controls(distance=0.75)
    near = Renderer(portrait_of(finder, still, controls), controls).render(rest())
    usual = Renderer(portrait, Controls()).render(rest())
    one, other = seen(finder, near), seen(finder, usual)
    assert one.eye_distance / other.eye_distance == pytest.approx(1 / 0.75, rel=0.05)

    # In space: what lies before the eyes grows more than they do, what lies behind them less.
    cameras = [Camera(portrait.head, d, torch.device("cpu")) for d in (0.75, 1.0)]
    shares = []
    for camera in cameras:
        xy = torch.from_numpy(portrait.mesh[[129, 358, 234, 454], :2])
        points = camera.lift(xy, torch.from_numpy(portrait.mesh[[129, 358, 234, 454], 2]))
        x = camera.see(points)[0]
        shares.append(float((x[1] - x[0]) / (x[3] - x[2])))
    assert shares[0] > shares[1] * 1.02
    assert _nose_share(one) > _nose_share(other)


def _nose_share(face: Face) -> float:
    return _apart(face, 129, 358) / _apart(face, 234, 454)


def test_turns_bend_towards_a_limit() -> None:
    """Free within the usual range, never over the limit, signs kept."""
    assert bounded((FREE_TURN[0], -FREE_TURN[1], 3.0)) == (FREE_TURN[0], -FREE_TURN[1], 3.0)
    far = bounded((80.0, -80.0, 80.0))
    assert np.all(np.abs(far) <= LARGEST_TURN)
    assert far[0] > FREE_TURN[0]
    assert far[1] < -FREE_TURN[1]


def test_other_sizes(finder: FaceFinder, still: Pixels, face: Face, matte: NDArray[np.float32]) -> None:
    """256 and 720 pixels work and show the same."""
    frames = []
    for size in (256, 720):
        controls = replace(Controls(), size=size)
        frame = Renderer(build_portrait(still, face, matte, controls), controls).render(state(jawOpen=0.4))
        assert frame.shape == (size, size, 3)
        frames.append(seen(finder, frame))
    assert lip_gap(frames[0]) == pytest.approx(lip_gap(frames[1]), abs=0.05)
