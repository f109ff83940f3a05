"""Looking a video up by its content among a million clips: how long, how often found, how often wrongly.

    python -m bench lookup [--quick] [--clips N]

All but a few of the clips are synthetic: words drawn at random with the statistics of real ones. The others
are rendered by the engine and looked for as the copies of `bench.prints.copies`, by sound and pictures and by
the pictures alone. In the first thousand synthetic clips the sound is that of the first rendered clip.
"""

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from bench.measures.speakers import recordings
from bench.prints.altered import FPS, Clip
from bench.prints.copies import COPIES, QUICK_COPIES, Sound
from bench.prints.table import SAID, rendered
from perception.audio import Speech
from perception.face import FaceFinder
from safety.lookup.motion import words as motion_words
from safety.lookup.search import Vote, search
from safety.lookup.segment import TIME_BITS, WORD_SHIFT, Postings, postings_of
from safety.lookup.sound import landmarks
from safety.lookup.words import SOUND, UNIT, Content, Words, read_words

CLIPS, QUICK_CLIPS = 1_000_000, 50_000
SECONDS = 10  # of a synthetic clip
SOUNDS, MOVES = 11, 2.2  # words a second
SAME_SOUND = 1000  # synthetic clips that have the first rendered clip's sound
SEGMENT = 125_000  # clips of one sorted list
FOUND = 6  # candidates that are compared
SHOWN = (("mira", 2), ("osei", 1), ("pip", 1))  # portraits and how many clips of each are rendered
BOUND_MS = 50.0
ROUNDS = 5


def run(argv: list[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="python -m bench lookup")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_CLIPS} clips and a few copies")
    parser.add_argument("--clips", type=int, help=f"how many are indexed; default {CLIPS}")
    args = parser.parse_args(argv)
    finder = FaceFinder()
    made = [
        rendered(name, SAID[index + 2 * k], k + 3, finder)
        for index, (name, count) in enumerate(SHOWN[: 2 if args.quick else None])
        for k in range(count)
    ]
    unknown = rendered("mira", "cmn", 9, finder)
    count = args.clips or (QUICK_CLIPS if args.quick else CLIPS)
    return measure(made, unknown, count, QUICK_COPIES if args.quick else tuple(COPIES))


def measure(made: list[Clip], unknown: Clip, count: int, copies: tuple[str, ...]) -> dict[str, Any]:
    """All figures, for clips that are in the index and one of the first one's portrait that is not."""
    known = [_content(clip).kept for clip in made]
    start = time.process_time()
    lists = population(count, known[0])
    numbers = [count + 1 + k for k in range(len(known))]
    lists.append(
        np.sort(np.concatenate([postings_of(n, each) for n, each in zip(numbers, known, strict=True)]))
    )
    built, clock = time.process_time() - start, _Clock()
    table = {name: _copies(name, made, numbers, lists, clock) for name in copies}
    wrong = [clock.search(lists, sought) for sought in _ways(_content(unknown).sought)]
    return {
        "clips": count + len(made),
        "postings": int(sum(map(len, lists))),
        "index_bytes": int(sum(each.nbytes for each in lists)),
        "build_cpu_seconds": round(built, 1),
        "found": table,
        "of_an_unknown_clip": {
            way: {"candidates": len(votes), "most_votes": max((vote.votes for vote in votes), default=0)}
            for way, votes in zip(("sound and pictures", "pictures"), wrong, strict=True)
        },
        "search_ms": clock.summary(),
        "bound_ms": BOUND_MS,
        "held": clock.summary()["p99"] < BOUND_MS,
    }


def _copies(
    name: str, made: list[Clip], numbers: list[int], lists: list[Postings], clock: "_Clock"
) -> dict[str, str]:
    """How many of the clips are among the candidates, looked for as this copy."""
    both = seen = 0
    for clip, number in zip(made, numbers, strict=True):
        (video, fps), sound = COPIES[name](clip.video, clip.sound)
        sought = read_words(((k / fps, frame) for k, frame in enumerate(video)), Speech(sound)).sought
        whole, silent = (clock.search(lists, each) for each in _ways(sought))
        both += any(vote.number == number for vote in whole)
        seen += any(vote.number == number for vote in silent)
    return {"sound and pictures": f"{both} of {len(made)}", "pictures": f"{seen} of {len(made)}"}


