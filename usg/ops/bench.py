"""`usg bench ops`: graph attention beside its peers and its floor, all in one run.

Every system computes the same function on the same inputs (checked before timing): multi-head attention with one vector
per edge type added to keys and to values. Rounds are interleaved, so that whatever else the machine does falls on all
alike; a figure is the median over rounds. Peers:

* `usg-torch`: ours as it is without a compiler, where `usg` is the compiled kernels;
* `usg-1-thread`: where several threads are timed, ours on one of them, in the same rounds;
* `usg-atomic`: on a GPU, ours with gradients of keys and values added up in any order (`USG_OPS_ATOMIC=1`);
* `usg-graph`, `usg-atomic-graph`: on a GPU, ours replayed as a CUDA graph, the time of the kernels without Python;
* `pyg`: the message passing of torch_geometric's TransformerConv without its linear layers, edges sorted by target;
* `torch`: gather, multiply, `index_add` in plain autograd, what one writes first;
* `torch.compile`: the same compiled, on request;
* `torch_scatter`: the same on `segment_csr`, where that package is installed;
* `floor`: the bytes of every input, output and gradient once, over the copy bandwidth measured in this run.

With `--bias-only` the edge types have a bias and no vectors, which padded attention can express too; then `sdpa` is
`scaled_dot_product_attention` with a mask, packing and padding counted, and `sdpa-dense` the same without them; on a
GPU `flex` is FlexAttention, compiled, with the same mask made ready. With
`--layer` the whole layer is timed, its four projections and the edge types' among it, and `products` are its matrix
products alone (usg/ops/bench_layer.py).

`ratio` is a system's time over ours: the median of the ratios of the rounds. With `--clock processor` time is what the
process spent on all threads together: on a machine with other work a wall clock measures that work.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from usg.files import atomic_path
from usg.names import unknown_name
from usg.provenance import command, commit

if TYPE_CHECKING:
    from torch import Tensor

    from usg.ops.csr import CSR

__all__ = ["CASES", "CLOCKS", "Case", "main", "measure", "peak_mib", "scene_graphs", "synchronize"]


@dataclass(frozen=True)
class Case:
    """A batch of equal random graphs, or of scene graphs from a file.

    Attributes:
        graphs: number of graphs; 1 makes one large random graph.
        nodes: nodes of each.
        degree: edges into each node.
        hub: whether the first node of each graph hears all nodes of it.
        words: further nodes of each graph, each hearing all `nodes`.
        heads: H.
        width: D, of one head.
        types: T.
        skew: ends are drawn as nodes * u ** skew with u uniform; above 1 the degrees follow a power law, and `degree`
            is their mean.
        edges: instead of random ones, and the type of each; nodes, degree, hub, words and skew then say nothing.
    """

    graphs: int
    nodes: int = 0
    degree: int = 0
    hub: bool = False
    words: int = 0
    heads: int = 4
    width: int = 32
    types: int = 17
    skew: float = 1.0
    edges: tuple[CSR, Tensor] | None = None


CASES = {
    "levi": Case(graphs=96, nodes=40, degree=7, hub=True),
    "levi-words": Case(graphs=96, nodes=40, degree=7, hub=True, words=20),
    "relations": Case(graphs=256, nodes=30, degree=3, heads=8),
    "films": Case(graphs=8, nodes=2000, degree=7, hub=True, heads=8),
    "power-law": Case(graphs=1, nodes=10_000, degree=10, heads=8, skew=3.0),
    "large": Case(graphs=1, nodes=50_000, degree=10, heads=8),
}


CLOCKS: dict[str, Callable[[], float]] = {"wall": time.perf_counter, "processor": time.process_time}


def main(argv: Sequence[str]) -> int:
    """Runs `usg bench ops`; the options are those of `measure`."""
    parser = argparse.ArgumentParser(
        prog="usg bench ops", description="Graph attention beside its peers and its floor."
    )
    parser.add_argument("--case", nargs="*", default=list(CASES)[:3], metavar="NAME", help=f"of {', '.join(CASES)}")
    parser.add_argument(
        "--graphs", nargs="+", default=[], metavar="FILE", help="scene graphs; the first 96 are a further case"
    )
    parser.add_argument(
        "--threads", nargs="+", type=int, default=[1, 2], help="CPU threads, each in turn (default: 1 2)"
    )
    parser.add_argument("--rounds", type=int, default=15, help="rounds of which the median is taken (default: 15)")
    parser.add_argument("--device", default="cpu", help="cpu or cuda (default: cpu)")
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--compile", action="store_true", help="also time torch.compile of the torch system; minutes")
    parser.add_argument("--clock", choices=list(CLOCKS), default="wall", help="what seconds are (default: wall)")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--bias-only", action="store_true", help="edge types have a bias alone; adds padded attention")
    kind.add_argument("--layer", action="store_true", help="the whole layer, beside its matrix products alone")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the rows here")
    options = parser.parse_args(argv)
    kind_of_run = "layer" if options.layer else "bias-only" if options.bias_only else "core"
    rows: list[dict[str, Any]] = []
    print(f"{'case':44} {'system':14} {'ms':>9} {'M edges/s':>10} {'ratio':>7} {'peak MiB':>9}")
    cases: dict[str, Case] = {}
    for name in options.case:
        if name not in CASES:
            raise LookupError(unknown_name("case", name, CASES))
        cases[name] = CASES[name]
    for file in options.graphs:
        if Path(file).stem in cases:
            raise ValueError(f"usg bench ops: there are two cases named {Path(file).stem}; rename {file}")
        cases[Path(file).stem] = scene_graphs(file)
    for name, case in cases.items():
        for threads in options.threads if options.device == "cpu" else [1]:
            for row in measure(
                name,
                case,
                threads,
                options.rounds,
                options.device,
                options.dtype,
                options.compile,
                kind_of_run,
                options.clock,
            ):
                peak = "-" if row["peak_mib"] is None else f"{row['peak_mib']:.1f}"
                print(
                    f"{row['case']:44} {row['system']:14} {row['seconds'] * 1e3:9.3f} {row['per_second'] / 1e6:10.2f} "
                    f"{row['ratio']:7.2f} {peak:>9}",
                    flush=True,
                )
                rows.append(row)
    if options.json:
        result = {"command": command("usg bench ops", argv), "commit": commit(), "rows": rows}
        with atomic_path(options.json) as path:
            path.write_text(json.dumps(result, indent=1) + "\n")
    return 0


def scene_graphs(file: str, count: int = 96) -> Case:
    """The first graphs of a file or corpus, in Levi form.

    Raises:
        ValueError: it has fewer.
    """
    from usg.batch import Vocabulary, pack
    from usg.formats import read_graphs

    graphs = list(itertools.islice(read_graphs(file), count))
    if len(graphs) < count:
        raise ValueError(f"usg bench ops: {file} has {len(graphs)} graphs, {count} are needed for a batch")
    batch = pack(graphs, Vocabulary.from_graphs(graphs))
    return Case(graphs=count, edges=(batch.graph, batch.edge_type))


def measure(
    name: str,
    case: Case,
    threads: int = 1,
    rounds: int = 15,
    device: str = "cpu",
    dtype: str = "float32",
    compiled: bool = False,
    kind: str = "core",
    clock: str = "wall",
) -> list[dict[str, Any]]:
    """Times every system on one case, forward alone and forward with backward.

    Args:
        name: goes into the rows.
        case: the batch.
        threads: CPU threads.
        rounds: rounds of which the median is taken.
        device: torch device.
        dtype: torch type of the inputs.
        compiled: also time `torch.compile` of the plain torch system.
        kind: `"core"`, `"bias-only"` or `"layer"`.
        clock: `"wall"`, or `"processor"`, of all threads together.

    Returns:
        Rows `{"case", "system", "seconds", "per_second" (edges), "ratio", "peak_mib"}`; the peak is what one call
        needs above its inputs, None where the system cannot tell.

    Raises:
        ValueError: a peer computes something else, or there is no such device.
    """
    import torch

    from usg.ops import bench_layer, bench_systems

    if torch.device(device).type == "cuda" and not torch.cuda.is_available():
        raise ValueError("usg bench ops: --device cuda, but torch sees no CUDA device; use --device cpu")
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        inputs: Any
        if kind == "layer":
            inputs, systems = bench_layer.build(case, device, getattr(torch, dtype), compiled)
        else:
            inputs, systems = bench_systems.build(
                case, device, getattr(torch, dtype), compiled, tables=kind != "bias-only"
            )
        bandwidth = _copy_bandwidth(device)
        where = device if device != "cpu" else f"cpu, {threads} thread{'s' if threads > 1 else ''}"
        label = name if kind == "core" else f"{name} {kind}"
        rows = []
        for direction in ("forward", "forward+backward"):
            calls = {system: _call(system, direction, run, inputs) for system, run in systems.items()}
            if direction == "forward":  # which does not add up so
                calls.pop("usg-atomic", None)
            if threads > 1:
                calls["usg-1-thread"] = functools.partial(_on_one_thread, calls["usg"], threads)
            if torch.device(device).type == "cuda":
                calls |= {f"{name}-graph": _captured(calls[name]) for name in ("usg", "usg-atomic") if name in calls}
            if kind == "layer":
                calls["products"] = functools.partial(bench_layer.products, direction, inputs)
            times = _interleave(calls, rounds, device, CLOCKS[clock])
            if kind != "layer":
                times["floor"] = [bench_systems.floor_bytes(direction, inputs) / bandwidth] * rounds
            for system, seconds in times.items():
                median = statistics.median(seconds)
                rows.append(
                    {
                        "case": f"{label}, {direction}, {dtype}, {where}",
                        "system": system,
                        "seconds": median,
                        "per_second": inputs.graph.num_edges / median,
                        "ratio": statistics.median(a / b for a, b in zip(seconds, times["usg"], strict=True)),
                        "peak_mib": peak_mib(calls[system], device) if system in calls else None,
                    }
                )
        return rows
    finally:
        torch.set_num_threads(before)


def _call(system: str, direction: str, run: Callable[[], Tensor], inputs: Any) -> Callable[[], object]:
    import torch

    from usg.ops.bench_systems import chosen

    def forward() -> object:
        with chosen(system), torch.no_grad():
            return run()

    def forward_and_backward() -> object:
        with chosen(system):
            return torch.autograd.grad(run(), inputs.leaves, inputs.grad, allow_unused=True)

    return forward if direction == "forward" else forward_and_backward


def _on_one_thread(call: Callable[[], object], before: int) -> None:
    import torch

    torch.set_num_threads(1)
    call()
    torch.set_num_threads(before)


def _captured(call: Callable[[], object]) -> Callable[[], object]:
    """A call that launches CUDA kernels, as a CUDA graph; torch wants it warmed up on another stream."""
    import torch

    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            call()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        call()
    return graph.replay


def _interleave(
    calls: dict[str, Callable[[], object]], rounds: int, device: str, clock: Callable[[], float]
) -> dict[str, list[float]]:
    """Seconds of each call in each round, one of each per round after two rounds to warm up."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for round_ in range(rounds + 2):
        for name, call in calls.items():
            synchronize(device)
            start = clock()
            call()
            synchronize(device)
            if round_ >= 2:
                times[name].append(clock() - start)
    return times


