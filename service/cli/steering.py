"""The options that steer a clip, and the controls that they name."""

import argparse
from pathlib import Path

from engine.state import AMPLITUDES, EMOTIONS, TRACK_MODES, Amplitude, Controls, Crop


def add_controls(command: argparse.ArgumentParser) -> None:
    """Options of everything that a clip can be steered by."""
    rest = Controls()
    command.add_argument("--size", type=int, default=rest.size, help="pixels, even, 256 to 1080; default 512")
    command.add_argument(
        "--distance", type=float, default=rest.distance, help="0.7 (near) to 1.5 (far); default 1"
    )
    command.add_argument(
        "--framing", type=_triple, metavar="X,Y,SIDE",
        help="square of the picture: centre, 0 to 1 of its width and height, and side, 0.05 to 1.5 of its "
        "shorter side; default: chosen",
    )  # fmt: skip
    add_motion(command, rest.fps)


def add_motion(command: argparse.ArgumentParser, fps: int) -> None:
    """Options of what steers the motion alone; `fps` is the default."""
    rest = Controls()
    command.add_argument("--fps", type=int, default=fps, help=f"frames per second, 24 to 60; default {fps}")
    command.add_argument("--seed", type=int, default=rest.seed, help="same seed, same frames; default 0")
    command.add_argument(
        "--gaze", type=_pair, default=rest.gaze, metavar="YAW,PITCH",
        help="degrees, within 30 and 20; default 0,0",
    )  # fmt: skip
    command.add_argument(
        "--pose", type=_triple, default=rest.pose, metavar="YAW,PITCH,ROLL",
        help="attitude of the head in degrees, within 15, 10 and 10; default 0,0,0",
    )  # fmt: skip
    command.add_argument(
        "--amplitude", type=_amplitude, action="append", default=[], metavar="GROUP:FACTOR",
        help=f"{', '.join(AMPLITUDES)}; factor 0 to 2 on the planned motion; repeat for several",
    )  # fmt: skip
    command.add_argument(
        "--emotion", type=_emotion, action="append", default=[], metavar="NAME:STRENGTH",
        help=f"{', '.join(EMOTIONS)}; strength 0 to 1; repeat to blend",
    )  # fmt: skip


def add_track(command: argparse.ArgumentParser) -> None:
    """Options of a track that is given."""
    command.add_argument(
        "--track", type=Path, metavar="CSV", help="blendshape track: Live Link Face or plain ARKit"
    )
    command.add_argument(
        "--track-mode", choices=TRACK_MODES, help="instead of the speech (default), or on top of it"
    )


def steered(args: argparse.Namespace) -> Controls:
    """The controls that the options name; a command without a picture has fewer. Raises ControlOutOfRange."""
    pictured = {name: getattr(args, name) for name in ("size", "distance") if name in args}
    if getattr(args, "framing", None):
        pictured["framing"] = Crop(*args.framing)
    return Controls(
        gaze=args.gaze,
        emotion=tuple(args.emotion),
        amplitude=Amplitude(**dict(args.amplitude)),
        pose=args.pose,
        fps=args.fps,
        seed=args.seed,
        **pictured,
    )


def _pair(text: str) -> tuple[float, float]:
    yaw, _, pitch = text.partition(",")
    try:
        return float(yaw), float(pitch)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not YAW,PITCH in degrees, for example 10,-5") from None


def _triple(text: str) -> tuple[float, float, float]:
    try:
        first, second, third = (float(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not three numbers with commas") from None
    return first, second, third


def _amplitude(text: str) -> tuple[str, float]:
    group, _, factor = text.partition(":")
    if group not in AMPLITUDES:
        raise argparse.ArgumentTypeError(f"{group!r} is not one of {', '.join(AMPLITUDES)}")
    try:
        return group, float(factor)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not GROUP:FACTOR, for example head:0.5") from None


def _emotion(text: str) -> tuple[str, float]:
    name, _, strength = text.partition(":")
    if name not in EMOTIONS:
        raise argparse.ArgumentTypeError(f"{name!r} is not one of {', '.join(EMOTIONS)}")
    try:
        return name, float(strength or 1)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME:STRENGTH, for example happy:0.6") from None
