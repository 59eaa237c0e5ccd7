"""Batches in a seeded order that can be resumed at any batch.

The order of pass e over the items is a permutation drawn from (seed, e), so the whole run is one endless sequence of
batches and its position is one number. That number is the loader's state: Lightning saves it with every checkpoint
(`state_dict`) and hands it back before it asks for batches (`load_state_dict`), and nothing has to be read and thrown
away. Batches are made one ahead in a thread, never more.

Where items differ in size, a batch can be a share of the pass's total size instead of a number of items. The order is
then cut into B batches where its running total passes multiples of total / B: all are alike in size, B is the same in
every pass, and the position is still one number.

`ShuffledBatches` is for training, `OrderedBatches` for everything that must see each item once.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Batch = TypeVar("Batch")
T = TypeVar("T")

# What makes a batch: the item numbers (b,), and the pass over the items they belong to.
MakeBatch = Callable[[NDArray[np.int64], int], Batch]


class ShuffledBatches(Generic[Batch]):
    """Endless shuffled batches; `iter` goes on where the last batch was taken and ends after `len(self)` batches.

    Args:
        items: how many items there are.
        batch_size: items in a batch; a pass has `items // batch_size` batches, other items are left over each time.
            With `sizes`, the size of a batch, on average.
        make_batch: called with item numbers `(b,)` and the pass; runs in a thread.
        seed: of the order.
        length: batches until iteration pauses (an epoch, as Lightning counts it); one pass by default.
        runs: `(k + 1,)` where runs of items begin that are read together (row groups of a corpus), then `items`. The
            order shuffles the runs and mixes the items of `runs_mixed` at a time, so that few need to be in memory.
        sizes: gives `(items,)` how large each is in a pass; every item is then in a batch.
        runs_mixed: see `runs`; with no more runs than this the order is a plain permutation.
        rank: which share of each batch this process takes.
        ranks: how many processes share a batch.

    Example:
        >>> loader = ShuffledBatches(6, 2, lambda items, epoch: sorted(items.tolist()), seed=1)
        >>> batches = list(loader)
        >>> sorted(sum(batches, [])), loader.state_dict()["batches"]
        ([0, 1, 2, 3, 4, 5], 3)
        >>> again = ShuffledBatches(6, 2, lambda items, epoch: sorted(items.tolist()), seed=1)
        >>> again.load_state_dict({**again.state_dict(), "batches": 2})
        >>> next(iter(again)) == batches[2]
        True
    """

    def __init__(
        self,
        items: int,
        batch_size: int,
        make_batch: MakeBatch[Batch],
        *,
        seed: int,
        length: int | None = None,
        runs: Sequence[int] | NDArray[np.int64] | None = None,
        sizes: Callable[[int], NDArray[np.int64]] | None = None,
        runs_mixed: int = 64,
        rank: int = 0,
        ranks: int = 1,
    ) -> None:
        if items < ranks:
            raise ValueError(f"there are {items} items to train on for {ranks} process(es); give more data")
        if batch_size < ranks:
            raise ValueError(f"batch_size is {batch_size}; expected at least {ranks}, the number of processes")
        self.items, self.batch_size, self.seed = items, min(batch_size, items) if sizes is None else batch_size, seed
        whole = items if sizes is None else int(sizes(0).sum())
        # At least one item for every process in every batch.
        self.batches_per_pass = min(max(whole // self.batch_size, 1), items // ranks)
        self._sizes = sizes
        self.length = self.batches_per_pass if length is None else length
        self._make_batch, self._rank, self._ranks = make_batch, rank, ranks
        self._runs, self._runs_mixed = np.asarray([0, items] if runs is None else runs, np.int64), runs_mixed
        self._taken = 0
        self._order = (-1, np.empty(0, np.int64), np.empty(0, np.int64))  # pass, items, where batches begin

    @classmethod
    def of_trainer(
        cls,
        trainer: Any,
        items: int,
        batch_size: int,
        make_batch: MakeBatch[Batch],
        *,
        seed: int,
        runs: Sequence[int] | NDArray[np.int64] | None = None,
        sizes: Callable[[int], NDArray[np.int64]] | None = None,
    ) -> "ShuffledBatches[Batch]":
        """The batches of one process of a trainer; a run counted in steps is one epoch for Lightning, with one bar.

        Args:
            trainer: Lightning's, or None for one process and passes.
            items: as above, like all that follows.
            batch_size: items in a batch.
            make_batch: called with item numbers `(b,)` and the pass.
            seed: of the order.
            runs: where runs of items begin.
            sizes: how large items are in a pass.
        """
        if trainer is None:
            return cls(items, batch_size, make_batch, seed=seed, runs=runs, sizes=sizes)
        steps = trainer.max_steps * trainer.accumulate_grad_batches
        return cls(
            items,
            batch_size,
            make_batch,
            seed=seed,
            length=steps if steps > 0 else None,
            runs=runs,
            sizes=sizes,
            rank=trainer.global_rank,
            ranks=trainer.world_size,
        )

    def __len__(self) -> int:
        """The number of batches until iteration pauses."""
        return self.length

    def __iter__(self) -> Iterator[Batch]:
        """Yield the next `len(self)` batches of the sequence."""
        first = self._taken
        jobs = (partial(self._make, number) for number in range(first, first + self.length))
        for number, batch in enumerate(one_ahead(jobs), start=first):
            self._taken = number + 1
            yield batch

    def state_dict(self) -> dict[str, int]:
        """The position (batches taken) and what the order depends on."""
        return {"batches": self._taken, "items": self.items, "batch_size": self.batch_size, "seed": self.seed}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved position.

        Raises:
            ValueError: the saved order is that of other data, another batch size or another seed.
        """
        for name in ("items", "batch_size", "seed"):
            if state[name] != getattr(self, name):
                raise ValueError(
                    f"the checkpoint was made with {name} {state[name]}, this run has {getattr(self, name)}: "
                    f"resume with the same data, batch size and seed, or start a new run without --ckpt_path"
                )
        self._taken = state["batches"]

    def _make(self, number: int) -> Batch:
        epoch, place = divmod(number, self.batches_per_pass)
        if self._order[0] != epoch:
            generator = np.random.default_rng([self.seed, epoch])
            order = permutation_of_runs(self._runs, self._runs_mixed, generator)
            self._order = (epoch, order, self._starts(order, epoch))
        _, order, starts = self._order
        items = order[starts[place] : starts[place + 1]]
        return self._make_batch(items[self._rank :: self._ranks], epoch)

    def _starts(self, order: NDArray[np.int64], epoch: int) -> NDArray[np.int64]:
        """`(batches + 1,)` where the batches of a pass begin in its order, and where the last one ends."""
        number = np.arange(self.batches_per_pass + 1)
        if self._sizes is None:
            return number * self.batch_size
        total = np.cumsum(self._sizes(epoch)[order])
        starts = np.searchsorted(total * self.batches_per_pass, number * total[-1], side="right")
        # An item larger than a batch leaves none for the next ones: they take from their neighbours.
        least = number * self._ranks
        starts = np.maximum.accumulate(np.maximum(starts - least, 0)) + least
        return np.minimum(starts, self.items - least[::-1])


