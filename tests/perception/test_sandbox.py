"""The decoding process: what it may not do, and what its reader does not believe."""

import json
import os
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perception.decoding.wire import array_size, parse_header
from perception.errors import MediaTooCostly, MediaTooLarge, MediaUnreadable, MediaUnsupported
from perception.image import decode_image
from perception.limits import LIMITS
from perception.sandbox import Decoder, Source


def confined(code: str, memory: int = 1 << 30, cpu: int = 5) -> "subprocess.CompletedProcess[str]":
    """Run `code` as the decoding process runs a decoder: bounded, then with the door closed."""
    script = f"""
    import json, os, socket, subprocess, sys
    from perception.decoding.confine import bound, close_the_door
    bound({memory}, {cpu})
    close_the_door()
    try:
    {textwrap.indent(textwrap.dedent(code), "    ")}
    except Exception as error:
        print(type(error).__name__, getattr(error, "errno", ""))
    """
    command = [sys.executable, "-I", "-B", "-c", textwrap.dedent(script)]
    return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize(
    "code",
    [
        "print(open('/etc/passwd').read())",
        "print(os.listdir('/'))",
        "print(socket.socket())",
        "print(os.pipe())",
        "print(os.dup(0))",
        "print(subprocess.run(['/bin/true']))",
    ],
)
def test_nothing_can_be_opened_once_the_door_is_closed(code: str) -> None:
    """Files, folders, sockets and pipes fail with EMFILE (24), copies of a descriptor with EINVAL (22)."""
    assert confined(code).stdout.strip() in ("OSError 24", "OSError 22")


