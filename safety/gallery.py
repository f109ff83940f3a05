"""The templates of everybody enrolled, in one contiguous matrix in memory, searched exactly.

An approximate index loses just the near hits that a screen is for, so every search is one matrix product over
everybody. Long vectors are first compared in half precision, which halves what has to be read from memory;
whatever could lie within reach by the rounding bound is compared again in single precision, so nothing is
lost. Adding a template writes one row; removing one blanks its row at once.
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

FIRST_ROWS = 64
HALF_FROM = 256
"""Components from which the search begins in half precision. With 128 single precision is as fast."""
HALF_SLACK = 0.004
"""More than half precision can change a cosine by: both unit vectors rounded to 11 bits move it by at most
2 * 2**-11 (Cauchy-Schwarz), the rounded result by 2**-12; sums are single precision."""
SPARSE = 0.25
"""Share of blanked rows from which the matrix is written anew."""


@dataclass(frozen=True, eq=False)
class Template:
    """One enrolled face: biometric data, kept in memory only."""

    identity_id: str
    basis: str
    protected: bool
    pictures: int
    embedding: Floats = field(repr=False)


@dataclass(frozen=True)
class Near:
    """A template within reach of a probe. The distance stays inside this process."""

    identity_id: str
    basis: str
    protected: bool
    pictures: int
    distance: float = field(repr=False)


@dataclass(frozen=True, eq=False)
class _Rows:
    """What one search sees: rows 0..count of arrays that only grow."""

    matrix: Floats
    half: Any  # torch.Tensor (capacity, D) float16, or None for short vectors
    count: int
    facts: list[tuple[str, str, bool, int] | None]


class Gallery:
    """All templates of one encoder; searches see a consistent state beside one writer at a time.

    Args:
        templates: unit vectors of one length, a later one of the same identity replaces the former.
    """

    def __init__(self, templates: Iterable[Template] = ()) -> None:
        self._lock = threading.Lock()
        self._rows: _Rows | None = None
        self._index: dict[str, int] = {}
        self._protected = 0
        for template in templates:
            self.add(template)

    def __len__(self) -> int:
        return len(self._index)

    def __repr__(self) -> str:
        return f"Gallery({len(self)} templates)"

    @property
    def protected(self) -> int:
        """How many of them must never be animated."""
        return self._protected

    def get(self, identity_id: str) -> Template | None:
        """The template of an identity, a copy; None when it has none."""
        with self._lock:
            row = self._index.get(identity_id)
            if row is None or self._rows is None or (facts := self._rows.facts[row]) is None:
                return None
            return Template(*facts, self._rows.matrix[row].copy())

    def add(self, template: Template) -> None:
        """Take in a template. Raises ValueError for one of another length than those before."""
        with self._lock:
            self._drop(template.identity_id)
            rows = self._room(len(template.embedding))
            rows.matrix[rows.count] = template.embedding
            if rows.half is not None:
                rows.half[rows.count] = _tensor(template.embedding).half()
            rows.facts.append((template.identity_id, template.basis, template.protected, template.pictures))
            self._index[template.identity_id] = rows.count
            self._protected += template.protected
            self._rows = _Rows(rows.matrix, rows.half, rows.count + 1, rows.facts)

    def fill(self, facts: Iterable[tuple[str, str, bool, int]], matrix: Floats) -> None:
        """Replace everything by the rows of `matrix` (N, D), unit float32, which is kept, not copied."""
        with self._lock:
            listed: list[tuple[str, str, bool, int] | None] = list(facts)
            self._index = {each[0]: row for row, each in enumerate(listed) if each is not None}
            self._protected = sum(each[2] for each in listed if each is not None)
            half = _tensor(matrix).half() if matrix.shape[1] >= HALF_FROM else None
            self._rows = _Rows(matrix, half, len(listed), listed)

    def remove(self, identity_id: str) -> None:
        """Blank the template of an identity; nothing when it has none."""
        with self._lock:
            self._drop(identity_id)
            rows = self._rows
            if rows is not None and rows.count - len(self._index) > max(FIRST_ROWS, SPARSE * rows.count):
                self._rows = self._compact(rows, max(FIRST_ROWS, 2 * len(self._index)))

    def near(self, probe: Floats, reach: float) -> list[Near]:
        """Everybody at a cosine distance (0..2) up to `reach` from `probe`, a unit vector; nearest first.

        A distance that is not a number counts as within reach, and comes first.
        """
        rows = self._rows
        if rows is None or rows.count == 0:
            return []
        matrix = rows.matrix[: rows.count]
        if rows.half is None:
            distances = 1 - matrix @ probe
            found = np.flatnonzero(~(distances > reach))
            exact = distances[found]
        else:
            coarse = 1 - rows.half[: rows.count].mv(_tensor(probe).half()).float().numpy()
            found = np.flatnonzero(~(coarse > reach + HALF_SLACK))
            exact = 1 - matrix[found] @ probe
            found, exact = found[~(exact > reach)], exact[~(exact > reach)]
        order = np.argsort(np.where(np.isnan(exact), -np.inf, exact), kind="stable")
        hits = ((rows.facts[int(found[i])], float(exact[i])) for i in order)
        return [Near(*facts, distance) for facts, distance in hits if facts is not None]

    def _drop(self, identity_id: str) -> None:
        row = self._index.pop(identity_id, None)
        if row is None or self._rows is None:
            return
        facts = self._rows.facts[row]
        self._protected -= bool(facts and facts[2])
        self._rows.facts[row] = None
        self._rows.matrix[row] = 0
        if self._rows.half is not None:
            self._rows.half[row] = 0

    def _room(self, length: int) -> _Rows:
        """The rows, with space for one more."""
        rows = self._rows
        if rows is None:
            half = _tensor(np.zeros((FIRST_ROWS, length), np.float32)).half() if length >= HALF_FROM else None
            return _Rows(np.zeros((FIRST_ROWS, length), np.float32), half, 0, [])
        if rows.matrix.shape[1] != length:
            raise ValueError("templates of another length than those in the gallery")
        return (
            rows if rows.count < len(rows.matrix) else self._compact(rows, 2 * len(self._index) + FIRST_ROWS)
        )

    def _compact(self, rows: _Rows, capacity: int) -> _Rows:
        """The same templates in new arrays without the blanked rows; searches under way keep the old ones."""
        kept = [row for row, facts in enumerate(rows.facts) if facts is not None]
        matrix = np.zeros((max(capacity, len(kept) + 1), rows.matrix.shape[1]), np.float32)
        matrix[: len(kept)] = rows.matrix[kept]
        facts = [rows.facts[row] for row in kept]
        self._index = {each[0]: row for row, each in enumerate(facts) if each is not None}
        return _Rows(matrix, _tensor(matrix).half() if rows.half is not None else None, len(kept), facts)


def _tensor(values: Floats) -> Any:
    import torch  # loaded anyway where faces are; not needed to read this module

    return torch.from_numpy(np.ascontiguousarray(values))
