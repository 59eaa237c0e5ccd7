"""SPICE-style F1: facts that agree up to the lemmas of their words, and up to synonyms where WordNet is at hand.

SPICE (Anderson et al., ECCV 2016, section 3.3) compares tuples by WordNet lemmas and synsets:

    P = share of predicted facts that match a gold fact,  R = share of gold facts that a predicted fact matches
    F1 = 2 P R / (P + R), averaged over captions

Two facts match where they have as many parts and each part matches: after lemmatising word by word (nouns in things and
values, verbs in predicates), the parts are equal, or share a synset as a whole, or have as many words and each pair of
words is equal or shares a synset. Without WordNet, lemmas come from the regular endings of English and a short list of
irregular plurals, and there are no synonyms: figures with and without it are not to be compared.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from usg.metrics.facts import Facts
from usg.metrics.text_graph import fact_f1
from usg.metrics.wordnet import WordNet

_IRREGULAR = {
    "children": "child",
    "feet": "foot",
    "geese": "goose",
    "knives": "knife",
    "leaves": "leaf",
    "loaves": "loaf",
    "mice": "mouse",
    "oxen": "ox",
    "people": "person",
    "shelves": "shelf",
    "teeth": "tooth",
    "wives": "wife",
    "wolves": "wolf",
}


class SpiceMatcher:
    """F1 of the facts of one caption up to lemmas and synonyms.

    Args:
        wordnet: gives lemmas and synonyms; without it, lemmas are taken from endings.

    >>> same = SpiceMatcher()
    >>> same(Facts.from_tuples([("dogs", "chasing", "cats")]), Facts.from_tuples([("dog", "chase", "cat")]))
    1.0
    """

    def __init__(self, wordnet: WordNet | None = None) -> None:
        self.wordnet = wordnet
        self._same_part = lru_cache(maxsize=1 << 18)(self._same_part_uncached)
        self._lemmas = lru_cache(maxsize=1 << 16)(self._lemmas_uncached)

    @property
    def note(self) -> str:
        """What the figures were taken with, to stand beside them."""
        if self.wordnet is None:
            return "SPICE-style F1 without WordNet (not installed): lemmas by endings, no synonyms"
        return f"SPICE-style F1 with the lemmas and synonyms of WordNet in {self.wordnet.folder}"

    def __call__(self, predicted: Facts, gold: Facts) -> float:
        """F1 of the facts of one caption; 1 where there are none on either side."""
        said, true = self.lemmatised(predicted), self.lemmatised(gold)
        if self.wordnet is None or not said.all or not true.all:
            return fact_f1(said, true)
        precision = _share_found(said.all, true.all, self._same)
        recall = _share_found(true.all, said.all, self._same)
        return 2 * precision * recall / (precision + recall) if precision else 0.0

    def lemmatised(self, facts: Facts) -> Facts:
        """The facts with every word replaced by its lemma."""
        return Facts(
            frozenset((self._lemmas(name, "noun"),) for (name,) in facts.objects),
            frozenset((self._lemmas(name, "noun"), self._lemmas(value, "noun")) for name, value in facts.attributes),
            frozenset(
                (self._lemmas(subject, "noun"), self._lemmas(predicate, "verb"), self._lemmas(other, "noun"))
                for subject, predicate, other in facts.relations
            ),
        )

    def _same(self, first: tuple[str, ...], second: tuple[str, ...]) -> bool:
        return len(first) == len(second) and all(map(self._same_part, first, second))

    def _same_part_uncached(self, first: str, second: str) -> bool:
        if first == second:
            return True
        assert self.wordnet is not None
        if self.wordnet.are_synonyms(first, second):
            return True
        one, two = first.split(), second.split()
        return len(one) == len(two) > 1 and all(
            a == b or self.wordnet.are_synonyms(a, b) for a, b in zip(one, two, strict=True)
        )

    def _lemmas_uncached(self, label: str, pos: str) -> str:
        of = self.wordnet.lemma if self.wordnet is not None else _regular_lemma
        return " ".join(of(word, pos) for word in label.split())


def _regular_lemma(word: str, pos: str) -> str:
    """A form that the regular inflections of a word share; for a verb it need not be a word ("riding" -> "rid")."""
    if pos == "noun":
        if word in _IRREGULAR:
            return _IRREGULAR[word]
        if word.endswith("men"):
            return word.removesuffix("men") + "man"
        if word.endswith("ies") and len(word) > 4:
            return word.removesuffix("ies") + "y"
        if word.endswith(("ches", "shes", "xes", "sses", "zes")):
            return word.removesuffix("es")
        if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3:
            return word.removesuffix("s")
        return word
    stem = _without_ending(word)
    return stem[:-1] if len(stem) > 3 and stem[-1] == stem[-2] and stem[-1] not in "ls" else stem


def _without_ending(verb: str) -> str:
    for ending in ("ing", "ed", "es", "s", "e"):
        if verb.endswith(ending) and len(verb) - len(ending) >= 3 and not verb.endswith("ss"):
            return verb.removesuffix(ending)
    return verb


def _share_found(
    facts: frozenset[tuple[str, ...]],
    others: frozenset[tuple[str, ...]],
    same: Callable[[tuple[str, ...], tuple[str, ...]], bool],
) -> float:
    return sum(fact in others or any(same(fact, other) for other in others) for fact in facts) / len(facts)
