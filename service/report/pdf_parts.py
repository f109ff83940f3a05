"""The pieces of a printed report: texts, tables, charts and small pictures, as reportlab sets them."""

import io
from collections.abc import Iterable, Sequence
from typing import Any
from xml.sax.saxutils import escape

from service.report.chart import Box, Chart

COLOURS = {
    "ink": "#1b1f24", "muted": "#55595f", "track": "#f0ede5", "tick": "#c9c4ba", "band": "#c9c4ba",
    "mark": "#1b1f24", "face": "#6d7f92", "speech": "#0b7a86", "changed": "#8a4b00", "sign": "#b8430f",
}  # fmt: skip
WIDTH_MM = 165.0  # of a page, less margins and the padding of its frame


def latin(text: str) -> str:
    """The text in the letters of the built-in fonts."""
    return text.encode("cp1252", "backslashreplace").decode("cp1252")


class Parts:
    """The pieces of a page."""

    def __init__(self) -> None:
        from reportlab.lib.styles import ParagraphStyle, getSampleStyleSheet  # type: ignore[import-untyped]

        styles = getSampleStyleSheet()
        body = ParagraphStyle("Body", parent=styles["BodyText"], fontSize=9.5, leading=12.5)
        self._styles = {
            "Body": body,
            "Title": ParagraphStyle("T", parent=styles["Title"], alignment=0, fontSize=16, leading=20),
            "Strong": ParagraphStyle("S", parent=body, fontName="Helvetica-Bold"),
            "Heading": ParagraphStyle(
                "H", parent=styles["Heading2"], fontSize=12, leading=15, spaceBefore=10
            ),
            "Cell": ParagraphStyle("C", parent=body, fontSize=8.5, leading=10.5, spaceBefore=0),
            "Head": ParagraphStyle("D", parent=body, fontSize=8.5, leading=10.5, fontName="Helvetica-Bold"),
        }

    def text(self, text: str, style: str = "Body") -> Any:
        from reportlab.platypus import Paragraph  # type: ignore[import-untyped]

        return Paragraph(escape(latin(text)), self._styles[style])

    def section(self, title: str, *parts: Any) -> list[Any]:
        """The title stays with what follows it."""
        from reportlab.platypus import CondPageBreak, Spacer

        return [CondPageBreak(80), Spacer(1, 4), self.text(title, "Heading"), *parts]

    def bullets(self, lines: Iterable[str]) -> Any:
        from reportlab.platypus import ListFlowable, ListItem

        items = [ListItem(self.text(line), leftIndent=12) for line in lines]
        return ListFlowable(items, bulletType="bullet", bulletFontSize=6, bulletOffsetY=-2, start="circle")

    def table(self, rows: Iterable[Sequence[str]], widths: Sequence[float], heads: Sequence[str] = ()) -> Any:
        """`widths` in any unit: together they fill the page."""
        from reportlab.lib.colors import HexColor  # type: ignore[import-untyped]
        from reportlab.lib.units import mm  # type: ignore[import-untyped]
        from reportlab.platypus import Table

        top = [[self.text(head, "Head") for head in heads]] if heads else []
        body = [[self.text(text, "Cell") for text in row] for row in rows]
        style = [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LINEBELOW", (0, 0), (-1, -1), 0.4, HexColor("#c9c4ba")),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ]
        share = WIDTH_MM * mm / sum(widths)
        # splitInRow: one reason may be higher than what is left of a page
        return Table(
            top + body, colWidths=[width * share for width in widths], repeatRows=len(top), style=style,
            splitInRow=1,
        )  # fmt: skip

    def chart(self, chart: Chart) -> Any:
        from reportlab.graphics.shapes import Drawing, Rect, String  # type: ignore[import-untyped]
        from reportlab.lib.colors import HexColor
        from reportlab.lib.units import mm

        scale = WIDTH_MM * mm / chart.width
        drawing = Drawing(WIDTH_MM * mm, (chart.height + 8) * scale)
        for shape in chart.shapes:
            colour = HexColor(COLOURS[shape.tone])
            if isinstance(shape, Box):
                low = (chart.height - shape.y - shape.height) * scale
                size = (shape.width * scale, shape.height * scale)
                drawing.add(
                    Rect(shape.x * scale, low, *size, fillColor=colour, strokeWidth=0, strokeColor=None)
                )
            else:
                drawing.add(
                    String(
                        shape.x * scale, (chart.height - shape.y) * scale, latin(shape.text), fontSize=8,
                        fontName="Helvetica", textAnchor=shape.anchor, fillColor=colour,
                    )
                )  # fmt: skip
        return drawing

    def pictures(self, maps: Sequence[tuple[bytes, str, int, int]]) -> Any:
        """Three in a row, each with its caption."""
        from reportlab.lib.units import mm
        from reportlab.platypus import Image, Table

        side = 48 * mm
        cells = [
            [
                Image(io.BytesIO(png), side * width / max(width, height), side * height / max(width, height)),
                self.text(caption, "Cell"),
            ]
            for png, caption, width, height in maps
        ]
        rows = [cells[k : k + 3] + [""] * (3 - len(cells[k : k + 3])) for k in range(0, len(cells), 3)]
        return Table(
            rows, colWidths=[55 * mm] * 3, style=[("VALIGN", (0, 0), (-1, -1), "TOP")], hAlign="LEFT"
        )
