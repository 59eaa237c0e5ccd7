"""Bridges beside one another and beside the graph in words, trained alike: `usg pretrain bridge-table`.

Every cell is one training of a bridge with LoRA and one test, by `pretrain/bridge_instruct`. The seed chooses new
weights, the order of graphs and what tasks draw, so all systems of a seed see the same examples. A finished cell is a
JSON file and is not run again. Intervals are over test graphs and seeds together (`usg.metrics.mean_interval`),
differences are paired.
"""

from __future__ import annotations

import argparse
import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from usg.files import atomic_path
from usg.metrics import Estimate, mean_interval, paired_difference
from usg.metrics.markdown import markdown_table, percent
from usg.names import unknown_name
from usg.provenance import record_of

__all__ = ["SYSTEMS", "Comparison", "main"]

SYSTEMS: Mapping[str, tuple[str, str]] = {
    "text": ("text", "facts"),
    "prefix, facts": ("prefix", "facts"),
    "prefix, labels": ("prefix", "labels"),
    "prefix alone": ("prefix", "none"),
    "resampler, facts": ("resampler", "facts"),
    "resampler alone": ("resampler", "none"),
    "xattn, facts": ("xattn", "facts"),
}
"""Bridge and names of each system; `text` is what the others are compared with."""

_DEEP = ("answer: 2 hops", "answer: 3 hops")


@dataclass(frozen=True)
class Comparison:
    """The cells of a comparison.

    Attributes:
        cells: system -> the tables of its seeds, as `AnswerTable.to_dict` gives them.
    """

    cells: Mapping[str, Sequence[Mapping[str, Any]]]

    def accuracy(self, system: str, families: Sequence[str], control: str = "model") -> Estimate | None:
        """Mean over seeds of a system's accuracy in some families of questions; None where nothing was asked."""
        right, groups = self._right(system, families, control)
        return None if right is None else mean_interval(right, groups)

    def difference(self, system: str, other: str, families: Sequence[str]) -> Estimate | None:
        """Accuracy of a system less that of another, paired by question and seed."""
        (first, groups), (second, _) = (self._right(name, families, "model") for name in (system, other))
        return None if first is None or second is None else paired_difference(first, second, groups)

    def families(self) -> dict[str, list[str]]:
        """Columns: each task, the depths of questions, and questions of two hops or more together."""
        kinds = sorted({family for tables in self.cells.values() for _, family in tables[0]["asked"]})
        columns: dict[str, list[str]] = {}
        for kind in kinds:
            task, _, family = kind.partition(": ")
            columns.setdefault(task, []).append(kind)
            if family:
                columns[kind] = [kind]
        deep = [kind for kind in _DEEP if kind in kinds]
        return columns | ({"answer: 2+ hops": deep} if deep else {})

    def to_markdown(self) -> str:
        """The tables in Markdown, in per cent."""
        columns = self.families()
        seeds = max(map(len, self.cells.values()))
        head = ["system", *columns, "tokens", "ms"]
        rows = []
        for system, tables in self.cells.items():
            figures = [percent(self.accuracy(system, families)) for families in columns.values()]
            spent = [f"{np.mean([table[key] for table in tables]) * scale:.0f}" for key, scale in _SPENT]
            rows.append([system, *figures, *spent])
        lines = [f"Accuracy over {seeds} seeds, 95 % intervals over test graphs and seeds:", ""]
        lines += [markdown_table(head, rows), ""]
        rows = []
        for system in self.cells:
            for control in ("shuffled edges", "noise tokens"):
                figures = [percent(self.accuracy(system, families, control)) for families in columns.values()]
                if set(figures) != {"-"}:
                    rows.append([f"{system}, {control}", *figures])
        if rows:
            lines += [
                "What the encoder sees or gives is destroyed; words stay:",
                "",
                markdown_table(["system", *columns], rows),
                "",
            ]
        if "text" in self.cells:
            rows = [
                [system, *(percent(self.difference(system, "text", families), True) for families in columns.values())]
                for system in self.cells
                if system != "text"
            ]
            lines += ["Less the graph in words alone, paired:", "", markdown_table(["system", *columns], rows), ""]
        return "\n".join(lines)

    def to_dict(self, command: str) -> dict[str, Any]:
        """The comparison as JSON: all cells, and where they come from."""
        return {**record_of(command), "cells": {name: list(each) for name, each in self.cells.items()}}

    def _right(
        self, system: str, families: Sequence[str], control: str
    ) -> tuple[NDArray[np.float64] | None, NDArray[np.int64]]:
        """`(r, n)` of r seeds, and the graphs `(n,)`."""
        tables = self.cells[system]
        if any(control not in table["right"] for table in tables):
            return None, np.empty(0, np.int64)
        asked = tables[0]["asked"]
        if any(table["asked"] != asked for table in tables):
            raise ValueError(
                f"the seeds of {system} were not asked the same questions; delete their cells and run again"
            )
        at = [i for i, (_, family) in enumerate(asked) if family in families]
        if not at:
            return None, np.empty(0, np.int64)
        right = np.array([[float(table["right"][control][i]) for i in at] for table in tables])
        return right, np.array([asked[i][0] for i in at])


