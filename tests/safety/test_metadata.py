"""What the file's own metadata says stands in it before it is signed: changing it breaks the credentials."""

import json
import xml.etree.ElementTree as ET

import av
import numpy as np

from perception.encoding import write_video
from safety.claim import Source, source_type
from safety.label import Label
from safety.metadata import AIGC, XMP_UUID, aigc
from tests.safety.test_credentials import facts, install, picture, sound

IPTC = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType"
RECORD = "0123456789abcdef01234567"


def xmp(data):
    """The XMP packet of an MP4: the box of its type among the file's own boxes."""
    at = 0
    while at < len(data):
        size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if kind == b"uuid" and data[at + 8 : at + 24] == XMP_UUID:
            return data[at + 24 : at + size]
        at += size
    return b""


def test_xmp_says_what_the_claim_says(tmp_path):
    """IPTC's source type of the claim, whatever the inputs are; the hash covers it."""
    made = install(tmp_path)
    synthetic = facts(
        portrait=Source(picture(), "image/png", synthetic=True),
        speech=Source(sound(), "audio/wav", synthetic=True),
    )
    for said, word in (
        (facts(), "compositeWithTrainedAlgorithmicMedia"),
        (synthetic, "trainedAlgorithmicMedia"),
    ):
        data = made.sign(said)[0].read_bytes()
        packet = xmp(data).decode()
        root = ET.fromstring(packet[packet.index("<x:xmpmeta") : packet.index("<?xpacket end")])
        assert root.find(f".//{IPTC}").text == source_type(said)
        assert root.find(f".//{IPTC}").text.endswith(f"/{word}")
        reading = made.credentials.read(data)
        assert (reading.ours, reading.source_type) == (True, word)
        changed = data.replace(
            b"<Iptc4xmpExt:DigitalSourceType>http:", b"<Iptc4xmpExt:DigitalSourceType>hxxp:"
        )
        assert made.credentials.read(changed).state == "invalid"
    made.credentials.close()


def test_aigc_is_where_ffmpeg_writes_it(tmp_path):
    """The seven fields of GB 45438-2025, read back by FFmpeg; kept by signing, and covered by the hash."""
    made = install(tmp_path)
    value = aigc("Example Studio", RECORD)
    clip = tmp_path / "clip.mp4"
    frames = [np.full((64, 64, 3), level, np.uint8) for level in (90, 120, 150)]
    write_video(clip, frames, fps=25, speech=None, tags={AIGC: value})
    target = tmp_path / "signed.mp4"
    made.credentials.sign(clip, target, facts(), type("Permit", (), {"permit_id": "p"})())
    made.credentials.close()
    with av.open(str(target)) as container:
        fields = json.loads(container.metadata[AIGC])
    assert list(fields) == [
        "Label", "ContentProducer", "ProduceID", "ReservedCode1", "ContentPropagator", "PropagateID",
        "ReservedCode2",
    ]  # fmt: skip
    assert (fields["Label"], fields["ContentProducer"], fields["ProduceID"]) == (
        "1",
        "Example Studio",
        RECORD,
    )
    changed = target.read_bytes().replace(b"Example Studio", b"Another Studio", 1)
    assert made.credentials.read(changed).state == "invalid"


def test_a_video_without_tags_has_none(tmp_path):
    """Nothing but what is asked for is written."""
    frames = [np.full((64, 64, 3), 90, np.uint8)] * 2
    write_video(tmp_path / "plain.mp4", frames, fps=25, speech=None)
    data = (tmp_path / "plain.mp4").read_bytes()
    assert b"mdta" not in data
    assert AIGC.encode() not in data


def test_the_claim_states_the_label(tmp_path):
    """Made, labelled by plain drawing, marked: in this order, with kind and words."""
    made = install(tmp_path)
    data = made.sign(facts(label=Label("banner", "de")))[0].read_bytes()
    made.credentials.close()
    assert made.credentials.read(data).actions == ("c2pa.created", "c2pa.edited", "c2pa.watermarked.bound")
    for said in (b"KI-generiert", b"dev.sitter.label", b"banner", b"digitalsourcetype/algorithmicMedia"):
        assert said in data
