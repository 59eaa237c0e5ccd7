"""The heap of a process that works through batches for hours: C's, and Python's garbage collection.

glibc serves ever larger buffers from its heap after the first was freed (its dynamic mmap threshold, mallopt(3)); small
things between them then keep the heap from shrinking, and resident memory creeps up though nothing leaks.
"""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager

_M_MMAP_THRESHOLD = -3
_BYTES = 256 * 1024


def give_large_buffers_back() -> bool:
    """Has the system give and take back buffers from 256 KiB on; for a process of one's own, as a command or a worker.

    Returns:
        Whether it could be said: other C libraries than glibc have no such setting, and do without.

    Example:
        >>> give_large_buffers_back() in (True, False)
        True
    """
    try:
        return bool(ctypes.CDLL("libc.so.6").mallopt(_M_MMAP_THRESHOLD, _BYTES))
    except (OSError, AttributeError):
        return False


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
