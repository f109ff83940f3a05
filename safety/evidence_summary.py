"""The summary of an evidence pack on paper: what the log says of a matter, entry by entry, for reading.

It retells `entries.jsonl`, and proves nothing. It is set in Latin letters: characters that the built-in fonts
lack are written as their numbers.
"""

import importlib.util
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from xml.sax.saxutils import escape

from PIL import Image

MOST_ROWS = 2_000
"""Entries on paper at most; the rest is in decisions.csv."""


Clearness = Literal["none", "pixelated", "clear"]
"""How much of a clip's pictures a summary shows."""


@dataclass(frozen=True)
class Picture:
    """A picture of the clip: seconds into it, and how clear it was left."""

    at: float
    clearness: Clearness
    image: Image.Image = field(repr=False, compare=False)


def can_print() -> bool:
    """Whether the package that sets PDF pages is installed."""
    return importlib.util.find_spec("reportlab") is not None


def summary_pdf(
    origin: str,
    size: int,
    entries: Sequence[tuple[int, Mapping[str, Any]]],
    pictures: Sequence[Picture] = (),
) -> bytes:
    """A4 pages with pictures of the clip, if any, and a table of the entries (index, body).

    The same entries and pictures give the same bytes.
    """
    from reportlab.lib.pagesizes import A4, landscape  # type: ignore[import-untyped]
    from reportlab.lib.styles import getSampleStyleSheet  # type: ignore[import-untyped]
    from reportlab.lib.units import mm  # type: ignore[import-untyped]
    from reportlab.platypus import Image as Figure  # type: ignore[import-untyped]
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table

    styles = getSampleStyleSheet()

    def cell(text: str, style: str = "BodyText") -> Any:
        return Paragraph(escape(text.encode("latin-1", "backslashreplace").decode("latin-1")), styles[style])

    heading = [cell(name) for name in ("Entry", "Time (UTC)", "What", "Who", "About")]
    rows = [heading, *([cell(text) for text in line(*entry)] for entry in entries[:MOST_ROWS])]
    file = io.BytesIO()
    page = SimpleDocTemplate(
        file, pagesize=landscape(A4), invariant=1, title="Evidence summary",
        leftMargin=15 * mm, rightMargin=15 * mm, topMargin=15 * mm, bottomMargin=15 * mm,
    )  # fmt: skip
    widths = [18 * mm, 45 * mm, 75 * mm, 35 * mm, 90 * mm]
    lead = f"{len(entries)} entries of the log {origin}, under a signed checkpoint over {size}. "
    lead += "What is proven is entries.jsonl: see VERIFY.md. This page repeats it for reading."
    if len(entries) > MOST_ROWS:
        lead += f" The first {MOST_ROWS} are printed."
    table = Table(
        rows, colWidths=widths, repeatRows=1, splitInRow=1, style=[("VALIGN", (0, 0), (-1, -1), "TOP")]
    )
    story = [cell("Evidence summary", "Title"), cell(lead)]
    if pictures:
        figures = [Figure(_png(each.image), *_fitted(each.image, 50 * mm)) for each in pictures]
        captions = [cell(f"{each.at:.1f} s, {each.clearness}") for each in pictures]
        story += [Spacer(0, 4 * mm), Table([figures, captions], hAlign="LEFT"), Spacer(0, 4 * mm)]
    page.build([*story, table])
    return file.getvalue()


def _png(image: Image.Image) -> io.BytesIO:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file


def _fitted(image: Image.Image, side: float) -> tuple[float, float]:
    """Width and height with `side` as the longer one."""
    share = side / max(image.size)
    return image.width * share, image.height * share


def line(index: int, body: Mapping[str, Any]) -> list[str]:
    """An entry as five texts: index, time, what, who, about."""
    what = " ".join(str(body[key]) for key in ("kind", "gate", "outcome", "reason") if key in body)
    what += f" (flagged: {', '.join(body['flags'])})" if body.get("flags") else ""
    about = " ".join(
        f"{key.removesuffix('_id')} {body[key]}"
        for key in ("record_id", "identity_id", "consent_id")
        if key in body
    )
    return [str(index), str(body.get("at", "")), what, str(body.get("caller", "")), about]