_SPENT = (("tokens", 1.0), ("seconds", 1000.0))


def main(argv: Sequence[str]) -> int:
    """Runs `usg pretrain bridge-table`."""
    parser = argparse.ArgumentParser(prog="usg pretrain bridge-table", description=(__doc__ or "").partition("\n")[0])
    add = parser.add_argument
    add("--encoder", required=True, help="a pretrained encoder")
    add("--language-model", required=True, help="a causal language model")
    add("--systems", nargs="+", default=list(SYSTEMS), metavar="NAME", help=f"of {', '.join(SYSTEMS)} (default: all)")
    add("--seeds", type=int, nargs="+", default=[0, 1, 2], help="of weights, order and tasks (default: 0 1 2)")
    add(
        "--cells",
        type=Path,
        default=Path("runs/bridge-table"),
        help="folder of finished cells",
    )
    add("-o", "--out", type=Path, default=None, help="write the table as Markdown")
    add("--json", type=Path, default=None, help="write all cells as JSON")
    add("words", nargs="*", metavar="WORD", help="behind --: further words of every training, as for usg pretrain fit")
    options = parser.parse_args(argv)
    cells: dict[str, list[dict[str, Any]]] = {}
    for system in options.systems:
        if system not in SYSTEMS:
            raise LookupError(unknown_name("system", system, SYSTEMS))
        cells[system] = []
    shared = ["--model.encoder", options.encoder, "--model.language_model", options.language_model, *options.words]
    for seed in options.seeds:
        for system, tables in cells.items():
            tables.append(_cell(system, seed, options.cells, shared))
    comparison = Comparison(cells)
    text = comparison.to_markdown()
    print(text)
    command = shlex.join(["usg", "pretrain", "bridge-table", *argv])
    for path, content in ((options.out, text), (options.json, json.dumps(comparison.to_dict(command)) + "\n")):
        if path is not None:
            with atomic_path(path) as temporary:
                temporary.write_text(content, encoding="utf-8")
            print(f"wrote {path}")
    return 0


def _cell(system: str, seed: int, folder: Path, shared: Sequence[str]) -> dict[str, Any]:
    """The table of one training; trained, gone on with after a kill, or read."""
    from usg.pretrain.cli import main as pretrain

    bridge, names = SYSTEMS[system]
    run = folder / f"{bridge}-{names}-{seed}"
    file = folder / f"{run.name}.json"
    words = ["--config", "pretrain/bridge_instruct", "--seed_everything", str(seed), *shared]
    words += ["--model.settings.bridge", bridge, "--model.settings.names", names]
    words += ["--trainer.default_root_dir", str(run)]
    if not file.is_file():
        last = ["--ckpt_path", "last"] if (run / "checkpoints" / "last.ckpt").is_file() else ["--overwrite", "true"]
        pretrain(["fit", *words, *last])
        pretrain(["test", *words, "--ckpt_path", "last", "--model.table_path", str(file)])
    table: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return table
