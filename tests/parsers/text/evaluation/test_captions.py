"""Captions: near-duplicates, shared images, constructions."""

import pytest

from usg.formats.factual_csv import read_row
from usg.graph import SceneGraph, Source
from usg.parsers.text.evaluation.captions import CONSTRUCTIONS, clean_mask, constructions_of, groups_of, image_of


def graph(image: str, caption: str) -> SceneGraph:
    return read_row(image, "1", caption, "( dog )")


def test_the_clean_part_leaves_out_what_training_has_seen() -> None:
    train = [graph("1", "A dog is on the mat."), graph("2", "two cats")]
    gold = [
        graph("9", "dog on a mat"),  # but for articles and "is" the same
        graph("2", "a red house"),  # another region of a training image
        graph("9", "a dog under the mat"),
        graph("9", "Two CATS!"),
    ]
    assert clean_mask(gold, train) == [False, False, True, False]
    assert clean_mask(gold, []) == [True] * 4


def test_lines_of_a_file_are_not_captions_of_one_image() -> None:
    def read(uri: str) -> SceneGraph:
        return SceneGraph([Source("text", "text", uri=uri, text=uri)])

    uris = ["a.txt#line/1", "a.txt#line/2", "flickr:image/1.jpg#caption/0", "flickr:image/1.jpg#caption/1"]
    assert groups_of([read(uri) for uri in uris]) == [0, 1, 2, 2]
    assert clean_mask([read("a.txt#line/1")], [read("a.txt#line/2")]) == [True]
    assert image_of(SceneGraph([Source("i", "image", uri="a.jpg")])) == "a.jpg"


@pytest.mark.parametrize(
    ("construction", "yes", "no"),
    [
        ("side, middle, back of", "a car on the side of the road", "a car in front of the road"),
        ("on top of", "cat on top of a box", "top of a box"),
        ("in front of", "dog in front of a door", "front of a train"),
        ("X of Y at the start", "the leg of the man", "a man at the side of the road"),
        ("passive participle", "the hill is covered in snow", "a covered wagon"),
        ("passive participle", "bear surrounded by grass", "bear near grass"),
        ("verb-ing fragment", "man riding a horse", "a man is riding a horse"),
        ("verb-ing fragment", "a dog running", "a tall building"),
        ("possessive pronoun", "man with his dog", "this is a man"),
        ("coordinated nouns", "a man and woman talking", "a red and white shirt"),
        ("with", "boy with a ball", "boy within a house"),
        ("pronoun", "woman feeding them", "woman feeding the men"),
        ("numeral", "Two dogs", "a dog"),
        ("finite progressive", "dogs are running", "the house is a building"),
        ("copular preposition", "the cat is on the mat", "a cat on the mat"),
    ],
)
def test_constructions(construction: str, yes: str, no: str) -> None:
    assert construction in CONSTRUCTIONS
    assert construction in constructions_of(yes)
    assert construction not in constructions_of(no)
