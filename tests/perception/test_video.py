"""Videos stream in upright and bounded, stream out whole and repeatable; hostile ones give typed errors."""

import io
import os
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from perception.audio import RATE, Speech
from perception.encoding import VideoWriter
from perception.errors import (
    MediaEmpty,
    MediaTooLarge,
    MediaTrackMissing,
    MediaUnreadable,
    MediaUnsupported,
    PerceptionError,
)
from perception.limits import LIMITS
from perception.transcode import transcode
from perception.video import open_video, write_video

WIDTH, HEIGHT = 128, 96
CLICK = 24_000  # sample


def picture(i: int, width: int = WIDTH, height: int = HEIGHT) -> NDArray[np.uint8]:
    """Frame number `i`: its grey tells the number, a red corner at the top left tells which way is up."""
    pixels = np.full((height, width, 3), 60 + 4 * (i % 45), np.uint8)
    pixels[: height // 3, : width // 3] = (220, 30, 30)
    return pixels


def number(pixels: NDArray[np.uint8]) -> int:
    """Which frame a decoded picture was."""
    height, width = pixels.shape[:2]
    return round((float(pixels[height // 2 :, width // 2 :].mean()) - 60) / 4)


def click(seconds: float) -> Speech:
    """Silence with a burst half a second in."""
    samples = np.zeros(round(seconds * RATE), np.float32)
    samples[CLICK : CLICK + 480] = np.sin(np.arange(480) * 0.3)
    return Speech(samples)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """50 frames at 25 fps with a click."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    write_video(path, (picture(i) for i in range(50)), fps=25, speech=click(2.0))
    return path


def encoded(
    container: str,
    codec: str,
    *,
    frames: int = 20,
    size: tuple[int, int] = (WIDTH, HEIGHT),
    pixel_format: str = "yuv420p",
    times: list[int] | None = None,
    rotation: int = 0,
    options: dict[str, str] | None = None,
) -> bytes:
    """A video by PyAV alone; `times` are in milliseconds."""
    target = io.BytesIO()
    with av.open(target, "w", format=container, options=options or {}) as file:
        stream = file.add_stream(codec, rate=25, width=size[0], height=size[1])
        stream.codec_context.pix_fmt = pixel_format
        if times is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        if rotation:
            stream.set_display_rotation(rotation)
        for i in range(frames):
            frame = av.VideoFrame.from_ndarray(picture(i, *size)).reformat(format=pixel_format)
            frame.time_base = Fraction(1, 25 if times is None else 1000)
            frame.pts = i if times is None else times[i]
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return target.getvalue()


def test_round_trip(clip: Path) -> None:
    """What was written is read: size, rate, length, every frame in order, colours, sound in its place."""
    with open_video(clip) as video:
        info = video.info
        frames = list(video.frames())
        speech = video.speech()
    assert (info.width, info.height, info.fps, info.frames_estimate) == (WIDTH, HEIGHT, 25, 50)
    assert info.seconds == pytest.approx(2.0)
    assert (info.has_sound, info.codec, info.media_type) == (True, "h264", "video/mp4")
    assert [at for at, _ in frames] == pytest.approx([i / 25 for i in range(50)])
    assert [number(pixels) for _, pixels in frames] == [i % 45 for i in range(50)]
    assert frames[0][1][10, 10].tolist() == pytest.approx([220, 30, 30], abs=6)
    assert speech is not None
    assert len(speech.samples) == 2 * RATE
    assert int(np.abs(speech.samples).argmax()) == pytest.approx(CLICK + 240, abs=250)
    assert float(np.abs(speech.samples[: CLICK - 200]).max()) < 0.05


def test_frames_again_and_sampled(clip: Path) -> None:
    """`frames` starts anew at each call; `every` keeps to a grid of that step."""
    with open_video(clip.read_bytes()) as video:
        assert len(list(video.frames())) == 50
        assert len(list(video.frames())) == 50
        times = [at for at, _ in video.frames(every=0.1)]
    assert len(times) == 20
    assert times[:5] == pytest.approx([0, 0.12, 0.2, 0.32, 0.4])


@pytest.mark.parametrize(
    ("container", "codec", "pixel_format"),
    [
        ("mp4", "libx264", "yuv420p"),
        ("mov", "libx264", "yuv420p10le"),
        ("mp4", "libx264", "yuv444p"),
        ("webm", "libvpx-vp9", "yuv420p"),
        ("webm", "libvpx", "yuv420p"),
        ("matroska", "libx264", "yuv420p"),
        ("avi", "mpeg4", "yuv420p"),
        ("mov", "mjpeg", "yuvj420p"),
        ("gif", "gif", "rgb8"),
    ],
)
def test_formats(container: str, codec: str, pixel_format: str) -> None:
    """Every accepted container, 8 and 10 bits, full and limited range: the same pictures."""
    with open_video(encoded(container, codec, pixel_format=pixel_format)) as video:
        frames = [pixels for _, pixels in video.frames()]
        assert video.speech() is None
    assert len(frames) == 20
    tolerance = 40 if container == "gif" else 9  # 8 bits for all three colours
    for i in (0, 10, 19):
        assert np.abs(frames[i][8, 8].astype(int) - [220, 30, 30]).max() <= tolerance
        assert abs(int(frames[i][-8, -8, 1]) - int(picture(i)[-8, -8, 1])) <= tolerance


def test_variable_rate() -> None:
    """Times are the file's own, counted from the first picture."""
    times = [500, 540, 700, 1200, 1210]
    with open_video(encoded("matroska", "libx264", frames=5, times=times)) as video:
        read = [at for at, _ in video.frames()]
    assert read == pytest.approx([0, 0.04, 0.2, 0.7, 0.71], abs=1e-6)


@pytest.mark.parametrize(
    ("rotation", "corner"), [(90, "bottom left"), (180, "bottom right"), (-90, "top right")]
)
def test_rotation(rotation: int, corner: str) -> None:
    """The display matrix turns picture and size, counter-clockwise."""
    with open_video(encoded("mp4", "libx264", rotation=rotation)) as video:
        _, pixels = next(video.frames())
        assert pixels.shape == (video.info.height, video.info.width, 3)
    assert pixels.shape == ((WIDTH, HEIGHT, 3) if abs(rotation) == 90 else (HEIGHT, WIDTH, 3))
    rows = slice(0, 20) if "top" in corner else slice(-20, None)
    columns = slice(0, 20) if "left" in corner else slice(-20, None)
    assert pixels[rows, columns, 0].mean() > 3 * pixels[rows, columns, 1].mean()


def test_odd_sizes(tmp_path: Path) -> None:
    """Odd sides are read as they are, and made even by writing the last line twice."""
    with open_video(encoded("webm", "libvpx-vp9", size=(101, 77))) as video:
        assert next(video.frames())[1].shape == (77, 101, 3)
    info = write_video(tmp_path / "odd.mp4", [picture(0, 101, 77)], fps=25, speech=None)
    assert (info.width, info.height) == (102, 78)
    with open_video(tmp_path / "odd.mp4") as video:
        _, pixels = next(video.frames())
    assert np.abs(pixels[-1].astype(int) - pixels[-2].astype(int)).max() <= 4


def test_one_frame(tmp_path: Path) -> None:
    """A video of one frame is a video, with sound cut to its 40 ms."""
    write_video(tmp_path / "one.mp4", [picture(7)], fps=25, speech=click(2.0))
    with open_video(tmp_path / "one.mp4") as video:
        [(at, pixels)] = video.frames()
        speech = video.speech()
    assert at == 0
    assert number(pixels) == 7
    assert speech is not None
    assert speech.seconds == pytest.approx(0.04)


@pytest.mark.parametrize("spoken", [0.5, 2.0, 9.0])
def test_sound_is_as_long_as_the_pictures(tmp_path: Path, spoken: float) -> None:
    """Short speech is padded, long speech cut, to the sample."""
    path = tmp_path / "clip.mp4"
    write_video(
        path,
        (picture(i) for i in range(37)),
        fps=25,
        speech=Speech(np.full(int(spoken * RATE), 0.1, np.float32)),
    )
    with open_video(path) as video:
        speech = video.speech()
    assert speech is not None
    assert len(speech.samples) == 37 * RATE // 25


def test_same_input_same_bytes_and_no_chatter(tmp_path: Path) -> None:
    """Written twice, the file is the same; neither encoder nor date is named in it; the index comes first."""
    for name in ("a.mp4", "b.mp4"):
        write_video(tmp_path / name, (picture(i) for i in range(30)), fps=25, speech=click(1.2))
    data = (tmp_path / "a.mp4").read_bytes()
    assert data == (tmp_path / "b.mp4").read_bytes()
    for word in (b"x264", b"Lavc", b"Lavf"):
        assert word not in data
    assert data.index(b"moov") < data.index(b"mdat")
    with av.open(io.BytesIO(data)) as file:
        frame = next(file.decode(video=0))
        assert (frame.colorspace, frame.color_primaries, frame.color_trc, frame.color_range) == (1, 1, 1, 1)


def test_nothing_is_left_by_an_error(tmp_path: Path) -> None:
    """A frame source that fails, no frames, or frames that do not fit: no file, no part of one."""

    def failing() -> "list[NDArray[np.uint8]]":
        raise RuntimeError("renderer")

    def frames(last: NDArray[np.uint8] | None) -> object:
        yield from (picture(i) for i in range(40))
        yield failing() if last is None else last

    (tmp_path / "clip.mp4").write_bytes(b"earlier")
    with pytest.raises(RuntimeError, match="renderer"):
        write_video(tmp_path / "clip.mp4", frames(None), fps=25, speech=click(1.0))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="frame 40"):
        write_video(tmp_path / "clip.mp4", frames(picture(0, 64, 64)), fps=25, speech=None)  # type: ignore[arg-type]
    with pytest.raises(MediaEmpty):
        write_video(tmp_path / "clip.mp4", [], fps=25, speech=None)
    with pytest.raises(ValueError, match="container"):
        write_video(tmp_path / "clip.exe", [picture(0)], fps=25, speech=None)
    assert os.listdir(tmp_path) == ["clip.mp4"]
    assert (tmp_path / "clip.mp4").read_bytes() == b"earlier"


def test_writer_streams(tmp_path: Path) -> None:
    """Sound and pictures lie side by side in the file, however long it is: nothing waits for the end."""
    options = {"crf": "30", "preset": "ultrafast"}
    with VideoWriter(
        tmp_path / "a.mp4", fps=Fraction(25), speech=click(30.0), codec="libx264", options=options
    ) as writer:
        for i in range(750):
            writer.add(picture(i, 64, 64))
        writer.finish()
    with av.open(str(tmp_path / "a.mp4")) as file:
        order = [
            (packet.stream.type, float(packet.pts * packet.time_base))
            for packet in file.demux()
            if packet.pts is not None
        ]
    seen = {"video": 0.0, "audio": 0.0}
    for kind, at in order:
        seen[kind] = at
        assert abs(seen["video"] - seen["audio"]) < 3.0


def test_reader_stops_early(clip: Path) -> None:
    """Closing the iterator or leaving the reader ends the decoding processes."""
    with open_video(clip) as video:
        frames = video.frames()
        next(frames)
        frames.close()  # type: ignore[attr-defined]
        rest = video.frames()
        next(rest)
        pids = [decoder.pid for decoder in video._decoders]
    assert len(pids) == 2
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_silent_sound_track(tmp_path: Path) -> None:
    """A sound track with nothing in it is a silent Speech, not None and not an error."""
    write_video(tmp_path / "a.mp4", [picture(0)] * 10, fps=25, speech=Speech(np.zeros(RATE, np.float32)))
    with open_video(tmp_path / "a.mp4") as video:
        speech = video.speech()
    assert speech is not None
    assert speech.silent


def test_empty_and_other_content(tmp_path: Path) -> None:
    """No bytes, text named .mp4, pictures and sound are refused by content."""
    with pytest.raises(MediaEmpty):
        open_video(b"")
    text = tmp_path / "letter.mp4"
    text.write_text("Dear Sir or Madam, " * 400)
    for source in (
        text,
        b"\x89PNG\r\n\x1a\n" + bytes(99),
        b"RIFF\x24\0\0\0WAVEfmt ",
        b"%PDF-1.4",
        bytes(9999),
    ):
        with pytest.raises(MediaUnsupported, match="must be MP4"):
            open_video(source)


@pytest.mark.parametrize("name", ["hls", "concat", "dash", "edl"])
def test_playlists_are_not_followed(tmp_path: Path, clip: Path, name: str) -> None:
    """A playlist that names a real video is refused, whatever it is called, and the video is never opened."""
    canary = tmp_path / "canary.mp4"
    canary.write_bytes(clip.read_bytes())
    before = canary.stat().st_atime_ns
    text = {
        "hls": f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile://{canary}\n#EXT-X-ENDLIST\n",
        "concat": f"ffconcat version 1.0\nfile {canary}\n",
        "dash": f"<?xml version='1.0'?><MPD><Period><BaseURL>file://{canary}</BaseURL></Period></MPD>",
        "edl": f"# mpv EDL v0\n{canary}\n",
    }[name]
    (tmp_path / "list.mp4").write_text(text)
    with pytest.raises(MediaUnsupported):
        open_video(tmp_path / "list.mp4")
    assert canary.stat().st_atime_ns == before


def test_quicktime_reference_is_not_followed(tmp_path: Path, clip: Path) -> None:
    """A track whose data lie in another file (ISO/IEC 14496-12 8.7.2 `dref`) is unreadable, not fetched."""
    canary = tmp_path / "canary.mp4"
    canary.write_bytes(clip.read_bytes())
    data = bytearray(encoded("mov", "libx264"))
    at = data.index(b"dref") + 12  # version and flags, count, then the first entry's size and type
    entry_size = int.from_bytes(data[at : at + 4], "big")
    path = f"file://{canary}".encode() + b"\0"
    entry = (12 + len(path)).to_bytes(4, "big") + b"url \0\0\0\0" + path
    data[at : at + entry_size] = entry
    grown = len(entry) - entry_size
    for box in (b"dref", b"dinf", b"minf", b"mdia", b"trak", b"moov"):
        start = data.rindex(box, 0, at) - 4 if box != b"minf" else data.rindex(b"minf", 0, at) - 4
        size = int.from_bytes(data[start : start + 4], "big") + grown
        data[start : start + 4] = size.to_bytes(4, "big")
    before = canary.stat().st_atime_ns
    with suppress(MediaUnreadable):
        with open_video(bytes(data)) as video:
            shown = [number(pixels) for _, pixels in video.frames()]
        assert shown == list(range(20))  # the file's own pictures
    assert canary.stat().st_atime_ns == before


def test_no_picture_track() -> None:
    """A sound file in a video container has no pictures."""
    target = io.BytesIO()
    with av.open(target, "w", format="mp4") as file:
        sound = file.add_stream("aac", rate=RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(click(1.0).samples[None], "flt", "mono")
        frame.rate, frame.pts = RATE, 0
        file.mux(sound.encode(frame))
        file.mux(sound.encode(None))
    with pytest.raises(MediaTrackMissing, match="no picture"):
        open_video(target.getvalue())


def test_cut_files(clip: Path) -> None:
    """Half a video: the pictures before the break, then MediaUnreadable; without its index nothing."""
    data = clip.read_bytes()
    with open_video(data[: len(data) * 2 // 3]) as video:
        seen: list[float] = []
        with pytest.raises(MediaUnreadable):
            seen.extend(at for at, _ in video.frames())
        assert 0 < len(seen) < 50
    late_index = encoded("mp4", "libx264")
    with pytest.raises(MediaUnreadable):
        open_video(late_index[: len(late_index) // 2])


@pytest.mark.parametrize(
    ("limits", "name"),
    [
        ({"video_bytes": 100}, "video_bytes"),
        ({"video_side": 100}, "video_side"),
        ({"video_pixels": 1000}, "video_pixels"),
        ({"video_seconds": 1.0}, "video_seconds"),
        ({"video_frames": 10}, "video_frames"),
    ],
)
def test_limits(clip: Path, limits: dict[str, float], name: str) -> None:
    """Each limit is checked before a picture is decoded, and named."""
    with pytest.raises(MediaTooLarge) as caught:
        open_video(clip, replace(LIMITS, **limits))  # type: ignore[arg-type]
    assert caught.value.metadata == {"limit": name, "most": str(limits[name])}


def test_limits_hold_where_the_header_is_silent() -> None:
    """A stream that declares no length is counted while it is decoded."""
    live = encoded("matroska", "libx264", frames=50, options={"live": "1"})
    for limits, name in (({"video_seconds": 1.0}, "video_seconds"), ({"video_frames": 10}, "video_frames")):
        with pytest.raises(MediaTooLarge) as caught, open_video(live, replace(LIMITS, **limits)) as video:  # type: ignore[arg-type]
            list(video.frames())
        assert caught.value.metadata["limit"] == name


def test_transcode(tmp_path: Path, clip: Path) -> None:
    """A copy at another size and rate, altered in a window, with its sound still in place."""

    def negative(at: float, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return 255 - pixels

    info = transcode(
        clip,
        tmp_path / "copy.webm",
        codec="libvpx-vp9",
        size=(96, 72),
        fps=50,
        alter=negative,
        window=(1.0, 1.5),
    )
    assert (info.width, info.height, info.fps, info.frames_estimate) == (96, 72, 50, 99)
    with open_video(tmp_path / "copy.webm") as video:
        frames = list(video.frames())
        speech = video.speech()
    altered = [at for at, pixels in frames if pixels[5, 5, 1] > pixels[5, 5, 0]]
    assert (min(altered), max(altered)) == pytest.approx((1.0, 1.48), abs=0.021)
    assert speech is not None
    assert int(np.abs(speech.samples).argmax()) == pytest.approx(CLICK + 240, abs=500)
    assert transcode(clip, tmp_path / "mute.mp4", keep_sound=False).has_sound is False


@pytest.mark.parametrize("kind", [("mp4", "libx264"), ("webm", "libvpx"), ("avi", "mpeg4"), ("gif", "gif")])
@given(data=st.data())
@settings(max_examples=6, deadline=None)
def test_damaged_files_raise_only_our_errors(kind: tuple[str, str], data: st.DataObject) -> None:
    """Bytes changed or cut anywhere: pictures or a PerceptionError, nothing else."""
    damaged = bytearray(encoded(*kind, frames=5, pixel_format="rgb8" if kind[0] == "gif" else "yuv420p"))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at] = data.draw(st.integers(0, 255))
    damaged = damaged[: data.draw(st.integers(0, len(damaged)))]
    with suppress(PerceptionError), open_video(bytes(damaged)) as video:
        for _, pixels in video.frames():
            assert pixels.shape == (video.info.height, video.info.width, 3)
        video.speech()


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="needs Linux's scheduler calls")
def test_av1_does_not_take_the_machine(tmp_path: Path) -> None:
    """SVT-AV1, run as root, would leave the caller with a real-time priority: it is given back."""
    before = os.sched_getscheduler(0)
    with VideoWriter(
        tmp_path / "x.mp4", fps=Fraction(25), speech=None, codec="libsvtav1",
        options={"crf": "40", "preset": "10"},
    ) as writer:  # fmt: skip
        for level in range(3):
            writer.add(np.full((128, 128, 3), 40 * level, np.uint8))
        writer.finish()
    assert os.sched_getscheduler(0) == before
