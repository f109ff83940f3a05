"""The bench's measures find what was put in, and nothing where nothing is."""

import numpy as np
import pytest
from PIL import Image

from bench.measures import agreement, clips, eyes, head, lips, sharpness, targets
from bench.measures.agreement import Pair
from bench.measures.speakers import Known, Spoken, recordings, silences
from bench.measures.stage import Stage
from engine.motion import plan_motion
from engine.state import Controls
from perception.audio import Speech
from perception.mesh import LEFT_EYE, LIPS_OUTER, OVAL, RIGHT_EYE
from perception.pose import INDICES, SHAPE
from service.demo.characters import draw

FPS = 25.0


def spoken_pair(seed: int, lag: int, link: float = 1.0) -> Pair:
    """Lips that follow one direction of a random sound `lag` frames later."""
    rng = np.random.default_rng(seed)
    sound = np.cumsum(rng.normal(size=(400, 26)), axis=0)
    sound -= sound.mean(axis=0)
    cause = np.roll(np.diff(sound[:, 3], prepend=0.0), lag)
    others = rng.normal(size=(400, 9))
    return Pair(
        np.column_stack([link * cause + 0.3 * rng.normal(size=400), others]),
        np.diff(sound, axis=0, prepend=0),
    )


@pytest.mark.parametrize("lag", [-3, 0, 2])
def test_agreement_finds_the_link_and_its_offset(lag: int) -> None:
    """Lips that are the sound's own correlate, best at the offset they were given; others' sound does not."""
    report = agreement.report([spoken_pair(seed, lag) for seed in range(4)])
    assert report["best_offset_frames"] == -lag
    assert max(report["by_offset"].values()) > 0.8
    assert abs(report["swapped"]) < 0.12


def test_agreement_of_strangers_is_nothing() -> None:
    """Lips that move by themselves score about 0 at every offset, though the fit looks for something."""
    report = agreement.report([spoken_pair(seed, 0, link=0.0) for seed in range(4)])
    assert max(abs(value) for value in report["by_offset"].values()) < 0.25
    assert abs(report["correlation"]) < 0.12


def test_log_mel_is_taken_at_the_frame() -> None:
    """A click at one second is loudest in the frame of that second."""
    samples = np.zeros(32_000, np.float32)
    samples[16_000:16_200] = np.random.default_rng(0).normal(size=200)
    energy = agreement.log_mel(samples, 16_000, 50, FPS).sum(axis=1)
    assert abs(int(energy.argmax()) - 25) <= 1


def test_closures_are_counted_at_their_time() -> None:
    """A p at which the lips meet counts, one at which they stay open is named."""
    gaps = np.full(100, 0.2)
    gaps[24:27] = 0.03
    known = [Known("p", 1.0, 1.05), Known("b", 2.0, 2.05), Known("aa", 3.0, 3.1)]
    report = lips.closures(gaps - 0.02, FPS, known)
    assert (report["phones"], report["closed"]) == (2, 1)
    assert report["missed"][0]["phone"] == "b"


def test_a_mouth_shut_keeps_the_rest_of_the_face() -> None:
    """The control parts no lips, and smiles, turns and blinks as the clip does."""
    planned = plan_motion(recordings("welcome").first(2.0).speech, Controls())
    shut = lips.MouthShut(planned)
    assert (shut.frames, shut.fps, shut.seconds) == (planned.frames, planned.fps, planned.seconds)
    speaking = max(range(planned.frames), key=lambda i: planned.frame(i)["jawOpen"])
    before, after = planned.frame(speaking), shut.frame(speaking)
    assert before["jawOpen"] > 0.2
    assert not any(after[name] for name in ("jawOpen", "mouthClose", "mouthLowerDownLeft", "mouthFunnel"))
    kept = ("mouthSmileLeft", "mouthPressLeft", "browInnerUp", "eyeBlinkLeft")
    assert [after[name] for name in kept] == [before[name] for name in kept]
    assert after.rotation == before.rotation


def test_pauses_leave_out_the_edges() -> None:
    """Lips may close after the voice and open before it; what is open in the middle of a silence counts."""
    gaps = np.full(100, 0.15)
    gaps[28:71] = 0.02
    shut = lips.pauses(gaps - 0.02, FPS, [(1.0, 3.0)])
    assert shut["closed_frames"] == shut["frames"] > 30
    gaps[45:50] = 0.15
    assert lips.pauses(gaps - 0.02, FPS, [(1.0, 3.0)])["closed_frames"] == shut["frames"] - 5


def turned_head(yaw: np.ndarray) -> np.ndarray:
    """(T, 468, 3) meshes whose rigid points turn by `yaw` degrees."""
    meshes = np.zeros((len(yaw), 468, 3))
    for mesh, angle in zip(meshes, np.radians(yaw), strict=True):
        c, s = np.cos(angle), np.sin(angle)
        mesh[INDICES] = 100 * SHAPE[:, 1:] @ np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]]).T + 256
    return meshes