def _copy_bandwidth(device: str) -> float:
    """Bytes read and written per second by a copy too large for any cache; the best of seven."""
    import torch

    source = torch.ones(2**25, device=device)
    target = torch.empty_like(source)
    best = float("inf")
    for _ in range(7):
        synchronize(device)
        start = time.perf_counter()
        target.copy_(source)
        synchronize(device)
        best = min(best, time.perf_counter() - start)
    return 2 * source.numel() * source.element_size() / best


def synchronize(device: str) -> None:
    """Waits until a GPU has done what it was given; a CPU has."""
    import torch

    if torch.device(device).type == "cuda":
        torch.cuda.synchronize()


def peak_mib(call: Callable[[], object], device: str) -> float | None:
    """MiB that a call holds at most above what was held before it."""
    import torch

    if torch.device(device).type == "cuda":
        torch.cuda.reset_peak_memory_stats()
        held = torch.cuda.memory_allocated()
        call()
        return (torch.cuda.max_memory_allocated() - held) / 2**20
    # Linux only: writing 5 sets the high-water mark of resident memory to what is resident now.
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return None
    held = _resident("VmRSS")
    call()
    return (_resident("VmHWM") - held) / 1024


def _resident(key: str) -> int:
    """KiB of this process from /proc."""
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith(key)).split()[1])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
