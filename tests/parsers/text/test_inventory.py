"""What the network can say."""

from __future__ import annotations

import json
import pickle

import pytest
import small_factual

from usg.parsers.text.align import Alignment
from usg.parsers.text.inventory import Inventory, predicate_words

SIT = Inventory(("", "is", "sit on", "lay on", "@next to", "is@2"), ("copy",), {"laid": "lay"})


def test_words_of_predicates() -> None:
    assert SIT.words == ("", "2", "lay", "next", "on", "sit", "to")
    assert [predicate_words(each) for each in ("is", "", "is@group of")] == [[], [], ["group", "of"]]


def test_forms_of_a_word_say_it() -> None:
    said = {word: SIT.words[SIT.says(word)] for word in ("sit", "sits", "sitting", "laid", "on", "dog", "next")}
    assert said == {"sit": "sit", "sits": "sit", "sitting": "sit", "laid": "lay", "on": "on", "dog": "", "next": "next"}
    assert SIT.says("laid") == SIT.says("laid")  # the second time from memory


def test_composition_counts_words() -> None:
    table = SIT.composition()
    assert table.shape == (6, 7) and table[:2].sum() == 0 and table.sum(1).tolist() == [0, 0, 2, 2, 2, 1]
    assert table[2, SIT.says("sit")] == table[2, SIT.says("on")] == 1


def test_counted_over_captions_the_most_frequent_first() -> None:
    inventory = Inventory.build(small_factual.alignments())
    assert inventory.predicates[:2] == ("", "is")
    assert {"sit on", "stand in front of", "@next to", "is@2"} <= set(inventory.predicates)
    assert inventory.forms[0] == "copy" and {"join", "put:man", "put:2"} <= set(inventory.forms)
    assert "walk" not in inventory.predicates


def test_forms_that_the_stemmer_does_not_find_are_learnt() -> None:
    def caption(verb: str) -> Alignment:
        return Alignment(["dog", verb, "on", "bed"], [(0, 1), (3, 4)], ["dog", "bed"], {(0, 1): "lay on"})

    inventory = Inventory.build([caption("lying"), caption("lying"), caption("laying"), caption("laid")])
    assert inventory.verbs == {"lying": "lay"}  # "laid" was seen once
    assert inventory.words[inventory.says("lying")] == "lay"


@pytest.mark.parametrize("inventory", [SIT, Inventory.build(small_factual.alignments())])
def test_it_survives_json_and_pickle(inventory: Inventory) -> None:
    for again in (
        Inventory.from_state(json.loads(json.dumps(inventory.to_state()))),
        pickle.loads(pickle.dumps(inventory)),
    ):
        assert again == inventory and again.says("sitting") == inventory.says("sitting")
