"""The heap of a process that works through batches for hours: C's, and Python's garbage collection.

glibc serves ever larger buffers from its heap after the first was freed (its dynamic mmap threshold, mallopt(3)); small
things between them then keep the heap from shrinking, and resident memory creeps up though nothing leaks.
"""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3
_LARGE = 256 * 1024
_KEPT = 32 * 1024 * 1024  # the most that glibc takes for a threshold of mappings


def give_large_buffers_back() -> bool:
    """Has the system give and take back buffers from 256 KiB on; for a process of one's own, as a command or a worker.

    Returns:
        Whether it could be said: other C libraries than glibc have no such setting, and do without.
    """
    return _set({_M_MMAP_THRESHOLD: _LARGE})


def keep_large_buffers() -> bool:
    """Has the heap keep what is freed, for a process of one's own that needs as much again at once.

    A network's maps are made and freed batch after batch. Given back to the system they come as new pages, each of
    which is cleared and mapped when it is touched.

    Returns:
        Whether it could be said, as for `give_large_buffers_back`.
    """
    return _set({_M_MMAP_THRESHOLD: _KEPT, _M_TRIM_THRESHOLD: 16 * _KEPT, _M_TOP_PAD: _KEPT})


def _set(options: Mapping[int, int]) -> bool:
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return False
    return all(mallopt(option, value) for option, value in options.items())


@contextmanager
def garbage_kept() -> Iterator[None]:
    """Pauses Python's garbage collection.

    All that a batch makes is in use until it is done; looking through it again and again takes much of the
    time. Reference counts free it afterwards.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
