"""Closed word lists."""

from __future__ import annotations

import pytest

from usg.parsers.text import words
from usg.parsers.text.words import agrees, attribute_kind, is_plural, number_of


def test_lists_are_lower_case_words_and_kinds_do_not_meet() -> None:
    lists = {name: value for name, value in vars(words).items() if isinstance(value, frozenset)}
    assert len(lists) > 10
    for name, value in lists.items():
        assert all(word == word.lower().strip() and word for word in value), name
    assert not words.MEN & words.WOMEN and not (words.MEN | words.WOMEN) & words.PEOPLE
    assert not words.COLOURS & words.SIZES and not words.SIZES & words.MATERIALS
    assert words.POSSESSIVE < words.PRONOUNS and words.REFLEXIVE < words.PRONOUNS


def test_numbers() -> None:
    wanted = {"2": 2, "two": 2, "pair": 2, "twenty": 20, "dozen": 12, "007": 7, "999999999": 999_999_999}
    assert {value: number_of(value) for value in wanted} == wanted
    for value in ("", "many", "2.5", "-2", "²", "1000000000", "two dogs"):
        assert number_of(value) is None, value


def test_kinds() -> None:
    wanted = {"2": "count", "several": "count", "herd of": "count", "dark red": "colour", "wooden": "material"}
    assert {value: attribute_kind(value) for value in wanted} == wanted
    assert attribute_kind("red brick") == "material" and attribute_kind("") is None


@pytest.mark.parametrize(
    ("pronoun", "yes", "no"),
    [
        ("he", "man old_man driver child", "woman dogs dog"),
        ("she", "woman driver child", "man men"),
        ("it", "dog baby table", "man driver dogs"),
        ("they", "dogs people couple crowd police", "dog man grass"),
        ("his", "man", "hat women"),
    ],
)
def test_pronouns_agree(pronoun: str, yes: str, no: str) -> None:
    labels = {label.replace("_", " "): True for label in yes.split()} | dict.fromkeys(no.split(), False)
    assert {label: agrees(pronoun, label) for label in labels} == labels


def test_plurals() -> None:
    labels = "dogs men kids sheep pants feet skis dog bus grass tennis gas lens canvas"
    assert [label for label in labels.split() if is_plural(label)] == "dogs men kids sheep pants feet skis".split()
