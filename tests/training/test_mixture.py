import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from usg.training.mixture import Mixture


@given(st.lists(st.integers(1, 50), min_size=1, max_size=4), st.sampled_from([1.0, 2.0, 5.0]))
def test_every_item_comes_before_any_comes_again(counts, temperature):
    """Within a data set, over as many passes as it takes."""
    mixture = Mixture(counts, temperature)
    starts = np.cumsum([0, *counts])
    for part, (size, count) in enumerate(zip(mixture.sizes, counts, strict=True)):
        first = sum(mixture.sizes[:part])
        passes = -(-count // size)
        seen = np.concatenate([mixture.numbers(np.arange(first, first + size), epoch) for epoch in range(passes)])
        assert sorted(seen[:count].tolist()) == list(range(starts[part], starts[part] + count))
    assert mixture.runs[0] == 0
    assert mixture.runs[-1] == len(mixture) == sum(mixture.sizes)


def test_temperature_makes_shares_alike():
    shares = [np.array(Mixture([8000, 80], temperature).sizes) for temperature in (1.0, 2.0, 1e9)]
    assert shares[0].tolist() == [8000, 80]
    assert shares[1].tolist() == [7345, 735]
    assert shares[2].tolist() == [4040, 4040]


def test_unused_items_are_never_seen():
    mixture = Mixture([5, 4], unused=2)
    seen = np.concatenate([mixture.numbers(np.arange(len(mixture)), epoch) for epoch in range(5)])
    assert set(seen.tolist()) == set(range(7))


def test_refuses_what_cannot_be_mixed():
    with pytest.raises(ValueError, match=r"temperature of a mixture is 0\.5; expected at least 1"):
        Mixture([3], 0.5)
    with pytest.raises(ValueError, match=r"data sets of \[3, 0\] items cannot be mixed"):
        Mixture([3, 2], unused=2)
