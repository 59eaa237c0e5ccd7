"""What pronouns stand for."""

from __future__ import annotations

from small_factual import pieces_of, reading

from usg.parsers.text.coreference import has_pronoun, resolve
from usg.parsers.text.decode import Reading
from usg.parsers.text.pieces import Piece

Said = tuple[str, tuple[tuple[str, str, str], ...]]


def resolved(text: str, *said: Said) -> list[str]:
    """The sentences as they are read the second time; `said` gives spans and links of each."""
    pieces = pieces_of(text)
    readings = [reading(piece, spans, *links) for piece, (spans, links) in zip(pieces, said, strict=True)]
    second = resolve(pieces, readings)
    return [" ".join(second.get(k, piece).texts) for k, piece in enumerate(pieces)]


WALK: Said = ("man dog", (("man", "walk", "dog"),))


def test_he_and_it() -> None:
    text = "A man walks a dog . He is feeding it ."
    assert resolved(text, WALK, ("he it", (("he", "feed", "it"),))) == ["a man walks a dog .", "man is feeding dog ."]


def test_the_replaced_words_say_what_they_stand_for() -> None:
    pieces = pieces_of("A man walks a dog . He is feeding it .")
    second = resolve(pieces, [reading(pieces[0], *(WALK[0], *WALK[1])), reading(pieces[1], "he it")])
    words = second[1].words
    assert [(word.text, word.mention) for word in words if word.mention] == [("man", (2, 5)), ("dog", (14, 17))]
    assert (words[0].start, words[0].end) == (20, 22)  # the place of "He"


def test_number_and_gender() -> None:
    text = "A woman feeds two dogs . They like her ."
    first: Said = ("woman two dogs", (("woman", "feed", "dogs"), ("dogs", "is", "two")))
    assert resolved(text, first, ("", ()))[1] == "dogs like woman ."
    assert resolved("A dog . She runs .", ("dog", ()), ("", ()))[1] == "she runs ."


def test_each_other() -> None:
    text = "Two big dogs facing each other on a bed"
    assert resolved(text, ("dogs bed", ())) == ["two big dogs facing dogs on a bed"]
    # What the network read already, and what no several things stand before, stays.
    assert resolved("dogs next to each other", ("dogs", (("dogs", "@next to", "dogs"),))) == ["dogs next to each other"]
    assert resolved("a dog and each other", ("dog", ())) == ["a dog and each other"]


def test_a_subject_before_what_is_nearer() -> None:
    text = "A man is next to a boy . He smiles ."
    assert resolved(text, ("man boy", (("man", "next to", "boy"),)), ("", ()))[1] == "man smiles ."
    text = "A man is next to a boy . A dog . He smiles ."
    assert resolved(text, ("man boy", (("man", "next to", "boy"),)), ("dog", ()), ("", ()))[2] == "man smiles ."


def test_a_possessive_before_a_living_being() -> None:
    text = "a man holds a dog while his daughter feeds it"
    hold = ("man", "hold", "dog")
    assert resolved(text, ("man dog daughter", (hold,))) == ["a man holds a dog while man 's daughter feeds dog"]
    # The network knows "a man looking at his skis" from its training, and what stands behind a preposition.
    assert resolved("a man holds his skis", ("man skis", ())) == ["a man holds his skis"]
    assert resolved("a lake with cows in it", ("lake cows", ())) == ["a lake with cows in it"]


def test_across_sentences_every_possessive_is_resolved() -> None:
    assert resolved("A man . His skis are red .", ("man", ()), ("skis red", (("skis", "is", "red"),)))[1] == (
        "man 's skis are red ."
    )


def test_her_before_a_preposition_is_no_possessive() -> None:
    text = "A woman sits . A man kisses her on the cheek ."
    assert resolved(text, ("woman", ()), ("man cheek", ()))[1] == "a man kisses woman on the cheek ."
    text = "A woman sits . A man feeds her big dog ."
    assert resolved(text, ("woman", ()), ("man big dog", ()))[1] == "a man feeds woman 's big dog ."


def test_what_is_no_thing_of_the_scene_is_no_antecedent() -> None:
    first: Said = ("photo dog", (("photo", "have", "dog"),))
    assert resolved("A photo of a dog . It is brown .", first, ("brown", ()))[1] == "dog is brown ."
    red: Said = ("hat red", (("hat", "is", "red"),))
    assert resolved("A hat is red . It is big .", red, ("big", ()))[1] == "hat is big ."


def test_cues_move_with_their_words() -> None:
    pieces = pieces_of("A fire truck . The man sees it but not drives it .")
    [(number, second)] = resolve(pieces, [reading(pieces[0], ["fire_truck"]), reading(pieces[1], "man")]).items()
    assert (number, second.texts) == (1, "the man sees fire truck but drives fire truck .".split())
    [cue] = second.cues
    assert second.words[cue.at].text == "drives"


def test_only_pieces_with_pronouns_are_read_again() -> None:
    def piece(text: str) -> Piece:
        return pieces_of(text)[0]

    assert has_pronoun(piece("a man and his dog")) and not has_pronoun(piece("a man and a dog"))
    assert resolve([piece("a dog")], [Reading()]) == {} == resolve([piece("he runs")], [Reading()])
