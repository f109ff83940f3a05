"""What a sitter is asked to do: say a code and turn the head, both drawn at random for one session.

The words are of two or three syllables, common in English, in the recogniser's dictionary, and begin with
different sounds where they share a rhythm. Codes: 24 * 23 * 22 * 21 = 255,024. Orders of turns: 62. A film
made beforehand meets both by chance once in 15 million.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from itertools import pairwise

WORDS = (
    "apple", "banana", "candle", "dinner", "elephant", "finger", "garden", "hammer", "island", "jacket",
    "kitchen", "lemon", "notebook", "orange", "pencil", "rabbit", "sister", "tomato", "umbrella", "velvet",
    "monkey", "window", "yellow", "zebra",
)  # fmt: skip
CODE_WORDS = 4
TURNS = 4
TERM = timedelta(minutes=10)
"""How long a challenge is valid from the moment the sitter is shown it."""

Below = Callable[[int], int]


class Turn(StrEnum):
    """Left and right are the sitter's own; each turn ends facing the camera again."""

    LEFT = "left"
    RIGHT = "right"
    UP = "up"
    NOD = "nod"


@dataclass(frozen=True)
class Challenge:
    """One session's code and turns, in their order."""

    words: tuple[str, ...]
    turns: tuple[Turn, ...]

    @property
    def code(self) -> str:
        return " ".join(self.words)


def draw(below: Below = secrets.randbelow) -> Challenge:
    """A challenge: different words; both sides among the turns, no turn twice in a row.

    Args:
        below: a random number under its argument; the system's source.
    """
    words = list(WORDS)
    code = tuple(words.pop(below(len(words))) for _ in range(CODE_WORDS))
    sequences = _sequences()
    return Challenge(code, sequences[below(len(sequences))])


def _sequences(length: int = TURNS) -> list[tuple[Turn, ...]]:
    """Every allowed order: without repetition from one to the next, with both sides."""
    orders: list[tuple[Turn, ...]] = [()]
    for _ in range(length):
        orders = [(*order, turn) for order in orders for turn in Turn if not order or order[-1] is not turn]
    return [order for order in orders if is_allowed(order)]


def is_allowed(turns: Sequence[Turn]) -> bool:
    """Both sides are in it, for the parallax; no turn follows itself, so that each is seen."""
    return {Turn.LEFT, Turn.RIGHT} <= set(turns) and all(one is not two for one, two in pairwise(turns))
