"""`usg bench batch`: packing beside one forward pass over the same batches, and beside PyG's collation.

World scenes are packed in batches, as training packs them:

* `pack_columns`: from the columns of a corpus in memory, what training does; the other systems are compared with it;
* `read, pack_columns`: the same, with the columns gathered from the corpus's shards in random order;
* `pack`: from `SceneGraph` objects;
* `pyg`: `Batch.from_data_list` of torch_geometric on `Data` objects that hold the finished tensors of each graph, edges
  unsorted: collation alone, without reading labels or groundings;
* `forward`, `forward+backward`: the tiny model over the packed batches.

Rounds are interleaved, so that whatever else the machine does falls on all alike; a figure is the median over rounds.
`ratio` is a system's time over that of `pack_columns`: packing is cheap enough where that of `forward` is well above 1.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from usg.files import atomic_path
from usg.provenance import command, commit

if TYPE_CHECKING:
    from torch_geometric.data import Data

    from usg.batch.graph_batch import GraphBatch
    from usg.batch.texts import Texts

QUESTION = "What colour is the {}? <mask>"


def main(argv: Sequence[str]) -> int:
    """Runs `usg bench batch`; the options are those of `measure`."""
    parser = argparse.ArgumentParser(prog="usg bench batch", description="Packing beside one forward pass, and PyG.")
    parser.add_argument("--graphs", type=int, default=1000, help="world scenes (default: 1000)")
    parser.add_argument("--batch-size", type=int, default=64, help="graphs in a batch (default: 64)")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads of the model (default: 1)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of which the median is taken (default: 5)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the rows here")
    options = parser.parse_args(argv)
    rows = measure(options.graphs, options.batch_size, options.threads, options.rounds)
    print(f"{'case':44} {'system':20} {'seconds':>9} {'graphs/s':>10} {'ratio':>7}")
    for row in rows:
        print(
            f"{row['case']:44} {row['system']:20} {row['seconds']:9.4f} {row['per_second']:10.0f} {row['ratio']:7.2f}"
        )
    if options.json:
        result = {"command": command("usg bench batch", argv), "commit": commit(), "rows": rows}
        with atomic_path(options.json) as path:
            path.write_text(json.dumps(result, indent=1) + "\n")
    return 0


def measure(graphs: int = 1000, batch_size: int = 64, threads: int = 1, rounds: int = 5) -> list[dict[str, Any]]:
    """Times every system, without words, and with a caption or a question beside each graph.

    Args:
        graphs: number of world scenes.
        batch_size: graphs in a batch.
        threads: CPU threads of the model; packing always uses one.
        rounds: rounds of which the median is taken.

    Returns:
        Rows `{"case", "system", "seconds", "per_second" (graphs), "ratio", "peak_mib" (None)}`.

    Raises:
        ValueError: a number is not positive.
    """
    import torch

    from usg.batch import Vocabulary, pack, pack_columns
    from usg.corpus import Corpus, CorpusWriter
    from usg.nn import graph_transformer_tiny
    from usg.world import scenes

    for name, value in (("graphs", graphs), ("batch-size", batch_size), ("threads", threads), ("rounds", rounds)):
        if value < 1:
            raise ValueError(f"usg bench batch: --{name} {value}; expected a whole number >= 1")
    sampled = list(scenes(graphs, "train", 0, captions=1))
    captions: list[Texts] = [0] * graphs
    questions: list[Texts] = [QUESTION.format(graph.objects[0].label) for graph in sampled]
    vocabulary = Vocabulary.from_graphs(sampled, [QUESTION])
    chunks = [np.arange(first, min(first + batch_size, graphs)) for first in range(0, graphs, batch_size)]
    shuffled = np.array_split(np.random.default_rng(0).permutation(graphs), len(chunks))
    torch.manual_seed(0)
    model = graph_transformer_tiny(vocabulary)
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        with CorpusWriter(Path(folder) / "corpus") as writer:
            writer.write_all(sampled)
        corpus = Corpus(Path(folder) / "corpus")
        columns = [corpus.columns(chunk) for chunk in chunks]
        cases = (("scenes", None), ("scenes, a caption each", captions), ("scenes, a question each", questions))
        for what, texts in cases:

            def beside(chunk: Iterable[int], texts: list[Texts] | None = texts) -> list[Texts] | None:
                return None if texts is None else [texts[i] for i in chunk]

            def packed(beside: Callable[..., list[Texts] | None] = beside) -> list[GraphBatch]:
                return [pack([sampled[i] for i in chunk], vocabulary, words=beside(chunk)) for chunk in chunks]

            def packed_columns(beside: Callable[..., list[Texts] | None] = beside) -> list[GraphBatch]:
                return [
                    pack_columns(some, vocabulary, words=beside(chunk))
                    for some, chunk in zip(columns, chunks, strict=True)
                ]

            def read(beside: Callable[..., list[Texts] | None] = beside) -> list[GraphBatch]:
                return [pack_columns(corpus.columns(chunk), vocabulary, words=beside(chunk)) for chunk in shuffled]

            batches = packed_columns()
            data = [[_data(pack([sampled[i]], vocabulary, words=beside([int(i)]))) for i in chunk] for chunk in chunks]
            calls: dict[str, Callable[[], object]] = {
                "pack_columns": packed_columns,
                "read, pack_columns": read,
                "pack": packed,
                "pyg": lambda data=data: [_collate(some) for some in data],  # type: ignore[misc]
                "forward": lambda batches=batches: _forward(model, batches),  # type: ignore[misc]
                "forward+backward": lambda batches=batches: _backward(model, batches),  # type: ignore[misc]
            }
            times = _interleave(calls, rounds, threads)
            rows += [
                {
                    "case": f"{graphs} {what}, {threads} thread{'s' if threads > 1 else ''}",
                    "system": system,
                    "seconds": seconds,
                    "per_second": graphs / seconds,
                    "ratio": seconds / times["pack_columns"],
                    "peak_mib": None,
                }
                for system, seconds in times.items()
            ]
    return rows


def _forward(model: Any, batches: list[GraphBatch]) -> None:
    import torch

    model.eval()
    with torch.no_grad():
        for batch in batches:
            model(batch)


def _backward(model: Any, batches: list[GraphBatch]) -> None:
    model.train()
    for batch in batches:
        model(batch).square().mean().backward()
        model.zero_grad()


def _data(batch: GraphBatch) -> Data:
    """One packed graph as PyG holds it."""
    import torch
    from torch_geometric.data import Data

    edges = {"graph", "edge_type", "node_graph", "offsets", "unseen_subwords", "unseen_offsets", "vocabulary_size"}
    names = [field.name for field in dataclasses.fields(batch) if field.name not in edges]
    edge_index = torch.stack([batch.graph.col, batch.graph.row_index]).long()
    values = {name: getattr(batch, name) for name in names}
    return Data(edge_index=edge_index, edge_type=batch.edge_type, num_nodes=batch.num_nodes, **values)


def _collate(data: list[Data]) -> object:
    from torch_geometric.data import Batch

    return Batch.from_data_list(data)


def _interleave(calls: dict[str, Callable[[], object]], rounds: int, threads: int) -> dict[str, float]:
    """Median seconds of each call, one of each per round after one round to warm up."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    times: dict[str, list[float]] = {name: [] for name in calls}
    try:
        for round_ in range(rounds + 1):
            for name, call in calls.items():
                start = time.perf_counter()
                call()
                if round_:
                    times[name].append(time.perf_counter() - start)
    finally:
        torch.set_num_threads(before)
    return {name: statistics.median(values) for name, values in times.items()}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
