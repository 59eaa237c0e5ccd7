"""Training data of the text parser: captions with graphs, captions without, and their batches.

Captions of like size stand together in a batch: a pass shuffles all, sorts chunks of 30 batches by the number of spans
and words, and shuffles the batches. In each pass some captions are rewritten (usg/parsers/text/augment.py), and others
composed of their phrases (usg/parsers/text/recombine.py). Captions without graphs only add words to the word table.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from usg.formats import Problems, read_graphs
from usg.formats.coco_captions import read_coco_captions
from usg.graph import SceneGraph
from usg.parsers.text.align import Alignment, align, facts_of, spoken_for
from usg.parsers.text.augment import JOINING, join, without_articles
from usg.parsers.text.batches import Example
from usg.parsers.text.inventory import Inventory
from usg.parsers.text.pieces import cut
from usg.parsers.text.recombine import Recombination
from usg.parsers.text.tokens import WordTable

LONGEST = 40
_CHUNK = 30


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
        ValueError: it is not UTF-8, or the JSON is broken or has no captions.
    """
    path = Path(path)
    try:
        content = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8: {error.reason} at byte {error.start}") from None
    if path.suffix == ".json":
        texts = _coco_captions(content, path)
    else:
        texts = content.splitlines()
    found: dict[tuple[str, ...], None] = {}
    for text in texts:
        for piece in cut(tokens_of(text)):
            if 1 < len(piece.words) <= LONGEST:
                found[tuple(piece.texts)] = None
    return [list(words) for words in found]


def _coco_captions(content: str, path: Path) -> list[str]:
    # Annotations of other kinds may stand between the captions, and are passed over.
    try:
        texts = [caption.text for caption in read_coco_captions(content, str(path), Problems())]
    except ValueError as error:
        raise ValueError(f"{path} has no annotations[].caption that can be read: {error}") from None
    if not texts:
        raise ValueError(f"{path} has no annotations[].caption; expected captions as COCO has them")
    return texts


class Batches:
    """The batches of each pass.

    Args:
        examples: captions with gold graphs.
        batch_size: captions.
        seed: of order and augmentation.
        inventory: of the predicates that the examples number.
        joined: share of captions that are joined with another.
        recombined: captions that are composed of the phrases of others in each pass, as a share of those with graphs.
        bare: share of captions whose articles are left out.
    """

    def __init__(
        self,
        examples: Sequence[Example],
        *,
        inventory: Inventory,
        batch_size: int = 128,
        seed: int = 0,
        joined: float = 0.05,
        recombined: float = 0.25,
        bare: float = 0.1,
    ) -> None:
        self.examples, self.batch_size, self.seed = examples, batch_size, seed
        self.joined, self.bare = joined, bare
        self._recombined = int(recombined * len(examples))
        self._recombination = Recombination(examples, inventory)
        self._pass: tuple[int, list[tuple[Example, ...]]] = (-1, [])

    def __len__(self) -> int:
        """Batches of a pass."""
        return -(-(len(self.examples) + self._recombined) // self.batch_size)

    def __getitem__(self, place: tuple[int, int]) -> tuple[Example, ...]:
        """The batch of (pass, number)."""
        number, k = place
        if self._pass[0] != number:
            self._pass = (number, self._batches(number))
        return self._pass[1][k]

    def _batches(self, number: int) -> list[tuple[Example, ...]]:
        rng = random.Random(f"{self.seed} {number}")
        # Augmented before they are sorted: one long caption would make its whole batch long.
        examples = [self._augment(each, rng) for each in (*self.examples, *self._composed(rng))]
        batches = list(self._of_like_size(examples, rng))
        rng.shuffle(batches)
        return batches

    def _composed(self, rng: random.Random) -> Iterator[Example]:
        """Captions composed of phrases; where there are none to compose, others once more."""
        for _ in range(self._recombined):
            yield self._recombination.compose(rng, LONGEST) or rng.choice(self.examples)

    def _augment(self, each: Example, rng: random.Random) -> Example:
        if rng.random() < self.joined:
            other = rng.choice(self.examples)
            if len(each.tokens) + len(other.tokens) + 2 <= LONGEST:
                each = join(each, other, rng.choice(JOINING))
        return without_articles(each) if rng.random() < self.bare else each

    def _of_like_size(self, examples: list[Example], rng: random.Random) -> Iterator[tuple[Example, ...]]:
        rng.shuffle(examples)
        size = self.batch_size * _CHUNK
        for start in range(0, len(examples), size):
            chunk = sorted(examples[start : start + size], key=lambda each: (len(each.spans), len(each.tokens)))
            for k in range(0, len(chunk), self.batch_size):
                yield tuple(chunk[k : k + self.batch_size])
