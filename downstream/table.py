"""The table of question answering: systems beside baselines and the ceiling, by type and depth of question.

All systems answer the same test questions; accuracy is exact match of the answer. Intervals are 95 % bootstrap
intervals over scenes, because the questions of a scene share its graph.
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from usg.downstream.baselines import majority, regression
from usg.downstream.data import QADataModule
from usg.downstream.questions import QUESTIONS_KEY, Question
from usg.downstream.scores import accuracy_by, is_right
from usg.files import atomic_path
from usg.graph.shuffle import shuffle_edges
from usg.metrics import Estimate, mean_interval, paired_difference
from usg.provenance import commit

if TYPE_CHECKING:
    from usg.downstream.qa import QuestionAnswering

PROTOCOL = "exact match of the answer; 95 % bootstrap intervals over scenes"
EXECUTOR = "executor on the gold graph"


@dataclass(frozen=True)
class QATable:
    """Which test questions each system answered rightly.

    Attributes:
        questions: the test questions.
        right: system -> `(q,)` whether each was answered rightly, in the order of display.
        labels: number of labelled questions that the systems learnt from.
    """

    questions: Sequence[Question]
    right: Mapping[str, Sequence[bool]]
    labels: int

    @property
    def scenes(self) -> list[int]:
        """`(q,)` the scene of each question, the statistical unit."""
        return [question.scene for question in self.questions]

    def accuracy(self, system: str) -> Estimate:
        """Accuracy of a system over all questions."""
        return mean_interval(list(self.right[system]), self.scenes)

    def difference(self, system: str, other: str) -> Estimate:
        """Accuracy of a system minus that of another, paired by question."""
        return paired_difference(list(self.right[system]), list(self.right[other]), self.scenes)

    def breakdown(self) -> tuple[list[str], dict[str, list[float]]]:
        """Names of the columns ("all", types, depths) and each system's accuracies in them."""
        tables = {system: accuracy_by(self.questions, list(right)) for system, right in self.right.items()}
        columns = list(accuracy_by(self.questions, [True] * len(self.questions)))
        return columns, {system: [table[name] for name in columns] for system, table in tables.items()}

    def to_text(self) -> str:
        """The table as aligned text, in per cent."""
        columns, rows = self.breakdown()
        names = [name.removeprefix("type ") for name in columns]
        width = max(map(len, rows))
        widths = [max(len(name), 5) + 2 for name in names]
        header = f"{'accuracy, %':{width}}{'95 % interval':>17}"
        lines = [header + "".join(f"{name:>{w}}" for name, w in zip(names, widths, strict=True))]
        for system, row in rows.items():
            estimate = self.accuracy(system)
            interval = f"[{100 * estimate.low:.1f}, {100 * estimate.high:.1f}]"
            cells = "".join(f"{100 * value:>{w}.1f}" for value, w in zip(row, widths, strict=True))
            lines.append(f"{system:{width}}{interval:>17}{cells}")
        scenes = len(set(self.scenes))
        lines.append(
            f"{self.labels:,} labelled questions; {len(self.questions):,} test questions about {scenes:,} scenes; "
            f"{PROTOCOL}"
        )
        return "\n".join(lines)

    def to_dict(self, command: str, commit: str | None = None) -> dict[str, Any]:
        """The table in the shape `--json` files have."""
        columns, rows = self.breakdown()
        keys = ["accuracy", *(f"accuracy_{name.replace(' ', '_')}" for name in columns[1:])]
        metrics: dict[str, Any] = {}
        if "model" in rows:
            metrics = {key: {"value": value} for key, value in zip(keys, rows["model"], strict=True)}
            metrics["accuracy"] = self.accuracy("model").to_dict()
        baselines = {system: dict(zip(keys, row, strict=True)) for system, row in rows.items() if system != "model"}
        return {
            "command": command,
            "commit": commit,
            "protocol": f"{self.labels} labelled questions; {PROTOCOL}",
            "n": len(self.questions),
            "metrics": metrics,
            "baselines": baselines,
        }


def baseline_answers(data: QADataModule) -> dict[str, list[str]]:
    """What every baseline answers to the test questions, taught by the labelled training questions.

    Args:
        data: gives the questions and the graphs, shuffled where the control is on.
    """
    train, validation, test = (data.questions(split) for split in ("train", "val", "test"))
    keys: dict[str, Callable[[Question], str] | None] = {
        "majority": None,
        "majority of the type": lambda question: question.type,
        "majority of the template": lambda question: question.template or question.type,
    }
    answers = {name: majority(train, test, key) for name, key in keys.items()}
    answers["question only"] = regression(train, validation, test)
    graphs = [data.graphs(split) for split in ("train", "val", "test")]
    answers["bag of labels + question"] = regression(train, validation, test, graphs)
    return answers


def executor_right(data: QADataModule) -> list[bool] | None:
    """Which test questions the symbolic executor answers rightly from the gold graph; None where there are no programs.

    Args:
        data: its test questions carry functional programs of the procedural world.
    """
    corpus, questions = data.corpus("test"), data.questions("test")
    scenes = {question.scene for question in questions}
    programs = {
        (scene, entry["question"]): entry.get("program")
        for scene in scenes
        for entry in corpus.metadata(scene)[QUESTIONS_KEY]
    }
    if not all(programs[question.scene, question.text] for question in questions):
        return None
    from usg.world.program import answer

    graphs = {scene: corpus[scene] for scene in scenes}
    answers = [answer(programs[question.scene, question.text], graphs[question.scene]) for question in questions]
    return is_right(questions, answers)


def qa_table(data: QADataModule, systems: Mapping[str, Sequence[bool]]) -> QATable:
    """Systems beside all baselines and, where the questions have programs, the executor.

    Args:
        data: gives the labels that the baselines learn from, and the test questions.
        systems: name -> `(q,)` whether each test question was answered rightly.
    """
    questions = data.questions("test")
    right: dict[str, Sequence[bool]] = {
        name: is_right(questions, answers) for name, answers in baseline_answers(data).items()
    }
    right |= systems
    executed = executor_right(data)
    if executed is not None:
        right[EXECUTOR] = executed
    return QATable(questions, right, len(data.questions("train")))


def shuffled_right(module: QuestionAnswering, data: QADataModule) -> list[bool]:
    """Which test questions a model answers rightly when owners and ends are drawn anew in each test graph."""
    questions = data.questions("test")
    graphs = {scene: shuffle_edges(graph, scene) for scene, graph in data.graphs("test").items()}
    return is_right(questions, module.answer_all(graphs, questions))


def report_test(module: QuestionAnswering, data: QADataModule, right: Sequence[bool], file: Path) -> QATable:
    """Prints the table of a tested model and writes its figures.

    Args:
        module: the model, for the shuffled-edge control.
        data: what it was tested on.
        right: `(q,)` whether it answered each test question rightly.
        file: the JSON file.
    """
    # Where the data are shuffled already, the model's own row is the control.
    control = {} if data.shuffle_edges != "none" else {"model, shuffled edges": shuffled_right(module, data)}
    table = qa_table(data, {"model": right, **control})
    print(table.to_text())
    file.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(file) as temporary:
        content = table.to_dict(shlex.join(["usg", *sys.argv[1:]]), commit())
        temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    print(f"wrote {file}")
    return table
