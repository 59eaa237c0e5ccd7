"""Words and the character n-grams of labels."""

import numpy as np

from usg.batch.subwords import subword_bags, subwords
from usg.batch.words import count_words, tokenize


def test_places_quote_the_text() -> None:
    text = "Zwei Äpfel, <mask> a dog's-bowl №7 <masked>"
    for word, start, end in tokenize(text):
        assert text[start:end].lower() == word
    assert [word for word, _, _ in tokenize(text)] == [
        "zwei",
        "äpfel",
        "<mask>",
        "a",
        "dog",
        "s",
        "bowl",
        "7",
        "masked",
    ]


def test_no_words() -> None:
    assert tokenize("") == tokenize(" ,.! ") == []


def test_the_mask_is_not_counted() -> None:
    assert count_words(["a <mask> a", "b"]) == {"a": 2, "b": 1}


def test_subwords_are_the_same_on_every_machine() -> None:
    # CRC-32 of " do", " dog", " dog ", "dog", "dog ", "og ": 3 to 5 characters of " dog ".
    assert subwords("dog", 2**32) == (462441880, 2167159165, 2904066215, 3344559869, 3791579640, 4279996493)


def test_short_labels_have_subwords() -> None:
    assert len(subwords("a", 64)) == 1


def test_bags() -> None:
    flat, offsets = subword_bags(["a", "dog"], 1000)
    assert flat[offsets[1] :].tolist() == list(subwords("dog", 1000))
    assert subword_bags([], 10)[1].dtype == np.int64
