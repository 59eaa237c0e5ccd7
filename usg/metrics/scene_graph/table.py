"""The table of an evaluation: systems beside each other, recall by predicate, the protocol, and what was counted.

Figures are per cent in the text and fractions in the JSON; intervals are 95 %. The first system is under test, others
are its baselines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from usg.metrics.bootstrap import Estimate
from usg.metrics.scene_graph.protocol import Protocol
from usg.metrics.scene_graph.scores import Scores

_MARGIN = 2


@dataclass(frozen=True)
class EvaluationTable:
    """The figures of systems on the same items.

    Attributes:
        systems: label -> scores, the system under test first.
        protocol: how they were taken.
        notes: more about how, a line each.
        resamples: bootstrap samples.
    """

    systems: Mapping[str, Scores]
    protocol: Protocol
    notes: tuple[str, ...] = ()
    resamples: int = 1000

    @cached_property
    def first(self) -> str:
        """The system under test."""
        return next(iter(self.systems))

    @cached_property
    def estimates(self) -> dict[str, Estimate]:
        """The first system's figures."""
        return self.systems[self.first].estimates(resamples=self.resamples)

    @cached_property
    def baselines(self) -> dict[str, dict[str, float]]:
        """Other system -> figure -> value."""
        return {name: scores.values() for name, scores in self.systems.items() if name != self.first}

    @cached_property
    def differences(self) -> dict[str, dict[str, Estimate]]:
        """Other system -> figure -> how much greater the first system's is, paired."""
        first = self.systems[self.first]
        return {name: first.differences(self.systems[name], resamples=self.resamples) for name in self.baselines}

    def to_text(self) -> str:
        """Aligned text, per cent: figures, recall by predicate, the protocol, what was counted."""
        columns = ["figure, %", self.first, "95 % interval"]
        for name in self.baselines:
            columns += [name, "difference"]
        rows = [columns]
        for figure, estimate in self.estimates.items():
            row = [figure, _percent(estimate.value), f"[{_percent(estimate.low)}, {_percent(estimate.high)}]"]
            for name, values in self.baselines.items():
                gap = self.differences[name].get(figure)
                row += [
                    _percent(values[figure]) if figure in values else "-",
                    "-" if gap is None else f"{100 * gap.value:+.1f} [{100 * gap.low:+.1f}, {100 * gap.high:+.1f}]",
                ]
            rows.append(row)
        by_predicate = [*_aligned(self._by_predicate()), ""] if self.systems[self.first].predicates else []
        return "\n".join([*_aligned(rows), "", *by_predicate, self.protocol.to_text(), *self.notes, *self._counted()])

    def to_dict(self, command: str, commit: str | None) -> dict[str, Any]:
        """The table in the shape that `--json` files of `usg evaluate` have.

        Args:
            command: what was run.
            commit: of the code that ran.
        """
        return {
            "command": command,
            "commit": commit,
            "protocol": "\n".join([self.protocol.to_text(), *self.notes]),
            "switches": self.protocol.switches(),
            "system": self.first,
            "n": len(self.systems[self.first]),
            "metrics": {name: estimate.to_dict() for name, estimate in self.estimates.items()},
            "baselines": self.baselines,
            "differences": {
                other: {name: estimate.to_dict() for name, estimate in row.items()}
                for other, row in self.differences.items()
            },
            "predicates": {
                system: {name: dict(row) for name, row in scores.predicates.items()}
                for system, scores in self.systems.items()
            },
            "counts": {name: dict(scores.counts) for name, scores in self.systems.items()},
        }

    def _by_predicate(self) -> list[list[str]]:
        """Rows of predicate, gold relations and each system's R@K, the predicates with most gold first."""
        at = [f"recall_at_{k}" for k in self.protocol.recall_at]
        rows = [[f"R@{' / '.join(map(str, self.protocol.recall_at))}, %", "gold", *self.systems]]
        first = self.systems[self.first].predicates
        for name in sorted(first, key=lambda name: (-first[name]["gold"], name)):
            # A protocol may leave out other pictures of another system, and with them a predicate.
            found = [scores.predicates.get(name) for scores in self.systems.values()]
            cells = ["-" if row is None else " / ".join(_percent(row[key]) for key in at) for row in found]
            rows.append([name, f"{first[name]['gold']:,}", *cells])
        return rows

    def _counted(self) -> list[str]:
        lines = []
        for name, scores in self.systems.items():
            told = [f"{count:,} {what}" for what, count in scores.counts.items() if count]
            lines.append(f"{name}: " + "; ".join(told))
        return lines


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of columns, the first flush left, the others right."""
    widths = [max(map(len, column)) + _MARGIN for column in zip(*rows, strict=True)]
    return [
        (f"{row[0]:<{widths[0]}}" + "".join(f"{c:>{w}}" for c, w in zip(row[1:], widths[1:], strict=True))).rstrip()
        for row in rows
    ]


def _percent(value: float) -> str:
    return f"{100 * value:.1f}"
