"""Treebank text written as captions are: lower case, and no full stop at the end.

The trees stay as they are. Lemmas become lower case too, or the lemmatizer would learn to write names with capitals
that the text does not have. Used on a share of the training sentences (`usg.caption_style.v1`, instead of spaCy's
`spacy.lower_case.v1`, which keeps full stops and lemmas), and on the whole test split for a second row of scores.
Captions have doubled spaces too, which the tokenizer makes tokens of, so some training sentences get one.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import spacy
from spacy.tokens import Doc
from spacy.training import Example
from spacy.training.augment import make_whitespace_variant

if TYPE_CHECKING:
    from spacy.language import Language


def caption_style(doc: Doc) -> Doc:
    """Returns the document in lower case, without a full stop that ends its only sentence.

    Example:
        >>> doc = Doc(spacy.blank("en").vocab, ["Anna", "sits", "."], [True, False, False], heads=[1, 1, 1],
        ...           deps=["nsubj", "ROOT", "punct"], lemmas=["Anna", "sit", "."])
        >>> caption_style(doc).text
        'anna sits'
    """
    tokens = list(doc)
    last = tokens[-1]
    is_leaf = last.head is not last and not any(token.head is last for token in tokens[:-1])
    if last.text == "." and is_leaf and len(list(doc.sents)) == 1:
        tokens = tokens[:-1]
    return Doc(
        doc.vocab,
        words=[token.lower_ for token in tokens],
        spaces=[bool(token.whitespace_) for token in tokens],
        tags=[token.tag_ for token in tokens],
        pos=[token.pos_ for token in tokens],
        morphs=[str(token.morph) for token in tokens],
        lemmas=["I" if token.lemma_ == "I" else token.lemma_.lower() for token in tokens],
        heads=[token.head.i for token in tokens],
        deps=[token.dep_ for token in tokens],
    )


@spacy.registry.augmenters("usg.caption_style.v1")
def caption_augmenter(level: float, space_level: float) -> Callable[[Language, Example], Iterator[Example]]:
    """Returns an augmenter of training examples; it draws from `random`, as spaCy's do.

    Args:
        level: share of the examples that are written as captions, in [0, 1].
        space_level: share of the examples that get a space too many somewhere, in [0, 1].
    """

    def augment(nlp: Language, example: Example) -> Iterator[Example]:
        if random.random() < level:
            reference = caption_style(example.reference)
            example = Example(nlp.make_doc(reference.text), reference)
        if random.random() < space_level:
            example = make_whitespace_variant(nlp, example, " ", random.randrange(len(example.reference)))
        yield example

    return augment
