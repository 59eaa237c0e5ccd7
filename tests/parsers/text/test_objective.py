"""The losses: on gold graphs, and on what teachers say."""

from __future__ import annotations

import copy
import random

import pytest
import small_factual
import torch

from usg.parsers.text.batches import IGNORED, Example
from usg.parsers.text.model import TextGraphModel
from usg.parsers.text.objective import gold_loss, lesson_loss, teach
from usg.parsers.text.training_settings import Sizes

TABLES, EXAMPLES = small_factual.examples()
CAPTIONS = [each.tokens for each in EXAMPLES]
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


def test_a_lesson_holds_probabilities(small_model: TextGraphModel) -> None:
    lessons = teach([(small_model.network, small_model.reader)] * 2, CAPTIONS)
    for caption, lesson in zip(CAPTIONS, lessons, strict=True):
        t, n, k = len(caption), len(lesson.spans), len(lesson.pairs)
        assert lesson.tokens == caption and lesson.tags.shape == (t, 3)
        assert lesson.forms.shape == (n, len(TABLES.inventory.forms)) and lesson.links.shape == (n, n)
        assert lesson.predicates.shape == (k, len(TABLES.inventory.predicates))
        for rows in (lesson.tags, lesson.forms, lesson.predicates):
            torch.testing.assert_close(rows.float().sum(-1), torch.ones(len(rows)), atol=5e-3, rtol=0)
        assert all(lesson.links[i, j] > 0.04 for i, j in lesson.pairs.tolist())


def test_teachers_are_averaged(small_model: TextGraphModel) -> None:
    one, other = small_model, small(1)
    both, first, second = (
        teach([(model.network, model.reader) for model in models], CAPTIONS[:1])[0].tags.float()
        for models in ((one, other), (one,), (other,))
    )
    torch.testing.assert_close(both, (first + second) / 2, atol=2e-3, rtol=0)


def test_a_network_learns_nothing_from_itself(small_model: TextGraphModel) -> None:
    network = copy.deepcopy(small_model.network).eval()
    lessons = teach([(network, small_model.reader)], CAPTIONS)
    taught = lesson_loss(network, small_model.reader, lessons)
    taught.backward()
    untaught = small(1)
    lesson_loss(untaught.network, untaught.reader, lessons).backward()
    for name in ("tag.3", "form", "link"):
        own, strange = (
            max(float(weight.grad.abs().max()) for weight in each.get_submodule(name).parameters())  # type: ignore[union-attr]
            for each in (network, untaught.network)
        )
        assert own < 2e-3 and own < strange / 20, (name, own, strange)


def test_a_lesson_twice_costs_what_it_costs_once(small_model: TextGraphModel) -> None:
    lessons = teach([(small_model.network, small_model.reader)], [*CAPTIONS, ("zzz",)])
    student = small(2)
    with torch.no_grad():
        for lesson in lessons:
            if 0 < lesson.links[tuple(lesson.pairs.long().T)].sum() < 1:
                continue  # predicates of pairs that are hardly linked count less
            loss = lesson_loss(student.network, student.reader, [lesson])
            twice = lesson_loss(student.network, student.reader, [lesson, lesson])
            torch.testing.assert_close(loss, twice, atol=1e-4, rtol=1e-4)


def test_captions_in_which_teachers_see_nothing(small_model: TextGraphModel) -> None:
    network = copy.deepcopy(small_model.network)
    with torch.no_grad():
        network.tag[3].bias += torch.tensor([99.0, 0.0, 0.0])  # all outside
    lessons = teach([(network, small_model.reader)], CAPTIONS[:3])
    assert [lesson.spans for lesson in lessons] == [()] * 3
    assert torch.isfinite(lesson_loss(small().network, small_model.reader, lessons))
