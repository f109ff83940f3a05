"""Blendshape tracks as CSV files: Live Link Face, and plain ARKit.

*Live Link Face* (the iPhone app; facts from recordings and importers published for it: the header of
alexdjulin/LiveLinkFace-CSV-Retarget-For-Motionbuilder and nmfisher/blender_livelinkface). Timecode and
BlendshapeCount, 52 ARKit weights with capital first letters, then head and eyes in radians, 61 values in all.
`HH:MM:SS:FF.sub` counts FF at 60 a second whatever the recording's rate; a file whose FF stay below a lower
usual rate for a second or more counts at that rate. In those recordings positive eye yaw comes with
EyeLookInLeft and EyeLookOutRight (to the sitter's right), positive pitch with EyeLookDown, and roll is about
yaw times pitch; the head is taken to have the same axes. The app has recorded mirrored takes too: a head that
turns the wrong way needs its HeadYaw and HeadRoll negated.

*Plain ARKit*: `time` in seconds, 52 weights by ARKit's own names, and any of `POSE` in this project's units
and signs (degrees, inter-ocular distances). It holds all that a motion has.

Columns are found by name, in any order and case; head and eye columns may be missing, and so may tongueOut
(ARKit 2). Without eye columns the gaze comes from the eyeLook weights. A Live Link row whose BlendshapeCount
is 0 has no face in it and is left out.
"""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.errors import TrackUnusable
from engine.motion.gaze import EYE_LIMIT
from engine.state import BLENDSHAPES, INDEX
from engine.track import CHANNELS, Track

Values = NDArray[np.float64]

TRACK_BYTES = 32 * 2**20
TRACK_ROWS = 36_001  # 600 seconds at 60 a second, both ends
_COLUMNS = 128
_LINE = 4096  # characters: 63 columns take about 800

_TIMECODE = re.compile(r"(\d{1,2}):([0-5]\d):([0-5]\d)[:;](\d{1,2})(?:\.(\d{1,9}))?")
_RATES = (24, 25, 30, 48, 50, 60)
_HUGE = 1e6  # over any range: what is larger is refused, and would not fit a float32
_ROUNDING = 0.01  # a weight or angle may be so far outside its range by rounding, and is brought back in

_APP = tuple(name[0].upper() + name[1:] for name in BLENDSHAPES)
_SWAPPED = {
    "JawLeft": "JawRight",
    "JawRight": "JawLeft",
    "MouthLeft": "MouthRight",
    "MouthRight": "MouthLeft",
}
_HEAD = ("HeadYaw", "HeadPitch", "HeadRoll")
_EYES = ("LeftEyeYaw", "LeftEyePitch", "LeftEyeRoll", "RightEyeYaw", "RightEyePitch", "RightEyeRoll")
LIVE_LINK = ("Timecode", "BlendshapeCount", *(_SWAPPED.get(name, name) for name in _APP), *_HEAD, *_EYES)
"""The app's header, in the app's order."""

ARKIT = ("time", *CHANNELS)

_SIGNS = {"HeadYaw": -1.0, "HeadPitch": -1.0, "HeadRoll": 1.0}


def read_track(data: bytes) -> Track:
    """Read either format, told by the first column's name.

    Raises:
        TrackUnusable: empty, no text, over `TRACK_BYTES`, `TRACK_ROWS` or 600 seconds, another header, a cell
            that is no number or out of its range, times that do not rise; says which row and column.
    """
    if not data:
        raise TrackUnusable("the track is empty: give a Live Link Face or ARKit CSV file")
    if len(data) > TRACK_BYTES:
        raise TrackUnusable(
            f"the track has {len(data):,} bytes; at most {TRACK_BYTES:,} are accepted",
            limit="track_bytes", most=TRACK_BYTES,
        )  # fmt: skip
    try:
        lines = data.removeprefix(b"\xef\xbb\xbf").decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise TrackUnusable("the track is no CSV text: give a Live Link Face or ARKit CSV file") from error
    header = _header(lines[0])
    rows = [(number, line) for number, line in enumerate(lines[1:], 1) if line.strip()]
    if len(rows) > TRACK_ROWS:
        raise TrackUnusable(
            f"the track has {len(rows)} rows: at most {TRACK_ROWS} are accepted",
            limit="track_rows", most=TRACK_ROWS,
        )  # fmt: skip
    return _arkit(header, rows) if header[0] == "time" else _live_link(header, rows)


