"""A masked sample of a pretraining of the encoder: what is hidden, what is seen, and what each objective asks.

The sample is a graph of the first batch with what the objectives hide in the first step. What is printed is read off
the packed batch that the encoder gets, so a guard that hides more than is asked shows here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from usg.batch import GraphBatch, View, Vocabulary
from usg.batch.vocabulary import MASK_INDEX
from usg.draw import draw_graph
from usg.graph import Attribute, EdgeType, Element, NodeKind, Relation, SceneGraph
from usg.pretrain.data import GraphDataModule
from usg.pretrain.examples import label_of
from usg.pretrain.module import PretrainingModule
from usg.pretrain.objectives import Alignment, Endpoint, Targets
from usg.pretrain.objectives.structure import arguments
from usg.pretrain.peek import wrapped

__all__ = ["MaskedSample", "draw_sample", "graph_batch_text", "masked_sample"]

_GRAPHS = 32  # of the batch are looked through for one of which every objective asks something


@dataclass(frozen=True)
class MaskedSample:
    """A graph as the encoder reads it.

    Attributes:
        text: the sample in words.
        graph: the graph with the labels that are seen; those of hidden elements are the right ones.
        hidden: ids of the elements that show `<mask>`.
        asked: what is asked of elements, by id.
    """

    text: str
    graph: SceneGraph
    hidden: tuple[str, ...]
    asked: dict[str, str]


def masked_sample(module: PretrainingModule, data: GraphDataModule, items: NDArray[np.int64]) -> MaskedSample:
    """A sample of the first graph of which every objective asks something, or the most of them do.

    Args:
        module: with its encoder built.
        data: of the run.
        items: `(g,)` numbers of training graphs.
    """
    tried = []
    for item in items[:_GRAPHS].tolist():
        packed = data.pack("train", np.array([item]), 0)
        tried.append((item, packed.graphs, module.corrupt(packed.graphs, module.draws(packed, 0))))
    number, batch, targets = max(tried, key=lambda one: _asking(one[2]))
    graph = data.corpus("train")[number]
    named = zip(module.objective_names, module.objectives, targets, strict=True)
    reading = _Reading(graph, batch, targets[-1].batch, module.model.vocabulary)
    asked: dict[str, list[tuple[int, str]]] = {}
    matched = {}
    for name, objective, target in named:
        if isinstance(objective, Alignment):
            matched[name] = reading.views()
        else:
            asked[name] = [(node, _answer(reading, objective, int(answer))) for node, answer in _pairs(target)]
    text = "\n".join(
        [f"a masked sample: training graph {number:,}, as the encoder reads it", *reading.lines(), "asked"]
    )
    width = max(map(len, module.objective_names))
    for name in module.objective_names:
        pairs = asked.get(name, [])
        said = matched.get(name) or "; ".join(f"{reading.name(node)}: {answer}" for node, answer in pairs)
        text += "\n" + wrapped(f"  {name:{width}}  ", said or "nothing of this graph")
    return MaskedSample(text, *reading.picture([pair for pairs in asked.values() for pair in pairs]))


def draw_sample(sample: MaskedSample, path: Path) -> None:
    """Draws what is seen as `MaskedPictures` does, hidden labels as `?` with the answer beside them."""
    title = "a masked sample: what is asked stands beside it"
    draw_graph(sample.graph, path, masked=sample.hidden, highlight=sample.asked, notes=sample.asked, title=title)


def graph_batch_text(batch: GraphBatch) -> str:
    """The shape of a packed batch in words: graphs, nodes by kind, edges by type."""
    nodes, edges = (
        ", ".join(
            f"{count:,} {kinds(kind).name.lower().replace('_', ' ')}"
            for kind, count in enumerate(torch.bincount(values).tolist())
            if count
        )
        for kinds, values in ((NodeKind, batch.kind), (EdgeType, batch.edge_type))
    )
    counts = f"a batch: {batch.num_graphs:,} graphs, {batch.num_nodes:,} nodes, {batch.num_edges:,} edges"
    return "\n".join([counts, wrapped("  nodes  ", nodes), wrapped("  edges  ", edges)])


@dataclass(frozen=True)
class _Reading:
    """One packed graph before and after corruption; node 0 is the graph node, then come elements and words.

    Behind it in the batch stand its views, if it has any.
    """

    graph: SceneGraph
    clean: GraphBatch
    seen: GraphBatch
    vocabulary: Vocabulary

    @cached_property
    def elements(self) -> list[Element]:
        return list(self.graph.elements())

    def name(self, node: int) -> str:
        """Of a node: the id of its element, or which word it is."""
        return self.elements[node - 1].id if node <= len(self.elements) else f"word {node - len(self.elements)}"

    def label(self, entry: int) -> str:
        return self.vocabulary.labels[entry] if entry < len(self.vocabulary) else "(not in the vocabulary)"

    def shown(self, node: int) -> str:
        """What a node says of itself."""
        entry = int(self.seen.label[node])
        if entry == int(self.clean.label[node]) and node <= len(self.elements):
            return label_of(self.elements[node - 1])
        return self.label(entry)

    def lines(self) -> list[str]:
        """Elements and texts as they are seen, and what is not."""
        _, subject, target = (column.tolist() for column in arguments(self.seen))
        lines: list[str] = []
        for node, element in enumerate(self.elements, start=1):
            said = f"{'not ' if element.negated else ''}{self.shown(node)}"
            if isinstance(element, Attribute):
                said = f"{element.object} {element.kind or 'attribute'}: {said}"
            elif isinstance(element, Relation):
                ends = (element.subject, subject[node]), (element.object, target[node])
                first, second = (id if seen >= 0 else "?" for id, seen in ends)
                said = f"{first} {said} {second}"
            changed = bool(self.seen.label[node] != self.clean.label[node])
            lines.append(f"  {element.id:4} {said:32}{f'is {label_of(element)}' if changed else ''}".rstrip())
        words = range(1 + len(self.elements), int(self.clean.offsets[1]))
        for _, text in groupby(words, lambda node: int(self.clean.text[node])):
            lines.append(wrapped("  text ", " ".join(self.shown(node) for node in text)))
        return lines

    def views(self) -> str:
        """What the views say and show, a line each."""
        owner, subject, target = (column.tolist() for column in arguments(self.clean))
        label = [self.label(entry) for entry in self.clean.label.tolist()]
        lines = []
        for graph in range(1, self.clean.num_graphs):
            facts = []
            for node in range(int(self.clean.offsets[graph]) + 1, int(self.clean.offsets[graph + 1])):
                ends = [label[end] for end in (subject[node], target[node], owner[node]) if end >= 0]
                facts.append(" ".join([*ends[:-1], label[node], *ends[-1:]]))
            lines.append(f"{View(int(self.clean.view[graph])).name.lower()}: {', '.join(facts)}")
        return "\n".join(lines)

    def picture(self, answers: Sequence[tuple[int, str]]) -> tuple[SceneGraph, tuple[str, ...], dict[str, str]]:
        """The graph with the labels that are seen, the ids of what is hidden, and answers by id."""
        hidden, changes = [], {}
        for node, element in enumerate(self.elements, start=1):
            if int(self.seen.label[node]) == MASK_INDEX:
                hidden.append(element.id)
            elif self.seen.label[node] != self.clean.label[node]:
                changes[element.id] = self.shown(node)
        graph = self.graph
        seen = replace(
            graph,
            objects=tuple(replace(each, label=changes.get(each.id, each.label)) for each in graph.objects),
            attributes=tuple(replace(each, value=changes.get(each.id, each.value)) for each in graph.attributes),
            relations=tuple(replace(each, predicate=changes.get(each.id, each.predicate)) for each in graph.relations),
        )
        asked: dict[str, str] = {}
        for node, answer in answers:
            if node <= len(self.elements):
                asked[self.name(node)] = "; ".join(filter(None, [asked.get(self.name(node)), answer]))
        return seen, tuple(hidden), asked


def _asking(targets: Sequence[Targets]) -> int:
    """How many objectives have something to ask."""
    return sum(len(target) > 0 for target in targets)


def _pairs(targets: Targets) -> Iterator[tuple[int, int]]:
    """Node and answer of every question."""
    yield from zip(targets.nodes.tolist(), targets.answers.tolist(), strict=True)


def _answer(reading: _Reading, objective: nn.Module, answer: int) -> str:
    """An answer in words: an object for `Endpoint`, else a label."""
    if isinstance(objective, Endpoint):
        return f"{reading.name(answer)} {label_of(reading.elements[answer - 1])}"
    return reading.label(answer)
