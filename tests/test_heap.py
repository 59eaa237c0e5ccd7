"""The settings of the C heap: that pages are given back, or kept, where the C library is glibc."""

import platform
import resource
from collections.abc import Callable

import pytest

from usg.heap import give_large_buffers_back, keep_large_buffers
from usg.parsers.benchmark import in_fresh_process

_BYTES, _TIMES = 8 << 20, 20


def _pages(setting: Callable[[], bool]) -> float:
    """Pages that the system has to give for a buffer that is filled and freed again and again, each time."""
    assert setting()
    len(b"x" * _BYTES)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(_TIMES):
        len(b"x" * _BYTES)
    return (resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / _TIMES


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_pages_are_given_back_or_kept() -> None:
    whole = _BYTES / resource.getpagesize()
    assert in_fresh_process(_pages, give_large_buffers_back) > 0.9 * whole
    assert in_fresh_process(_pages, keep_large_buffers) < 0.1 * whole
