"""The loss of the scene-graph network, on gold graphs and on what an ensemble of teachers says.

    L = CE(tags) + 0.5 CE(forms) + 1.5 BCE(links) + CE(predicates of linked pairs)

With teachers the targets are their mean probabilities on the spans that they choose together (distillation: Hinton et
al., 2015; of parsers: Kuncoro et al., EMNLP 2016), so that captions without a graph can be learnt from too.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from usg.parsers.text.align import Span
from usg.parsers.text.batches import IGNORED, Example, Reader, gold
from usg.parsers.text.decode import spans_of
from usg.parsers.text.network import SceneGraphNetwork

_FORM, _LINK = 0.5, 1.5
_LEAST_LINK = 0.05  # pairs that the teachers link with less than this teach no predicate


def gold_loss(
    network: SceneGraphNetwork,
    reader: Reader,
    examples: Sequence[Example],
    rng: random.Random,
    smoothing: float = 0.03,
) -> Tensor:
    """The loss on captions with gold graphs, a scalar."""
    words = reader.read([each.tokens for each in examples])
    target = gold(examples, words.mask.shape[1], rng)
    h = network.encode(words)
    loss = F.cross_entropy(network.tag(h).flatten(0, 1), target.tags.flatten(), ignore_index=IGNORED)
    s = network.spans(h, target.first, target.last)
    forms = target.forms[target.present]
    if bool((forms >= 0).any()):
        loss = loss + _FORM * F.cross_entropy(network.form(s[target.present]), forms, ignore_index=IGNORED)
    z, attention = network.pairs(h, words.mask, s, target.first, target.present)
    both = target.present[:, :, None] & target.present[:, None]
    if bool(both.any()):
        linked = (target.links[both] != 0).float()
        loss = loss + _LINK * F.binary_cross_entropy_with_logits(network.link(z[both])[:, 0], linked)
    where = (target.links > 0) & both
    if bool(where.any()):
        captions = where.nonzero()[:, 0]
        logits = network.labels(z[where], attention[where], words.says[captions])
        loss = loss + F.cross_entropy(logits, target.links[where], label_smoothing=smoothing)
    return loss


@dataclass(frozen=True)
class Lesson:
    """What teachers say of one caption; T words, N spans, F forms, L linked pairs, P predicates.

    Attributes:
        tokens: lower-case words.
        tags: (T, 3) probabilities.
        spans: the N spans chosen from them.
        forms: (N, F) probabilities.
        links: (N, N) probabilities.
        pairs: (L, 2) subject and object of pairs that may be linked.
        predicates: (L, P) probabilities.
    """

    tokens: tuple[str, ...]
    tags: Tensor
    spans: tuple[Span, ...]
    forms: Tensor
    links: Tensor
    pairs: Tensor
    predicates: Tensor


@torch.no_grad()
def teach(teachers: Sequence[tuple[SceneGraphNetwork, Reader]], captions: Sequence[Sequence[str]]) -> list[Lesson]:
    """The mean of the teachers on a batch of captions of at least one word each; all share one inventory."""
    encoded = []
    for network, reader in teachers:
        words = reader.read(captions)
        encoded.append((network, words, network.encode(words)))
    tags = torch.stack([network.tag(h).softmax(-1) for network, _, h in encoded]).mean(0)
    spans = [spans_of(tags[k, : len(caption)].tolist()) for k, caption in enumerate(captions)]
    n = max(1, max(map(len, spans)))
    ends = torch.tensor([[*each, *[(0, 1)] * (n - len(each))] for each in spans])
    first, last = ends[..., 0], ends[..., 1] - 1
    present = torch.arange(n) < torch.tensor([len(each) for each in spans])[:, None]
    forms, links, paired = [], [], []
    for network, words, h in encoded:
        s = network.spans(h, first, last)
        z, attention = network.pairs(h, words.mask, s, first, present)
        forms.append(network.form(s).softmax(-1))
        links.append(network.link(z)[..., 0].sigmoid())
        paired.append((z, attention, words))
    form, link = torch.stack(forms).mean(0), torch.stack(links).mean(0)
    both = present[:, :, None] & present[:, None]
    where = (link > _LEAST_LINK) & both
    captions_of = where.nonzero()[:, 0]
    said = torch.stack(
        [
            network.labels(z[where], attention[where], words.says[captions_of]).softmax(-1)
            for (network, _, _), (z, attention, words) in zip(encoded, paired, strict=True)
        ]
    ).mean(0)
    lessons = []
    for k, caption in enumerate(captions):
        m, mine = len(spans[k]), captions_of == k
        lessons.append(
            Lesson(
                tuple(caption),
                tags[k, : len(caption)].half(),
                tuple(spans[k]),
                form[k, :m].half(),
                link[k, :m, :m].half(),
                where[k].nonzero().to(torch.int16),
                said[mine].half(),
            )
        )
    return lessons


def lesson_loss(network: SceneGraphNetwork, reader: Reader, lessons: Sequence[Lesson]) -> Tensor:
    """The loss on what teachers said, a scalar."""
    words = reader.read([each.tokens for each in lessons])
    h = network.encode(words)
    tags = F.cross_entropy(network.tag(h)[words.mask], torch.cat([each.tags for each in lessons]).float())
    n = max(1, max(len(each.spans) for each in lessons))
    ends = torch.tensor([[*each.spans, *[(0, 1)] * (n - len(each.spans))] for each in lessons])
    first, last = ends[..., 0], ends[..., 1] - 1
    present = torch.arange(n) < torch.tensor([len(each.spans) for each in lessons])[:, None]
    if not bool(present.any()):
        return tags
    s = network.spans(h, first, last)
    forms = F.cross_entropy(network.form(s[present]), torch.cat([each.forms for each in lessons]).float())
    z, attention = network.pairs(h, words.mask, s, first, present)
    both = present[:, :, None] & present[:, None]
    wanted = torch.cat([each.links.flatten() for each in lessons]).float()
    loss = tags + _FORM * forms + _LINK * F.binary_cross_entropy_with_logits(network.link(z[both])[:, 0], wanted)
    captions = torch.cat([torch.full((len(each.pairs),), k) for k, each in enumerate(lessons)])
    if len(captions) == 0:
        return loss
    i, j = torch.cat([each.pairs for each in lessons]).long().unbind(1)
    # A pair teaches its predicate as far as the teachers link it.
    weight = torch.cat([each.links[tuple(each.pairs.long().T)] for each in lessons]).float()
    logits = network.labels(z[captions, i, j], attention[captions, i, j], words.says[captions])
    target = torch.cat([each.predicates for each in lessons]).float()
    each_loss = F.cross_entropy(logits, target, reduction="none")
    return loss + (each_loss * weight).sum() / weight.sum().clamp(min=1.0)
