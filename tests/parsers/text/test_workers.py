"""Worker processes: their threads, and what is raised when one dies or fails."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool

import fake_workers
import pytest

from usg.parsers.text.workers import in_parallel

BATCHES = [(["a"], [0]), (["b", "c"], [1, 2]), (["stop"], [3])]


def test_a_process_computes_on_one_thread() -> None:
    assert list(in_parallel(fake_workers.threads, BATCHES[:2], 1)) == [([1], [0]), ([1, 1], [1, 2])]


@pytest.mark.parametrize(
    ("read", "error"), [(fake_workers.dies_at_stop, BrokenProcessPool), (fake_workers.fails_at_stop, OSError)]
)
def test_a_process_that_dies_or_fails_is_told(read: Callable[[list[str]], list[str]], error: type[Exception]) -> None:
    results = in_parallel(read, BATCHES, 1)
    if error is OSError:
        assert [next(results), next(results)] == BATCHES[:2]
    with pytest.raises(error):
        list(results)
