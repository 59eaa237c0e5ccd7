"""The table of transfer from medium to medium: accuracy, the share that is kept, and encoders beside one another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from usg.downstream.baselines import majority, regression
from usg.downstream.cells import Settings
from usg.downstream.questions import Question
from usg.downstream.scores import is_right
from usg.metrics import Estimate, paired_difference, paired_ratio
from usg.provenance import record_of

__all__ = ["TransferTable"]

Hits = NDArray[np.float64]
"""`(seeds, q)` 1 where a test question was answered rightly."""


@dataclass(frozen=True)
class TransferTable:
    """Which test questions each system answered rightly, by the medium it learnt from and the one it was tested on.

    Attributes:
        hits: system -> learnt from -> tested on -> `(seeds, q)`.
        questions: medium -> its test questions.
        main: the encoder that the others are compared with.
        trained: the systems that were finetuned.
        settings: of the runs of each medium.
        labels: labelled questions of a run.
        seeds: of the runs.
    """

    hits: Mapping[str, Mapping[str, Mapping[str, Hits]]]
    questions: Mapping[str, Sequence[Question]]
    main: str
    trained: Sequence[str]
    settings: Mapping[str, Settings]
    labels: int
    seeds: Sequence[int]

    @classmethod
    def of(
        cls, results: Mapping[str, Sequence[Mapping[str, Any]]], settings: Mapping[str, Settings], main: str
    ) -> TransferTable:
        """Collects the cells, and computes what is known without a graph, from the same labels.

        Args:
            results: medium -> of `run_table`.
            settings: medium -> of its runs.
            main: the encoder that the others are compared with.
        """
        collected: dict[str, dict[str, dict[str, list[list[float]]]]] = {}

        def add(system: str, learnt: str, tested: str, right: Sequence[Any]) -> None:
            cells = collected.setdefault(system, {}).setdefault(learnt, {})
            cells.setdefault(tested, []).append([float(mark) for mark in right])

        trained = list(dict.fromkeys(result["system"] for cells in results.values() for result in cells))
        first = next(iter(results.values()))
        pairs = list(dict.fromkeys((result["labels"], result["seed"]) for result in first))
        questions = {medium: each.data(*pairs[0]).questions("test") for medium, each in settings.items()}
        everything = [question for asked in questions.values() for question in asked]
        for learnt, cells in results.items():
            for result in cells:
                for tested in settings:
                    right = result["right"] if tested == learnt else result["others"][tested]
                    add(result["system"], learnt, tested, right)
            for labels, seed in pairs:
                data = settings[learnt].data(labels, seed)
                train, val = data.questions("train"), data.questions("val")
                for name, answers in (
                    ("majority of the template", majority(train, everything, lambda q: q.template or q.type)),
                    ("question only", regression(train, val, everything)),
                ):
                    right_of, start = is_right(everything, answers), 0
                    for tested, asked in questions.items():
                        add(name, learnt, tested, right_of[start : start + len(asked)])
                        start += len(asked)
        hits = {
            system: {
                learnt: {tested: np.array(rows) for tested, rows in by_tested.items()}
                for learnt, by_tested in of.items()
            }
            for system, of in collected.items()
        }
        return cls(hits, questions, main, trained, settings, pairs[0][0], [seed for _, seed in pairs])

    def kept(self, system: str, learnt: str, tested: str) -> Estimate | None:
        """The share of the accuracy within a medium that is kept from another, over seeds and test scenes.

        None where nothing is right within the medium, in some seed.
        """
        across, within = (self.hits[system][medium][tested] for medium in (learnt, tested))
        return paired_ratio(across, within, self._scenes(tested)) if within.any(axis=1).all() else None

    def difference(self, other: str, learnt: str, tested: str) -> Estimate:
        """Accuracy of the main encoder less that of another."""
        first, second = (self.hits[system][learnt][tested] for system in (self.main, other))
        return paired_difference(first, second, self._scenes(tested))

    def _scenes(self, medium: str) -> list[int]:
        return [question.scene for question in self.questions[medium]]

    def summary(self) -> str:
        """What was measured, in one sentence."""
        asked = ", ".join(f"{len(each):,} about {medium}" for medium, each in self.questions.items())
        scenes = len({scene for medium in self.questions for scene in self._scenes(medium)})
        settings = next(iter(self.settings.values()))
        shown = "shown" if settings.grounding else "hidden"
        return (
            f"Test questions: {asked}, of {scenes:,} scenes that no training saw; {self.labels:,} labelled questions "
            f"and {settings.steps} steps a run, {len(self.seeds)} seeds, each with labels of its own, the same for all "
            f"systems; gold graphs, where things are said or seen is {shown}; share kept is accuracy over that of the "
            "same system finetuned on the medium that is tested on; 95 % intervals over seeds and test scenes"
        )

    def to_dict(self, command: str) -> dict[str, Any]:
        """All figures, as the record of a page of results."""
        media = list(self.questions)
        across = [(learnt, tested) for learnt in media for tested in media if tested != learnt]

        def nested(values: Mapping[tuple[str, str], Any]) -> dict[str, dict[str, Any]]:
            return {
                one: {tested: value for (learnt, tested), value in values.items() if learnt == one} for one in media
            }

        return {
            **record_of(command),
            "seeds": list(self.seeds),
            "protocol": self.summary(),
            "n": sum(map(len, self.questions.values())),
            "settings": asdict(replace(next(iter(self.settings.values())), others={}, train="", val="", test="")),
            "media": media,
            "main": self.main,
            "accuracy": {
                system: {
                    learnt: {tested: rows.mean(1).tolist() for tested, rows in by_tested.items()}
                    for learnt, by_tested in of.items()
                }
                for system, of in self.hits.items()
            },
            "kept": {
                system: nested(
                    {pair: kept.to_dict() for pair in across if (kept := self.kept(system, *pair)) is not None}
                )
                for system in self.hits
            },
            "differences": {
                other: nested({(a, b): self.difference(other, a, b).to_dict() for a in media for b in media})
                for other in self.trained
                if other != self.main
            },
        }
