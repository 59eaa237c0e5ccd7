"""The label-efficiency table: means and spreads over seeds, paired differences, baselines, kinds of question."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from usg.downstream.cells import Settings
from usg.downstream.questions import Question, is_stated
from usg.downstream.scores import accuracy_by, is_right
from usg.downstream.table import EXECUTOR, baseline_answers, executor_right
from usg.metrics import Estimate, paired_difference
from usg.metrics.markdown import markdown_table
from usg.provenance import commit, machine, record_of

ALL, STATED, NOT_STATED = "all", "stated", "not stated"
"""Parts of the test questions: those whose form the world's statements have, and the others; `questions.is_stated`."""

Hits = NDArray[np.float64]
"""`(seeds, q)` 1 where a test question was answered rightly."""


@dataclass(frozen=True)
class EfficiencyTable:
    """Figures of all cells.

    Attributes:
        hits: system -> number of labels -> `(seeds, q)`.
        main: the system that the others are compared with.
        questions: the test questions.
        settings: of the runs.
        details: of each cell: labels, seed, rate, steps, seconds.
        validation: number of validation questions.
    """

    hits: Mapping[str, Mapping[int, Hits]]
    main: str
    questions: Sequence[Question]
    settings: Settings
    details: Sequence[Mapping[str, Any]]
    validation: int = 0

    @classmethod
    def of(cls, results: Sequence[Mapping[str, Any]], settings: Settings, main: str) -> EfficiencyTable:
        """Collects the cells, and computes the baselines for the same labels.

        Args:
            results: of `run_table`.
            settings: of the runs.
            main: name of the system that the others are compared with.
        """
        collected: dict[str, dict[int, list[list[float]]]] = {}
        for result in results:
            right = [float(mark) for mark in result["right"]]
            collected.setdefault(result["system"], {}).setdefault(result["labels"], []).append(right)
        questions: Sequence[Question] = ()
        validation = 0
        for labels, seed in dict.fromkeys((result["labels"], result["seed"]) for result in results):
            data = settings.data(labels, seed)
            questions, validation = data.questions("test"), len(data.questions("val"))
            right_of = {name: is_right(questions, given) for name, given in baseline_answers(data).items()}
            executed = executor_right(data)
            if executed is not None:
                right_of[EXECUTOR] = executed
            for name, marks in right_of.items():
                collected.setdefault(name, {}).setdefault(labels, []).append([float(mark) for mark in marks])
        hits = {name: {n: np.array(rows) for n, rows in by_labels.items()} for name, by_labels in collected.items()}
        details = [
            {
                k: value
                for k, value in result.items()
                if k == "system" or not (k == "others" or isinstance(value, list | str))
            }
            for result in results
        ]
        return cls(hits, main, questions, settings, details, validation)

    @property
    def labels(self) -> list[int]:
        """Numbers of labelled questions, in order."""
        return sorted({count for by_labels in self.hits.values() for count in by_labels})

    @property
    def trained(self) -> list[str]:
        """The systems that were finetuned, in order."""
        return list(dict.fromkeys(str(detail["system"]) for detail in self.details))

    def mean(self, system: str, labels: int) -> tuple[float, float]:
        """Mean accuracy over seeds and its standard deviation, which one seed does not have (NaN)."""
        by_seed = self.hits[system][labels].mean(1)
        return float(by_seed.mean()), float(by_seed.std(ddof=1)) if len(by_seed) > 1 else float("nan")

    @property
    def stated(self) -> NDArray[np.bool_]:
        """`(q,)` which questions are of a form that captions state."""
        return np.array([is_stated(question) for question in self.questions], dtype=bool)

    def difference(
        self, other: str, labels: int, among: NDArray[np.bool_] | slice = slice(None)
    ) -> tuple[Estimate, float]:
        """The main system minus another, on the same labels and questions.

        Args:
            other: a system.
            labels: number of labelled questions.
            among: `(q,)` bool, the questions that count; all by default.

        Returns:
            The mean over seeds with its interval over seeds and test scenes, and the smallest difference of a seed.
        """
        first, second = (self.hits[system][labels][:, among] for system in (self.main, other))
        scenes = np.array([question.scene for question in self.questions])[among]
        estimate = paired_difference(first, second, scenes)
        return estimate, float((first.mean(1) - second.mean(1)).min())

    def rows(self) -> list[tuple[str, list[str]]]:
        """System and its cells, in per cent: the finetuned ones, then baselines and the ceiling."""
        rows = []
        for system in [*self.trained, *(name for name in self.hits if name not in self.trained)]:
            cells = []
            for labels in self.labels:
                mean, spread = self.mean(system, labels)
                no_spread = system == EXECUTOR or math.isnan(spread)
                cells.append(f"{100 * mean:.1f}" if no_spread else f"{100 * mean:.1f} ± {100 * spread:.1f}")
            rows.append((system, cells))
        return rows

    def parts(self) -> dict[str, NDArray[np.bool_] | slice]:
        """Name -> the questions that differences are shown over: all, then those stated in captions and not."""
        stated = self.stated
        both = stated.any() and not stated.all()
        return {ALL: slice(None)} | ({STATED: stated, NOT_STATED: ~stated} if both else {})

    def difference_rows(self) -> list[tuple[str, list[str]]]:
        """Other system, and the main one's lead over it in points, over all questions and by part."""
        rows = []
        for other in self.trained:
            if other == self.main:
                continue
            for part, among in self.parts().items():
                cells = []
                for labels in self.labels:
                    estimate, worst = self.difference(other, labels, among)
                    interval = f"[{100 * estimate.low:+.1f}, {100 * estimate.high:+.1f}]"
                    least = f", least {100 * worst:+.1f}" if len(self.hits[other][labels]) > 1 else ""
                    cells.append(f"{100 * estimate.value:+.1f} {interval}{least}")
                rows.append((other if part == ALL else f"- {part}", cells))
        return rows

    def kind_rows(self) -> tuple[list[str], list[tuple[str, list[str]]]]:
        """Columns (kinds of question) and the accuracy of each finetuned system at each number of labels."""
        columns = list(accuracy_by(self.questions, np.ones(len(self.questions))))[1:]
        rows = []
        for labels in self.labels:
            for system in self.trained:
                table = accuracy_by(self.questions, self.hits[system][labels].mean(0))
                rows.append((f"{system}, {labels:,}", [f"{100 * table[name]:.1f}" for name in columns]))
        return columns, rows

    def summary(self) -> str:
        """What was measured, in one sentence."""
        seeds = len(next(iter(self.hits[self.main].values())))
        scenes = len({question.scene for question in self.questions})
        over = (
            f"mean ± standard deviation over {seeds} seeds, each with its own labels, the same for all systems"
            if seeds > 1
            else "one seed, so the spread over seeds is not known"
        )
        least = ", `least` is the smallest difference of a seed" if seeds > 1 else ""
        return (
            f"{len(self.questions):,} test questions about {scenes:,} scenes that no training saw; {over}; "
            f"{self.settings.steps} steps, the best of them on {self.validation} further labelled validation "
            f"questions; intervals are 95 % intervals over seeds and test scenes{least}"
        )

    def stated_note(self) -> str:
        """What the parts of the test questions are."""
        stated = int(self.stated.sum())
        return (
            f"*{STATED.capitalize()}* are the {stated:,} test questions whose form has a counterpart among the world's "
            "statements, which encoders that were pretrained with captions have read (a label or an attribute of one "
            f"thing, over one relation at most; how many things are alike), *{NOT_STATED}* the other "
            f"{len(self.questions) - stated:,}."
        )

    def to_text(self) -> str:
        """The tables as aligned text."""
        head = [f"{labels:,} labels" for labels in self.labels]
        lines = _aligned("accuracy, %", head, self.rows())
        lines += ["", *_aligned(f"{self.main} minus", head, self.difference_rows())]
        columns, rows = self.kind_rows()
        lines += ["", *_aligned("by kind of question, %", columns, rows), "", self.summary()]
        lines += [self.stated_note()] if len(self.parts()) > 1 else []
        return "\n".join(lines)

    def to_markdown(self, command: str) -> str:
        """The page docs/results/qa.md."""
        head = [f"{labels:,} labels" for labels in self.labels]
        columns, kinds = self.kind_rows()
        hours = sum(float(detail["seconds"]) for detail in self.details) / 3600
        parts = [
            "# Question answering with few labels",
            "Does pretraining on scene graphs save labels? One finetuning run for each system, number of labelled "
            "questions and seed; the table is made by",
            f"```\n{command}\n```",
            f"on {date.today().isoformat()}, commit {commit() or 'unknown'}, {machine()}; "
            f"{hours:.1f} hours of training in all.",
            f"{self.summary()[0].upper()}{self.summary()[1:]}.",
            "## Accuracy, %",
            _markdown("system", head, self.rows(), self.main),
            f"## {self.main.capitalize()} minus the others, points",
            _markdown("minus", head, self.difference_rows()),
            "## By kind of question, %",
            _markdown("system, labels", columns, kinds),
            *([self.stated_note()] if len(self.parts()) > 1 else []),
            "Scratch is the same architecture and vocabulary with new weights. Shuffled edges: owners of attributes "
            "and ends of relations are drawn anew in each graph, in finetuning and in test. The executor runs each "
            "question's program on the gold graph. Question only and bag of labels are softmax regressions on the same "
            "labelled questions.",
        ]
        return "\n\n".join(parts) + "\n"

    def to_json(self, command: str) -> str:
        """All figures, for programs."""
        content = {
            **record_of(command),
            "protocol": self.summary(),
            "n": len(self.questions),
            "settings": asdict(self.settings),
            "accuracy": {
                system: {str(labels): rows.mean(1).tolist() for labels, rows in by_labels.items()}
                for system, by_labels in self.hits.items()
            },
            "differences": {
                other: {
                    part: {str(labels): self.difference(other, labels, among)[0].to_dict() for labels in self.labels}
                    for part, among in self.parts().items()
                }
                for other in self.trained
                if other != self.main
            },
            "runs": [dict(detail) for detail in self.details],
        }
        return json.dumps(content, indent=1) + "\n"


def _aligned(corner: str, head: Sequence[str], rows: Sequence[tuple[str, list[str]]]) -> list[str]:
    first = max([len(corner), *(len(name) for name, _ in rows)])
    widths = [max([len(head[i]), *(len(cells[i]) for _, cells in rows)]) + 2 for i in range(len(head))]
    lines = [(corner, list(head)), *rows]
    return [
        f"{name:<{first}}" + "".join(f"{c:>{w}}" for c, w in zip(cells, widths, strict=True)) for name, cells in lines
    ]


def _markdown(corner: str, head: Sequence[str], rows: Sequence[tuple[str, list[str]]], bold: str | None = None) -> str:
    return markdown_table([corner, *head], [[name, *cells] for name, cells in rows], bold)
