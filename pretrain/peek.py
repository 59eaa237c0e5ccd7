"""What a pretraining will do, seen before it is run: an example, a batch, parameters, memory, speed and time.

    usg peek --config pretrain/world
    usg peek --config pretrain/world --model.size small --data.batch_size 128 -o masked.svg

It takes what `usg pretrain fit` takes, builds data and model, shows an example as the model will read it, and does a
few real steps (usg/training/rehearsal.py). Scenes that are sampled and files that are converted stay in `data.cache`,
where the run will find them; the run folder is left as it is.
"""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from usg.training.arguments import SUBCOMMANDS

if TYPE_CHECKING:
    from lightning.pytorch import LightningModule, Trainer

    from usg.training.rehearsal import Measured

__all__ = ["main", "measured_text", "wrapped"]


def main(argv: Sequence[str]) -> int:
    """Runs `usg peek` with the words after it; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="usg peek",
        description=(__doc__ or "").partition("\n")[0],
        epilog="All other words are those of `usg pretrain fit`, --config first of all.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("peek.svg"),
        metavar="FILE",
        help="the picture of the example's graph (default: peek.svg)",
    )
    parser.add_argument("--steps", type=int, default=10, metavar="N", help="steps that are timed (default: 10)")
    options, words = parser.parse_known_args(argv)
    if not words:
        raise ValueError("usg peek needs to know what to look at: usg peek --config CONFIG (`usg ls configs`)")
    if words[0] in SUBCOMMANDS:
        raise ValueError(f"usg peek has no sub-commands: leave out {words[0]}, write `usg peek --config ...`")
    if options.steps < 1:
        raise ValueError(f"usg peek: --steps {options.steps}; expected a whole number >= 1")
    if options.output.suffix != ".svg" or not options.output.parent.is_dir():
        raise ValueError(f"usg peek: -o {options.output}; expected a file ending in .svg, in a folder that exists")
    from usg.pretrain.cli import pretrain
    from usg.training.rehearsal import Rehearsal

    rehearsal = Rehearsal(partial(_show, picture=options.output), options.steps)
    pretrain(["fit", *words], "usg peek", rehearsal)
    if rehearsal.measured is None:
        raise ValueError("usg peek: the run has no step left; raise trainer.max_steps or leave out --ckpt_path")
    if rehearsal.shown:
        print(measured_text(rehearsal.measured))
    return 0


def measured_text(measured: Measured) -> str:
    """Memory, speed and time, a line each.

    Args:
        measured: of the first steps.
    """
    parts = {
        "weights": measured.weights,
        "gradients": measured.gradients,
        "optimizer": measured.optimizer,
        "activations": measured.activations,
    }
    lines = ["memory of a process"] + [f"  {name:<12}{_mib(count):>13}" for name, count in parts.items()]
    lines[-1] += "  kept by one forward pass for its backward pass"
    lines.append(f"  {'together':<12}{_mib(sum(parts.values())):>13}")
    lines.append(f"  {'at most':<12}{_mib(measured.peak):>13}  {measured.device}")
    timed = f"{measured.steps} step{'s' if measured.steps > 1 else ''}"
    lines.append(f"speed: {1 / measured.seconds:.3g} steps/s, measured over {timed}")
    time = timedelta(seconds=round(measured.seconds * measured.remaining))
    lines.append(f"time: {time} for {measured.remaining:,} steps; validation and checkpoints come on top")
    return "\n".join(lines)


def wrapped(head: str, text: str) -> str:
    """A text behind its name, in lines of a page's width.

    Args:
        head: in front of the first line; as much space stands in front of the others.
        text: each of its lines begins one.
    """
    lines = [textwrap.fill(line, 110 - len(head)) for line in text.split("\n")]
    return head + textwrap.indent("\n".join(lines), " " * len(head)).lstrip()


def _show(trainer: Trainer, module: Any, batch: Any, picture: Path) -> None:
    """Prints and draws an example, and prints the batch and the parameters."""
    from usg.pretrain.data import NumberedBatch

    if isinstance(batch, NumberedBatch):
        from usg.pretrain.peek_graph import draw_sample, graph_batch_text, masked_sample

        sample = masked_sample(module, trainer.datamodule, batch.items)  # type: ignore[attr-defined]
        print(sample.text)
        draw_sample(sample, picture)
        print(f"  picture: {picture}")
        print(graph_batch_text(batch.graphs))
    else:
        from usg.pretrain.peek_words import draw_example_graph, example_batch_text, example_text, readable

        examples = readable(module, batch)
        if not examples:
            return  # the first step says what is wrong
        print(example_text(module, examples))
        if draw_example_graph(examples, picture):
            print(f"  picture: {picture}")
        print(example_batch_text(module, examples))
    print(_parameters(module))


def _parameters(module: LightningModule) -> str:
    counts = [(each.numel(), each.requires_grad) for each in module.parameters()]
    total, trained = sum(count for count, _ in counts), sum(count for count, learns in counts if learns)
    return f"parameters: {total:,} in all, {trained:,} trained ({trained / total:.1%})"


def _mib(count: int) -> str:
    return f"{count / 2**20:,.1f} MiB"
