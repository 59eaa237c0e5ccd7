"""The setting of the C heap: that it is taken where the C library is glibc."""

import platform

import pytest

from usg.heap import give_large_buffers_back


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_glibc_takes_it() -> None:
    assert give_large_buffers_back()
