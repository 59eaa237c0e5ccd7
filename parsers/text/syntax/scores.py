"""Scores of a linguistic pipeline on treebank documents, on its own tokens and sentences (nothing gold is given).

tag, pos, morph, lemma: share of the tokens that are right (PTB tag, universal part of speech, all features, lemma);
uas, las: share of the tokens, punctuation left out, with the right head, and with the right head and label;
sentences: F1 of sentence spans; tokens: F1 of tokens. spaCy's Scorer defines them (https://spacy.io/api/scorer).
"""

from __future__ import annotations

from collections.abc import Sequence

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

METRICS = {
    "tag": "tag_acc",
    "pos": "pos_acc",
    "morph": "morph_acc",
    "lemma": "lemma_acc",
    "uas": "dep_uas",
    "las": "dep_las",
    "sentences": "sents_f",
    "tokens": "token_f",
}
"""Our names of the figures and the Scorer's."""


def score(nlp: Language, docs: Sequence[Doc]) -> dict[str, float]:
    """Returns the figures, fractions in [0, 1].

    Args:
        nlp: with tagger, morphologizer, lemmatizer and parser.
        docs: with gold annotation.
    """
    found = nlp.evaluate([Example(nlp.make_doc(doc.text), doc) for doc in docs])
    return {name: round(float(found[key] or 0.0), 4) for name, key in METRICS.items()}
