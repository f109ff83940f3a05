"""Track files: what was written is read, what other programs write is read, and all else is refused."""

import numpy as np
import pytest
from spoken import babble

from engine.errors import TrackUnusable
from engine.motion import Motion, plan_from_phonemes
from engine.state import BLENDSHAPES, Controls
from engine.track import CHANNELS, Track
from engine.track_csv import (
    ARKIT,
    LIVE_LINK,
    TRACK_BYTES,
    TRACK_ROWS,
    read_track,
    write_arkit,
    write_live_link,
)

# As recorded by the app: weights at rest but the eyes', which look to the sitter's left and up.
HEADER = ",".join(LIVE_LINK)
LOOKING_LEFT = {
    "EyeLookOutLeft": 0.51, "EyeLookUpLeft": 0.43, "EyeLookInRight": 0.61, "EyeLookUpRight": 0.42,
    "LeftEyeYaw": -0.36, "LeftEyePitch": -0.197, "RightEyeYaw": -0.31, "RightEyePitch": -0.197,
}  # fmt: skip


@pytest.fixture(scope="module")
def motion() -> Motion:
    return plan_from_phonemes(babble(2.0), Controls(fps=30, gaze=(8.0, -5.0), pose=(4.0, -3.0, 2.0)))


def row(timecode: str, **cells: float) -> str:
    return ",".join([timecode, "61", *(f"{cells.get(name, 0.0):.10f}" for name in LIVE_LINK[2:])])


def live(*rows: str, header: str = HEADER) -> bytes:
    return "\n".join((header, *rows)).encode()


def test_the_headers_are_the_formats_own() -> None:
    """63 columns in the app's order, right before left for jaw and mouth; ARKit's in Apple's."""
    assert len(LIVE_LINK) == 63
    assert HEADER.startswith(
        "Timecode,BlendshapeCount,EyeBlinkLeft,EyeLookDownLeft,EyeLookInLeft,EyeLookOutLeft"
    )
    assert (
        "JawForward,JawRight,JawLeft,JawOpen,MouthClose,MouthFunnel,MouthPucker,MouthRight,MouthLeft"
        in HEADER
    )
    assert HEADER.endswith("HeadYaw,HeadPitch,HeadRoll,LeftEyeYaw,LeftEyePitch,LeftEyeRoll,RightEyeYaw,RightEyePitch,RightEyeRoll")  # noqa: E501 # fmt: skip
    assert ARKIT[:4] == ("time", "eyeBlinkLeft", "eyeLookDownLeft", "eyeLookInLeft")


def test_arkit_holds_all_that_a_motion_has(motion: Motion) -> None:
    """Written and read it is the same within the six digits that are written."""
    track = Track.of(motion)
    again = read_track(write_arkit(track).encode())
    assert np.allclose(again.times, track.times, atol=1e-6)
    assert np.allclose(again.values, track.values, atol=1e-6)


def test_live_link_holds_all_but_translation(motion: Motion) -> None:
    """Weights within 1e-7, angles within 1e-4 degrees, times within 1/60,000 s; x, y, z gone."""
    track = Track.of(motion)
    text = write_live_link(track)
    assert text.splitlines()[0] == HEADER
    again = read_track(text.encode())
    assert np.allclose(again.times, track.times, atol=2e-5)
    place = [name for name in CHANNELS if name not in ("headX", "headY", "headZ")]
    columns = [CHANNELS.index(name) for name in place]
    assert np.allclose(again.values[:, columns], track.values[:, columns], atol=1e-4)
    assert not again.values[:, [CHANNELS.index(f"head{axis}") for axis in "XYZ"]].any()


def test_the_apps_axes() -> None:
    """In the app's recordings eyes that look to the sitter's left and up have negative yaw and pitch, in
    radians; image right and up are positive here."""
    track = read_track(live(row("12:22:00:42.582", **LOOKING_LEFT), row("12:22:00:44.582", **LOOKING_LEFT)))
    yaw, pitch = track.state(0.0).gaze
    assert yaw == pytest.approx(np.degrees(0.335), abs=0.01)
    assert pitch == pytest.approx(np.degrees(0.197), abs=0.01)
    assert track.times[1] == pytest.approx(2 / 60, abs=1e-5)


def test_without_eye_columns_the_look_weights_tell_the_gaze() -> None:
    """Same direction as the eyes' own angles, to a few degrees."""
    names = LIVE_LINK[:-6]
    cells = [f"{LOOKING_LEFT.get(name, 0.0)}" for name in names[2:]]
    rows = [",".join([f"00:00:00:0{i}.000", "55", *cells]) for i in range(2)]
    yaw, pitch = read_track(live(*rows, header=",".join(names))).state(0.0).gaze
    assert yaw == pytest.approx(19.2, abs=4)
    assert pitch == pytest.approx(11.3, abs=4)


@pytest.mark.parametrize(("rate", "counted"), [(24, 24), (25, 25), (30, 30), (60, 60)])
def test_timecodes_count_at_the_files_own_rate(rate: int, counted: int) -> None:
    """A file whose frame numbers stay below a lower usual rate counts at that rate."""
    rows = [row(f"00:00:{i // rate:02d}:{i % rate:02d}.000") for i in range(3 * rate)]
    assert np.allclose(read_track(live(*rows)).times, np.arange(3 * rate) / counted, atol=1e-5)


