"""Order and position of batches: functions of the seed, resumed anywhere, one ahead."""

import threading

import numpy as np
import pytest

from usg.training.loader import OrderedBatches, ShuffledBatches, one_ahead, permutation_of_runs


def loader(items: int = 23, size: int = 4, seed: int = 1, **more: int) -> ShuffledBatches[tuple[int, ...]]:
    return ShuffledBatches(items, size, lambda chosen, epoch: (epoch, *chosen.tolist()), seed=seed, **more)


def take(batches: ShuffledBatches[tuple[int, ...]], count: int) -> list[tuple[int, ...]]:
    taken: list[tuple[int, ...]] = []
    while len(taken) < count:
        for batch in batches:
            taken.append(batch)
            if len(taken) == count:
                break
    return taken


def test_a_pass_takes_no_item_twice_and_passes_differ() -> None:
    batches = take(loader(), 10)
    first, second = batches[:5], batches[5:]
    for part, epoch in ((first, 0), (second, 1)):
        items = [item for batch in part for item in batch[1:]]
        assert len(set(items)) == 20
        assert {batch[0] for batch in part} == {epoch}
    assert [batch[1:] for batch in first] != [batch[1:] for batch in second]


def test_the_seed_is_the_order() -> None:
    assert take(loader(), 7) == take(loader(), 7)
    assert take(loader(), 7) != take(loader(seed=2), 7)


@pytest.mark.parametrize("at", [0, 1, 4, 5, 6, 12])
def test_resumes_anywhere(at: int) -> None:
    straight = take(loader(), 15)
    stopped = loader()
    assert take(stopped, at) == straight[:at]
    resumed = loader()
    resumed.load_state_dict(stopped.state_dict())
    assert take(resumed, 15 - at) == straight[at:]


def test_position_counts_what_was_taken_not_what_was_prepared() -> None:
    batches = loader()
    iterator = iter(batches)
    next(iterator)
    next(iterator)
    assert batches.state_dict()["batches"] == 2


@pytest.mark.parametrize(
    ("name", "other"), [("items", loader(items=22)), ("batch_size", loader(size=5)), ("seed", loader(seed=9))]
)
def test_refuses_the_position_of_another_order(name: str, other: ShuffledBatches[tuple[int, ...]]) -> None:
    with pytest.raises(ValueError, match=f"made with {name} .*resume with the same data"):
        loader().load_state_dict(other.state_dict())


def test_length_may_span_passes() -> None:
    assert len(list(loader(length=12))) == 12
    assert list(loader(length=12)) == take(loader(), 12)


def test_ranks_share_every_batch() -> None:
    whole = take(loader(), 5)
    parts = [take(loader(rank=rank, ranks=2), 5) for rank in range(2)]
    for batch, one, other in zip(whole, *parts, strict=True):
        assert sorted(batch[1:]) == sorted(one[1:] + other[1:])


def test_few_items_make_one_small_batch() -> None:
    assert sorted(take(loader(items=3, size=8), 1)[0][1:]) == [0, 1, 2]
    with pytest.raises(ValueError, match="0 items to train on"):
        loader(items=0)
    with pytest.raises(ValueError, match="batch_size is 0"):
        loader(size=0)


def sized(at_once: int, sizes: np.ndarray, ranks: int = 1, rank: int = 0) -> ShuffledBatches[tuple[int, ...]]:
    def make(chosen: np.ndarray, epoch: int) -> tuple[int, ...]:
        return tuple(chosen.tolist())

    return ShuffledBatches(len(sizes), at_once, make, seed=1, sizes=lambda _: sizes, ranks=ranks, rank=rank)


def test_batches_of_a_size_are_alike_hold_every_item_once_and_resume_anywhere() -> None:
    sizes = np.random.default_rng(0).integers(1, 60, 500)
    batches = sized(400, sizes)
    assert len(batches) == sizes.sum() // 400
    straight = take(batches, 2 * len(batches))
    for epoch in (straight[: len(batches)], straight[len(batches) :]):
        assert sorted(item for batch in epoch for item in batch) == list(range(500))
        assert all(abs(sizes[list(batch)].sum() - sizes.sum() / len(batches)) < 60 for batch in epoch)
    for at in (1, len(batches) - 1, len(batches) + 3):
        resumed = sized(400, sizes)
        resumed.load_state_dict({**batches.state_dict(), "batches": at})
        assert take(resumed, 5) == straight[at : at + 5]


@pytest.mark.parametrize("ranks", [1, 3])
@pytest.mark.parametrize("huge", [[0], [19], [3, 4, 5], list(range(20))])
def test_an_item_larger_than_a_batch_leaves_no_process_without_one(huge: list[int], ranks: int) -> None:
    sizes = np.ones(20, np.int64)
    sizes[huge] = 1_000
    parts = [list(sized(10, sizes, ranks, rank)) for rank in range(ranks)]
    assert all(batch for part in parts for batch in part)
    assert sorted(item for part in parts for batch in part for item in batch) == list(range(20))


def test_runs_are_mixed_a_few_at_a_time() -> None:
    starts = np.array([0, 10, 20, 30, 40])
    order = permutation_of_runs(starts, 2, np.random.default_rng(0))
    assert sorted(order.tolist()) == list(range(40))
    assert len(set(order[:20] // 10)) == len(set(order[20:] // 10)) == 2
    everything = permutation_of_runs(starts, 4, np.random.default_rng(0))
    assert len(set(everything[:20] // 10)) == 4


def test_ordered_batches_see_each_item_once_each_time() -> None:
    batches = OrderedBatches(7, 3, lambda items, epoch: items.tolist())
    assert list(batches) == list(batches) == [[0, 1, 2], [3, 4, 5], [6]]
    assert len(batches) == 3


def test_never_more_than_one_ahead() -> None:
    made: list[int] = []
    ready = [threading.Event() for _ in range(5)]

    def job(number: int) -> int:
        made.append(number)
        ready[number].set()
        return number

    for number in one_ahead([lambda n=n: job(n) for n in range(5)]):
        if number < 4:
            assert ready[number + 1].wait(timeout=10)
        assert max(made) <= number + 1


def test_errors_of_the_thread_reach_the_caller() -> None:
    def fail(items: np.ndarray, epoch: int) -> None:
        raise ValueError("broken shard")

    with pytest.raises(ValueError, match="broken shard"):
        next(iter(ShuffledBatches(4, 2, fail, seed=0)))