def write_live_link(track: Track) -> str:
    """The app's format; translation has no place in it and is lost."""
    weights = [INDEX[name[0].lower() + name[1:]] for name in LIVE_LINK[2 : 2 + len(BLENDSHAPES)]]
    lines = [",".join(LIVE_LINK)]
    for time, row in zip(track.times, track.values.astype(float), strict=True):
        pose = row[len(BLENDSHAPES) :]
        head = np.radians(pose[:3]) * list(_SIGNS.values())
        yaw, pitch = -np.radians(pose[6:])
        values = (*row[weights], *head, *(yaw, pitch, yaw * pitch) * 2)
        lines.append(f"{_timecode(float(time))},{len(values)}," + ",".join(f"{v:.7f}" for v in values))
    return "\n".join(lines) + "\n"


def write_arkit(track: Track) -> str:
    """The plain format."""
    lines = [",".join(ARKIT)]
    for time, row in zip(track.times, track.values, strict=True):
        lines.append(f"{time:.6f}," + ",".join(f"{value:.6f}" for value in row))
    return "\n".join(lines) + "\n"


def _header(line: str) -> list[str]:
    """The columns' names in lower case, checked."""
    names = [name.strip().strip('"').lower() for name in line.split(",", _COLUMNS)]
    if names[0] not in ("timecode", "time"):
        raise TrackUnusable(
            "the track's first column must be Timecode (Live Link Face) or time (seconds, ARKit names)"
        )
    known = {name.lower() for name in (LIVE_LINK if names[0] == "timecode" else ARKIT)}
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise TrackUnusable(f"the track has two columns {twice[0][:40]!r}", column=twice[0][:40])
    if foreign := [name for name in names if name not in known]:
        raise TrackUnusable(
            f"the track has a column {foreign[0][:40]!r} that this format does not have",
            column=foreign[0][:40],
        )
    if missing := [name for name in BLENDSHAPES if name.lower() not in names and name != "tongueOut"]:
        raise TrackUnusable(
            f"the track lacks the column {missing[0]}: all 52 ARKit weights are needed", column=missing[0]
        )
    return names


def _numbers(header: Sequence[str], row: tuple[int, str]) -> list[float]:
    """The cells after the first, of a row with as many cells as the header."""
    number, line = row
    cells = line.split(",", _COLUMNS) if len(line) <= _LINE else []
    if len(cells) != len(header):
        raise TrackUnusable(
            f"row {number} of the track has {len(cells)} cells, its header {len(header)}", row=number
        )
    try:
        return [float(cell) for cell in cells[1:]]
    except ValueError as error:
        raise TrackUnusable(f"row {number} of the track has a cell that is no number", row=number) from error


def _arkit(header: list[str], rows: list[tuple[int, str]]) -> Track:
    columns = [CHANNELS[[c.lower() for c in CHANNELS].index(name)] for name in header[1:]]
    values = np.zeros((len(rows), len(CHANNELS)))
    times = np.zeros(len(rows))
    places = [CHANNELS.index(name) for name in columns]
    for i, row in enumerate(rows):
        values[i, places] = _numbers(header, row)
        try:
            times[i] = float(row[1].partition(",")[0])
        except ValueError as error:
            raise TrackUnusable(f"the time in row {row[0]} is no number of seconds", row=row[0]) from error
    return _track(times, values, has_gaze="gazeyaw" in header and "gazepitch" in header)