def test_head_angles_change_and_spectrum() -> None:
    """Yaw comes out in degrees, its change per frame as VASA-1 counts it, its power at its frequency."""
    at = np.arange(250) / FPS
    slow, fast = 6 * np.sin(2 * np.pi * 0.4 * at), 3 * np.sin(2 * np.pi * 5 * at)
    turned = head.angles(turned_head(slow))
    assert np.ptp(turned[:, 0]) == pytest.approx(12, abs=0.2)
    assert np.abs(turned[:, 1:]).max() < 0.05
    assert head.change(turned) == pytest.approx(np.abs(np.diff(slow)).mean() / 3, rel=0.02)
    for curve, band in ((slow, 0), (fast, 2)):
        power = head.spectrum(head.angles(turned_head(curve)), FPS)
        assert power.argmax() == band
        assert power.sum() == pytest.approx(curve.var(), rel=0.1)


def test_blinks_are_counted_and_timed() -> None:
    """Six blinks of 90 ms down and 200 ms up among noise: six, with that length and that asymmetry."""
    rate = 50.0
    at = np.arange(int(18 * rate)) / rate
    gap = np.full(len(at), 0.4)
    for start in np.arange(2.0, 18.0, 2.7):
        gap *= 1 - 0.8 * np.interp(at, [start, start + 0.09, start + 0.29], [0, 1, 0], left=0, right=0)
    noisy = np.stack([gap, gap], axis=1) + np.random.default_rng(2).normal(0, 0.005, (len(at), 2))
    report = eyes.blink_report(noisy, rate)
    assert report["blinks"] == 6
    assert report["milliseconds"] == pytest.approx(290, abs=40)
    assert 1.5 < report["opening_over_closing"] < 3.2


def test_still_eyes_do_not_blink() -> None:
    """The reading's noise alone is no blink."""
    noisy = 0.4 + np.random.default_rng(3).normal(0, 0.02, (500, 2))
    assert eyes.blink_report(noisy, FPS)["blinks"] == 0


def test_gaze_is_geometry() -> None:
    """An iris that moves by 12 / 30 of the eye's width times sin 10 degrees looks 10 degrees aside."""
    rest = np.zeros((2, 2))
    moved = np.broadcast_to([0.4 * np.sin(np.radians(10)), -0.4 * np.sin(np.radians(5))], (3, 2, 2))
    seen = eyes.directions(moved, rest, np.array([True, True, False]))
    assert seen[0].tolist() == pytest.approx([10, 5])
    assert np.isnan(seen[2]).all()


@pytest.fixture(scope="module")
def portrait() -> tuple[np.ndarray, np.ndarray]:
    """A drawn still and where its face's points are (as the drawing's proportions have them)."""
    pixels = draw("osei", 512)
    mesh = np.random.default_rng(0).uniform(150, 350, (468, 3))
    for ring, radius in (
        (OVAL, 120),
        (RIGHT_EYE, 12),
        (LEFT_EYE, 12),
        (LIPS_OUTER, 20),
    ):
        turn = np.linspace(0, 2 * np.pi, len(ring), endpoint=False)
        mesh[list(ring), :2] = 256 + radius * np.stack([np.sin(turn), -np.cos(turn)], axis=1)
    return pixels, mesh


def test_sharpness_of_the_still_itself_and_of_a_blurred_one(portrait: tuple[np.ndarray, np.ndarray]) -> None:
    """The still has all of its sharpness; resized to half its size and back it has lost most."""
    pixels, mesh = portrait
    measure = sharpness.Sharpness(pixels, mesh)
    itself, kept, scale = measure.ratio(pixels, mesh)
    assert itself == pytest.approx(1, abs=0.02)
    assert kept == pytest.approx(1, abs=0.02)
    assert scale == pytest.approx(1, abs=0.001)
    small = Image.fromarray(pixels).resize((256, 256), Image.Resampling.LANCZOS)
    blurred = np.asarray(small.resize((512, 512), Image.Resampling.BICUBIC))
    assert measure.ratio(blurred, mesh)[0] < 0.5


def test_silences_of_a_recording() -> None:
    """A second of tone between half seconds of nothing: two silences."""
    tone = 0.5 * np.sin(2 * np.pi * 200 * np.arange(16_000) / 16_000)
    samples = np.concatenate([np.zeros(8000), tone, np.zeros(8000)]).astype(np.float32)
    found = silences(Spoken("tone", Speech(samples, 16_000)).speech)
    assert len(found) == 2
    assert found[0] == pytest.approx((0.0, 0.5), abs=0.05)
    assert found[1] == pytest.approx((1.5, 2.0), abs=0.05)


@pytest.mark.parametrize(
    ("value", "stands"), [(120.0, "aim"), (60.0, "floor"), (30.0, "below"), (None, "not measured")]
)
def test_a_row_says_where_it_stands(value: float | None, stands: str) -> None:
    """At the aim, accepted, refused, or not measured: nothing else."""
    assert targets.row("engine", value)["stands"] == stands


def test_a_rendered_clip_is_measured_whole() -> None:
    """Two seconds of a drawn portrait: a face in every frame, lips shut in silence, open in speech."""
    measured = clips.measure(Stage("mira", draw("mira", 512)), recordings("welcome").first(2.4), 256)
    figures = measured.figures
    assert figures["frames"] == len(measured.pair.lips) == len(measured.pair.sound) == 60
    assert figures["frames_without_a_face"] == 0
    assert figures["mouth"]["pauses"]["closed_frames"] == figures["mouth"]["pauses"]["frames"] > 0
    assert figures["mouth"]["gap_in_speech"]["p95"] > 2 * lips.CLOSED
    assert figures["head"]["delta_p"] > figures["head"]["delta_p_of_the_mesh_alone"]
