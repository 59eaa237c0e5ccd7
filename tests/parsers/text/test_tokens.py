"""What the network sees of a word."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from usg.parsers.text.tokens import GRAM_BUCKETS, UNKNOWN, WordTable, grams, stem


def test_the_forms_of_a_word_have_one_stem() -> None:
    for forms in ("sit sits sitting", "hug hugs hugged hugging", "bus buses", "berry berries", "make makes making"):
        assert len({stem(word) for word in forms.split()}) == 1, forms
    assert stem("grass") != stem("gra") and stem("bed") == "bed" and stem("") == ""


def test_golden_hashes() -> None:
    # Weights are trained for these rows: another hash would need another format.
    assert grams("dog") == [7244, 7165, 3652, 2922, 4446, 5208]


@given(st.text(max_size=60))
def test_any_word_has_rows_and_a_stem(word: str) -> None:
    rows = grams(word)
    assert 1 <= len(rows) <= 24 and all(0 <= row < GRAM_BUCKETS for row in rows) and rows == grams(word)
    assert word.startswith(stem(word)) or stem(word).endswith("y")


def test_half_of_a_surrogate_pair_has_rows() -> None:
    assert grams("\ud800")


def test_the_table_keeps_frequent_words_the_most_frequent_first() -> None:
    table = WordTable.build([["a", "dog", "sits"], ["a", "dog", "sitting"], ["a", "cat"]])
    assert table.words == ("a", "dog") and table.stems == ("a", "dog", "sit")
    assert [table.word(word) for word in ("a", "dog", "cat", "sits")] == [1, 2, UNKNOWN, UNKNOWN]
    assert [table.stem(word) for word in ("dogs", "sit", "cat")] == [2, 3, UNKNOWN]


def test_the_table_survives_json() -> None:
    table = WordTable.build([["a", "dog"], ["a", "dog"]])
    again = WordTable.from_state(json.loads(json.dumps(table.to_state())))
    assert (again.words, again.stems, again.word("dog")) == (table.words, table.stems, table.word("dog"))
