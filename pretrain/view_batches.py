"""Views behind the graphs of a batch: one packing and one pass of the encoder for all, and who is whose counterpart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from usg.batch import GraphBatch, View
from usg.batch.elements import Elements, Floats
from usg.batch.grounding import graph_of_elements, places_of_elements
from usg.batch.parts import Group, parts_of
from usg.batch.ranges import Ints
from usg.graph import NodeKind
from usg.pretrain.view_edits import LOTS, draw_edits
from usg.pretrain.views import Bools, Views, draw_views, one_medium
from usg.training.seeds import item_lots

__all__ = ["Joined", "draw_joined", "join_views", "without_groundings"]

_PICTURE, _TEXT, _DROPPED, _LEFT, _SHARE, _GROUNDING, _EDITS = range(1, 8)  # streams of lots; 0 draws captions


@dataclass(frozen=True)
class Joined:
    """v graphs, ready to be packed: those of a batch, what texts say, what pictures show, edited texts.

    Attributes:
        elements: m elements of the graphs.
        graph: `(v,)` which graph of the batch each is of.
        view: `(v,)` `View`.
        origin: `(m,)` which element of the batch each was.
    """

    elements: Elements
    graph: Ints
    view: Ints
    origin: Ints

    def seen_in(self, batch: GraphBatch) -> GraphBatch:
        """The batch with its views marked and their nodes joined.

        Args:
            batch: packed of `elements`.
        """
        offsets = batch.offsets.numpy()
        part = graph_of_elements(self.elements)
        # Graph nodes count as elements, behind the others.
        node = np.concatenate([offsets[part] + places_of_elements(self.elements), offsets[:-1]])
        view = np.concatenate([self.view[part], self.view])
        origin = np.concatenate([self.origin, self.origin.max(initial=-1) + 1 + self.graph])
        counterpart = np.full(batch.num_nodes, -1)
        for here, there in ((View.SAID, View.SHOWN), (View.SHOWN, View.SAID), (View.EDITED, View.SHOWN)):
            node_of = np.full(origin.max(initial=-1) + 1, -1)
            node_of[origin[view == there]] = node[view == there]
            counterpart[node[view == here]] = node_of[origin[view == here]]
        # That a text has its words in an unusual order would betray an edit.
        is_text = torch.from_numpy((self.view == View.SAID) | (self.view == View.EDITED))
        return replace(
            batch,
            view=torch.from_numpy(self.view),
            counterpart=torch.from_numpy(counterpart),
            has_span=batch.has_span & ~is_text[batch.node_graph],
        )


def draw_joined(
    elements: Elements,
    words: Sequence[tuple[int, ...]] | None,
    items: Ints,
    seed: int,
    epoch: int,
    share: float,
    dropped: float,
) -> tuple[Joined, list[tuple[int, ...]] | None]:
    """The graphs of a batch with views behind, as a function of the seed, the pass and the number of each graph.

    Args:
        elements: g graphs.
        words: the numbers of the texts beside each graph.
        items: `(g,)` their numbers in the corpus.
        seed: of the run.
        epoch: the pass over the data.
        share: of the graphs with two media that get views.
        dropped: share of them that are left with one medium.

    Returns:
        The graphs, and the texts beside each: none beside a view; a graph that is left with a picture has no text any
        more, and one that is left with a text has that one, if it had any.
    """

    def lots(stream: int) -> Floats:
        return item_lots(items, seed, epoch, stream)

    views = draw_views(elements, np.stack([lots(_PICTURE), lots(_TEXT)]))
    chosen = lots(_DROPPED)[views.graph] < dropped
    by_text = lots(_LEFT)[views.graph] < 0.5
    whole = one_medium(elements, views.of(chosen), by_text[chosen])
    joined = join_views(
        elements,
        whole,
        views.of(lots(_SHARE)[views.graph] < share),
        np.stack([lots(_EDITS + i) for i in range(LOTS)]),
    )
    if words is None:
        return joined, None
    beside = list(words)
    for graph, text in zip(views.graph[chosen].tolist(), by_text[chosen].tolist(), strict=True):
        beside[graph] = (0,) if text and beside[graph] else ()
    return joined, beside + [()] * (len(joined.graph) - len(beside))


def without_groundings(batch: GraphBatch, items: Ints, seed: int, epoch: int, share: float) -> GraphBatch:
    """The batch with the groundings of some graphs hidden; words keep their places.

    Args:
        batch: g graphs.
        items: `(g,)` their numbers in the corpus.
        seed: of the run.
        epoch: the pass over the data.
        share: of the graphs.
    """
    view = batch.view.numpy()
    # An edited text hides what the true one does, else that would betray it.
    view = np.where(view == View.EDITED, View.SAID, view)
    hidden = torch.from_numpy(item_lots(items + (view << 48), seed, epoch, _GROUNDING) < share)
    return batch.ungrounded(hidden[batch.node_graph] & (batch.kind != NodeKind.WORD))


def join_views(elements: Elements, whole: Group, views: Views, edit_lots: Floats) -> Joined:
    """Puts views behind the graphs of a batch.

    Args:
        elements: g graphs.
        whole: the parts of them that stand in the batch as whole graphs.
        views: of some of them.
        edit_lots: `(LOTS, g)` numbers in [0, 1), for the edits.
    """
    if not len(views.graph):
        joined, _, origin = parts_of(elements, [whole])
        return Joined(joined, whole.graph, np.full(len(whole.graph), int(View.WHOLE)), origin)
    changed, is_changed = draw_edits(elements, views.said, edit_lots)
    groups = [whole, views.texts, views.pictures, views.of(is_changed[views.graph]).texts]
    counts = [len(group.graph) for group in groups]
    joined, part, origin = parts_of(elements, groups)
    view = np.repeat([View.WHOLE, View.SAID, View.SHOWN, View.EDITED], counts).astype(np.int64)
    graph = np.concatenate([group.graph for group in groups])
    return Joined(_edited(joined, view[part] == View.EDITED, origin, elements, changed), graph, view, origin)


def _edited(joined: Elements, chosen: Bools, origin: Ints, before: Elements, after: Elements) -> Elements:
    """Makes changes to parts of graphs.

    Args:
        joined: the parts.
        chosen: `(m,)` bool, which of their elements change.
        origin: `(m,)` which element each was.
        before: the graphs.
        after: the same with other labels and ends of relations.
    """
    relations = len(joined.subject)
    of_relation = origin[len(origin) - relations :] - (len(before.label) - len(before.subject))
    turned = (before.subject != after.subject) | (before.target != after.target)
    turns = chosen[len(origin) - relations :] & turned[of_relation]
    return replace(
        joined,
        label=np.where(chosen, after.label[origin], joined.label),
        subject=np.where(turns, joined.target, joined.subject),
        target=np.where(turns, joined.subject, joined.target),
    )
