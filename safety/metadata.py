"""What a clip says of itself in its file's metadata, where programs look that read no Content Credentials.

Two readers: IPTC's digital source type in XMP, and the field `AIGC` that China's labelling standard asks for
(GB 45438-2025, annex E, with the Measures of 2025-03-07). Both are in the file before it is signed, so that
its hash covers them. Neither names a person: the producer is the deployment.
"""

import json
from xml.sax.saxutils import escape

XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
"""User type of the box that holds XMP in an MP4 (XMP specification, part 3, 1.2.7.1)."""
AIGC = "AIGC"
"""Name of the field; among QuickTime's keys of an MP4, as FFmpeg writes them."""

_PACKET = """\
<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">
   <Iptc4xmpExt:DigitalSourceType>{source_type}</Iptc4xmpExt:DigitalSourceType>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"""


def xmp_box(source_type: str) -> bytes:
    """The XMP box of an MP4, to stand at its end: there it moves nothing that tables point to.

    Args:
        source_type: IPTC's URI, as the claim says it (`safety.claim.source_type`).
    """
    packet = _PACKET.format(source_type=escape(source_type)).encode()
    return (8 + 16 + len(packet)).to_bytes(4, "big") + b"uuid" + XMP_UUID + packet


def aigc(producer: str, record_id: str) -> str:
    """The value of `AIGC`: made by a machine for certain ("1"), by whom, under which number.

    Who passes the clip on fills in the propagator's fields; the reserved ones are for the producer's own
    safeguards, which are the Content Credentials here.

    Args:
        producer: name or code of the service, as the setting `aigc_producer` has it.
        record_id: the clip's.
    """
    fields = {
        "Label": "1",
        "ContentProducer": producer,
        "ProduceID": record_id,
        "ReservedCode1": "",
        "ContentPropagator": "",
        "PropagateID": "",
        "ReservedCode2": "",
    }
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
