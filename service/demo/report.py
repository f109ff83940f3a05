"""The demo's report: one page that a person reads, beside the clip it shows."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

# Plain words for the gates; README's "Life of a request" has them in full.
GATE_WORDS = {
    "admit": "The caller is known and may ask; the request is new and within quota.",
    "intake": "Portrait and speech decoded in a limited process of their own, a track read with limits.",
    "identify": "The one face is the claimed identity and nobody else's.",
    "consent": "A live consent covers exactly this use.",
    "permit": "The policy permits it, on all facts.",
    "intent": "On record before a frame exists.",
    "generate": "Frames rendered from the still.",
    "mark": "The record's name in every frame, unseen; encoded.",
    "inspect": "The finished file read back and audited.",
    "consent-again": "The consent still stands.",
    "sign": "Content Credentials signed, read back and validated.",
    "release": "Consent, log entry and record in one transaction.",
}


def write_report(out: Path, facts: dict[str, Any]) -> None:
    """Write `out/report.html` from what `demo.json` holds; also of a demo that failed half-way."""
    environment = Environment(
        loader=PackageLoader("service.demo", "."),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
    )
    page = environment.get_template("report.html.j2").render(
        facts=facts,
        words=GATE_WORDS,
        generated=facts.get("generate"),
        detections=facts.get("detect", []),
        promises=facts.get("promises", []),
        audit=facts.get("audit"),
        complete=bool(facts.get("audit")) and all(each["held"] for each in facts.get("promises", [])),
    )
    (out / "report.html").write_text(page, "utf-8")
