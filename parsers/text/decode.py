"""From the network's scores to spans and labelled links.

Tags give spans; of all ordered pairs of spans those whose link score is positive are kept. The predicate of a link is
the best of the inventory, or one composed of the caption's own words where the network finds that better: the vector of
a composed predicate is the sum of its words' vectors, as in the inventory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor

from usg.parsers.text.align import ATTRIBUTE, Span, surface
from usg.parsers.text.compose import attended, compose, score, with_verb
from usg.parsers.text.folded import Encoded, FoldedNetwork
from usg.parsers.text.forms import apply_form


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
        scores: of each span, the probability that its first word is in one.
        links: between spans.
    """

    spans: tuple[Span, ...] = ()
    labels: tuple[str, ...] = ()
    scores: tuple[float, ...] = ()
    links: tuple[Link, ...] = ()

    @cached_property
    def things(self) -> frozenset[int]:
        """The spans that are more than the value of an attribute."""
        taking_part = {link.subject for link in self.links}
        taking_part |= {link.object for link in self.links if not link.is_attribute}
        values = {link.object for link in self.links if link.is_attribute} - taking_part
        return frozenset(range(len(self.spans))) - values


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
def read_captions(folded: FoldedNetwork, captions: Sequence[Sequence[str]]) -> list[Reading]:
    """What the network says of each caption, given as lower-case words: longest first, none empty."""
    encoded = folded.encode(captions)
    tags = encoded.tags.tolist()
    starts = encoded.starts.tolist()
    spans = [spans_of(tags[start : start + len(caption)]) for start, caption in zip(starts, captions, strict=True)]
    ends = [(start + a, start + b - 1) for start, each in zip(starts, spans, strict=True) for a, b in each]
    if not ends:
        return [Reading() for _ in captions]
    forms, links = _read_spans(folded, encoded, captions, spans, torch.tensor(ends))
    names = folded.reader.inventory.forms
    readings = []
    said = iter(forms)
    for start, caption, each, found in zip(starts, captions, spans, links, strict=True):
        labels = tuple(apply_form(names[next(said)], surface(caption[a:b])) for a, b in each)
        scores = tuple(1 - tags[start + a][0] for a, _ in each)
        readings.append(Reading(tuple(each), labels, scores, tuple(found)))
    return readings


def _read_spans(
    folded: FoldedNetwork,
    encoded: Encoded,
    captions: Sequence[Sequence[str]],
    spans: Sequence[Sequence[Span]],
    ends: Tensor,
) -> tuple[list[int], list[list[Link]]]:
    """The form of each span and the links of each caption, given the first and last word of each span."""
    first, last = ends.unbind(1)
    forms, projected = folded.spans(encoded, first, last)
    # Captions with as many spans together: pairs are most of the work, and padding would multiply them.
    by_count: dict[int, list[tuple[int, int]]] = {}
    before = 0
    for k, each in enumerate(spans):
        by_count.setdefault(len(each), []).append((k, before))
        before += len(each)
    linked: list[_Linked] = []
    for count, rows in by_count.items():
        if count:
            chosen, offsets = torch.tensor(rows).unbind(1)
            linked.append(_links(folded, encoded, chosen, offsets[:, None] + torch.arange(count), first, projected))
    longest = max(each.says.shape[1] for each in linked)
    pairs = [pair for each in linked for pair in each.pairs]
    links: list[list[Link]] = [[] for _ in captions]
    if pairs:
        predicates = best_predicates(
            folded,
            torch.cat([each.z for each in linked]),
            torch.cat([F.pad(each.attention, (0, longest - each.attention.shape[1])) for each in linked]),
            torch.cat([F.pad(each.says, (0, longest - each.says.shape[1])) for each in linked]),
            captions,
            spans,
            pairs,
        )
        chances = [chance for each in linked for chance in each.chances]
        for (k, i, j), predicate, chance in zip(pairs, predicates, chances, strict=True):
            links[k].append(Link(i, j, predicate, chance))
    return forms.tolist(), links


@dataclass(frozen=True)
class _Linked:
    """Linked pairs: caption, subject and object of each, its vector, attention, what the words say, and probability."""

    pairs: list[tuple[int, int, int]]
    z: Tensor
    attention: Tensor
    says: Tensor
    chances: list[float]


def _links(
    folded: FoldedNetwork, encoded: Encoded, captions: Tensor, numbers: Tensor, first: Tensor, projected: Tensor
) -> _Linked:
    """The linked pairs of captions, given the numbers `(B, N)` of their spans."""
    z, attention, says = folded.pairs(encoded, captions, first[numbers], projected[numbers])
    scores = folded.network.link(z)[..., 0]
    where = scores > 0
    k, i, j = where.nonzero().unbind(1)
    pairs = list(zip(captions[k].tolist(), i.tolist(), j.tolist(), strict=True))
    return _Linked(pairs, z[k, i, j], attention[k, i, j], says[k], scores[k, i, j].sigmoid().tolist())


def best_predicates(
    folded: FoldedNetwork,
    z: Tensor,
    attention: Tensor,
    says: Tensor,
    captions: Sequence[Sequence[str]],
    spans: Sequence[Sequence[Span]],
    pairs: Sequence[tuple[int, int, int]],
) -> list[str]:
    """The predicate of each of K linked pairs: of the inventory, or composed of the caption's words.

    Args:
        folded: network.
        z: (K, d) pairs.
        attention: (K, T) of the pairs.
        says: (K, T) the predicate word that each word says.
        captions: of the batch.
        spans: of the captions.
        pairs: caption, subject and object of each pair.
    """
    inventory, table = folded.reader.inventory, folded.reader.table
    wanted = folded.network.label(z)
    best, numbers = (each.tolist() for each in folded.labels(wanted, attention, says).max(-1))
    predicates = [inventory.predicates[number] for number in numbers]
    weights = attention.tolist()
    for n, (k, i, j) in enumerate(pairs):
        if i == j or predicates[n] == ATTRIBUTE:
            continue
        longer = with_verb(predicates[n], captions[k], spans[k], inventory, table)
        if longer is not None:
            predicates[n] = longer
            continue
        places = attended(captions[k], spans[k], weights[n])
        composed = compose(captions[k], places, inventory, table) if places else None
        if composed is None or composed in inventory.known or composed == predicates[n]:
            continue
        vectors = folded.network.predicate_word
        if score(wanted[n], vectors, weights[n], captions[k], places, inventory, folded.gain) > best[n]:
            predicates[n] = composed
    return predicates