def test_decoding_needs_no_second_thread(tmp_path: Path) -> None:
    """As an ordinary user, for whom the kernel enforces it, a video with sound is decoded by one thread."""
    from perception.audio import Speech
    from perception.video import write_video

    tone = Speech(np.sin(np.arange(24_000) * 0.1).astype(np.float32))
    pixels = np.random.default_rng(1).integers(0, 255, (512, 512, 3), np.uint8)
    write_video(tmp_path / "clip.mp4", [pixels] * 10, fps=25, speech=tone)
    script = """
    import os, sys
    from perception.decoding.confine import close_the_door
    from perception.decoding import sound, video
    class Count:
        sent = 0
        def send(self, kind, array=None, **fields):
            self.sent += 1
    if os.getuid() == 0:
        os.setuid(65534)
    close_the_door()
    pipe = Count()
    with open(0, "rb", closefd=False) as source:
        sound.decode(source, {"reader": "mov", "seconds": 9}, pipe)
        source.seek(0)
        job = {"reader": "mov", "every": 0, "side": 999, "pixels": 10**6, "seconds": 9, "frames": 99}
        video.decode(source, job, pipe)
    print(pipe.sent)
    """
    with (tmp_path / "clip.mp4").open("rb") as source:
        ran = subprocess.run(
            [sys.executable, "-I", "-B", "-c", textwrap.dedent(script)],
            stdin=source, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert (ran.stdout.strip(), ran.stderr) == ("12", "")  # sound, info, ten frames


def test_memory_is_bounded() -> None:
    """An allocation over the limit fails in the process, not on the machine."""
    assert confined("bytearray(2 << 30)").stdout.strip() == "MemoryError"


def test_time_is_bounded() -> None:
    """A loop is ended by the kernel when its processor time is used up."""
    assert confined("while True: pass", cpu=1).returncode in (-24, -9)  # SIGXCPU, SIGKILL


def test_process_sees_no_environment_and_no_user_site(monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets in the service's environment do not reach the decoder, and no user folder is imported."""
    monkeypatch.setenv("SITTER_CANARY", "secret")
    started: list[tuple[list[str], dict[str, str]]] = []
    run = subprocess.Popen

    def popen(command: list[str], *, env: dict[str, str], **options: object) -> "subprocess.Popen[bytes]":
        started.append((command, env))
        return run(command, env=env, **options)  # type: ignore[call-overload, no-any-return]

    monkeypatch.setattr(subprocess, "Popen", popen)
    with Decoder({"task": "image", "reader": "PNG"}, b"x", LIMITS, cpu_seconds=5):
        pass
    [(command, environment)] = started
    assert "-I" in command
    assert set(environment) == {"LC_ALL", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"}


def test_leaving_early_kills_and_reaps() -> None:
    """A reader that loses interest leaves no process behind."""
    with Decoder({"task": "image", "reader": "PNG"}, b"x", LIMITS, cpu_seconds=5) as decoder:
        pid = decoder.pid
        assert alive(pid)
    assert not alive(pid)
    decoder.close()


def test_killed_process_is_too_costly() -> None:
    """SIGKILL from outside is what the kernel does when memory runs out: the input gets the blame."""
    with Decoder({"task": "image", "reader": "PNG"}, b"x", LIMITS, cpu_seconds=5) as decoder:
        os.kill(decoder.pid, 9)
        with pytest.raises(MediaTooCostly, match="MiB of memory"):
            decoder.message()


def test_stopped_process_meets_the_deadline() -> None:
    """A process that sends nothing is given up after `stall_seconds`, and killed."""
    limits = replace(LIMITS, stall_seconds=0.2)
    with Decoder({"task": "image", "reader": "PNG"}, b"x", limits, cpu_seconds=5) as decoder:
        os.kill(decoder.pid, 19)  # SIGSTOP
        with pytest.raises(MediaTooCostly, match=r"0\.2 seconds"):
            decoder.message()
    assert not alive(decoder.pid)


def test_too_little_memory_is_too_costly() -> None:
    """A picture that does not fit in the memory limit is refused by name."""
    header = b"\x89PNG\r\n\x1a\n"
    with pytest.raises((MediaTooCostly, MediaUnreadable)):
        decode_image(header, replace(LIMITS, memory_bytes=64 << 20))


class Scripted:
    """Stands in for the process: a pipe that holds what a taken-over decoder might send."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
        run = subprocess.Popen

        def popen(command: list[str], **options: object) -> "subprocess.Popen[bytes]":
            return run([sys.executable, "-I", "-c", f"import os; os.write(1, {data!r})"], **options)  # type: ignore[call-overload, no-any-return]

        monkeypatch.setattr(subprocess, "Popen", popen)


def framed(header: object, data: bytes = b"") -> bytes:
    text = json.dumps(header).encode()
    return len(text).to_bytes(4, "big") + text + data


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0",
        b"\xff\xff\xff\xff",
        b"\0\0\0\0",
        b"\0\0\0\x05hello",
        framed(["a", "list"]),
        framed({"kind": 1}),
        framed({"kind": "picture", "shape": [1 << 20, 1 << 20, 3], "dtype": "uint8"}),
        framed({"kind": "picture", "shape": [-1, 3], "dtype": "uint8"}),
        framed({"kind": "picture", "shape": [2, 2, 3], "dtype": "object"}, b"x" * 12),
        framed({"kind": "picture", "shape": [2, 2, 3], "dtype": "uint8"}, b"short"),
        framed({"kind": "picture", "shape": [True, 2, 3], "dtype": "uint8"}, b"x" * 6),
        framed({"kind": "sound", "shape": [12], "dtype": "uint8"}, b"x" * 12),
        framed({"kind": "picture", "shape": [3], "dtype": "float32"}, b"x" * 12),
        framed({"kind": "error", "reason": "SystemExit", "message": "x", "metadata": {}}),
        framed({"kind": "error", "reason": "MEDIA_TOO_LARGE", "message": "x", "metadata": []}),
        framed({"kind": "error"}),
    ],
)
def test_a_lying_process_is_not_believed(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    """Whatever a taken-over decoder sends, the reader gets a typed error and allocates nothing."""
    Scripted(monkeypatch, data)
    with (
        pytest.raises(MediaUnreadable),
        Decoder({"task": "image"}, b"x", LIMITS, cpu_seconds=5) as decoder,
    ):
        decoder.array("picture", np.uint8, most_bytes=1 << 20)


def test_error_texts_from_the_process_are_cut_and_cleaned(monkeypatch: pytest.MonkeyPatch) -> None:
    """A taken-over decoder cannot send terminal codes, new lines or a novel to the client."""
    text = "\x1b[31mred\n" + "x" * 5000
    data = framed(
        {
            "kind": "error",
            "reason": "MEDIA_TOO_LARGE",
            "message": text,
            "metadata": {"message": 1, "a": "b" * 99},
        }
    )
    Scripted(monkeypatch, data)
    with (
        pytest.raises(MediaTooLarge) as caught,
        Decoder({"task": "image"}, b"x", LIMITS, cpu_seconds=5) as decoder,
    ):
        decoder.message()
    assert str(caught.value).startswith("[31mredxxx")
    assert len(str(caught.value)) == 300
    assert caught.value.metadata == {"message": "1", "a": "b" * 40}


@given(st.binary(max_size=64))
@settings(max_examples=200, deadline=None)
def test_headers_parse_or_raise_value_error(text: bytes) -> None:
    """No byte string makes the header parser raise anything else."""
    try:
        header = parse_header(text)
        array_size(header, 1 << 20)
    except ValueError:
        pass


def test_source_gives_each_reader_its_own_read_only_position(tmp_path: Path) -> None:
    """Two processes on one input do not move each other's position, and cannot write."""
    file = tmp_path / "input"
    file.write_bytes(b"0123456789")
    for source in (Source(b"0123456789"), Source(file)):
        with source:
            first, second = source.reopen(), source.reopen()
            assert os.read(first, 4) == b"0123"
            assert os.read(second, 4) == b"0123"
            with pytest.raises(OSError, match="Bad file descriptor"):
                os.write(first, b"x")
            os.close(first)
            os.close(second)
            assert source.size == 10


def test_source_takes_regular_files_only(tmp_path: Path) -> None:
    """A folder, a device, a named pipe and a missing file are refused without waiting."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, Path("/dev/zero"), tmp_path / "pipe"):
        with pytest.raises(MediaUnsupported, match="regular file"):
            Source(path)
    with pytest.raises(MediaUnreadable, match="No such file"):
        Source(tmp_path / "missing")
