"""What several tests of `safety` need: a hardware token made of software."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
PIN = "987654"


@pytest.fixture(scope="session")
def soft_token() -> Iterator[Path]:
    """The folder of an empty SoftHSM token named `sitter`, with its PIN in the file `pin`.

    One for all tests of a process: the library reads its configuration once.
    """
    pytest.importorskip("pkcs11", reason="needs python-pkcs11")
    if not (shutil.which("softhsm2-util") and MODULE.exists()):
        pytest.skip("needs SoftHSM: apt-get install softhsm2")
    with (
        tempfile.TemporaryDirectory(prefix="sitter-token-") as name,
        pytest.MonkeyPatch.context() as patched,
    ):
        folder = Path(name)
        (folder / "tokens").mkdir()
        (folder / "conf").write_text(f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\n")
        (folder / "pin").write_text(f"{PIN}\n")
        patched.setenv("SOFTHSM2_CONF", f"{folder}/conf")
        make = ["softhsm2-util", "--init-token", "--free", "--label", "sitter", "--pin", PIN]
        subprocess.run([*make, "--so-pin", "123456"], check=True, capture_output=True)
        yield folder