def _live_link(header: list[str], rows: list[tuple[int, str]]) -> Track:
    count = header.index("blendshapecount") if "blendshapecount" in header else None
    seen = rows if count is None else [row for row in rows if not _faceless(row[1], count)]
    times = _seconds(seen)
    cells = np.empty((len(seen), len(header) - 1))
    for i, row in enumerate(seen):
        cells[i] = _numbers(header, row)
    cell = {name: cells[:, i] for i, name in enumerate(header[1:])}
    nothing = np.zeros(len(seen))
    values = np.zeros((len(seen), len(CHANNELS)))
    for name, column in INDEX.items():
        values[:, column] = cell.get(name.lower(), nothing)
    for name, sign in _SIGNS.items():
        column = CHANNELS.index(name[0].lower() + name[1:])
        values[:, column] = sign * np.degrees(_radians(name, cell.get(name.lower(), nothing)))
    has_gaze = all(
        name.lower() in cell for name in ("LeftEyeYaw", "LeftEyePitch", "RightEyeYaw", "RightEyePitch")
    )
    if has_gaze:
        for channel, axis in (("gazeYaw", "yaw"), ("gazePitch", "pitch")):
            both = (cell["lefteye" + axis] + cell["righteye" + axis]) / 2
            values[:, CHANNELS.index(channel)] = -np.degrees(_radians("LeftEye" + axis, both))
    return _track(times, values, has_gaze)


def _faceless(line: str, count: int) -> bool:
    cells = line.split(",", count + 1)
    return len(cells) > count and cells[count].strip() == "0"


def _radians(name: str, values: Values) -> Values:
    if (np.abs(values) > np.pi / 2).any():
        raise TrackUnusable(
            f"{name} is over {np.pi / 2:.2f}: Live Link Face gives radians, these look like degrees",
            channel=name, high=f"{np.pi / 2:.4f}",
        )  # fmt: skip
    return values


def _seconds(rows: list[tuple[int, str]]) -> Values:
    """Times of the rows' timecodes, from the first."""
    whole, frames = np.zeros(len(rows)), np.zeros(len(rows))
    for i, (number, line) in enumerate(rows):
        found = _TIMECODE.fullmatch(line.partition(",")[0].strip())
        if found is None:
            raise TrackUnusable(f"the timecode in row {number} is not HH:MM:SS:FF.sub", row=number)
        hours, minutes, seconds, frame = (int(part) for part in found.groups()[:4])
        whole[i] = 3600 * hours + 60 * minutes + seconds
        frames[i] = frame + float(f"0.{found[5] or 0}")
    if not rows:
        return whole
    # Less than a full second cannot tell how many frames there are in one.
    fitting = [rate for rate in _RATES if frames.max() < rate]
    if not fitting:
        raise TrackUnusable(
            "the track's timecodes count more than 60 frames a second", limit="track_rate", most=60
        )
    times = whole + frames / (fitting[0] if whole[-1] - whole[0] >= 2 else _RATES[-1])
    return np.asarray(np.round(times - times[0], 6))


def _track(times: Values, values: Values, has_gaze: bool) -> Track:
    if len(times) and np.isfinite(times[0]):
        times = times - times[0]
    values = np.clip(values, -_HUGE, _HUGE)
    weights = values[:, : len(BLENDSHAPES)]
    near = (weights >= -_ROUNDING) & (weights <= 1 + _ROUNDING)
    weights[near] = np.clip(weights[near], 0.0, 1.0)
    if not has_gaze:
        values[:, -2:] = _gaze(weights)
    return Track(times, values.astype(np.float32))


def _gaze(weights: Values) -> Values:
    """(N, 2) degrees from the eyeLook weights, both eyes' mean; `with_eye_look` the other way round."""
    look = {name: weights[:, INDEX["eyeLook" + name]] for name in _LOOKS}
    yaw = look["OutLeft"] - look["InLeft"] + look["InRight"] - look["OutRight"]
    pitch = look["UpLeft"] + look["UpRight"] - look["DownLeft"] - look["DownRight"]
    return np.stack((yaw, pitch), 1) / 2 * EYE_LIMIT


_LOOKS = ("OutLeft", "InLeft", "OutRight", "InRight", "UpLeft", "UpRight", "DownLeft", "DownRight")


def _timecode(seconds: float) -> str:
    ticks = round(seconds * 60_000)  # thousandths of a sixtieth
    whole, part = divmod(ticks, 60_000)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}:{part // 1000:02d}.{part % 1000:03d}"
