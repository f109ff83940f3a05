"""A labelled set of the operator's: pairs, or persons with several pictures (docs/identity.md)."""

import csv
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.faces.curve import RATES, report, threshold_at
from perception.errors import SitterError
from perception.face import FaceFinder
from perception.image import decode_image
from safety.encoders.encoder import FaceEncoder, unit

Floats = NDArray[np.float32]

ENROLLED = (1, 2, 3)


class Embeddings:
    """Embeddings of files, each made once; None where no face is found. Paths are relative to the CSV."""

    def __init__(self, folder: Path, finder: FaceFinder, encoder: FaceEncoder) -> None:
        self._folder, self._finder, self._encoder = folder, finder, encoder
        self._made: dict[str, Floats | None] = {}
        self.failed = 0

    def __getitem__(self, name: str) -> Floats | None:
        if name not in self._made:
            if len(self._made) % 200 == 0:
                print(f"{len(self._made)} pictures", file=sys.stderr)
            self._made[name] = self._look(self._folder / name)
        return self._made[name]

    def _look(self, path: Path) -> Floats | None:
        try:
            pixels = decode_image(path.read_bytes()).pixels
            faces = self._finder.find(pixels)
            if faces:
                return self._encoder.encode(pixels, faces[0]).embedding
        except (SitterError, OSError) as error:
            print(f"{path.name}: {error}", file=sys.stderr)
        self.failed += 1
        return None


def measure(path: Path, finder: FaceFinder, encoder: FaceEncoder) -> dict[str, Any]:
    """What the set shows. Raises ValueError when the header is neither `a,b,same` nor `person,file`."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = set(rows[0]) if rows else set()
    made = Embeddings(path.parent, finder, encoder)
    if {"a", "b", "same"} <= names:
        found: dict[str, Any] = {"pairs": _pairs(rows, made)}
    elif {"person", "file"} <= names:
        found = _persons(rows, made, encoder)
    else:
        raise ValueError("the CSV needs the columns a,b,same or person,file")
    return {"encoder": encoder.name, "sha256": encoder.sha256, "without_face": made.failed, **found}


def _pairs(rows: list[dict[str, str]], made: Embeddings) -> dict[str, Any]:
    distances: dict[bool, list[float]] = {True: [], False: []}
    for row in rows:
        one, other = made[row["a"]], made[row["b"]]
        if one is not None and other is not None:
            distances[row["same"] == "1"].append(1 - float(one @ other))
    return report(np.asarray(distances[True]), np.asarray(distances[False]))


def _persons(rows: list[dict[str, str]], made: Embeddings, encoder: FaceEncoder) -> dict[str, Any]:
    """Each person's first 1, 2 or 3 pictures make the template; the rest are probes, against everybody."""
    people: dict[str, list[Floats]] = defaultdict(list)
    for row in rows:
        embedding = made[row["file"]]
        if embedding is not None:
            people[row["person"]].append(embedding)
    found: dict[str, Any] = {"persons": len(people), "enrolled_pictures": {}}
    curve: dict[str, dict[str, float]] = {}
    for count in ENROLLED:
        genuine, impostors = _trials(people, count)
        if len(genuine) and len(impostors):
            found["enrolled_pictures"][str(count)] = report(genuine, impostors)
            measured = {rate: threshold_at(impostors, rate) for rate in RATES}
            curve[str(count)] = {f"{r:.0e}": round(t, 5) for r, t in measured.items() if t is not None}
    found["calibration_thresholds"] = {"sha256": encoder.sha256, "thresholds": curve}
    return found


def _trials(people: dict[str, list[Floats]], count: int) -> tuple[Floats, Floats]:
    enrolled = {name: taken for name, taken in people.items() if len(taken) > max(ENROLLED)}
    if not enrolled:
        return np.empty(0, np.float32), np.empty(0, np.float32)
    templates = np.stack([unit(np.stack(taken[:count]).mean(axis=0)) for taken in enrolled.values()])
    owners = {name: row for row, name in enumerate(enrolled)}
    genuine, impostors = [], []
    for name, taken in people.items():
        for probe in taken[max(ENROLLED) :] if name in owners else taken:
            distances = 1 - templates @ probe
            if name in owners:
                genuine.append(float(distances[owners[name]]))
                distances = np.delete(distances, owners[name])
            impostors.append(distances)
    return np.asarray(genuine, np.float32), np.concatenate(impostors)
