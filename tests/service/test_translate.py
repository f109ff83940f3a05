"""Controls on the wire: every one travels, and the .proto's ranges are the engine's."""

import protovalidate
import pytest

from engine.errors import ControlOutOfRange
from engine.state import TRACK_MODES, Amplitude, Controls, Crop
from safety.label import KINDS
from service.pb.sitter.v1 import generation_pb2
from service.translate import LABEL, LABEL_NAME, TRACK_MODE, TRACK_MODE_NAME, controls_in, controls_out

ALL = Controls(
    gaze=(12.0, -7.0), distance=1.25, emotion=(("happy", 0.5), ("sad", 0.25)), size=640, fps=30, seed=9,
    amplitude=Amplitude(0.0, 0.5, 2.0), pose=(-15.0, 10.0, 2.5), framing=Crop(0.25, 0.75, 0.5),
)  # fmt: skip


@pytest.mark.parametrize("controls", [Controls(), ALL])
def test_controls_travel(controls: Controls) -> None:
    """Out and in is the same, and what is sent is valid."""
    sent = controls_out(controls)
    protovalidate.validate(sent)
    assert controls_in(sent) == controls


def test_what_is_not_said_is_the_default() -> None:
    """An empty message, and empty messages in it; a head amplitude of 0 is not the same as none."""
    assert controls_in(generation_pb2.Controls()) == Controls()
    empty = generation_pb2.Controls(amplitude=generation_pb2.Amplitude(), pose=generation_pb2.Pose())
    assert controls_in(empty) == Controls()
    still = generation_pb2.Controls(amplitude=generation_pb2.Amplitude(head=0))
    assert controls_in(still).amplitude == Amplitude(head=0.0)


RANGES = [
    ("gaze_yaw", -30, 30), ("gaze_pitch", -20, 20), ("distance", 0.7, 1.5), ("size", 256, 1080),
    ("fps", 24, 60), ("amplitude.head", 0, 2), ("amplitude.brows", 0, 2), ("amplitude.blinks", 0, 2),
    ("pose.yaw", -15, 15), ("pose.pitch", -10, 10), ("pose.roll", -10, 10), ("framing.x", 0, 1),
    ("framing.y", 0, 1), ("framing.side", 0.05, 1.5),
]  # fmt: skip


@pytest.mark.parametrize(("path", "low", "high"), RANGES)
def test_the_door_has_the_engines_ranges(path: str, low: float, high: float) -> None:
    """What the .proto lets in the engine takes, and beyond either end both refuse."""

    def message(value: float) -> generation_pb2.Controls:
        made = generation_pb2.Controls()
        if path.startswith("framing"):
            made.framing.CopyFrom(generation_pb2.Framing(x=0.5, y=0.5, side=0.5))
        holder, _, name = path.rpartition(".")
        setattr(getattr(made, holder) if holder else made, name, value)
        return made

    for value in (low, high):
        protovalidate.validate(message(value))
        controls_in(message(value))
    for value in (low - 2, high + 2):
        with pytest.raises(protovalidate.ValidationError):
            protovalidate.validate(message(value))
        with pytest.raises(ControlOutOfRange):
            controls_in(message(value))


def spec(**fields: object) -> generation_pb2.GenerateSpec:
    given = {
        "request_id": "5c1f7d0e-0d43-4c5e-8f1e-444444444444", "identity_id": "0" * 32, "consent_id": "0" * 32,
        "purpose": "education", "territory": "DE", "channel": "web", "portrait_bytes": 1,
    }  # fmt: skip
    return generation_pb2.GenerateSpec(**given | fields)


def test_labels_are_those_that_can_be_drawn() -> None:
    """Each kind has a number and back; none is none; a number that is none is refused at the door."""
    assert [LABEL_NAME[LABEL[kind]] for kind in KINDS] == list(KINDS)
    assert LABEL_NAME.get(spec().label) is None
    protovalidate.validate(spec(label=LABEL["banner"]))
    with pytest.raises(protovalidate.ValidationError):
        protovalidate.validate(spec(label=99))


def test_a_mode_needs_a_track() -> None:
    """A mode without a track is a mistake that the door names; a track without a mode replaces the speech."""
    protovalidate.validate(spec(track_bytes=1))
    protovalidate.validate(spec(track_bytes=1, track_mode=generation_pb2.TRACK_MODE_ON_TOP))
    for wrong in (spec(track_mode=generation_pb2.TRACK_MODE_INSTEAD), spec(track_bytes=2**25 + 1)):
        with pytest.raises(protovalidate.ValidationError):
            protovalidate.validate(wrong)
    assert TRACK_MODE_NAME[generation_pb2.TRACK_MODE_UNSPECIFIED] == "instead"
    assert [TRACK_MODE_NAME[TRACK_MODE[mode]] for mode in TRACK_MODES] == list(TRACK_MODES)
