"""How labels follow from words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usg.parsers.text.forms import apply_form, form_of

LETTERS = st.text(alphabet="abiesy :2@", max_size=8)


@given(LETTERS, LETTERS)
def test_a_form_makes_the_label_it_was_made_from(surface: str, label: str) -> None:
    assert apply_form(form_of(surface, label), surface) == label


@given(st.text(max_size=12), st.text(max_size=12))
def test_so_it_does_for_any_text(surface: str, label: str) -> None:
    assert apply_form(form_of(surface, label), surface) == label


@pytest.mark.parametrize(
    ("words", "label", "form"),
    [
        ("fire hydrant", "fire hydrant", "copy"),
        ("side walk", "sidewalk", "join"),
        ("berries", "berry", "edit:3:y"),
        ("smiling", "smile", "edit:3:e"),
        ("red berries", "red berry", "edit:3:y"),
        ("guy", "man", "put:man"),
        ("two", "2", "put:2"),
        ("10", "12", "put:12"),
    ],
)
def test_known_forms(words: str, label: str, form: str) -> None:
    assert form_of(words, label) == form


def test_a_form_learnt_from_one_word_edits_another() -> None:
    assert apply_form(form_of("berries", "berry"), "puppies") == "puppy"
    assert apply_form("edit:3:y", "ox") == "oxy"  # too short to be cut: never empty
