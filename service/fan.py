"""One pass over a video for several readers at once, and work that runs ahead of its reader."""

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

Item = TypeVar("Item")

DEPTH = 8  # frames that one reader may be ahead of another: bounds memory
PATIENCE_SECONDS = 0.1


def fan_out(items: Iterable[Item], *readers: Callable[[Iterator[Item]], Any]) -> list[Any]:
    """Give every item to every reader, each reader in a thread of its own, and return their results in order.

    A reader that returns early is handed no more. An error of `items` or of a reader is raised after all
    readers have ended.
    """
    queues: list[queue.Queue[tuple[bool, Any]]] = [queue.Queue(DEPTH) for _ in readers]
    with ThreadPoolExecutor(len(readers)) as pool:
        futures = [
            pool.submit(reader, _drain(waiting)) for reader, waiting in zip(readers, queues, strict=True)
        ]
        try:
            for item in items:
                _hand((True, item), queues, futures)
        finally:
            _hand((False, None), queues, futures)
    return [future.result() for future in futures]


@contextmanager
def ahead(items: Iterable[Item]) -> Iterator[Iterator[Item]]:
    """`items`, produced in a thread of its own a few ahead of who takes them; their error is raised here."""
    waiting: queue.Queue[tuple[bool, Any]] = queue.Queue(DEPTH)
    left = threading.Event()

    def produce() -> None:
        try:
            for item in items:
                if not _put(waiting, (True, item), left.is_set):
                    return
        finally:
            _put(waiting, (False, None), left.is_set)

    with ThreadPoolExecutor(1) as pool:
        producer = pool.submit(produce)
        try:
            yield _drain(waiting)
            left.set()
            producer.result()
        finally:
            left.set()


def _drain(waiting: "queue.Queue[tuple[bool, Any]]") -> Iterator[Any]:
    while True:
        more, item = waiting.get()
        if not more:
            return
        yield item


def _hand(
    item: tuple[bool, Any], queues: "list[queue.Queue[tuple[bool, Any]]]", futures: list[Future[Any]]
) -> None:
    for waiting, future in zip(queues, futures, strict=True):
        _put(waiting, item, future.done)


def _put(
    waiting: "queue.Queue[tuple[bool, Any]]", item: tuple[bool, Any], nobody_waits: Callable[[], bool]
) -> bool:
    """Put when there is room; False when nobody takes any more."""
    while not nobody_waits():
        try:
            waiting.put(item, timeout=PATIENCE_SECONDS)
            return True
        except queue.Full:
            continue
    return False
