"""The C heap of a process that computes with large buffers of changing sizes for hours.

glibc serves ever larger buffers from its heap after the first was freed (its dynamic mmap threshold, mallopt(3)); small
things between them then keep the heap from shrinking, and resident memory creeps up though nothing leaks.
"""

from __future__ import annotations

import ctypes

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
