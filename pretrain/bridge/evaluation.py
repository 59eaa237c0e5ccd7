"""What a graph language model answers on test graphs, beside the controls that show what it reads.

Every system is asked the same: answers are generated greedily and count where they are the right one word for word.
Graph-token language models are known to read the words beside the tokens more than the tokens
(https://arxiv.org/abs/2605.03514), so three controls stand in every table:

    shuffled edges   the encoder sees the graph with the owners of attributes and the ends of relations drawn anew
    noise tokens     the encoder's states are noise of the same mean and deviation
    paraphrased      what is asked is worded as in no training

In the first two the graph in words, where there is one, stays what it is. Intervals are 95 % bootstrap intervals over
graphs.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from usg.batch import GraphBatch
from usg.files import atomic_path
from usg.graph import SceneGraph
from usg.graph.shuffle import shuffle_edges
from usg.metrics import Estimate, mean_interval
from usg.nn import GraphTransformer
from usg.nn.bridge import GraphLanguageModel
from usg.pretrain.tasks import Answer, Example, GraphTask, Match, NameHidden
from usg.progress import progress

__all__ = ["CONTROLS", "AnswerTable", "evaluate_answers"]

CONTROLS = ("shuffled edges", "noise tokens", "paraphrased")
PROTOCOL = "greedy answers, right where they are the wanted one word for word"


@dataclass(frozen=True)
class AnswerTable:
    """Accuracy by system and family of questions.

    Attributes:
        cells: system ("model", then `CONTROLS`) -> family -> accuracy with its interval.
        tokens: of a prompt with its graph, the mean.
        seconds: that an answer takes in a batch, the mean.
        asked: the number of the graph and the family of each question.
        right: which of them were answered rightly; of each system that is asked the same.
    """

    cells: Mapping[str, Mapping[str, Estimate]]
    tokens: float
    seconds: float
    asked: Sequence[tuple[int, str]] = ()
    right: Mapping[str, Sequence[bool]] = field(default_factory=dict)

    def to_text(self) -> str:
        """The table as aligned text, in per cent."""
        families = list(self.cells["model"])
        width = max(map(len, families))
        lines = [" " * width + "".join(f"{system:>22}" for system in self.cells)]
        for family in families:
            row = [cells.get(family) for cells in self.cells.values()]
            lines.append(f"{family:{width}}" + "".join(f"{_percent(cell):>22}" for cell in row))
        said = f"{self.tokens:.0f} tokens and {1000 * self.seconds:.1f} ms an answer"
        return "\n".join([*lines, f"{said}; {PROTOCOL}; 95 % intervals over graphs"])

    def to_dict(self, command: str, commit: str | None = None) -> dict[str, Any]:
        """The table in the shape `--json` files have."""
        return {
            "command": command,
            "commit": commit,
            "protocol": PROTOCOL,
            "n": sum(cell.n for cell in self.cells["model"].values()),
            "tokens": self.tokens,
            "seconds": self.seconds,
            "metrics": {_key(family): cell.to_dict() for family, cell in self.cells["model"].items()},
            "baselines": {
                _key(system): {_key(family): cell.value for family, cell in cells.items()}
                for system, cells in self.cells.items()
                if system != "model"
            },
            "asked": [list(each) for each in self.asked],
            "right": {system: "".join("01"[hit] for hit in hits) for system, hits in self.right.items()},
        }

    def write_json(self, path: Path | str, command: str, commit: str | None = None) -> None:
        """Write `to_dict` to a file, whole or not at all."""
        with atomic_path(path) as temporary:
            temporary.write_text(json.dumps(self.to_dict(command, commit), indent=1) + "\n", encoding="utf-8")


def evaluate_answers(
    model: GraphLanguageModel,
    graphs: Sequence[SceneGraph],
    *,
    tasks: Sequence[GraphTask] | None = None,
    controls: Sequence[str] = CONTROLS,
    batch_size: int = 64,
    max_new_tokens: int = 8,
    seed: int = 0,
) -> AnswerTable:
    """Scores a model and its controls.

    Args:
        model: any; put in evaluation mode while it answers.
        graphs: test graphs.
        tasks: asked of every graph that has an example, once each; naming, matching and answering by default.
        controls: of `CONTROLS`. Without a bridge the first two change nothing and are left out.
        batch_size: prompts that are answered together.
        max_new_tokens: of an answer.
        seed: of what tasks draw, of shuffling and noise.

    Raises:
        ValueError: no graph has anything for any task.
    """
    chosen: Sequence[GraphTask] = [NameHidden(), Match(), Answer()] if tasks is None else tasks
    systems = ["model", *(name for name in controls if model.bridge is not None or name == "paraphrased")]
    cells: dict[str, dict[str, Estimate]] = {}
    hits: dict[str, list[bool]] = {}
    questions: list[tuple[int, str]] = []
    tokens = seconds = 0.0
    for system in systems:
        asked = _examples(model, graphs, chosen, max_new_tokens, seed, paraphrased=system == "paraphrased")
        if not asked:
            if system == "model":
                raise ValueError("no test graph has anything for any task that fits the model's context")
            continue
        with _controlled(model, system, seed):
            start = time.perf_counter()
            right = _right(model, [example for _, example in asked], batch_size, max_new_tokens, system)
            spent = time.perf_counter() - start
        groups = np.array([number for number, _ in asked])
        cells[system] = {
            family: mean_interval(right[at], groups[at])
            for family, at in _families([example for _, example in asked]).items()
        }
        if system != "paraphrased":
            hits[system] = right.astype(bool).tolist()
        if system == "model":
            seconds = spent / len(asked)
            tokens = _mean_tokens(model, [example for _, example in asked])
            questions = [(number, _family(example)) for number, example in asked]
    return AnswerTable(cells, tokens, seconds, questions, hits)


def _examples(
    model: GraphLanguageModel,
    graphs: Sequence[SceneGraph],
    tasks: Sequence[GraphTask],
    new_tokens: int,
    seed: int,
    *,
    paraphrased: bool,
) -> list[tuple[int, Example]]:
    """What is asked, with the number of its graph; of tasks that have a second wording only, where that is wanted."""
    found = []
    for place, task in enumerate(tasks):
        if paraphrased and not hasattr(task, "paraphrased"):
            continue
        made = type(task)(paraphrased=True) if paraphrased else task  # type: ignore[call-arg]
        for number, graph in enumerate(graphs):
            example = made(graph, np.random.default_rng([seed, place, number]))
            if example is not None and model.writer.fits(example.prompt, example.answer, new_tokens):
                found.append((number, example))
    return found


def _right(
    model: GraphLanguageModel, asked: Sequence[Example], batch_size: int, max_new_tokens: int, label: str
) -> np.ndarray:
    """`(q,)` 1.0 where the answer is the wanted one; prompts of like length are answered together."""
    order = sorted(range(len(asked)), key=lambda i: len(asked[i].prompt))
    right = np.zeros(len(asked))
    starts = range(0, len(order), batch_size)
    for start in progress(starts, len(starts), f"answering: {label}"):
        rows = order[start : start + batch_size]
        graphs = [graph for i in rows if (graph := asked[i].graph) is not None]
        said = model.generate(graphs, [asked[i].prompt for i in rows], max_new_tokens=max_new_tokens)
        right[rows] = [asked[i].answer == answer for i, answer in zip(rows, said, strict=True)]
    return right


def _family(example: Example) -> str:
    return f"{example.task}: {example.family}" if example.family else example.task


def _families(asked: Sequence[Example]) -> dict[str, list[int]]:
    """Rows of each task, then of each family of it."""
    found: dict[str, list[int]] = {}
    for i, example in enumerate(asked):
        found.setdefault(example.task, []).append(i)
        if example.family:
            found.setdefault(_family(example), []).append(i)
    return dict(sorted(found.items()))


def _mean_tokens(model: GraphLanguageModel, asked: Sequence[Example]) -> float:
    lengths = [
        int(model.writer.write([example.graph], [example.prompt]).attention_mask.sum()) for example in asked[:500]
    ]
    return float(np.mean(lengths))


@contextmanager
def _controlled(model: GraphLanguageModel, system: str, seed: int) -> Iterator[None]:
    """While this lasts the encoder sees, or gives, something else."""
    encoder = model.encoder
    if system == "shuffled edges":
        model.encoder = _ShuffledEdges(encoder, seed)  # type: ignore[assignment]
    elif system == "noise tokens":
        model.encoder = _Noise(encoder, seed)  # type: ignore[assignment]
    try:
        yield
    finally:
        model.encoder = encoder


class _ShuffledEdges(nn.Module):
    def __init__(self, encoder: GraphTransformer, seed: int) -> None:
        super().__init__()
        self.inner, self.seed, self.seen = encoder, seed, 0

    def pack(self, graphs: Sequence[SceneGraph], grounding: bool = False) -> GraphBatch:
        drawn = [shuffle_edges(graph, (self.seed, self.seen + i)) for i, graph in enumerate(graphs)]
        self.seen += len(graphs)
        return self.inner.pack(drawn, grounding=grounding)

    def forward(self, batch: GraphBatch) -> Tensor:
        states: Tensor = self.inner(batch)
        return states


class _Noise(nn.Module):
    def __init__(self, encoder: GraphTransformer, seed: int) -> None:
        super().__init__()
        self.inner, self.generator = encoder, torch.Generator().manual_seed(seed)

    def pack(self, graphs: Sequence[SceneGraph], grounding: bool = False) -> GraphBatch:
        return self.inner.pack(graphs, grounding=grounding)

    def forward(self, batch: GraphBatch) -> Tensor:
        states: Tensor = self.inner(batch)
        noise = torch.randn(states.shape, generator=self.generator).to(states)
        return noise * states.std(0) + states.mean(0)


def _percent(estimate: Estimate | None) -> str:
    if estimate is None:
        return "-"
    return f"{100 * estimate.value:.1f} [{100 * estimate.low:.1f}, {100 * estimate.high:.1f}]"


def _key(name: str) -> str:
    return name.replace(": ", "_").replace(" ", "_")
