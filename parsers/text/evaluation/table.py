"""The table of text graphs: systems beside floors, on all captions and the clean ones, by construction, and paired.

Figures are per cent in the text and fractions in the JSON; intervals are 95 %.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from usg.metrics import METRICS, Estimate, TextGraphScores
from usg.parsers.text.evaluation.captions import CONSTRUCTIONS, constructions_of

_TITLES = {
    "set_match": "Set Match",
    "relation_f1": "relation",
    "fact_f1_macro": "fact macro",
    "fact_f1_micro": "fact micro",
    "object_f1": "object",
    "attribute_f1": "attribute",
    "pair_f1": "pair",
    "spice_f1": "SPICE",
}
_WITH_INTERVAL = 3  # metrics; the headline
_BY_CONSTRUCTION = ("relation_f1", "set_match")
_WIDTH = 11


@dataclass(frozen=True)
class TextGraphTable:
    """The figures of systems and floors on the same captions.

    Attributes:
        systems: label -> scores, the system under test first.
        floors: name -> scores.
        captions: `(n,)`, empty where a gold graph has none.
        clean: `(n,)` whether training has not seen the caption and its image; None without training captions.
        protocol: how the figures were taken.
    """

    systems: Mapping[str, TextGraphScores]
    floors: Mapping[str, TextGraphScores]
    captions: Sequence[str]
    clean: Sequence[bool] | None
    protocol: str

    @cached_property
    def subsets(self) -> dict[str, np.ndarray[Any, np.dtype[np.int64]]]:
        """Name -> numbers of its captions: all, and clean where there are any."""
        found = {"all": np.arange(len(self.captions))}
        if self.clean is not None and any(self.clean):
            found["clean"] = np.flatnonzero(self.clean)
        return found

    @cached_property
    def constructions(self) -> dict[str, np.ndarray[Any, np.dtype[np.int64]]]:
        """Construction -> numbers of the captions that use it; those that none uses are left out."""
        used = [constructions_of(caption) for caption in self.captions]
        table = {name: np.array([i for i, names in enumerate(used) if name in names]) for name in CONSTRUCTIONS}
        return {name: at for name, at in table.items() if len(at)}

    @cached_property
    def estimates(self) -> dict[str, dict[str, dict[str, Estimate]]]:
        """Subset -> system or floor -> metric -> figure."""
        rows = {**self.systems, **self.floors}
        return {
            subset: {name: scores.select(at).estimates() for name, scores in rows.items()}
            for subset, at in self.subsets.items()
        }

    @cached_property
    def differences(self) -> dict[str, dict[str, Estimate]]:
        """Other system -> metric -> the first system's figure less its own, paired, on all captions."""
        first, *others = self.systems
        return {name: self.systems[first].differences(self.systems[name]) for name in others}

    def to_text(self) -> str:
        """The tables as aligned text, in per cent."""
        blocks = [self._subset(name) for name in self.subsets]
        if self.differences:
            blocks.append(self._differences())
        if self.constructions:
            blocks.append(self._constructions())
        return "\n\n".join([*("\n".join(block) for block in blocks), self.protocol])

    def to_dict(self, command: str, commit: str | None) -> dict[str, Any]:
        """The tables in the shape that `--json` files of `usg evaluate` have.

        Args:
            command: what was run.
            commit: of the code that ran.
        """
        by_construction = {
            name: {
                "n": len(at),
                **{system: scores.select(at).values() for system, scores in self.systems.items()},
            }
            for name, at in self.constructions.items()
        }
        first = next(iter(self.systems))
        return {
            "command": command,
            "commit": commit,
            "protocol": self.protocol,
            "system": first,
            **self._subset_dict("all"),
            "subsets": {name: self._subset_dict(name) for name in self.subsets if name != "all"},
            "differences": {
                other: {metric: estimate.to_dict() for metric, estimate in row.items()}
                for other, row in self.differences.items()
            },
            "constructions": by_construction,
        }

    def _subset_dict(self, subset: str) -> dict[str, Any]:
        first, *others = self.estimates[subset]
        rows = self.estimates[subset]
        return {
            "n": len(self.subsets[subset]),
            "metrics": {metric: estimate.to_dict() for metric, estimate in rows[first].items()},
            "baselines": {name: {metric: estimate.value for metric, estimate in rows[name].items()} for name in others},
        }

    @property
    def _margin(self) -> int:
        return 2 + max(map(len, [*self.systems, *self.floors, *CONSTRUCTIONS, "clean, 10,000 captions, %"]))

    def _subset(self, subset: str) -> list[str]:
        n = len(self.subsets[subset])
        lines = [f"{f'{subset}, {n:,} captions, %':{self._margin}}" + _titles()]
        for name, row in self.estimates[subset].items():
            lines.append(f"{name:{self._margin}}" + _cells(row))
        return lines

    def _differences(self) -> list[str]:
        first = next(iter(self.systems))
        lines = [f"{'paired difference':{self._margin}}" + _titles()]
        for name, row in self.differences.items():
            lines.append(f"{first} - {name}")
            lines.append(" " * self._margin + _cells(row, "+"))
        return lines

    def _constructions(self) -> list[str]:
        columns = [f"{_TITLES[metric]}, {name}" for metric in _BY_CONSTRUCTION for name in self.systems]
        widths = [max(_WIDTH, len(column) + 2) for column in columns]
        cells = "".join(f"{column:>{width}}" for column, width in zip(columns, widths, strict=True))
        lines = [f"{'construction':{self._margin}}{'n':>6}{cells}"]
        for name, at in self.constructions.items():
            rows = [scores.select(at).values() for scores in self.systems.values()]
            values = [100 * row[metric] for metric in _BY_CONSTRUCTION for row in rows]
            cells = "".join(f"{value:>{width}.1f}" for value, width in zip(values, widths, strict=True))
            lines.append(f"{name:{self._margin}}{len(at):>6}{cells}")
        return lines


def _titles() -> str:
    titles = list(_TITLES.values())
    spread = "".join(f"{title:>{_WIDTH - 3}}{'':>14}" for title in titles[:_WITH_INTERVAL])
    return spread + "".join(f"{title:>{_WIDTH}}" for title in titles[_WITH_INTERVAL:])


def _cells(row: Mapping[str, Estimate], sign: str = "") -> str:
    cells = []
    for i, metric in enumerate(METRICS):
        estimate = row[metric]
        value = f"{100 * estimate.value:{sign}.1f}"
        if i < _WITH_INTERVAL:
            interval = f" [{100 * estimate.low:{sign}.1f}, {100 * estimate.high:{sign}.1f}]"
            cells.append(f"{value:>{_WIDTH - 3}}{interval:<14}")
        else:
            cells.append(f"{value:>{_WIDTH}}")
    return "".join(cells).rstrip()
