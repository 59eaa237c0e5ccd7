"""Training data of the text parser: captions with graphs, captions without, and their batches.

Captions of like size stand together in a batch: a pass shuffles all, sorts chunks of 30 batches by the number of spans
and words, and shuffles the batches. Two augmentations make up for what the captions lack. Two captions joined
("..., while ...") teach that clauses do not share their links, since single captions are short; articles left out teach
that they carry nothing.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from usg.formats import Problems, read_graphs
from usg.graph import SceneGraph
from usg.parsers.text.align import Alignment, align, facts_of, spoken_for
from usg.parsers.text.batches import Example
from usg.parsers.text.inventory import Inventory
from usg.parsers.text.objective import Lesson
from usg.parsers.text.pieces import cut
from usg.parsers.text.tokens import WordTable

ARTICLES = frozenset(("a", "an", "the"))
CONNECTIVES = (("while",), (",", "while"), ("as",), (",", "and"), (".",), (";",))
LONGEST = 40
_CHUNK = 30

Sized = TypeVar("Sized", Example, Lesson)


@lru_cache(maxsize=1)
def _tokenizer() -> Any:
    import spacy

    return spacy.blank("en").tokenizer


def tokens_of(text: str) -> list[tuple[str, int]]:
    """Words of a text and where they start, as spaCy's English tokenizer cuts them."""
    return [(token.text, token.idx) for token in _tokenizer()(text)]


def words_of(text: str) -> list[str]:
    """Lower-case words of a text.

    Example:
        >>> words_of("A T-shirt.")
        ['a', 't', '-', 'shirt', '.']
    """
    return [word.lower() for word, _ in tokens_of(text) if not word.isspace()]


def gold_graphs(path: str | Path) -> tuple[list[SceneGraph], Problems]:
    """The graphs of a file that have a text, and what could not be read.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no file of graphs, or none has a text.
    """
    problems = Problems()
    graphs = [graph for graph in read_graphs(path, problems=problems) if graph.sources and graph.sources[0].text]
    if not graphs:
        raise ValueError(f"{path} has no graph with a text; expected captions with their graphs, as in FACTUAL")
    return graphs, problems


def aligned_graphs(graphs: Sequence[SceneGraph]) -> list[Alignment]:
    """Graphs placed on the words of their texts; those that negate are left out, see usg/parsers/text/pieces.py."""
    pairs = []
    for graph in graphs:
        text = graph.sources[0].text or ""
        if not any(piece.cues for piece in cut(tokens_of(text))):
            words = words_of(text)[:LONGEST]
            if words:
                pairs.append((words, facts_of(graph)))
    table = spoken_for(pairs)
    return [align(words, facts, table) for words, facts in pairs]


@dataclass(frozen=True)
class Tables:
    """What a network is made for: words and what can be said, and the numbers of the latter."""

    words: WordTable
    inventory: Inventory

    @classmethod
    def build(cls, aligned: Sequence[Alignment], others: Sequence[Sequence[str]] = ()) -> Tables:
        """Counted over captions with graphs; words also over captions without."""
        return cls(WordTable.build([*(each.tokens for each in aligned), *others]), Inventory.build(aligned))

    def examples(self, aligned: Sequence[Alignment]) -> list[Example]:
        """Alignments as numbers."""
        forms = {form: i for i, form in enumerate(self.inventory.forms)}
        predicates = {predicate: i for i, predicate in enumerate(self.inventory.predicates)}
        return [Example.of(each, forms, predicates) for each in aligned]


def captions_of(path: str | Path) -> list[list[str]]:
    """Words of the captions of a file without graphs: COCO JSON (`annotations[].caption`) or one caption a line.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the JSON has no captions.
    """
    path = Path(path)
    content = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        annotations = json.loads(content).get("annotations", [])
        texts = [each["caption"] for each in annotations if "caption" in each]
        if not texts:
            raise ValueError(f"{path} has no annotations[].caption; expected captions as COCO has them")
    else:
        texts = content.splitlines()
    found: dict[tuple[str, ...], None] = {}
    for text in texts:
        for piece in cut(tokens_of(text)):
            if 1 < len(piece.words) <= LONGEST:
                found[tuple(piece.texts)] = None
    return [list(words) for words in found]


