"""Batches read by several processes, given back in order, never more than a few batches ahead of what is asked for.

Processes are spawned, not forked: a fork of a process in which torch has started its threads can hang. Each computes on
one thread, so that `n_process` is the number of cores that are taken.
"""

from __future__ import annotations

import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context
from typing import Any, TypeVar

from usg.heap import give_large_buffers_back

T = TypeVar("T")

_read: Callable[[Sequence[str]], Any]  # of a worker process


def in_parallel(
    read: Callable[[Sequence[str]], list[T]], batches: Iterable[tuple[list[str], list[Any]]], n_process: int
) -> Iterator[tuple[list[T], list[Any]]]:
    """What `read` makes of the texts of each batch, with the contexts of the batch, in order.

    Args:
        read: makes a result of each text; it is pickled once for each process.
        batches: texts and contexts; contexts stay in this process.
        n_process: number of processes.

    Yields:
        Results and contexts of a batch.

    Raises:
        BrokenProcessPool: a process died, as when memory ran out; the results before are given first. Its class is of
            `concurrent.futures.process`, a `RuntimeError`.
        Exception: what `read` raises for a batch, likewise.
    """
    stream = iter(batches)
    with ProcessPoolExecutor(n_process, mp_context=get_context("spawn"), initializer=_start, initargs=(read,)) as pool:
        waiting: deque[tuple[Future[list[T]], list[Any]]] = deque()
        try:
            for texts, contexts in islice(stream, 2 * n_process):
                waiting.append((pool.submit(_read_batch, texts), contexts))
            while waiting:
                future, contexts = waiting.popleft()
                results = future.result()
                for texts, more in islice(stream, 1):
                    waiting.append((pool.submit(_read_batch, texts), more))
                yield results, contexts
        finally:
            for future, _ in waiting:
                future.cancel()


def _start(read: Callable[[Sequence[str]], Any]) -> None:
    global _read
    # An interrupt is for the process that asks; the others end when it does.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _read = read
    give_large_buffers_back()
    if "torch" in sys.modules:
        import torch

        torch.set_num_threads(1)


def _read_batch(texts: list[str]) -> Any:
    return _read(texts)
