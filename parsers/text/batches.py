"""Captions as tensors: words for the network, and gold spans, forms and links for its training."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from usg.parsers.text.align import Alignment, Span, surface
from usg.parsers.text.forms import form_of
from usg.parsers.text.inventory import Inventory
from usg.parsers.text.network import BEGIN, INSIDE, Words
from usg.parsers.text.tokens import WordTable, grams

IGNORED = -100
_CACHE = 20_000


class Reader:
    """Turns words into indices, remembering each word it has seen."""

    def __init__(self, table: WordTable, inventory: Inventory) -> None:
        self.table, self.inventory = table, inventory
        self._known: dict[str, tuple[int, int, int, list[int]]] = {}

    def read(self, captions: Sequence[Sequence[str]]) -> Words:
        """The batch of captions, given as lower-case words; a caption without words gets none."""
        unique: dict[str, int] = {}
        longest = max(1, max(map(len, captions)))
        rows = []
        for caption in captions:
            row = [unique.setdefault(word, len(unique)) for word in caption]
            rows.append(row + [-1] * (longest - len(row)))
        known = [self._word(word) for word in unique] or [(0, 0, 0, [])]
        place = torch.tensor(rows)
        mask = place >= 0
        place = place.clamp(min=0)
        columns = torch.tensor([each[:3] for each in known])
        lengths = torch.tensor([0, *(len(each[3]) for each in known)])
        word, stem, says = (columns[:, i][place].masked_fill(~mask, 0) for i in range(3))
        return Words(
            word,
            stem,
            place,
            torch.tensor([gram for each in known for gram in each[3]], dtype=torch.long),
            lengths.cumsum(0),
            says,
            mask,
        )

    def _word(self, word: str) -> tuple[int, int, int, list[int]]:
        found = self._known.get(word)
        if found is None:
            found = (self.table.word(word), self.table.stem(word), self.inventory.says(word), grams(word))
            if len(self._known) < _CACHE:
                self._known[word] = found
        return found


@dataclass(frozen=True)
class Example:
    """One caption with its gold in numbers.

    Attributes:
        tokens: lower-case words.
        tags: of each word: outside, begin, inside.
        spans: [start, end) token spans.
        forms: of each span; IGNORED where the form is too rare.
        links: (subject, object) -> predicate; IGNORED where the predicate is too rare.
    """

    tokens: tuple[str, ...]
    tags: tuple[int, ...]
    spans: tuple[Span, ...]
    forms: tuple[int, ...]
    links: dict[tuple[int, int], int]

    @classmethod
    def of(cls, aligned: Alignment, forms: dict[str, int], predicates: dict[str, int]) -> Example:
        """The example of an alignment, with the numbers of forms and predicates."""
        tags = [0] * len(aligned.tokens)
        for i, j in aligned.spans:
            tags[i:j] = [BEGIN] + [INSIDE] * (j - i - 1)
        said = [
            form_of(surface(aligned.tokens[i:j]), label)
            for (i, j), label in zip(aligned.spans, aligned.labels, strict=True)
        ]
        return cls(
            tuple(aligned.tokens),
            tuple(tags),
            tuple(aligned.spans),
            tuple(forms.get(form, IGNORED) for form in said),
            {pair: predicates.get(predicate, IGNORED) for pair, predicate in aligned.links.items()},
        )


@dataclass(frozen=True)
class Gold:
    """What the network should say of a batch; B captions, T words, N spans.

    Attributes:
        tags: (B, T), IGNORED where there is no word.
        first, last: (B, N) first and last word of each span.
        present: (B, N) which spans are there.
        forms: (B, N), IGNORED where there is nothing to learn.
        links: (B, N, N) predicate of each pair, 0 for no link, IGNORED for a rare predicate.
    """

    tags: Tensor
    first: Tensor
    last: Tensor
    present: Tensor
    forms: Tensor
    links: Tensor


def gold(examples: Sequence[Example], longest: int, rng: random.Random | None = None) -> Gold:
    """The gold of a batch.

    Args:
        examples: B captions.
        longest: T.
        rng: where given, half of the captions get a wrong span more, a word outside all spans that has no links, so
            that links learn to refuse what the tags got wrong.
    """
    rows = []
    for each in examples:
        spans, forms = list(each.spans), list(each.forms)
        if rng is not None and rng.random() < 0.5:
            free = [
                i
                for i, tag in enumerate(each.tags)
                if tag == 0 and each.tokens[i].isalpha() and len(each.tokens[i]) > 2
            ]
            if free:
                i = rng.choice(free)
                spans.append((i, i + 1))
                forms.append(IGNORED)
        rows.append((spans, forms))
    b, n = len(examples), max(1, max(len(spans) for spans, _ in rows))
    tags = torch.full((b, longest), IGNORED)
    first, last = torch.zeros(b, n, dtype=torch.long), torch.zeros(b, n, dtype=torch.long)
    present = torch.zeros(b, n, dtype=torch.bool)
    form = torch.full((b, n), IGNORED)
    links = torch.zeros(b, n, n, dtype=torch.long)
    for k, (each, (spans, forms)) in enumerate(zip(examples, rows, strict=True)):
        tags[k, : len(each.tags)] = torch.tensor(each.tags)
        if spans:
            first[k, : len(spans)] = torch.tensor([i for i, _ in spans])
            last[k, : len(spans)] = torch.tensor([j - 1 for _, j in spans])
            present[k, : len(spans)] = True
            form[k, : len(spans)] = torch.tensor(forms)
        for (i, j), predicate in each.links.items():
            links[k, i, j] = predicate
    return Gold(tags, first, last, present, form, links)
