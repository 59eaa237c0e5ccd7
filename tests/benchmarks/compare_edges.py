"""What the graph transformer should hear: typed edges alone, two-hop edges too, or every node of the graph.

    python tests/benchmarks/compare_edges.py --steps 3000 --json compare_edges.json

Three tiny models of the same seed are pretrained on the same batches of world scenes, one step each in turn so that
whatever else the machine does falls on all alike; then each names hidden nodes of held-out scenes, boxes hidden. Typed
edges always include the graph node, which hears and is heard by all.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any

import torch

from usg.batch import Vocabulary
from usg.metrics import mean_interval
from usg.nn import graph_transformer_tiny
from usg.pretrain.evaluation import guess
from usg.pretrain.examples import KIND_NAMES, masked_examples
from usg.pretrain.objectives import Draws, MaskedNode
from usg.progress import progress
from usg.world import scenes

MODES: dict[str, dict[str, bool]] = {"typed": {}, "two_hop": {"two_hop": True}, "dense": {"dense": True}}


def compare(
    steps: int, train: int, test: int, batch_size: int, learning_rate: float, seed: int
) -> list[dict[str, Any]]:
    """Rows of seconds a step, edges a graph, and accuracy with its 95 % interval per kind of node."""
    graphs = list(scenes(train, "train", seed))
    vocabulary = Vocabulary.from_graphs(graphs)
    examples = masked_examples(scenes(test, "iid", seed + 1), per_graph=1, seed=seed)
    objective = MaskedNode()
    runs = {}
    for name, edges in MODES.items():
        torch.manual_seed(seed)
        model = graph_transformer_tiny(vocabulary, **edges)
        optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate, weight_decay=0.01, fused=True)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, learning_rate, total_steps=steps, pct_start=0.1)
        runs[name] = (model, optimizer, schedule, [], [])
    order = torch.Generator().manual_seed(seed)
    for step in progress(range(steps), label="steps"):
        chosen = [graphs[i] for i in torch.randint(train, (batch_size,), generator=order)]
        for model, optimizer, schedule, seconds, edges_seen in runs.values():
            batch = model.pack(chosen, grounding=False)
            draws = Draws(seed * steps + step, batch)
            targets = objective.corrupt(batch, draws.graphs(), draws)
            start = time.perf_counter()
            loss, _ = objective.loss(model, model(targets.batch), targets)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            seconds.append(time.perf_counter() - start)
            schedule.step()
            edges_seen.append(batch.num_edges / batch.num_graphs)
    rows = []
    for name, (model, _, _, seconds, edges_seen) in runs.items():
        row: dict[str, Any] = {"edges": name, "seconds_per_step": statistics.median(seconds)}
        row["edges_per_graph"] = statistics.mean(edges_seen)
        for kind, kind_name in KIND_NAMES.items():
            right = [g == e.answer for g, e in zip(guess(model, examples[kind]), examples[kind], strict=True)]
            accuracy = mean_interval(right, [e.group for e in examples[kind]])
            row[kind_name] = {"value": accuracy.value, "low": accuracy.low, "high": accuracy.high, "n": len(right)}
        rows.append(row)
    return rows


def main() -> None:
    """Reads the options, prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--train", type=int, default=20000, help="scenes to train on")
    parser.add_argument("--test", type=int, default=2000, help="held-out scenes")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    rows = compare(options.steps, options.train, options.test, options.batch_size, options.learning_rate, options.seed)
    for row in rows:
        cells = "  ".join(
            f"{name} {100 * row[name]['value']:.1f} [{100 * row[name]['low']:.1f}, {100 * row[name]['high']:.1f}]"
            for name in KIND_NAMES.values()
        )
        print(f"{row['edges']:8} {row['edges_per_graph']:6.0f} edges {1e3 * row['seconds_per_step']:6.0f} ms  {cells}")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
