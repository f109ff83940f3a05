"""Frames from sound as it comes in."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.errors import ControlOutOfRange, StreamClosed
from engine.hearing.listener import Listener
from engine.motion import plan_motion
from engine.motion.gaze import look_of
from engine.motion.live import LivePlanner
from engine.prosody import RATE
from engine.state import INDEX, Controls, State
from engine.stream import LOOKAHEAD, Stream, animate_stream, open_stream
from perception.audio import Speech, decode_speech
from perception.errors import MediaTooLarge, MediaUnsupported, SpeechNotFinite
from perception.face import FaceFinder
from service.demo.characters import draw

SPEECH = Path(__file__).parents[2] / "service" / "demo" / "speech" / "welcome.flac"
CHUNK = 640  # 40 ms


class Recording:
    """A renderer that keeps the states and draws nothing."""

    def __init__(self) -> None:
        self.states: list[State] = []

    def render(self, state: State) -> NDArray[np.uint8]:
        self.states.append(state)
        return np.zeros((2, 2, 3), np.uint8)


@pytest.fixture(scope="module")
def samples() -> NDArray[np.float32]:
    return decode_speech(SPEECH.read_bytes()).at(RATE)


def streamed(samples: NDArray[np.float32], chunk: int = CHUNK, **controls: object) -> list[State]:
    recording = Recording()
    stream = Stream(recording, Controls(**controls))  # type: ignore[arg-type]
    chunks = [samples[i : i + chunk] for i in range(0, len(samples), chunk)]
    assert len(list(animate_stream(stream, chunks))) == len(recording.states)
    return recording.states


def channel(states: list[State], name: str) -> NDArray[np.float64]:
    return np.array([state[name] for state in states])


def open_lips(states: list[State]) -> NDArray[np.float64]:
    return np.maximum(channel(states, "jawOpen") - channel(states, "mouthClose"), 0)


def test_a_frame_waits_for_its_lookahead_and_no_longer(samples: NDArray[np.float32]) -> None:
    """Frame k comes with the sound that reaches its own time and the lookahead, at most 120 ms, past it."""
    assert LOOKAHEAD <= 0.12
    stream = Stream(Recording(), Controls())  # type: ignore[arg-type]
    made = 0
    for end in range(160, 3 * RATE, 160):
        stream.feed(samples[end - 160 : end])
        made += len(list(stream.frames()))
        due = end / RATE - LOOKAHEAD
        assert not made or (made - 1) / 25 <= due + 0.01 + 1e-9
        assert made / 25 > due - 0.01 - 1e-9


def test_every_moment_of_the_sound_has_a_frame(samples: NDArray[np.float32]) -> None:
    """A finished stream has as many frames as the recording; one without sound has none."""
    assert len(streamed(samples)) == plan_motion(Speech(samples, RATE), Controls()).frames
    assert streamed(samples[:0]) == []


def test_lips_do_what_they_do_in_a_recording(samples: NDArray[np.float32]) -> None:
    """The jaw of the stream is less than half a frame behind the recording's, and opens as far."""
    live = channel(streamed(samples), "jawOpen")
    motion = plan_motion(Speech(samples, RATE), Controls())
    planned = np.array([motion.frame(i)["jawOpen"] for i in range(min(motion.frames, len(live)))])
    live = live[: len(planned)]
    lags = {lag: np.corrcoef(live[lag:], planned[: len(planned) - lag])[0, 1] for lag in range(5)}
    assert max(lags, key=lambda lag: lags[lag]) == 0
    assert lags[0] > 0.75
    assert live.std() == pytest.approx(planned.std(), rel=0.2)


def test_lips_meet_for_p_b_m(samples: NDArray[np.float32]) -> None:
    """At least 95 of 100 of the contacts that are heard are seen in a frame beside them."""
    listener = Listener()
    listener.feed(samples)
    listener.finish()
    gap = open_lips(streamed(samples))
    contacts = [phone for phone in listener.phonemes().phones if phone.symbol == "P"]
    met = [gap[int(p.start * 25) : int(np.ceil(p.end * 25)) + 2].min() < 0.03 for p in contacts]
    assert len(contacts) >= 10
    assert np.mean(met) >= 0.95


