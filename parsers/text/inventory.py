"""What the network can say: predicates, forms, and the words that predicates are made of.

Predicate 0 is "no link". The inventory is counted over the aligned training captions and travels with the weights. A
word *says* a predicate word when it is one of its forms: "sitting" says "sit", "lying" and "laid" say "lay". Which
forms say which word is counted too (`verbs`), with the stemmer for forms that were never seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from usg.parsers.text.align import ATTRIBUTE, Alignment, surface
from usg.parsers.text.forms import form_of
from usg.parsers.text.tokens import stem

NO_LINK = ""
_CACHE = 20_000  # words


@dataclass(frozen=True)
class Inventory:
    """See the module's docstring.

    Args:
        predicates: all labels of links; `predicates[0]` is no link.
        forms: all forms of spans; `forms[0]` is `copy`.
        verbs: word form -> predicate word, for the forms that the stemmer does not find.
    """

    predicates: tuple[str, ...]
    forms: tuple[str, ...]
    verbs: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        words = sorted({word for predicate in self.predicates for word in predicate_words(predicate)})
        object.__setattr__(self, "words", (NO_LINK, *words))
        object.__setattr__(self, "_word", {word: i for i, word in enumerate(words, start=1)})
        by_stem: dict[str, int] = {}
        for i, word in enumerate(words, start=1):
            by_stem.setdefault(stem(word), i)
        object.__setattr__(self, "_stem", by_stem)
        object.__setattr__(self, "known", frozenset(self.predicates))
        object.__setattr__(self, "_said", {})

    words: tuple[str, ...] = field(init=False, repr=False)
    known: frozenset[str] = field(init=False, repr=False, compare=False)
    _word: dict[str, int] = field(init=False, repr=False, compare=False)
    _stem: dict[str, int] = field(init=False, repr=False, compare=False)
    _said: dict[str, int] = field(init=False, repr=False, compare=False)

    @classmethod
    def build(cls, aligned: Sequence[Alignment], min_predicate: int = 2, min_form: int = 3) -> Inventory:
        """Counts what is seen often enough; most frequent first."""
        predicates: Counter[str] = Counter(p for each in aligned for p in each.links.values())
        forms: Counter[str] = Counter()
        for each in aligned:
            for (i, j), label in zip(each.spans, each.labels, strict=True):
                forms[form_of(surface(each.tokens[i:j]), label)] += 1

        def kept(counts: Counter[str], least: int) -> list[str]:
            return [key for key, n in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])) if n >= least]

        inventory = cls((NO_LINK, *kept(predicates, min_predicate)), tuple(kept(forms, min_form)))
        return cls(inventory.predicates, inventory.forms, _verbs(aligned, inventory))

    def says(self, word: str) -> int:
        """The predicate word that a lower-case word says, as its number; 0 for none."""
        found = self._said.get(word)
        if found is None:
            verb = self.verbs.get(word)
            found = self._word[verb] if verb in self._word else self._word.get(word) or self._stem.get(stem(word), 0)
            if len(self._said) < _CACHE:
                self._said[word] = found
        return found

    def composition(self) -> Tensor:
        """`(P, W + 1)` how often each word stands in each predicate."""
        table = torch.zeros(len(self.predicates), len(self.words))
        for i, predicate in enumerate(self.predicates):
            for word in predicate_words(predicate):
                table[i, self._word[word]] += 1
        return table

    def to_state(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {"predicates": list(self.predicates), "forms": list(self.forms), "verbs": dict(self.verbs)}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Inventory:
        """The inventory that `to_state` described."""
        return cls(tuple(state["predicates"]), tuple(state["forms"]), dict(state["verbs"]))


def predicate_words(predicate: str) -> list[str]:
    """The words of a predicate that the caption may say.

    Example:
        >>> [predicate_words(predicate) for predicate in ("sit on", "is@2", "@next to", "is", "")]
        [['sit', 'on'], ['2'], ['next', 'to'], [], []]
    """
    if predicate in (NO_LINK, ATTRIBUTE):
        return []
    before, mark, after = predicate.partition("@")
    return after.split() if mark else before.split()


def _verbs(aligned: Iterable[Alignment], inventory: Inventory) -> dict[str, str]:
    """Word forms that stand for a predicate word which no other word of the caption says."""
    together: Counter[tuple[str, str]] = Counter()
    alone: Counter[str] = Counter()
    for each in aligned:
        covered = {k for i, j in each.spans for k in range(i, j)}
        free = [word for k, word in enumerate(each.tokens) if k not in covered and not inventory.says(word)]
        alone.update(free)
        said = {inventory.says(word) for word in each.tokens}
        for predicate in set(each.links.values()):
            for word in predicate_words(predicate):
                number = inventory._word.get(word)
                if number is not None and number not in said:
                    together.update((form, word) for form in free)
    best: dict[str, tuple[int, str]] = {}
    for (form, word), n in sorted(together.items()):
        if n >= 2 and n / alone[form] >= 0.4 and form[0] == word[0]:
            best[form] = max(best.get(form, (0, "")), (n, word))
    return {form: word for form, (_, word) in best.items()}
