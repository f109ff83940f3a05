"""No biometrics, names or plain hashes outside the vault: canaries are looked for everywhere else."""

import hashlib
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from perception.face import sole_face
from perception.image import decode_image
from safety.encoders import open_encoder
from service.client import Generated, RemoteError
from service.tracing import FILE
from tests.e2e.conftest import DECLARATION, EVIDENCE, LABEL, Site, settle

TEXTS = tuple(text.encode() for text in (LABEL, DECLARATION, EVIDENCE))


@pytest.fixture(scope="module")
def errors(site: Site, released: Generated, stranger: bytes) -> list[RemoteError]:
    """Refusals that had each of the canaries or the inputs at hand."""
    caught: list[RemoteError] = []
    for act in (
        lambda: site.ask(portrait=stranger),
        lambda: site.ask(portrait=LABEL.encode()),
        lambda: site.ask(speech=EVIDENCE.encode()),
        lambda: site.operator.enroll(
            [site.portrait], basis="character", label=LABEL, declaration=DECLARATION, adult=False
        ),
        lambda: site.operator.enroll(
            [stranger], basis="consent", label=LABEL, declaration=DECLARATION, adult=True
        ),
        lambda: site.grant(purposes=["fraud"]),
        lambda: site.grant("0" * 32),
    ):
        with pytest.raises(RemoteError) as error:
            act()
        caught.append(error.value)
    return caught


def forbidden(site: Site, pictures: tuple[bytes, ...]) -> Iterator[bytes]:
    """What may be nowhere: the canaries, and the hash of every input as bytes, hex and base64's start."""
    yield from TEXTS
    for data in (*pictures, site.speech, *TEXTS):
        digest = hashlib.sha256(data)
        yield digest.digest()
        yield digest.hexdigest().encode()


def test_the_log_and_its_packs(
    site: Site, released: Generated, errors: list[RemoteError], pictures: tuple[bytes, ...]
) -> None:
    """Entries and evidence packs hold commitments under our key, none of the inputs themselves."""
    entries = b"\n".join(entry.body for entry in site.auditor.entries())
    with zipfile.ZipFile(io.BytesIO(site.auditor.evidence())) as pack:
        files = b"\n".join(pack.read(name) for name in pack.namelist())
    assert b"identity.enrolled" in entries
    for secret in forbidden(site, pictures):
        assert secret not in entries
        assert secret not in files


def test_the_traces(
    site: Site, released: Generated, errors: list[RemoteError], pictures: tuple[bytes, ...]
) -> None:
    """Spans say which gate and how long, not who or what."""
    path = site.app.settings.data / FILE
    assert settle(lambda: path.exists() and b"release" in path.read_bytes(), 15)
    traces = path.read_bytes()
    for secret in (*forbidden(site, pictures), site.identity_id.encode(), site.consent_id.encode()):
        assert secret not in traces


def test_the_errors(site: Site, errors: list[RemoteError], pictures: tuple[bytes, ...]) -> None:
    """Messages and metadata name neither people nor inputs nor paths of the server."""
    said = "\n".join(f"{error} {error.metadata}" for error in errors).encode()
    for secret in (*forbidden(site, pictures), str(site.app.settings.data).encode()):
        assert secret not in said


def test_the_clip(site: Site, released: Generated, pictures: tuple[bytes, ...]) -> None:
    """The file that leaves holds neither names nor ids of sitter and consent, nor a hash of the inputs."""
    secrets = (site.identity_id, site.consent_id, str(site.app.settings.data))
    for secret in (*forbidden(site, pictures), *(each.encode() for each in secrets)):
        assert secret not in released.clip
    report = released.release.report_json
    assert site.identity_id not in report


def test_the_database(site: Site, released: Generated, pictures: tuple[bytes, ...]) -> None:
    """Label and template are in it only encrypted; declaration and evidence are not in it at all."""
    folder: Path = site.app.settings.data
    stored = b"".join(path.read_bytes() for path in folder.glob("records.db*"))
    assert site.identity_id.encode() in stored
    for secret in forbidden(site, pictures):
        assert secret not in stored
    encoder, finder = open_encoder("dlib-resnet-v1"), site.app.finder
    embeddings = []
    for picture in pictures:
        pixels = decode_image(picture).pixels
        embeddings.append(encoder.encode(pixels, sole_face(finder.find(pixels), pixels.shape)).embedding)
    mean = np.mean(embeddings, axis=0)
    for template in (*embeddings, mean / np.linalg.norm(mean)):
        for kind in (np.float16, np.float32, np.float64):
            raw = template.astype(kind).tobytes()
            assert not any(raw[at : at + 12] in stored for at in range(0, len(raw), 12))


def test_an_erased_name_is_gone(site: Site, stranger: bytes) -> None:
    """After an erasure the identity's sealed bytes cannot be opened: its key is in no file."""
    other = site.operator.enroll([stranger], basis="character", label="x", declaration="y", adult=False)
    identity_id = other.identity.identity_id
    with site.app.db.reading() as rx:
        (sealed,) = rx.execute(
            "select words from identities where identity_id = ?", (identity_id,)
        ).fetchone()
        wrapped = key_of(site, identity_id)
    site.operator.erase(identity_id)
    folder: Path = site.app.settings.data
    stored = b"".join(path.read_bytes() for path in folder.glob("records.db*"))
    assert identity_id.encode() in stored
    assert bytes(sealed) not in stored
    assert wrapped not in stored


def key_of(site: Site, identity_id: str) -> bytes:
    """The identity's data key as it is stored, wrapped."""
    with site.app.db.reading() as rx:
        row = rx.execute("select wrapped from vault_keys where identity_id = ?", (identity_id,)).fetchone()
        return bytes(row["wrapped"])
