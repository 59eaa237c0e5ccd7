"""Randomness is a function of (seed, step, stream)."""

import random

import numpy as np
import torch

from usg.training.seeds import derive_seed, seed_step, step_generator


def test_every_number_counts() -> None:
    seeds = {derive_seed(seed, step, stream) for seed in range(4) for step in range(50) for stream in range(4)}
    assert len(seeds) == 800
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_generator_repeats_and_leaves_the_global_state_alone() -> None:
    before = torch.get_rng_state()
    draws = [torch.rand(4, generator=step_generator(3, 7, 1)) for _ in range(2)]
    assert torch.equal(*draws)
    assert torch.equal(before, torch.get_rng_state())


def test_seed_step_sets_all_three() -> None:
    def draw() -> tuple[float, float, float]:
        return random.random(), float(np.random.rand()), float(torch.rand(()))

    seed_step(1, 5)
    first = draw()
    draw()
    seed_step(1, 5)
    assert draw() == first
    seed_step(1, 6)
    assert all(a != b for a, b in zip(draw(), first, strict=True))
