"""Captions cut into their subject and what is said of it."""

from __future__ import annotations

import pytest
from small_clauses import ATTRIBUTE, example

from usg.parsers.text.clauses import SUBJECT, clause, subject_of


@pytest.mark.parametrize(
    ("caption", "subject", "said", "kind"),
    [
        ("a man riding", "a man", "riding a horse", "verb"),
        ("the dogs are", "the dogs", "brown", "state"),
        ("a boy is", "a boy", "smiling", "state"),
        ("a tower", "a tower", "behind a tree", "place"),
        ("a lake", "a lake", "surrounded by trees", "verb"),
        ("two cats", "two cats", "sitting on a bed", "verb"),
    ],
)
def test_a_caption_is_cut_into_subject_and_what_is_said(caption: str, subject: str, said: str, kind: str) -> None:
    found = clause(example(caption), ATTRIBUTE)
    assert found is not None
    assert " ".join(found.subject.words.tokens) == subject
    assert (" ".join(found.said.tokens), found.kind) == (said, kind)
    assert any(SUBJECT in pair for pair in found.said.links)
    assert not any(SUBJECT in pair for pair in found.subject.words.links)


def test_captions_that_do_not_begin_with_their_subject_are_left() -> None:
    assert clause(example("on a desk"), ATTRIBUTE) is None
    assert subject_of(example("on a desk"), ATTRIBUTE) is None
    assert clause(example("a woman that has"), ATTRIBUTE) is None
    assert subject_of(example("two cats"), ATTRIBUTE) == 1


def test_the_object_of_one_verb() -> None:
    riding, holding = clause(example("a man riding"), ATTRIBUTE), clause(example("a man holding"), ATTRIBUTE)
    assert riding is not None and riding.transitive is not None and holding is not None
    assert riding.transitive.words.tokens == ("a", "horse")
    assert holding.transitive is None  # more is said
