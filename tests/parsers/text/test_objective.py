"""The loss on gold graphs."""

from __future__ import annotations

import random

import pytest
import small_factual
import torch

from usg.parsers.text.batches import IGNORED, Example
from usg.parsers.text.model import TextGraphModel
from usg.parsers.text.objective import gold_loss
from usg.parsers.text.training_settings import Sizes

TABLES, EXAMPLES = small_factual.examples()
SIZES = {"word_dim": 8, "stem_dim": 8, "gram_dim": 8, "hidden": 8, "layers": 1, "dim": 16, "mixing_dim": 8}


def small(seed: int = 0, **more: float) -> TextGraphModel:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return TextGraphModel.build(TABLES.words, TABLES.inventory, Sizes(**SIZES, **more))


def test_the_gold_loss_falls() -> None:
    model = small(dropout=0.0)
    optimizer = torch.optim.Adam(model.network.parameters(), lr=0.02)
    losses = []
    for step in range(30):
        optimizer.zero_grad()
        loss = gold_loss(model.network, model.reader, EXAMPLES, random.Random(step), smoothing=0.0)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0] and sum(losses[-5:]) < sum(losses[:5])


def test_the_gold_loss_of_a_batch_reaches_every_weight() -> None:
    network = small().network
    gold_loss(network, small().reader, EXAMPLES, random.Random(0)).backward()
    silent = {name for name, weight in network.named_parameters() if weight.grad is None or not weight.grad.any()}
    assert silent == set()


@pytest.mark.parametrize(
    "example",
    [
        Example(("red",), (0,), (), (), {}),
        Example(("a", "dog"), (0, 1), ((1, 2),), (IGNORED,), {}),
        Example(("dog", "cat"), (1, 1), ((0, 1), (1, 2)), (0, 0), {(0, 1): IGNORED}),
    ],
)
def test_little_to_learn_is_a_loss_too(example: Example) -> None:
    model = small()
    for seed in range(4):
        loss = gold_loss(model.network, model.reader, [example], random.Random(seed))
        assert torch.isfinite(loss) and loss > 0
        loss.backward()


def test_a_rare_predicate_is_a_link() -> None:
    # What it is called is not learnt, that it is there is: its pair is pulled up as those of known predicates.
    model = small()
    rare = Example(("dog", "cat"), (1, 1), ((0, 1), (1, 2)), (0, 0), {(0, 1): IGNORED})
    none = Example(("dog", "cat"), (1, 1), ((0, 1), (1, 2)), (0, 0), {})
    slopes = []
    for example in (rare, none):
        model.network.zero_grad()
        gold_loss(model.network, model.reader, [example], random.Random(1)).backward()
        slopes.append(float(model.network.link.bias.grad))  # type: ignore[arg-type]
    assert slopes[0] < slopes[1]