def test_rows_without_a_face_are_left_out() -> None:
    """The app writes a count of 0, and nothing else, where it saw no face."""
    whole = read_track(live(row("00:00:00:00"), "00:00:00:01,0", row("00:00:00:02", JawOpen=0.4)))
    assert len(whole.times) == 2
    assert whole.at(1 / 60)[BLENDSHAPES.index("jawOpen")] == pytest.approx(0.2, abs=1e-4)


def test_columns_are_found_by_name() -> None:
    """Any order and case, a byte order mark, carriage returns, no tongue, blank lines at the end."""
    names = [name for name in BLENDSHAPES[::-1] if name != "tongueOut"]
    lines = [",".join(["TIME", *(name.upper() for name in names)])]
    cells = ["0.5" if name == "jawOpen" else "0" for name in names]
    lines += [",".join([f"{i / 10}", *cells]) for i in range(3)]
    track = read_track(b"\xef\xbb\xbf" + "\r\n".join([*lines, "", ""]).encode())
    assert track.state(0.1)["jawOpen"] == pytest.approx(0.5)
    assert float(track.values[:, :52].sum()) == pytest.approx(1.5)


def test_times_may_begin_anywhere() -> None:
    """The first row is time 0."""
    lines = [",".join(ARKIT[:53])] + [",".join([f"{7 + i / 10}", *["0"] * 52]) for i in range(3)]
    assert np.allclose(read_track("\n".join(lines).encode()).times, [0.0, 0.1, 0.2])


PLAIN = ",".join(ARKIT[:53])
ZEROS = ",0" * 52


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "no CSV text"),
        ("time,jawOpen\n0,ö\n".encode(), "no CSV text"),
        (b"\0" * 100, "first column"),
        (b"frame,jawOpen\n1,0\n", "first column"),
        (b"time,jawOpen\n0,0\n", "lacks the column eyeBlinkLeft"),
        ((PLAIN + ",wings\n0" + ZEROS + ",1\n").encode(), "wings"),
        ((PLAIN + ",jawOpen\n0" + ZEROS + ",1\n").encode(), "two columns"),
        ((PLAIN + "," * 5000).encode(), "two columns"),
        ((PLAIN + "\n0" + ZEROS + "\n").encode(), "two rows"),
        ((PLAIN + "\n").encode(), "two rows"),
        (PLAIN.encode(), "two rows"),
        ((PLAIN + "\n0" + ZEROS + "\n0.1,0,0\n").encode(), "row 2 .* 3 cells"),
        ((PLAIN + "\n0" + ZEROS + "\n0.1" + ZEROS + ",0\n").encode(), "row 2 .* 54 cells"),
        ((PLAIN + "\n0" + ZEROS + "\n0.1" + ",x" * 52).encode(), "row 2 .* no number"),
        ((PLAIN + "\n0" + ZEROS + "\n0.1" + ",nan" * 52).encode(), "not numbers"),
        ((PLAIN + "\n0" + ZEROS + "\n0.1" + ",inf" * 52).encode(), "outside 0 to 1"),
        ((PLAIN + "\n0" + ZEROS + "\n0.1" + ",1e300" * 52).encode(), "outside 0 to 1"),
        ((PLAIN + "\n0" + ZEROS + "\n0.1" + ",1.5" * 52).encode(), "eyeBlinkLeft is 1.5 in row 2"),
        ((PLAIN + "\n0" + ZEROS + "\n0" + ZEROS).encode(), "do not rise .row 2"),
        ((PLAIN + "\n1" + ZEROS + "\n0.5" + ZEROS).encode(), "do not rise .row 2"),
        ((PLAIN + "\nsoon" + ZEROS + "\n0.5" + ZEROS).encode(), "time in row 1"),
        ((PLAIN + "\nnan" + ZEROS + "\n0.5" + ZEROS).encode(), "not numbers"),
        ((PLAIN + "\n0" + ZEROS + "\n601" + ZEROS).encode(), "600 s"),
        (live(row("00:00:00:00"), row("zero")), "timecode in row 2"),
        (live(row("00:00:00:00"), row("00:61:00:00")), "timecode in row 2"),
        (live(row("00:00:00:00"), row("00:00:00:75")), "more than 60 frames"),
        (live(row("00:00:00:01"), row("00:00:00:01")), "do not rise"),
        (live(row("00:00:00:01"), row("00:00:00:02", HeadYaw=12.0)), "look like degrees"),
        (live("00:00:00:01,0", "00:00:00:02,0"), "two rows"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(data: bytes, words: str) -> None:
    """Each with the one error, whose words say where and what."""
    with pytest.raises(TrackUnusable, match=words):
        read_track(data)


def test_too_much_is_refused_before_it_is_parsed() -> None:
    """Bytes and rows are counted first; the metadata has the limit."""
    with pytest.raises(TrackUnusable) as caught:
        read_track(b"0" * (TRACK_BYTES + 1))
    assert caught.value.metadata["limit"] == "track_bytes"
    with pytest.raises(TrackUnusable) as caught:
        read_track((PLAIN + "\n1" * (TRACK_ROWS + 1)).encode())
    assert caught.value.metadata["limit"] == "track_rows"
