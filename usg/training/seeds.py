"""Randomness as a function of (seed, step), so that there is none to lose.

A run that was killed and resumed must go on as if nothing had happened. What is drawn in step s (masks, captions,
dropout) therefore comes from generators seeded by (seed, s), never from a state that earlier steps left behind: a
validation or a picture drawn between two steps cannot shift what comes after. `usg.training.callbacks.StepSeed` does
the same for the global generators, from which dropout draws.
"""

import random

import numpy as np
import torch
from numpy.typing import NDArray


def derive_seed(*numbers: int) -> int:
    """A 63-bit seed from any whole numbers, as from (seed, step, stream); different numbers give unrelated seeds.

    Uses NumPy's `SeedSequence` (O'Neill's seed_seq design), whose hash keeps neighbouring numbers apart.

    Example:
        >>> derive_seed(1, 2) == derive_seed(1, 2), derive_seed(1, 2) == derive_seed(2, 1)
        (True, False)
    """
    words = [number % 2**64 for number in numbers]
    return int(np.random.SeedSequence(words).generate_state(1, np.uint64)[0] >> np.uint64(1))


def step_generator(seed: int, step: int, stream: int = 0) -> torch.Generator:
    """A generator on the CPU for one step of training.

    Args:
        seed: the run's seed.
        step: number of the batch in the run, from 0.
        stream: tells apart the uses within a step, e.g. ranks of a distributed run.

    Example:
        >>> a, b = step_generator(seed=1, step=7), step_generator(seed=1, step=7)
        >>> bool((torch.rand(3, generator=a) == torch.rand(3, generator=b)).all())
        True
    """
    return torch.Generator().manual_seed(derive_seed(seed, step, stream))


def seed_step(seed: int, step: int, stream: int = 0) -> None:
    """Seed the global generators of Python, NumPy and torch (all devices) for one step."""
    derived = derive_seed(seed, step, stream)
    random.seed(derived)
    np.random.seed(derived % 2**32)
    torch.manual_seed(derived)


def item_lots(items: NDArray[np.int64], *numbers: int) -> NDArray[np.float64]:
    """A number in [0, 1) for every item, whatever stands beside it, as a function of the item and some whole numbers.

    64 well-mixed bits, by the finaliser of SplitMix64 (Steele et al., OOPSLA 2014, figure 15).

    Args:
        items: `(b,)` numbers of items.
        numbers: such as (seed, pass, stream).

    Example:
        >>> both, one = item_lots(np.array([7, 8]), 0, 1), item_lots(np.array([8]), 0, 1)
        >>> both.shape, bool(both[1] == one[0] != both[0])
        ((2,), True)
    """
    key = np.random.SeedSequence(numbers).generate_state(1, np.uint64)
    x = items.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + key
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray((x ^ (x >> np.uint64(31))) / 2.0**64)
