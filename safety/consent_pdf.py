"""The receipt on paper: the same record as the JSON, in words, with the signature to check it by.

The JSON is what is signed; this page repeats it for reading. It is set in Latin letters: characters that the
built-in fonts lack are written as their numbers.
"""

import io
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from safety.consent_record import digest, verify

ATTESTED = {
    "session": "a consent session that the person passed",
    "operator": "the word of whoever recorded it",
    "declaration": "the declaration of the character or artwork",
}
_OLDER = "not said in records of that version"
TITLES = {
    "granted": "Consent",
    "amended": "Amended consent",
    "renewed": "Renewed consent",
    "withdrawn": "Withdrawn consent",
}


def receipt_pdf(receipt: Mapping[str, Any]) -> bytes:
    """One or more A4 pages. The same receipt gives the same bytes.

    Raises:
        EvidenceInvalid: the signature does not fit: nothing is printed that was not signed.
    """
    from reportlab.lib.pagesizes import A4  # type: ignore[import-untyped]
    from reportlab.lib.styles import getSampleStyleSheet  # type: ignore[import-untyped]
    from reportlab.lib.units import mm  # type: ignore[import-untyped]
    from reportlab.platypus import (  # type: ignore[import-untyped]
        Paragraph,
        SimpleDocTemplate,
        Spacer,
        Table,
    )

    record = verify(receipt)
    styles = getSampleStyleSheet()

    def cell(text: str) -> Any:
        return Paragraph(escape(_latin(text)), styles["BodyText"])

    title = f"{TITLES[record['event']['type']]}, version {record['version']}"
    rows = [[cell(name), cell(text)] for name, text in lines(receipt)]
    file = io.BytesIO()
    page = SimpleDocTemplate(
        file, pagesize=A4, invariant=1, title=title, author=_latin(record["parties"]["controller"]),
        leftMargin=20 * mm, rightMargin=20 * mm, topMargin=18 * mm, bottomMargin=18 * mm,
    )  # fmt: skip
    top = [("VALIGN", (0, 0), (-1, -1), "TOP")]
    # splitInRow: a list of 500 terms is higher than a page
    table = Table(rows, colWidths=[45 * mm, 125 * mm], style=top, splitInRow=1)
    page.build([Paragraph(escape(title), styles["Title"]), Spacer(1, 4 * mm), table])
    return file.getvalue()


def lines(receipt: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a receipt says, as names and texts, in the order of the page."""
    record, signature = receipt["record"], receipt["signature"]
    limits, script, event = record["limits"], record["script"], record["event"]
    return [
        ("Record", record["record_id"]),
        ("Controller", record["parties"]["controller"]),
        ("Person (pseudonym)", record["parties"]["pii_principal"]),
        ("Who may ask", _list(record["parties"]["recipients"])),
        ("What happened", f"{event['type']} on {event['time']}, recorded by {event['recorded_by']}"),
        ("Purposes", _list([f"{each['code']} ({each['dpv']})" for each in record["purposes"]])),
        ("Shown in", _list(record["territories"])),
        ("Shown by", _list(record["channels"])),
        ("From", record["term"]["not_before"]),
        ("Until, at the latest", record["term"]["not_after"]),
        ("Longest clip", f"{limits['seconds_per_clip']:g} seconds"),
        ("All clips together", _limit(limits["seconds_in_total"], "seconds")),
        ("Number of clips", _limit(limits["clips"], "clips")),
        ("Clips within 24 hours", _limit(limits["clips_per_day"], "clips")),
        ("Languages", "any" if "*" in record["languages"] else _list(record["languages"])),
        ("Emotions", _list(record["emotions"])),
        ("May be steered", _list(record["controls"])),
        ("Live streaming", "allowed" if record["live_streaming"] else "not allowed"),
        ("What may be said", _script(script)),
        ("In whose voice", "the person's own alone" if record.get("own_voice_only") else "any"),
        ("Lawful basis", record["lawful_basis"]),
        ("Personal data", _list(record["personal_data"])),
        ("Notice shown", record["notice"]["name"]),
        ("Evidence (commitment)", record["evidence_commitment"]),
        ("Attested by", ATTESTED.get(record.get("attested_by", ""), _OLDER)),
        ("Kept where", _list(record.get("storage_locations", [_OLDER]))),
        ("Kept how long", _kept(record.get("retention_period", []))),
        ("Jurisdiction", record.get("jurisdiction", _OLDER)),
        ("To withdraw", record["withdrawal"]),
        ("SHA-256 of the record", digest(record)),
        ("SHA-256 of the version before", record["previous_sha256"] or "none: this is the first"),
        ("Signature (Ed25519)", signature["value"]),
        ("Public key", signature["public_key"]),
    ]


def _kept(periods: list[Mapping[str, str]]) -> str:
    return "; ".join(f"{each['data']}: {each['period']}" for each in periods) or _OLDER


def _script(script: Mapping[str, Any]) -> str:
    match script["rule"]:
        case "free":
            return "anything"
        case "exact":
            return f"one of {len(script['texts'])} agreed texts, word for word"
        case _:
            return f"nothing about: {_list([*script['ruled_out_topics'], *script['ruled_out_terms']])}"


def _list(values: list[str]) -> str:
    return ", ".join(values) or "none"


def _limit(most: float | None, unit: str) -> str:
    return "no limit of its own" if most is None else f"{most:g} {unit}"


def _latin(text: str) -> str:
    return text.encode("cp1252", "backslashreplace").decode("cp1252")
