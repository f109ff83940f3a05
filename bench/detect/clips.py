"""The list of labelled clips: a CSV of file, label, generator."""

import csv
from dataclasses import dataclass
from pathlib import Path

COLUMNS = ("file", "label", "generator")
LABELS = ("real", "fake")


class ClipsUnusable(Exception):
    """The list cannot be used: `reason` is stable UPPER_SNAKE, the message names the row and what to do."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class LabelledClip:
    """One clip.

    Attributes:
        fake: machine-made.
        generator: what made it; of recordings where they come from.
    """

    path: Path
    fake: bool
    generator: str

    @property
    def name(self) -> str:
        return self.path.name


def read_clips(table: Path) -> list[LabelledClip]:
    """The clips of a CSV; files are relative to its folder.

    Raises:
        ClipsUnusable: CLIPS_MISSING, CLIPS_NOT_CSV, CLIPS_COLUMNS, CLIPS_EMPTY, CLIP_LABEL, CLIP_MISSING.
    """
    if not table.is_file():
        raise ClipsUnusable("CLIPS_MISSING", f"there is no file {table}")
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            columns = [name.strip() for name in reader.fieldnames or ()]
            reader.fieldnames = columns
            rows = list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ClipsUnusable("CLIPS_NOT_CSV", f"{table} is no CSV in UTF-8: {error}") from error
    missing = [name for name in COLUMNS if name not in columns]
    if missing:
        raise ClipsUnusable(
            "CLIPS_COLUMNS", f"{table} needs a first line with the columns {', '.join(COLUMNS)}:"
            f" {', '.join(missing)} is not there"
        )  # fmt: skip
    if not rows:
        raise ClipsUnusable("CLIPS_EMPTY", f"{table} lists no clip")
    return [_clip(table, number, row) for number, row in enumerate(rows, 2)]


def _clip(table: Path, line: int, row: dict[str, str | None]) -> LabelledClip:
    name, label, generator = ((row[column] or "").strip() for column in COLUMNS)
    if label not in LABELS:
        raise ClipsUnusable("CLIP_LABEL", f"line {line} of {table}: the label is {label!r}: use real or fake")
    path = table.parent / name
    if not name or not path.is_file():
        raise ClipsUnusable("CLIP_MISSING", f"line {line} of {table}: there is no file {name!r}")
    return LabelledClip(path, label == "fake", generator or "unnamed")
