"""What is evaluated: a file of predicted graphs, or a parser that is run on the captions of the gold graphs.

Predictions are matched to gold **by order**: captions repeat, so a caption does not name a graph. Where both have their
captions, these must be the same one by one (up to case and white space), so a file that lacks a line or is sorted
otherwise is refused and not scored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest
from pathlib import Path
from typing import Literal

from usg.formats import read_graphs
from usg.graph.scene_graph import SceneGraph
from usg.metrics.facts import normalised
from usg.parsers.names import text_parser
from usg.parsers.text.evaluation.captions import caption_of
from usg.progress import progress


@dataclass(frozen=True, slots=True)
class System:
    """One system: `kind` says whether `name` is a file of graphs ("pred") or a parser ("parser")."""

    kind: Literal["pred", "parser"]
    name: str

    @property
    def label(self) -> str:
        """As tables have it: the name of the parser, or of the file without its folder."""
        return Path(self.name).name if self.kind == "pred" else self.name


def labels_of(systems: Sequence[System]) -> list[str]:
    """A label for each system, all different: those that share one are given by their full names.

    >>> labels_of([System("pred", "a/out.jsonl"), System("pred", "b/out.jsonl"), System("parser", "text")])
    ['a/out.jsonl', 'b/out.jsonl', 'text']

    Raises:
        ValueError: a system is given twice.
    """
    short = [system.label for system in systems]
    labels = [label if short.count(label) == 1 else system.name for label, system in zip(short, systems, strict=True)]
    for label in labels:
        if labels.count(label) > 1:
            raise ValueError(f"the system {label!r} is given twice; give it once")
    return labels


def graphs_of(system: System, gold: Sequence[SceneGraph], format: str | None = None) -> list[SceneGraph]:
    """The graphs that a system gives for the captions of gold graphs, in their order.

    Args:
        system: a file or a parser.
        gold: graphs with captions.
        format: of the file; guessed from its name when absent.

    Raises:
        ValueError: the file does not fit the gold graphs; or a gold graph has no caption to be parsed.
    """
    if system.kind == "pred":
        # One more than wanted, so that a longer file is noticed without being read to its end.
        graphs = list(islice(read_graphs(system.name, format), len(gold) + 1))
        check_fit(graphs, gold, system.name)
        return graphs
    return parse(system.name, [_caption(graph, i) for i, graph in enumerate(gold)])


def parse(name: str, captions: Sequence[str]) -> list[SceneGraph]:
    """The graphs that the parser of that name makes of captions.

    Raises:
        LookupError, ValueError: as `usg.parsers.names.text_parser`; or the parser lost a caption.
    """
    graphs = list(progress(text_parser(name).pipe(captions), len(captions), f"parsing with {name}"))
    if len(graphs) != len(captions):
        raise ValueError(f"the parser {name} made {len(graphs)} graphs of {len(captions)} captions")
    return graphs


def check_fit(predicted: Sequence[SceneGraph], gold: Sequence[SceneGraph], name: str) -> None:
    """Refuses predictions that are not about the captions of the gold graphs, one by one.

    Raises:
        ValueError: the numbers differ, or a caption does; the message names the first place.
    """
    advice = "predictions are matched by order: give one graph for each gold graph, in the same order"
    for i, (said, true) in enumerate(zip_longest(predicted, gold), 1):
        if said is None or true is None:
            least = "at least " if said is not None else ""
            raise ValueError(f"{name} has {least}{len(predicted)} graphs and the gold file {len(gold)}; {advice}")
        one, two = caption_of(said), caption_of(true)
        if one and two and normalised(one) != normalised(two):
            raise ValueError(f"graph {i} of {name} is about {one[:60]!r}, the gold graph about {two[:60]!r}; {advice}")


def _caption(graph: SceneGraph, number: int) -> str:
    caption = caption_of(graph)
    if caption is None:
        raise ValueError(f"gold graph {number + 1} has no text to be parsed; give its predictions by --pred")
    return caption
