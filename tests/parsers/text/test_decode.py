"""From scores to spans and links."""

from __future__ import annotations

from itertools import pairwise

import small_factual
import torch
from hypothesis import given
from hypothesis import strategies as st

from usg.parsers.text.batches import Reader
from usg.parsers.text.data import words_of
from usg.parsers.text.decode import Link, best_predicates, read_captions, spans_of
from usg.parsers.text.folded import FoldedNetwork
from usg.parsers.text.inventory import Inventory
from usg.parsers.text.model import TextGraphModel
from usg.parsers.text.tokens import WordTable
from usg.parsers.text.training_settings import Sizes

O, B, I = (0.9, 0.1, 0.0), (0.1, 0.8, 0.1), (0.1, 0.2, 0.7)  # noqa: E741


def test_known_spans() -> None:
    assert spans_of([]) == [] == spans_of([O, O])
    assert spans_of([B, B, I, I, O, B]) == [(0, 1), (1, 4), (5, 6)]
    assert spans_of([O, I, I, O]) == [(1, 3)]  # inside without a beginning
    assert spans_of([(0.6, 0.36, 0.04)]) == [(0, 1)] and spans_of([(0.6, 0.34, 0.06)]) == []
    assert spans_of([(0.6, 0.34, 0.06)], threshold=0.3) == [(0, 1)]
    assert spans_of([(0.2, 0.38, 0.42)]) == []  # rather inside than begun, but not surely


@given(st.lists(st.tuples(*[st.floats(0.01, 1)] * 3).map(lambda row: tuple(x / sum(row) for x in row)), max_size=15))
def test_spans_are_in_order_and_apart(rows: list[tuple[float, float, float]]) -> None:
    spans = spans_of(rows)
    assert all(0 <= i < j <= len(rows) for i, j in spans)
    assert all(one[1] <= other[0] for one, other in pairwise(spans))
    sure = {k for k, (outside, _, _) in enumerate(rows) if outside > 0.65}
    assert not sure & {i for i, _ in spans}


def test_what_links_say() -> None:
    is_, two, mutual, on = (Link(0, 0, said, 1.0) for said in ("is", "is@2", "@next to", "on"))
    assert [link.is_attribute for link in (is_, two, mutual, on)] == [True, True, False, False]
    assert [link.implied for link in (is_, two, mutual, on)] == [None, "2", "next to", None]


def test_a_batch_reads_as_its_captions_one_by_one(small_model: TextGraphModel) -> None:
    captions = [words_of(caption) for caption, _ in small_factual.lines()]
    captions = sorted([*captions, ["zzz", "qqq"], ["a", "dog"] * 12], key=len, reverse=True)
    folded = FoldedNetwork(small_model.network, small_model.reader)
    together = read_captions(folded, captions)
    assert len({len(reading.spans) for reading in together}) > 2
    for caption, reading in zip(captions, together, strict=True):
        [alone] = read_captions(folded, [caption])
        assert (reading.spans, reading.labels) == (alone.spans, alone.labels)
        assert [(x.subject, x.predicate, x.object) for x in reading.links] == [
            (x.subject, x.predicate, x.object) for x in alone.links
        ]


def test_only_likely_links_are_read(small_model: TextGraphModel) -> None:
    captions = sorted((words_of(caption) for caption, _ in small_factual.lines()), key=len, reverse=True)
    folded = FoldedNetwork(small_model.network, small_model.reader)
    scores = [link.score for each in read_captions(folded, captions) for link in each.links]
    assert len(scores) > 20 and min(scores) > 0.5


def test_labels_follow_from_words(small_model: TextGraphModel) -> None:
    [reading] = read_captions(
        FoldedNetwork(small_model.network, small_model.reader), [words_of("a guy on the side walk")]
    )
    assert reading.labels == ("man", "sidewalk") and reading.spans == ((1, 2), (4, 6))


def test_a_predicate_that_training_never_saw_is_composed() -> None:
    inventory = Inventory(("", "is", "climb", "walk over"), ("copy",))
    reader = Reader(WordTable((), ()), inventory)
    network = TextGraphModel.build(reader.table, inventory, Sizes(hidden=4, dim=6)).network
    with torch.no_grad():
        # Predicates then score by the attention on their words alone.
        for parameter in (network.own, network.predicate_word, network.bias):
            parameter.zero_()
    folded = FoldedNetwork(network, reader)
    caption = "man climbing over wall".split()

    def best(z: float, attention: list[float], pair: tuple[int, int, int] = (0, 0, 1)) -> str:
        says = reader.read([caption]).says
        with torch.inference_mode():
            pairs, weights = torch.full((1, 6), z), torch.tensor([attention])
            spans = [[(0, 1), (3, 4)]]
            return best_predicates(folded, pairs, weights, says, [caption], spans, [pair])[0]

    assert best(0.0, [0.0, 0.5, 0.5, 0.0]) == "climb over"
    assert best(0.0, [0.0, 0.9, 0.05, 0.05]) == "climb"
    assert best(0.0, [0.0, 0.5, 0.5, 0.0], pair=(0, 1, 1)) == "climb"  # what a span says of itself is never composed