def _ways(sought: Words) -> tuple[Words, Words]:
    """All words, and those of the pictures alone."""
    moved = sought.word < SOUND
    return sought, Words(sought.word[moved], sought.at[moved])


def _content(clip: Clip) -> Content:
    timed = ((k / FPS, frame) for k, frame in enumerate(clip.video))
    return read_words(timed, Speech(clip.sound))


class _Clock:
    """Searches, each `ROUNDS` times, and how long they took by the clock on the wall and of the processor."""

    def __init__(self) -> None:
        self._times: list[tuple[float, float]] = []

    def search(self, lists: list[Postings], sought: Words) -> list[Vote]:
        found: list[Vote] = []
        for _ in range(ROUNDS):
            start, busy = time.perf_counter(), time.process_time()
            found = search(lists, sought, FOUND)
            spent = (time.perf_counter() - start, time.process_time() - busy)
            self._times.append((1e3 * spent[0], 1e3 * spent[1]))
        return found

    def summary(self) -> dict[str, float]:
        (p50, cpu50), (p99, cpu99) = np.percentile(self._times, (50, 99), axis=0).round(2).tolist()
        return {"p50": p50, "p99": p99, "cpu_p50": cpu50, "cpu_p99": cpu99, "searches": len(self._times)}


def population(count: int, first: Words, seed: int = 1) -> list[Postings]:
    """Sorted postings of `count` synthetic clips, numbered from 1."""
    rng = np.random.default_rng(seed)
    draws = (_moves(rng), _sounds(rng))
    lists = []
    for after in range(0, count, SEGMENT):
        size = min(SEGMENT, count - after)
        parts = [_drawn(rng, draws[0], after, size, round(MOVES * SECONDS), 0)]
        parts.append(_drawn(rng, draws[1], after, size, SOUNDS * SECONDS, SOUND))
        if after == 0:
            parts += [_sounding(first, number) for number in range(1, min(SAME_SOUND, size) + 1)]
        postings = np.concatenate(parts)
        postings.sort()
        lists.append(postings)
    return lists


def _drawn(
    rng: np.random.Generator,
    draw: Callable[[int], NDArray[np.uint64]],
    after: int,
    size: int,
    each: int,
    kind: int,
) -> Postings:
    word = draw(size * each) | np.uint64(kind)
    number = np.repeat(np.arange(after + 1, after + 1 + size, dtype=np.uint64), each)
    at = rng.integers(0, round(SECONDS / UNIT), size * each, dtype=np.uint64)
    return np.asarray(word << np.uint64(WORD_SHIFT) | number << np.uint64(TIME_BITS) | at, np.uint64)


def _sounding(first: Words, number: int) -> Postings:
    heard = first.word >= SOUND
    return postings_of(number, Words(first.word[heard], first.at[heard]))


def _moves(rng: np.random.Generator) -> Callable[[int], NDArray[np.uint64]]:
    """Words of random movement that is as smooth as real one."""
    noise = rng.standard_normal((400_000, 2))
    noise[:, 1] = 0.956 * noise[:, 0] + 0.293 * noise[:, 1]  # as measured: they mostly move together
    pool = motion_words(gaussian_filter1d(noise, 3.5, axis=0))[0].astype(np.uint64)
    return lambda count: pool[rng.integers(0, len(pool), count)]


def _sounds(rng: np.random.Generator) -> Callable[[int], NDArray[np.uint64]]:
    """Words whose first bin, second bin and distance are each as often as in recordings of people."""
    heard: list[Sound] = [recordings(said).speech.samples for said in ("promise", "goodbye", "welcome")]
    words = np.concatenate([landmarks(Speech(samples))[0] for samples in heard]).astype(np.uint64)
    parts = (words & np.uint64(0xFF << 13), words & np.uint64(0xFF << 5), words & np.uint64(0x1F))
    return lambda count: np.asarray(
        parts[0][rng.integers(0, len(words), count)]
        | parts[1][rng.integers(0, len(words), count)]
        | parts[2][rng.integers(0, len(words), count)],
        np.uint64,
    )
