"""What signing and reading must do, and must refuse, before the service starts.

A setting that the library no longer knows, a list that it pools with another, a key that is not the
certificate's: each would sign or believe wrongly without a word. Here each shows.
"""

import io
import tempfile
import uuid
import wave
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import av
import numpy as np
from PIL import Image

from safety.certificates import ClaimSigner
from safety.claim import ClaimFacts, Source
from safety.credential_reading import read_stream
from safety.credential_settings import make_context
from safety.credentials import Credentials
from safety.errors import Misconfigured, SignerUnavailable
from safety.trust_lists import TrustLists


class _TestPermit:
    permit_id = "self-test"


def check_credentials(credentials: Credentials, lists: TrustLists, at: datetime) -> None:
    """Sign a tiny clip with each signer: it must be ours, and not by other lists or with a byte changed.

    Raises:
        Misconfigured: it is not so; the message says what.
        StoreUnavailable: there is no room for temporary files.
    """
    for signer in credentials.signers:
        signed = _signed(credentials, signer, at)
        if not credentials.read(signed).ours:
            raise Misconfigured("credentials: a file that was just signed is not recognised as ours")
    if credentials.read(_flipped(signed)).state != "invalid":
        raise Misconfigured("credentials: a changed frame is not noticed")
    empty = replace(lists, own="", foreign="", leaves="")
    misplaced = replace(empty, time=lists.own)
    for wrong, what in ((empty, "an empty list"), (misplaced, "the list of time-stampers")):
        if read_stream(io.BytesIO(signed), "video/mp4", make_context(wrong)).state == "trusted":
            raise Misconfigured(f"credentials: {what} makes a signer trusted")


def _signed(credentials: Credentials, signer: ClaimSigner, at: datetime) -> bytes:
    """A tiny clip under `signer`. Raises Misconfigured when it, or its key, does not sign."""
    probe = b"sitter self-test"
    with tempfile.TemporaryDirectory(prefix="sitter-selftest-") as folder:
        source, target = Path(folder, "clip.mp4"), Path(folder, "signed.mp4")
        source.write_bytes(tiny_clip())
        try:
            belongs = signer.verifies(probe, credentials.probe(signer, probe))
            if belongs:
                credentials.sign(source, target, _facts(at), _TestPermit(), signer=signer)
        except SignerUnavailable as error:
            raise Misconfigured(f"credentials: the self-test could not sign: {error}") from error
        if not belongs:
            raise Misconfigured("credentials: the signing key does not belong to its certificate")
        return target.read_bytes()


def tiny_clip() -> bytes:
    """An MP4 of three grey frames, 64 by 64."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for level in (90, 120, 150):
            pixels = np.full((64, 64, 3), level, dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def _facts(at: datetime) -> ClaimFacts:
    still, sound = io.BytesIO(), io.BytesIO()
    Image.new("RGB", (8, 8)).save(still, "PNG")
    with wave.open(sound, "wb") as recording:
        recording.setparams((1, 2, 16_000, 0, "NONE", ""))
        recording.writeframes(bytes(320))
    return ClaimFacts(
        manifest_id=f"urn:c2pa:{uuid.uuid4()}",
        at=at,
        portrait=Source(still.getvalue(), "image/png", synthetic=True),
        speech=Source(sound.getvalue(), "audio/wav", synthetic=True),
        payload="00" * 12,
        watermark="dev.sitter.selftest",
        basis="character",
        commitments={},
        engine="self-test",
    )


def _flipped(signed: bytes) -> bytes:
    """The clip with the first bit of its media data changed."""
    at = signed.index(b"mdat") + 12
    return signed[:at] + bytes([signed[at] ^ 1]) + signed[at + 1 :]
