"""The report as one HTML file that loads nothing, or as a part of the service's own page."""

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from service.report.chart import Box, Chart, Label, gauge, timeline
from service.report.content import Subject, content
from service.report.heat import heat_maps

FOLDER = Path(__file__).parent
STYLE = FOLDER / "report.css"


def page(answer: Mapping[str, Any], subject: Subject) -> str:
    """A whole HTML file: no script, nothing from elsewhere, a Content Security Policy of its own.

    Args:
        answer: Detect's answer as JSON values.
    """
    style = STYLE.read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    return _templates().get_template("page.html.j2").render(
        body=part(answer, subject), style=style, policy=policy, name=subject.name
    )  # fmt: skip


def part(answer: Mapping[str, Any], subject: Subject) -> str:
    """What stands in the page's body: to be styled by `STYLE`, with pictures as data addresses."""
    maps = [
        (f"data:image/png;base64,{base64.b64encode(each.png).decode()}", each) for each in heat_maps(answer)
    ]
    return _templates().get_template("body.html.j2").render(
        told=content(answer, subject), maps=maps,
        timeline=svg(timeline(answer)), gauge=svg(gauge(answer), "gauge"),
        several=len(answer["tracks"]) > 1 or any(track["note"] for track in answer["tracks"]),
    )  # fmt: skip


def svg(chart: Chart, kind: str = "timeline") -> str:
    """A chart as inline SVG: shapes and their classes, no style, no script."""
    parts = [
        f'<svg class="chart {kind}" viewBox="-2 -12 {chart.width + 4:g} {chart.height + 16:g}" role="img" '
        f"aria-label={quoteattr(chart.summary)}>"
    ]
    parts += [_box(shape) if isinstance(shape, Box) else _label(shape) for shape in chart.shapes]
    return "".join([*parts, "</svg>"])


def _box(box: Box) -> str:
    title = f"<title>{escape(box.title)}</title>" if box.title else ""
    size = f'x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}"'
    return f'<rect class="{box.tone}" {size}>{title}</rect>'


def _label(label: Label) -> str:
    place = f'x="{label.x:.1f}" y="{label.y:.1f}" text-anchor="{label.anchor}"'
    return f'<text class="{label.tone}" {place}>{escape(label.text)}</text>'


def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
