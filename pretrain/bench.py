"""`usg bench pretrain`: steps of masked pretraining, beside the same steps with layers of PyTorch Geometric.

Every system trains on the same batches of the world's graphs with the same masks (`MaskedNode`), embedding of nodes and
head; only the layers in between differ (pretrain/bench_systems.py), which are as wide, as many and have as many heads:

* `usg`: the graph transformer;
* `TransformerConv`: that layer of torch_geometric with embeddings of edge types as features, in our frame;
* `TransformerConv, narrow`: the same with features as wide as a head, which are cheaper to project edge by edge;
* `GPSConv`: GINEConv along the edges beside full attention over padded graphs.

In a round each system in turn does a few steps as training does them: it waits for the next batch, which a thread packs
while the last one is learnt from, goes forward, and backward with clipped gradients and AdamW. A figure is the median
over rounds, `ratio` the median over rounds of a system's time over ours, `share` what a part is of the step, and
`parameters` are weights without the label table, which all have. `peak_mib` is from a fresh process for each system:
what three steps hold at most, weights and all, above what was held before the model was made.

With `--clock processor` time is what the process spent on all threads together: on a machine with other work a wall
clock measures that work. Packing then counts to the part beside which it was done, and waiting takes no time.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from usg.files import atomic_path
from usg.ops.bench import CLOCKS, peak_mib, synchronize
from usg.parsers.benchmark import in_fresh_process, positive
from usg.provenance import command, commit

if TYPE_CHECKING:
    from torch.optim import Optimizer

    from usg.pretrain.data import GraphDataModule, NumberedBatch
    from usg.pretrain.module import PretrainingModule
    from usg.training.loader import ShuffledBatches

__all__ = ["main", "measure"]

_PARTS = ("forward", "backward", "input")
_STEPS_FOR_PEAK = 3  # the second is the first that finds the optimiser's state in memory


def main(argv: Sequence[str]) -> int:
    """Runs `usg bench pretrain`; the options are those of `measure`."""
    parser = argparse.ArgumentParser(prog="usg bench pretrain", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--size", default="small", help="tiny, small or base (default: small)")
    parser.add_argument("--batch-size", type=int, default=64, metavar="N", help="graphs in a step (default: 64)")
    parser.add_argument(
        "--captions",
        nargs="+",
        type=int,
        default=[0],
        metavar="N",
        help="captions beside each graph, whose words hear it and are not heard; each number in turn (default: 0)",
    )
    parser.add_argument("--steps", type=int, default=5, help="steps of a system in a round (default: 5)")
    parser.add_argument("--rounds", type=int, default=7, help="rounds of which the median is taken (default: 7)")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default: 1)")
    parser.add_argument("--device", default="cpu", help="cpu or cuda (default: cpu)")
    parser.add_argument("--clock", choices=list(CLOCKS), default="wall", help="what seconds are (default: wall)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the rows here")
    options = parser.parse_args(argv)
    rows: list[dict[str, Any]] = []
    print(
        f"{'case':58} {'system':24} {'ms':>9} {'graphs/s':>9} {'ratio':>6} {'share':>6} {'peak MiB':>9} {'weights':>10}"
    )
    for captions in options.captions:
        found = measure(
            options.size,
            options.batch_size,
            captions,
            options.steps,
            options.rounds,
            options.threads,
            options.device,
            options.clock,
        )
        for row in found:
            peak = "-" if row["peak_mib"] is None else f"{row['peak_mib']:.0f}"
            print(
                f"{row['case']:58} {row['system']:24} {row['seconds'] * 1e3:9.2f} {row['per_second']:9.0f} "
                f"{row['ratio']:6.2f} {row['share']:6.1%} {peak:>9} {row['parameters']:10,}",
                flush=True,
            )
        rows += found
    if options.json:
        result = {"command": command("usg bench pretrain", argv), "commit": commit(), "rows": rows}
        with atomic_path(options.json) as path:
            path.write_text(json.dumps(result, indent=1) + "\n")
    return 0


def measure(
    size: str = "small",
    batch_size: int = 64,
    captions: int = 0,
    steps: int = 5,
    rounds: int = 7,
    threads: int = 1,
    device: str = "cpu",
    clock: str = "wall",
) -> list[dict[str, Any]]:
    """Times and weighs every system.

    Args:
        size: of the encoder, as in `usg.nn.SIZES`.
        batch_size: graphs in a step.
        captions: captions beside each graph; their words are nodes that hear the graph and that no node hears.
        steps: steps of a system in a round.
        rounds: rounds of which the median is taken.
        threads: CPU threads; the input pipeline has one more.
        device: torch device.
        clock: `"wall"`, or `"processor"`, of all threads together.

    Returns:
        Rows `{"case", "system", "seconds" (of a step), "per_second" (graphs), "ratio", "peak_mib", "share",
        "parameters"}`: for each system the whole step, and its parts forward, backward and input.

    Raises:
        ValueError: a number is too small, or there is no such device.
        LookupError: there is no such size.
    """
    import torch

    from usg.nn import sized_config
    from usg.pretrain.bench_systems import SYSTEMS

    counts = {"--batch-size": batch_size, "--steps": steps, "--rounds": rounds, "--threads": threads}
    positive("usg bench pretrain", counts)
    if captions < 0:
        raise ValueError(f"usg bench pretrain: --captions {captions}; expected a whole number >= 0")
    sized_config(size)
    if torch.device(device).type == "cuda" and not torch.cuda.is_available():
        raise ValueError("usg bench pretrain: --device cuda, but torch sees no CUDA device; use --device cpu")
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with tempfile.TemporaryDirectory() as folder:
            setting = _Setting(size, batch_size, captions, threads, device, clock, Path(folder))
            trainings = {name: _Training(name, setting) for name in SYSTEMS}
            times: dict[str, list[dict[str, float]]] = {name: [] for name in SYSTEMS}
            for round_ in range(rounds + 1):
                for name, training in trainings.items():
                    taken = training.run(steps)
                    times[name] += [taken] if round_ else []
            peaks = {name: in_fresh_process(_peak, name, setting) for name in SYSTEMS}
    finally:
        torch.set_num_threads(before)
    return _rows(setting, times, peaks, {name: each.module.model.num_parameters for name, each in trainings.items()})


@dataclass(frozen=True)
class _Setting:
    """What is trained on, and where; `folder` holds the scenes, which are sampled once."""

    size: str
    batch_size: int
    captions: int
    threads: int
    device: str
    clock: str
    folder: Path

    def data(self) -> GraphDataModule:
        from usg.pretrain.corpora import WorldScenes
        from usg.pretrain.data import GraphDataModule

        scenes = WorldScenes(train=32 * self.batch_size, val=1, captions=self.captions, questions=0)
        return GraphDataModule(
            world=scenes,
            batch_size=self.batch_size,
            captions=self.captions > 0,
            captions_per_graph=max(self.captions, 1),
            cache=str(self.folder),
        )

    def __str__(self) -> str:
        where = f"{self.threads} thread{'s' if self.threads > 1 else ''}" if self.device == "cpu" else self.device
        words = f" with {self.captions} caption{'s' if self.captions > 1 else ''}" if self.captions else ""
        return f"{self.size}, {self.batch_size} graphs{words}, {where}"


class _Training:
    """One system on its way through the batches: model, optimiser, loader."""

    def __init__(self, system: str, setting: _Setting, data: GraphDataModule | None = None) -> None:
        import torch

        from usg.nn import sized_config
        from usg.pretrain.bench_systems import SYSTEMS
        from usg.pretrain.module import PretrainingModule
        from usg.pretrain.objectives import MaskedNode
        from usg.training.optimizer import OptimizerSettings, build_optimizer

        data = data or setting.data()
        self.device, self.clock = setting.device, CLOCKS[setting.clock]
        self.module: PretrainingModule = PretrainingModule(setting.size, objectives=[MaskedNode()])
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self.module.encoder = SYSTEMS[system](sized_config(setting.size), data.vocabulary)
        self.module.to(self.device).train()
        self.optimizer: Optimizer = build_optimizer(self.module, OptimizerSettings(), 10_000)["optimizer"]
        self.loader: ShuffledBatches[NumberedBatch] = data.train_dataloader()
        self.done = 0

    def run(self, steps: int) -> dict[str, float]:
        """So many steps; mean seconds of each part of one. The first batch is waited for before."""
        import torch

        self.loader.length = steps + 1
        batches = iter(self.loader)
        batch = next(batches).to(self.device)
        marks = [self._now()]
        for _ in range(steps):
            loss, _ = self.module.losses(batch.graphs, self.module.draws(batch, self.done))
            marks.append(self._now())
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.module.parameters(), 1.0)
            self.optimizer.step()
            self.optimizer.zero_grad()
            self.done += 1
            marks.append(self._now())
            batch = next(batches).to(self.device)
            marks.append(self._now())
        parts = [after - before for before, after in itertools.pairwise(marks)]
        return {part: sum(parts[i::3]) / steps for i, part in enumerate(_PARTS)}

    def _now(self) -> float:
        synchronize(self.device)
        return self.clock()


def _peak(system: str, setting: _Setting) -> float | None:
    """MiB that a few steps hold, in a process that has done nothing else."""
    import torch
    import torch_geometric.nn  # noqa: F401 (its modules are no part of what a system needs)

    torch.set_num_threads(setting.threads)
    data = setting.data()
    next(iter(data.train_dataloader()))
    return peak_mib(lambda: _Training(system, setting, data).run(_STEPS_FOR_PEAK), setting.device)


def _rows(
    setting: _Setting,
    times: Mapping[str, Sequence[Mapping[str, float]]],
    peaks: Mapping[str, float | None],
    parameters: Mapping[str, int],
) -> list[dict[str, Any]]:
    """The rows: of the whole step, then of its parts; times are those of each round, by system and part."""
    rows = []
    for part in ("step", *_PARTS):
        taken = {name: [sum(t.values()) if part == "step" else t[part] for t in times[name]] for name in times}
        for name, seconds in taken.items():
            step = [sum(round_.values()) for round_ in times[name]]
            rows.append(
                {
                    "case": f"{setting}: {part}",
                    "system": name,
                    "seconds": statistics.median(seconds),
                    "per_second": setting.batch_size / statistics.median(seconds),
                    "ratio": statistics.median(a / b for a, b in zip(seconds, taken["usg"], strict=True)),
                    "peak_mib": peaks[name] if part == "step" else None,
                    "share": statistics.median(a / b for a, b in zip(seconds, step, strict=True)),
                    "parameters": parameters[name],
                }
            )
    return rows


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
