"""Take every power from this process that decoding does not need. Linux.

What holds: no descriptor can be opened any more (so no file, no socket, no directory, whatever code runs),
nothing can be written to a file, memory and processor time are bounded, no dump is left, no right is gained.
"""

import ctypes
import resource

_PR_SET_NO_NEW_PRIVS = 38  # prctl(2)


def bound(memory_bytes: int, cpu_seconds: int) -> None:
    """Before anything is imported or read: memory, time, files."""
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_AS, memory_bytes)
    _limit(resource.RLIMIT_CPU, cpu_seconds)


def close_the_door() -> None:
    """After everything is imported, before the first byte of the input: no new descriptors, no new rights.

    RLIMIT_NOFILE bounds the number of the *next* descriptor, so at 0 nothing can be opened; those that are
    open stay usable. RLIMIT_NPROC at 0 means no new process and no new thread (the kernel lets root pass):
    every decoder must be told to use one thread.
    """
    _limit(resource.RLIMIT_NOFILE, 0)
    _limit(resource.RLIMIT_NPROC, 0)
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def _limit(which: int, value: int) -> None:
    """Soft and hard, never above what was inherited."""
    hard = resource.getrlimit(which)[1]
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(which, (value, value))