def test_nothing_jumps(samples: NDArray[np.float32]) -> None:
    """In 5 ms no angle moves by half a degree, no weight but a lid's by a quarter."""
    listener, planner = Listener(keep=10), LivePlanner(Controls())
    states: list[State] = []
    for begin in range(0, 4 * RATE, CHUNK):
        listener.feed(samples[begin : begin + CHUNK])
        planner.extend(listener)
        while len(states) / 200 <= planner.ready:
            states.append(planner.state(len(states) / 200))
    assert np.abs(np.diff([state.rotation for state in states], axis=0)).max() < 0.5
    still = [i for name, i in INDEX.items() if not name.startswith("eye")]
    weights = np.array([state.blendshapes[still] for state in states])
    assert np.abs(np.diff(weights, axis=0)).max() < 0.25


@pytest.mark.parametrize("chunk", [97, 1000, 4 * RATE])
def test_sizes_of_the_pieces_do_not_matter(samples: NDArray[np.float32], chunk: int) -> None:
    """However the sound is cut, the states are the same to the last bit."""
    usual, other = streamed(samples[: 4 * RATE]), streamed(samples[: 4 * RATE], chunk)
    assert len(usual) == len(other) == 100
    for a, b in zip(usual, other, strict=True):
        assert np.array_equal(a.blendshapes, b.blendshapes)
        assert (a.rotation, a.translation, a.gaze) == (b.rotation, b.translation, b.gaze)


def test_looks_blinks_and_postures_are_those_of_the_recording(samples: NDArray[np.float32]) -> None:
    """What asks nothing of the future is the same in a stream: looks and blinks exactly, the head but for its
    nods and its answer to the voice."""
    live = streamed(samples)
    motion = plan_motion(Speech(samples, RATE), Controls())
    planned = [motion.frame(i) for i in range(len(live))]
    looks = [np.array([look_of(s.gaze, s.rotation) for s in states]) for states in (live, planned)]
    assert np.percentile(np.abs(looks[0] - looks[1]), 99) < 0.5
    blinks = [channel(states, "eyeBlinkLeft") for states in (live, planned)]
    assert np.abs(blinks[0] - blinks[1]).max() < 0.1
    turns = [np.array([state.rotation for state in states]) for states in (live, planned)]
    assert np.abs(turns[0] - turns[1]).mean() < 1.0
    assert np.abs(turns[0] - turns[1])[:, [0, 2]].mean() < 0.5


def test_memory_does_not_grow(samples: NDArray[np.float32]) -> None:
    """What a stream keeps after forty seconds is what it kept after twenty."""
    listener, planner = Listener(keep=2), LivePlanner(Controls())
    kept = []
    for _ in range(4):
        for begin in range(0, 10 * RATE, CHUNK):
            listener.feed(samples[begin % (8 * RATE) :][:CHUNK])
            planner.extend(listener)
        kept.append(len(pickle.dumps((listener, planner))))
    assert max(kept[2:]) < 1.1 * max(kept[:2])


def test_silence_is_idle_life() -> None:
    """Ten seconds of silence keep the mouth shut, while head and lids go on."""
    states = streamed(np.zeros(10 * RATE, np.float32))
    assert open_lips(states).max() < 0.02
    assert (channel(states, "eyeBlinkLeft") > 0.5).any()
    assert np.std([state.rotation for state in states], axis=0).min() > 0.2


def test_the_same_sound_gives_the_same_frames(samples: NDArray[np.float32]) -> None:
    """Same chunks and seed, same states; another seed, another head."""
    one, two = streamed(samples[: 3 * RATE]), streamed(samples[: 3 * RATE])
    assert all(np.array_equal(a.blendshapes, b.blendshapes) for a, b in zip(one, two, strict=True))
    other = streamed(samples[: 3 * RATE], seed=1)
    assert [state.rotation for state in other] != [state.rotation for state in one]


