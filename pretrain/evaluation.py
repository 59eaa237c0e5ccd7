"""The table of masked prediction: the model beside counting baselines, its own shuffled-edge control and the ceiling.

Protocol: one node is hidden at a time (for a relation also every other relation between its two objects, with the spans
and boxes of what is hidden), everything else is seen; all systems answer the same examples. Accuracy is top-1 among
labels of the kind; a label that the training graphs never had counts as wrong. Intervals are 95 % bootstrap intervals
over graphs, the difference to one-hop naive Bayes is paired.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from usg.batch import GraphBatch
from usg.batch.vocabulary import MASK_INDEX
from usg.files import atomic_path
from usg.graph import NodeKind, SceneGraph
from usg.metrics import Estimate, mean_interval, paired_difference
from usg.metrics.markdown import percent
from usg.nn import GraphTransformer
from usg.pretrain.baselines import counting_baselines
from usg.pretrain.examples import KIND_NAMES, MaskedExample, facts, masked_examples, shuffled
from usg.progress import progress
from usg.provenance import record_of

PROTOCOL = "one node hidden at a time, top-1 among labels of its kind"


@dataclass(frozen=True)
class MaskedPredictionTable:
    """Accuracy by system and kind.

    Attributes:
        cells: system -> kind name -> accuracy with its interval.
        over_naive_bayes: kind name -> the model's accuracy minus that of one-hop naive Bayes, paired.
        over_naive_bayes_unseen: the same on the test graphs whose facts no training graph has; empty when all are new.
        shuffled: share of the masked nodes whose graph the shuffled-edge control changed.
        grounding: whether boxes, times and spans were seen.
    """

    cells: Mapping[str, Mapping[str, Estimate]]
    over_naive_bayes: Mapping[str, Estimate]
    over_naive_bayes_unseen: Mapping[str, Estimate]
    shuffled: float
    grounding: bool = False

    def to_text(self) -> str:
        """The table as aligned text, in per cent."""
        kinds = list(self.cells["model"])
        differences = {"model - naive_bayes": self.over_naive_bayes}
        if self.over_naive_bayes_unseen:
            differences["the same, new graphs"] = self.over_naive_bayes_unseen
        width = max(len(name) for name in [*self.cells, *differences])
        lines = [f"{'masked':{width}}" + "".join(f"{kind:>24}" for kind in kinds)]
        for system, cells in self.cells.items():
            lines.append(f"{system:{width}}" + "".join(f"{percent(cells.get(kind)):>24}" for kind in kinds))
        for name, by_kind in differences.items():
            lines.append(f"{name:{width}}" + "".join(f"{percent(by_kind.get(kind), True):>24}" for kind in kinds))
        counts = ", ".join(f"{self.cells['model'][kind].n:,} {kind}s" for kind in kinds)
        seen = "boxes, times and spans seen" if self.grounding else "boxes, times and spans hidden"
        lines.append(f"{counts}; {PROTOCOL}; {seen}; 95 % intervals over graphs")
        lines.append(f"shuffling changed the graphs of {100 * self.shuffled:.0f} % of the nodes")
        if self.over_naive_bayes_unseen:
            news = ", ".join(f"{e.n:,} {kind}s" for kind, e in self.over_naive_bayes_unseen.items())
            lines.append(f"new graphs: those whose facts no training graph has, {news}")
        return "\n".join(lines)

    def to_dict(self, command: str, seed: int | None = None) -> dict[str, Any]:
        """The table in the shape `--json` files have, as a record for `usg pretrain results`.

        Args:
            command: that made it.
            seed: that the model was trained with, where it is known.
        """
        baselines = {name: cells for name, cells in self.cells.items() if name != "model"}
        metrics = {f"{kind}_accuracy": estimate.to_dict() for kind, estimate in self.cells["model"].items()}
        metrics |= {f"{kind}_over_naive_bayes": e.to_dict() for kind, e in self.over_naive_bayes.items()}
        metrics |= {f"{kind}_over_naive_bayes_unseen": e.to_dict() for kind, e in self.over_naive_bayes_unseen.items()}
        return {
            **record_of(command),
            "seed": seed,
            "protocol": PROTOCOL + ("" if self.grounding else ", groundings hidden"),
            "n": sum(estimate.n for estimate in self.cells["model"].values()),
            "shuffled": self.shuffled,
            "metrics": metrics,
            "baselines": {
                name: {f"{kind}_accuracy": estimate.value for kind, estimate in cells.items()}
                for name, cells in baselines.items()
            },
        }

    def write_json(self, path: Path | str, command: str, seed: int | None = None) -> None:
        """Write `to_dict` to a file, whole or not at all."""
        with atomic_path(path) as temporary:
            Path(temporary).write_text(json.dumps(self.to_dict(command, seed), indent=1) + "\n", encoding="utf-8")


def evaluate_masked(
    model: GraphTransformer,
    train: Collection[SceneGraph],
    test: Sequence[SceneGraph],
    *,
    per_graph: int | None = None,
    grounding: bool = False,
    ceiling: Callable[[MaskedExample], str] | None = None,
    batch_size: int = 256,
    seed: int = 0,
) -> MaskedPredictionTable:
    """Score a model and every baseline on the masked nodes of `test`.

    Args:
        model: the encoder with its label head; put in evaluation mode here.
        train: the graphs that the baselines count.
        test: the graphs whose nodes are hidden.
        per_graph: at most so many nodes of each kind per graph; `None` takes all.
        grounding: whether the model sees boxes, times and spans. Counting baselines never do.
        ceiling: the best possible guess for an example, where it is known; relations have none.
        batch_size: graphs in one forward pass.
        seed: of the choice of nodes and of the shuffled edges.

    Raises:
        ValueError: the test graphs have no node to hide.
    """
    examples = {kind: found for kind, found in masked_examples(test, per_graph=per_graph, seed=seed).items() if found}
    if not examples:
        raise ValueError("no node to hide in the test graphs: they are empty; check the path with `usg check`")
    guesses: dict[str, dict[NodeKind, list[str]]] = {"model": {}, "model_shuffled_edges": {}}
    changed: list[bool] = []
    for kind, found in examples.items():
        guesses["model"][kind] = guess(model, found, grounding=grounding, batch_size=batch_size)
        control = shuffled(found, seed=seed)
        changed += [one.graph != other.graph for one, other in zip(found, control, strict=True)]
        guesses["model_shuffled_edges"][kind] = guess(model, control, grounding=grounding, batch_size=batch_size)
    for system, by_kind in counting_baselines(train, list(examples)).items():
        guesses[system] = {kind: predict(examples[kind]) for kind, predict in by_kind.items()}
    if ceiling is not None:
        kinds = [kind for kind in examples if kind != NodeKind.RELATION]
        guesses["exact_ceiling"] = {
            kind: [ceiling(example) for example in progress(examples[kind], len(examples[kind]), "exact ceiling")]
            for kind in kinds
        }
    asked = {facts(graph) for graph in test}
    seen = {number for number in map(facts, train) if number in asked}
    return _table(examples, guesses, seen, float(np.mean(changed)), grounding)


def _table(
    examples: Mapping[NodeKind, list[MaskedExample]],
    guesses: Mapping[str, Mapping[NodeKind, list[str]]],
    seen: set[int],
    changed: float,
    grounding: bool,
) -> MaskedPredictionTable:
    right: dict[str, dict[NodeKind, np.ndarray]] = {
        system: {
            kind: np.array([g == e.answer for g, e in zip(found, examples[kind], strict=True)], dtype=np.float64)
            for kind, found in by_kind.items()
        }
        for system, by_kind in guesses.items()
    }
    groups = {kind: np.array([example.group for example in found]) for kind, found in examples.items()}
    cells = {
        system: {KIND_NAMES[kind]: mean_interval(hits, groups[kind]) for kind, hits in by_kind.items()}
        for system, by_kind in right.items()
    }
    over, over_unseen = {}, {}
    for kind, hits in right["model"].items():
        if kind not in right.get("naive_bayes", {}):
            continue
        bayes, name = right["naive_bayes"][kind], KIND_NAMES[kind]
        over[name] = paired_difference(hits, bayes, groups[kind])
        new = np.array([facts(example.graph) not in seen for example in examples[kind]])
        if seen and new.any():
            over_unseen[name] = paired_difference(hits[new], bayes[new], groups[kind][new])
    return MaskedPredictionTable(cells, over, over_unseen, changed, grounding)


def guess(
    model: GraphTransformer, examples: Sequence[MaskedExample], *, grounding: bool = False, batch_size: int = 256
) -> list[str]:
    """The model's most probable label for each hidden node; all examples of one kind."""
    return [top[0] for top in guess_top(model, examples, k=1, grounding=grounding, batch_size=batch_size)]


