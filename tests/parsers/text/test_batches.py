"""Captions as tensors."""

from __future__ import annotations

import random

import small_factual

from usg.parsers.text.align import Alignment
from usg.parsers.text.batches import IGNORED, Example, Reader, gold
from usg.parsers.text.tokens import grams

TABLES, EXAMPLES = small_factual.examples()


def test_words_in_numbers() -> None:
    reader = Reader(TABLES.words, TABLES.inventory)
    words = reader.read([["a", "dog", "zzz"], ["dog"]])
    table = TABLES.words
    assert words.word.tolist() == [[table.word("a"), table.word("dog"), 0], [table.word("dog"), 0, 0]]
    assert words.mask.tolist() == [[True, True, True], [True, False, False]]
    unique = words.unique
    assert unique[0, 1] == unique[1, 0] != unique[0, 2]
    for word, row in (("a", unique[0, 0]), ("dog", unique[0, 1]), ("zzz", unique[0, 2])):
        assert words.grams[words.offsets[row] : words.offsets[row + 1]].tolist() == grams(word)
    assert words.offsets[-1] == len(words.grams)
    assert words.says[0, 1] == 0 and (words.stem > 0).sum() == 3
    again = reader.read([["dog"]])
    assert again.word.tolist() == [[table.word("dog")]]


def test_what_says_a_predicate_word_is_marked() -> None:
    words = Reader(TABLES.words, TABLES.inventory).read([["sitting", "on", "dog"]])
    assert [TABLES.inventory.words[k] for k in words.says[0].tolist()] == ["sit", "on", ""]


def test_a_batch_without_any_word() -> None:
    words = Reader(TABLES.words, TABLES.inventory).read([[], []])
    assert words.word.shape == (2, 1) and not words.mask.any()


def test_rare_forms_and_predicates_are_ignored() -> None:
    aligned = Alignment("a fire truck".split(), [(1, 2), (2, 3)], ["blaze", "truck"], {(1, 0): "burn"})
    example = Example.of(aligned, {"copy": 0}, {"is": 1})
    assert example.tags == (0, 1, 1) and example.forms == (IGNORED, 0) and example.links == {(1, 0): IGNORED}
    assert Example.of(Alignment(["a", "b", "c"], [(0, 3)], ["a b c"]), {"copy": 0}, {}).tags == (1, 2, 2)


def test_gold_is_the_examples() -> None:
    batch = EXAMPLES[:20]
    longest = max(len(each.tokens) for each in batch) + 2
    target = gold(batch, longest)
    for k, each in enumerate(batch):
        n, t = len(each.spans), len(each.tokens)
        assert target.tags[k, :t].tolist() == list(each.tags) and (target.tags[k, t:] == IGNORED).all()
        assert target.present[k].sum() == n
        spans = zip(target.first[k, :n].tolist(), (target.last[k, :n] + 1).tolist(), strict=True)
        assert list(spans) == list(each.spans)
        assert {(i, j): int(target.links[k, i, j]) for i, j in target.links[k].nonzero().tolist()} == each.links
        assert target.forms[k, :n].tolist() == list(each.forms) and (target.forms[k, n:] == IGNORED).all()


def test_wrong_spans_are_words_outside_without_links() -> None:
    target = gold(EXAMPLES, 20, random.Random(0))
    more = 0
    for k, each in enumerate(EXAMPLES):
        n = int(target.present[k].sum())
        assert n - len(each.spans) in (0, 1)
        if n > len(each.spans):
            more += 1
            place = int(target.first[k, n - 1])
            assert each.tags[place] == 0 and target.last[k, n - 1] == place and target.forms[k, n - 1] == IGNORED
            assert not target.links[k, n - 1].any() and not target.links[k, :, n - 1].any()
    assert 10 < more < len(EXAMPLES)
