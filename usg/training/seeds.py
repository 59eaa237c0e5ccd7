"""Randomness as a function of (seed, step), so that there is none to lose.

A run that was killed and resumed must go on as if nothing had happened. What is drawn in step s (masks, captions,
dropout) therefore comes from generators seeded by (seed, s), never from a state that earlier steps left behind: a
validation or a picture drawn between two steps cannot shift what comes after. `usg.training.callbacks.StepSeed` does
the same for the global generators, from which dropout draws.
"""

import random

import numpy as np
import torch


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