@torch.inference_mode()
def guess_top(
    model: GraphTransformer,
    examples: Sequence[MaskedExample],
    *,
    k: int = 5,
    grounding: bool = False,
    batch_size: int = 256,
) -> list[list[str]]:
    """The model's k most probable labels for each hidden node, best first; all examples of one kind."""
    was_training = model.training
    model.eval()
    tops: list[list[str]] = []
    for start in range(0, len(examples), batch_size):
        chunk = examples[start : start + batch_size]
        batch, nodes = hide(model.pack([example.graph for example in chunk], grounding=grounding), chunk)
        logits = model.label_logits(model(batch)[nodes], chunk[0].kind)
        best = logits.topk(min(k, logits.shape[1])).indices.tolist()
        tops += [[model.vocabulary.label(i) for i in row] for row in best]
    model.train(was_training)
    return tops


def hide(batch: GraphBatch, examples: Sequence[MaskedExample]) -> tuple[GraphBatch, torch.Tensor]:
    """Hide one example in each graph of a packed batch; also gives the `(g,)` numbers of the nodes asked for."""
    offsets = batch.offsets.tolist()
    device = batch.device
    nodes = torch.tensor([o + e.node for o, e in zip(offsets, examples, strict=False)], device=device)
    hidden = torch.tensor(
        [o + node for o, e in zip(offsets, examples, strict=False) for node in e.hidden], device=device
    )
    is_hidden = torch.zeros(batch.num_nodes, dtype=torch.bool, device=device)
    is_hidden[hidden] = True
    return replace(batch.ungrounded(is_hidden), label=batch.label.masked_fill(is_hidden, MASK_INDEX)), nodes
