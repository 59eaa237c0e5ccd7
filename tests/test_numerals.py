"""Number words: one list, and what is made of it agrees."""

from usg.metrics.facts import Facts
from usg.numerals import NUMERALS
from usg.parsers.text.tokens import NUMBERS


def test_every_reader_counts_alike() -> None:
    assert (NUMERALS[0], NUMERALS[12], NUMERALS[20], len(set(NUMERALS))) == ("zero", "twelve", "twenty", 21)
    for number, word in enumerate(NUMERALS):
        assert ("dog", str(number)) in Facts.from_tuples([("dog", word)]).attributes
    assert {word: int(digits) for word, digits in NUMBERS.items()} == {w: n for n, w in enumerate(NUMERALS) if n}