def test_steering_while_it_runs(samples: NDArray[np.float32]) -> None:
    """Gaze, emotion and distance change from where they are steered, smoothly, and stay there."""
    recording = Recording()
    stream = Stream(recording, Controls(size=256))  # type: ignore[arg-type]
    for begin in range(0, 8 * RATE, CHUNK):
        if begin == 3 * RATE:
            stream.steer(gaze=(20.0, 0.0), distance=0.9, emotion=(("happy", 1.0),))
        stream.feed(samples[begin : begin + CHUNK])
        list(stream.frames())
    states = recording.states
    look = np.array([state.gaze[0] + state.rotation[0] for state in states])
    near = np.array([state.translation[2] for state in states])
    smile = channel(states, "mouthSmileLeft")
    assert np.median(look[:70]) == pytest.approx(0, abs=5)
    assert np.median(look[100:]) == pytest.approx(20, abs=5)
    assert near[-1] - near[:70].mean() == pytest.approx(-1.4, abs=0.2)
    assert np.abs(np.diff(near)).max() < 0.15
    assert smile[120:].mean() > smile[:70].mean() + 0.2
    assert stream.controls.emotion == (("happy", 1.0),)


@pytest.mark.parametrize(
    "change",
    [{"distance": 1.3}, {"gaze": (90.0, 0.0)}, {"emotion": (("bored", 1.0),)}, {"distance": float("nan")}],
)
def test_steering_out_of_range_changes_nothing(change: dict[str, object]) -> None:
    """What a stream cannot do is refused by name, and the stream goes on as it was."""
    stream = Stream(Recording(), Controls())  # type: ignore[arg-type]
    with pytest.raises(ControlOutOfRange):
        stream.steer(**change)  # type: ignore[arg-type]
    assert stream.controls == Controls()


def test_bad_sound_is_refused_and_not_heard() -> None:
    """Wrong shape or type, NaN, another rate, sound after the end: errors of ours, each by its name."""
    stream = Stream(Recording(), Controls())  # type: ignore[arg-type]
    for wrong in (np.zeros((4, 2), np.float32), np.zeros(4, np.int16), [0.0]):
        with pytest.raises(MediaUnsupported):
            stream.feed(wrong)  # type: ignore[arg-type]
    with pytest.raises(SpeechNotFinite):
        stream.feed(np.array([0.0, np.nan], np.float32))
    with pytest.raises(MediaTooLarge):
        stream.feed(np.zeros(601 * RATE, np.float32))
    stream.feed(np.zeros(0, np.float32))
    assert list(stream.frames()) == []
    stream.finish()
    stream.finish()
    with pytest.raises(StreamClosed):
        stream.feed(np.zeros(160, np.float32))
    for rate in (4000, 192_000):
        with pytest.raises(MediaUnsupported):
            Stream(Recording(), Controls(), rate)  # type: ignore[arg-type]


def test_any_rate_tells_the_same(samples: NDArray[np.float32]) -> None:
    """The same speech at 48 kHz moves the jaw as at 16 kHz."""
    recording = Recording()
    stream = Stream(recording, Controls(), 48_000)  # type: ignore[arg-type]
    fine = decode_speech(SPEECH.read_bytes()).samples
    list(animate_stream(stream, [fine[i : i + 1920] for i in range(0, len(fine), 1920)]))
    plain = channel(streamed(samples), "jawOpen")
    count = min(len(plain), len(recording.states))
    assert np.corrcoef(plain[:count], channel(recording.states, "jawOpen")[:count])[0, 1] > 0.9


def test_frames_are_pictures() -> None:
    """A stream opened on a portrait gives frames of the size asked for, and they differ as it speaks."""
    controls = Controls(size=256)
    stream = open_stream(draw("mira", 512), controls, FaceFinder(), 48_000)
    speech = decode_speech(SPEECH.read_bytes()).samples[: 2 * 48_000]
    frames = list(animate_stream(stream, [speech]))
    assert len(frames) >= 48
    assert frames[0].shape == (256, 256, 3)
    assert frames[0].dtype == np.uint8
    assert any(np.abs(frames[0].astype(int) - frame).max() > 40 for frame in frames[10:])
