"""A flow in a thread of its own, so that its call can pass on news meanwhile."""

import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import Any


class Flow(threading.Thread):
    """Runs `work`, in the trace of the call that made it; `result` gives what it returned or raises what it
    raised.

    Args:
        done: is called when it is over, however it ended.
    """

    def __init__(self, work: Callable[[], Any], done: Callable[[], None]) -> None:
        super().__init__(name="sitter-flow")
        self._context = copy_context()
        self._work, self._done = work, done
        self._result: Any = None
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            self._result = self._context.run(self._work)
        except BaseException as error:
            self._error = error
        finally:
            self._done()

    def result(self) -> Any:
        """Waits for it."""
        self.join()
        if self._error is not None:
            raise self._error
        return self._result
