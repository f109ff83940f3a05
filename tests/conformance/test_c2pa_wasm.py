"""@contentauth/c2pa-wasm, what browsers verify with, accepts our clip and rejects each tampering.

Runs where node and the package are installed: `python tests/conformance/install.py` does that where there is
npm, and C2PA_WASM names another folder of the package.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from safety.credential_settings import OWN, settings_for
from safety.selftest import tiny_clip
from safety.trust_lists import TrustLists
from tests.conformance.clips import TAMPERED, Site

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path(
    os.environ.get("C2PA_WASM") or ROOT / ".venv" / "node" / "node_modules" / "@contentauth" / "c2pa-wasm"
)
NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(
    NODE is None or not (PACKAGE / "pkg" / "c2pa_bg.wasm").exists(),
    reason="needs node and @contentauth/c2pa-wasm (python tests/conformance/install.py)",
)


def read(data: bytes, lists: TrustLists, folder: Path) -> Any:
    path = folder / "clip.mp4"
    path.write_bytes(data)
    script = Path(__file__).with_name("wasm_reader.mjs")
    line = [str(NODE), str(script), str(PACKAGE), str(path), json.dumps(settings_for(lists))]
    done = subprocess.run(line, check=True, capture_output=True, text=True, timeout=60)
    return json.loads(done.stdout)


def test_ours_as_released(site: Site, tmp_path: Path) -> None:
    """Trusted by our own list, stamped, nothing failed."""
    said = read(site.clip, site.lists, tmp_path)
    assert (said["state"], said["list"], said["failures"]) == ("Trusted", OWN, [])
    assert "timeStamp.trusted" in said["successes"]


@pytest.mark.parametrize("tampering", TAMPERED)
def test_tampering_is_rejected(site: Site, tampering: str, tmp_path: Path) -> None:
    """Invalid, or not to be read at all."""
    assert read(TAMPERED[tampering](site.clip), site.lists, tmp_path)["state"] in ("Invalid", "Error")


def test_a_stranger_and_a_stripped_clip(site: Site, tmp_path: Path) -> None:
    """With nobody listed the signer is unknown; without a manifest there is nothing to read."""
    nobody = read(site.clip, TrustLists("", "", ""), tmp_path)
    assert (nobody["state"], nobody["failures"]) == ("Valid", ["signingCredential.untrusted"])
    assert read(tiny_clip(), site.lists, tmp_path)["state"] == "Error"
