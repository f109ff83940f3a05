"""The report on paper. It is set in Latin letters: characters that the built-in fonts lack are written as
their numbers."""

import io
from collections.abc import Mapping
from typing import Any

from service.report.chart import gauge, timeline
from service.report.content import Content, Subject, content
from service.report.heat import heat_maps
from service.report.pdf_parts import Parts, latin


def pdf(answer: Mapping[str, Any], subject: Subject) -> bytes:
    """A4 pages. The same answer and subject give the same bytes.

    Args:
        answer: Detect's answer as JSON values.
    """
    from reportlab.lib.pagesizes import A4  # type: ignore[import-untyped]
    from reportlab.lib.units import mm  # type: ignore[import-untyped]
    from reportlab.platypus import SimpleDocTemplate  # type: ignore[import-untyped]

    file = io.BytesIO()
    sheet = SimpleDocTemplate(
        file, pagesize=A4, invariant=1, title=latin(f"Report on {subject.name}"), author="Sitter",
        leftMargin=20 * mm, rightMargin=20 * mm, topMargin=18 * mm, bottomMargin=18 * mm,
    )  # fmt: skip

    def number(canvas: Any, _: Any) -> None:
        canvas.setFont("Helvetica", 8)
        canvas.drawString(20 * mm, 10 * mm, latin(f"Report on {subject.name}"[:90]))
        canvas.drawRightString(190 * mm, 10 * mm, f"{canvas.getPageNumber()}")

    sheet.build(_story(answer, content(answer, subject)), onFirstPage=number, onLaterPages=number)
    return file.getvalue()


def _story(answer: Mapping[str, Any], told: Content) -> list[Any]:
    parts = Parts()
    story = [
        parts.text(told.headline, "Title"),
        *map(parts.text, told.lines),
        parts.text(told.score[0], "Strong"),
        *parts.section("What this does not prove", parts.bullets(told.limits)),
        *parts.section("The file", parts.table(told.facts, (40, 130))),
        *parts.section("Was it made by this service?", parts.table(told.evidence, (40, 130))),
        *parts.section("What happens when", parts.chart(timeline(answer))),
    ]
    if told.changes:
        story += parts.section("What was changed", _changes(parts, told))
    story += parts.section("Signs of a machine-made face", *_signs(parts, answer, told))
    if maps := heat_maps(answer):
        drawn = parts.pictures([(each.png, each.caption, each.width, each.height) for each in maps])
        story += parts.section("Where in the picture", drawn)
    if told.checks:
        heads = ("Check", "Outcome", "What was seen")
        table = parts.table(told.checks, (35, 20, 115), heads)
        story += parts.section("What was checked before it was released", table)
    if told.notes:
        story += parts.section("What could not be judged", parts.bullets(told.notes))
    return story


def _changes(parts: Parts, told: Content) -> Any:
    rows = [(each.when, each.what, each.where, each.released, each.confidence) for each in told.changes]
    heads = ("When", "What", "Where", "In the released video", "Confidence")
    return parts.table(rows, (32, 45, 38, 33, 22), heads)


def _signs(parts: Parts, answer: Mapping[str, Any], told: Content) -> list[Any]:
    """The score, and what it rests on."""
    shown = [*map(parts.text, told.score), parts.chart(gauge(answer))]
    if len(told.faces) > 1:
        shown.append(parts.table(told.faces, (60, 20, 90), ("Face", "Score", "What it means")))
    rows = [
        (
            f"{cue.group}: {cue.name}, {cue.when}",
            cue.value + (" (outside)" if cue.sign > 0 else ""),
            cue.range,
            f"{cue.reason} {cue.source}".strip(),
        )
        for cue in told.cues
    ]
    heads = ("Measure", "Here", "People", "What it means; source")
    return [*shown, parts.table(rows, (45, 28, 30, 67), heads)] if rows else shown
