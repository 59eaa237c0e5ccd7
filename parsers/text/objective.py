"""The loss of the scene-graph network on gold graphs.

    L = CE(tags) + 0.5 CE(forms) + 1.5 BCE(links) + CE(predicates of linked pairs)

Forms and links are learnt on gold spans with a wrong one now and then (`gold`, usg/parsers/text/batches.py), never on
predicted spans. A pair whose predicate is rare counts among the links, not among the predicates.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor

from usg.parsers.text.batches import IGNORED, Example, Reader, gold
from usg.parsers.text.network import SceneGraphNetwork

_FORM, _LINK = 0.5, 1.5


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