def join(one: Example, other: Example, connective: Sequence[str]) -> Example:
    """Two captions as one.

    Example:
        >>> dog = Example(("a", "dog"), (0, 1), ((1, 2),), (0,), {})
        >>> join(dog, dog, ["while"]).tokens, join(dog, dog, ["while"]).spans
        (('a', 'dog', 'while', 'a', 'dog'), ((1, 2), (4, 5)))
    """
    tokens = (*without_stop(one.tokens), *connective)
    words, spans = len(tokens), len(one.spans)
    return Example(
        (*tokens, *other.tokens),
        (*one.tags[: len(tokens) - len(connective)], *[0] * len(connective), *other.tags),
        (*one.spans, *((i + words, j + words) for i, j in other.spans)),
        (*one.forms, *other.forms),
        {**one.links, **{(i + spans, j + spans): p for (i, j), p in other.links.items()}},
    )


def without_stop(tokens: Sequence[str]) -> Sequence[str]:
    """A caption without its full stop."""
    return tokens[:-1] if tokens and tokens[-1] == "." else tokens


def without_articles(each: Example) -> Example:
    """A caption without the articles that are no part of a span.

    Example:
        >>> without_articles(Example(("a", "dog"), (0, 1), ((1, 2),), (0,), {})).tokens
        ('dog',)
    """
    kept = [k for k, (word, tag) in enumerate(zip(each.tokens, each.tags, strict=True)) if tag or word not in ARTICLES]
    new = {k: i for i, k in enumerate(kept)}
    return Example(
        tuple(each.tokens[k] for k in kept),
        tuple(each.tags[k] for k in kept),
        tuple((new[i], new[j - 1] + 1) for i, j in each.spans),
        each.forms,
        each.links,
    )


@dataclass(frozen=True)
class Batch:
    """Captions that are learnt from together: with gold graphs, or with what teachers say."""

    examples: tuple[Example, ...] = ()
    lessons: tuple[Lesson, ...] = ()


class Batches:
    """The batches of each pass.

    Args:
        examples: captions with gold graphs.
        lessons: captions with what teachers say.
        batch_size: captions.
        seed: of order and augmentation.
        joined: share of gold captions that are joined with another.
        bare: share of gold captions whose articles are left out.
    """

    def __init__(
        self,
        examples: Sequence[Example],
        lessons: Sequence[Lesson] = (),
        *,
        batch_size: int = 128,
        seed: int = 0,
        joined: float = 0.05,
        bare: float = 0.1,
    ) -> None:
        self.examples, self.lessons = examples, lessons
        self.batch_size, self.seed, self.joined, self.bare = batch_size, seed, joined, bare
        self._pass: tuple[int, list[Batch]] = (-1, [])

    def __len__(self) -> int:
        """Batches of a pass."""
        return sum(-(-len(items) // self.batch_size) for items in (self.examples, self.lessons))

    def __getitem__(self, place: tuple[int, int]) -> Batch:
        """The batch of (pass, number)."""
        number, k = place
        if self._pass[0] != number:
            self._pass = (number, self._batches(number))
        return self._pass[1][k]

    def _batches(self, number: int) -> list[Batch]:
        rng = random.Random(f"{self.seed} {number}")
        # Augmented before they are sorted: one long caption would make its whole batch long.
        examples = [self._augment(each, rng) for each in self.examples]
        batches = [Batch(examples=tuple(each)) for each in self._of_like_size(examples, rng)]
        batches += [Batch(lessons=tuple(each)) for each in self._of_like_size(self.lessons, rng)]
        rng.shuffle(batches)
        return batches

    def _augment(self, each: Example, rng: random.Random) -> Example:
        if rng.random() < self.joined:
            other = rng.choice(self.examples)
            if len(each.tokens) + len(other.tokens) < LONGEST:
                each = join(each, other, rng.choice(CONNECTIVES))
        return without_articles(each) if rng.random() < self.bare else each

    def _of_like_size(self, items: Sequence[Sized], rng: random.Random) -> Iterator[list[Sized]]:
        shuffled = list(items)
        rng.shuffle(shuffled)
        size = self.batch_size * _CHUNK
        for start in range(0, len(shuffled), size):
            chunk = sorted(shuffled[start : start + size], key=lambda each: (len(each.spans), len(each.tokens)))
            for k in range(0, len(chunk), self.batch_size):
                yield chunk[k : k + self.batch_size]
