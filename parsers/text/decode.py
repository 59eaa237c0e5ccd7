"""From the network's scores to spans and labelled links.

Tags give spans; of all ordered pairs of spans those whose link score is positive are kept. The predicate of a link is
the best of the inventory, or one composed of the caption's own words where the network finds that better: the vector of
a composed predicate is the sum of its words' vectors, as in the inventory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from usg.parsers.text.align import ATTRIBUTE, Span, surface
from usg.parsers.text.batches import Reader
from usg.parsers.text.compose import attended, compose, score
from usg.parsers.text.forms import apply_form
from usg.parsers.text.network import SceneGraphNetwork, Words

MARGIN = 0.0  # chosen on dev


@dataclass(frozen=True)
class Link:
    """A predicate between two spans, by number; `score` is the probability that there is a link at all."""

    subject: int
    object: int
    predicate: str
    score: float

    @property
    def is_attribute(self) -> bool:
        """Whether the link says a property of its subject."""
        return self.predicate == ATTRIBUTE or self.predicate.startswith(f"{ATTRIBUTE}@")

    @property
    def implied(self) -> str | None:
        """What a link of a span with itself says: the value of an attribute, or the predicate of a mutual relation."""
        _, mark, said = self.predicate.partition("@")
        return said if mark else None


@dataclass(frozen=True)
class Reading:
    """What the network says of one caption.

    Attributes:
        spans: [start, end) token spans, in order.
        labels: of each span.
        scores: of each span, the probability of its first tag.
        links: between spans.
    """

    spans: tuple[Span, ...] = ()
    labels: tuple[str, ...] = ()
    scores: tuple[float, ...] = ()
    links: tuple[Link, ...] = ()


def spans_of(probabilities: Sequence[Sequence[float]], threshold: float = 0.35) -> list[Span]:
    """Spans of one caption from the probabilities (outside, begin, inside) of its words.

    Example:
        >>> spans_of([(0.9, 0.1, 0.0), (0.1, 0.8, 0.1), (0.1, 0.2, 0.7), (0.2, 0.7, 0.1)])
        [(1, 3), (3, 4)]
    """
    found = []
    i = 0
    while i < len(probabilities):
        _, begin, inside = probabilities[i]
        j = i + 1
        if (begin >= threshold and begin >= inside) or inside > 0.5:
            while j < len(probabilities) and probabilities[j][2] >= max(probabilities[j][:2]):
                j += 1
            found.append((i, j))
        i = j
    return found


@torch.inference_mode()
def read_captions(
    network: SceneGraphNetwork, reader: Reader, captions: Sequence[Sequence[str]], threshold: float = 0.0
) -> list[Reading]:
    """What the network says of each caption, given as lower-case words."""
    words = reader.read(captions)
    h = network.encode(words)
    tags = network.tag(h).softmax(-1).tolist()
    spans = [spans_of(tags[k][: len(caption)]) for k, caption in enumerate(captions)]
    readings = [Reading() for _ in captions]
    by_count: dict[int, list[int]] = {}
    for k, each in enumerate(spans):
        by_count.setdefault(len(each), []).append(k)
    # Captions with as many spans together: pairs are most of the work, and padding would multiply them.
    for count, rows in by_count.items():
        if count:
            found = _read_spans(network, reader, captions, words, h, [spans[k] for k in rows], rows, tags, threshold)
            for k, reading in zip(rows, found, strict=True):
                readings[k] = reading
    return readings


def _read_spans(
    network: SceneGraphNetwork,
    reader: Reader,
    captions: Sequence[Sequence[str]],
    words: Words,
    h: Tensor,
    spans: Sequence[Sequence[Span]],
    rows: Sequence[int],
    tags: Sequence[Sequence[Sequence[float]]],
    threshold: float,
) -> list[Reading]:
    """The readings of captions `rows`, which have as many spans each."""
    chosen = torch.tensor(rows)
    ends = torch.tensor(spans)
    first, last = ends[..., 0], ends[..., 1] - 1
    h, mask, says = h[chosen], words.mask[chosen], words.says[chosen]
    s = network.spans(h, first, last)
    forms = network.form(s).argmax(-1).tolist()
    z, attention = network.pairs(h, mask, s, first)
    scores = network.link(z)[..., 0]
    where = (scores > threshold).nonzero()
    links: list[list[Link]] = [[] for _ in rows]
    if len(where):
        k, i, j = where.unbind(1)
        pairs = [(a, b, c) for a, b, c in where.tolist()]
        texts = [captions[row] for row in rows]
        best = best_predicates(network, reader, z[k, i, j], attention[k, i, j], says[k], texts, spans, pairs)
        chances = scores[k, i, j].sigmoid().tolist()
        for (a, b, c), predicate, chance in zip(pairs, best, chances, strict=True):
            links[a].append(Link(b, c, predicate, chance))
    readings = []
    for k, row in enumerate(rows):
        labels = [
            apply_form(reader.inventory.forms[form], surface(captions[row][a:b]))
            for (a, b), form in zip(spans[k], forms[k], strict=True)
        ]
        begins = tuple(tags[row][a][1] for a, _ in spans[k])
        readings.append(Reading(tuple(spans[k]), tuple(labels), begins, tuple(links[k])))
    return readings


def best_predicates(
    network: SceneGraphNetwork,
    reader: Reader,
    z: Tensor,
    attention: Tensor,
    says: Tensor,
    captions: Sequence[Sequence[str]],
    spans: Sequence[Sequence[Span]],
    pairs: Sequence[tuple[int, int, int]],
    margin: float = MARGIN,
) -> list[str]:
    """The predicate of each of K linked pairs: of the inventory, or composed of the caption's words.

    Args:
        network: trained.
        reader: with its inventory.
        z: (K, d) pairs.
        attention: (K, T) of the pairs.
        says: (K, T) the predicate word that each word says.
        captions: of the batch.
        spans: of the captions.
        pairs: caption, subject and object of each pair.
        margin: by which a composed predicate must score better.
    """
    inventory = reader.inventory
    logits = network.labels(z, attention, says)
    best, numbers = (each.tolist() for each in logits[:, 1:].max(-1))
    predicates = [inventory.predicates[number + 1] for number in numbers]
    weights = attention.tolist()
    wanted = network.label(z)
    gain = 4 * float(torch.nn.functional.softplus(network.copy)[0])
    for n, (k, i, j) in enumerate(pairs):
        if i == j or predicates[n] == ATTRIBUTE:
            continue
        places = attended(captions[k], spans[k], weights[n])
        composed = compose(captions[k], places, inventory, reader.table) if places else None
        if composed is None or composed in inventory.known or composed == predicates[n]:
            continue
        if (
            score(wanted[n], network.predicate_word, weights[n], captions[k], places, inventory, gain)
            > best[n] + margin
        ):
            predicates[n] = composed
    return predicates