class OrderedBatches(Generic[Batch]):
    """All items once and in order, each time it is iterated; the last batch may be smaller.

    Args:
        items: how many items there are.
        batch_size: items in a batch.
        make_batch: called with item numbers `(b,)` and 0; runs in a thread.

    Example:
        >>> list(OrderedBatches(5, 2, lambda items, epoch: items.tolist()))
        [[0, 1], [2, 3], [4]]
    """

    def __init__(self, items: int, batch_size: int, make_batch: MakeBatch[Batch]) -> None:
        if batch_size < 1:
            raise ValueError(f"batch_size is {batch_size}; expected at least 1")
        self.items, self.batch_size, self._make_batch = items, batch_size, make_batch

    def __len__(self) -> int:
        """The number of batches."""
        return -(-self.items // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        """Yield the batches."""
        starts = range(0, self.items, self.batch_size)
        yield from one_ahead(partial(self._make, start) for start in starts)

    def _make(self, start: int) -> Batch:
        return self._make_batch(np.arange(start, min(start + self.batch_size, self.items), dtype=np.int64), 0)


def permutation_of_runs(starts: NDArray[np.int64], mixed: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """All items once, in an order that needs only some runs of them at a time.

    Args:
        starts: `(k + 1,)` where each run begins, then the number of items.
        mixed: runs whose items are shuffled together.
        generator: of the order.

    Example:
        >>> order = permutation_of_runs(np.array([0, 2, 4, 6]), 1, np.random.default_rng(0))
        >>> sorted(order.tolist()), all(a // 2 == b // 2 for a, b in order.reshape(3, 2))
        ([0, 1, 2, 3, 4, 5], True)
    """
    runs = generator.permutation(len(starts) - 1)
    parts = []
    for first in range(0, len(runs), mixed):
        chosen = runs[first : first + mixed]
        together = np.concatenate([np.arange(starts[run], starts[run + 1]) for run in chosen])
        parts.append(generator.permutation(together))
    return np.concatenate(parts)


def one_ahead(jobs: Iterable[Callable[[], T]]) -> Iterator[T]:
    """Yield the results of `jobs` in order; while one is being used, the next is made in a thread.

    Example:
        >>> list(one_ahead([lambda: 1, lambda: 2]))
        [1, 2]
    """
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="batches") as pool:
        ahead: Future[T] | None = None
        for job in jobs:
            submitted = pool.submit(job)
            if ahead is not None:
                # Submitted before the wait: at the time the caller works on a result, exactly one other is made.
                yield ahead.result()
            ahead = submitted
        if ahead is not None:
            yield ahead.result()
