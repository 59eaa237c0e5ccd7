"""Finetuning runs of tables: cells of a system, a number of labels and a seed, paired on the same labelled questions.

The seed chooses the labels, so all systems of a seed learn from the same questions; all cells are measured on the same
test questions. Every run keeps its best step on validation. With several rates every cell is trained with each and
keeps the one that is best on validation, whatever the system.

A finished cell is a JSON file and is not run again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from usg.files import atomic_path
from usg.progress import progress
from usg.provenance import commit

if TYPE_CHECKING:
    from usg.downstream.data import QADataModule
    from usg.downstream.qa import QuestionAnswering

__all__ = ["Cell", "Settings", "System", "add_options", "named_encoders", "run_cell", "run_table"]


@dataclass(frozen=True)
class System:
    """A row of the table.

    Attributes:
        name: as printed.
        encoder: folder of the pretrained encoder, or whose architecture is used.
        scratch: its weights are drawn anew.
        shuffled: edges are drawn anew, in training and test.
        longer: factor of the number of steps.
    """

    name: str
    encoder: str
    scratch: bool = False
    shuffled: bool = False
    longer: int = 1


@dataclass(frozen=True)
class Settings:
    """What all cells share.

    Attributes:
        train: folder of the corpus that labels are drawn from.
        val: of the one that chooses steps and rates.
        test: of the one that is reported.
        steps: of every run, times `System.longer`.
        validate_every: steps.
        rates: learning rates to choose from.
        per_scene: the most labels of one scene.
        scenes_per_batch: scenes in a training batch.
        val_labels: questions to choose with.
        test_labels: questions to report on; None is all.
        grounding: show boxes, times, spans and media to the encoder.
        others: name -> folder of a further corpus that every finished model is tested on.
    """

    train: str
    val: str
    test: str
    steps: int = 300
    validate_every: int = 37
    rates: tuple[float, ...] = (1e-3,)
    per_scene: int = 1
    scenes_per_batch: int = 32
    val_labels: int = 500
    test_labels: int | None = None
    grounding: bool = False
    others: Mapping[str, str] = field(default_factory=dict)

    def data(self, labels: int, seed: int, shuffled: bool = False) -> QADataModule:
        """The questions of a cell."""
        from usg.downstream.data import QADataModule

        return QADataModule(
            self.train,
            self.val,
            self.test,
            labels=labels,
            per_scene=self.per_scene,
            val_labels=self.val_labels,
            test_labels=self.test_labels,
            scenes_per_batch=self.scenes_per_batch,
            seed=seed,
            shuffle_edges="all" if shuffled else "none",
        )


@dataclass(frozen=True)
class Cell:
    """One run of the table."""

    system: System
    labels: int
    seed: int


def run_cell(cell: Cell, settings: Settings, folder: Path, keep_models: bool = False) -> dict[str, Any]:
    """Runs one cell, or reads what an earlier run of the same settings wrote.

    Args:
        cell: system, labels, seed.
        settings: shared by all cells.
        folder: of the JSON files.
        keep_models: save each trained model beside its JSON file, as a folder of the same name.

    Returns:
        What the file holds: `right` is a string of 0 and 1, one for each test question; `others` the same by name.
    """
    file = folder / f"{_slug(cell.system.name)}-{cell.labels}-{cell.seed}.json"
    fingerprint = _fingerprint(cell, settings)
    if file.is_file():
        found = json.loads(file.read_text(encoding="utf-8"))
        if found["fingerprint"] == fingerprint:
            return found
    result = {
        "fingerprint": fingerprint,
        "commit": commit(),
        **_train(cell, settings, file.with_suffix("") if keep_models else None),
    }
    folder.mkdir(parents=True, exist_ok=True)
    content = json.dumps(result)
    with atomic_path(file) as temporary:
        temporary.write_text(content + "\n", encoding="utf-8")
    return dict(json.loads(content))  # as it will be read


def _train(cell: Cell, settings: Settings, model_folder: Path | None) -> dict[str, Any]:
    import torch

    from usg.downstream.finetune import finetune
    from usg.downstream.qa import QuestionAnswering
    from usg.training.optimizer import OptimizerSettings

    torch.set_num_threads(1)
    best: dict[str, Any] = {}
    for rate in settings.rates:
        data = settings.data(cell.labels, cell.seed, shuffled=cell.system.shuffled)
        module = QuestionAnswering(
            cell.system.encoder,
            scratch=cell.system.scratch,
            optimizer=OptimizerSettings(learning_rate=rate, warmup_steps=settings.steps // 10),
            seed=cell.seed,
            grounding=settings.grounding,
        )
        steps = settings.steps * cell.system.longer
        every = settings.validate_every * cell.system.longer
        done = finetune(module, data, steps=steps, validate_every=every, seed=cell.seed)
        tried = best.get("tried", {}) | {str(rate): done.val_accuracy}
        if not best or done.val_accuracy > best["val_accuracy"]:
            best = {
                "system": cell.system.name,
                "labels": cell.labels,
                "seed": cell.seed,
                "rate": rate,
                "best_step": done.best_step,
                "val_accuracy": done.val_accuracy,
                "seconds": round(done.seconds, 1),
                "right": _marks(done.right),
                "val_curve": done.val_curve,
                "loss_curve": done.loss_curve[:: max(1, len(done.loss_curve) // 100)],
                "others": {
                    name: _right(module, replace(settings, test=test).data(cell.labels, cell.seed))
                    for name, test in settings.others.items()
                },
            }
            if model_folder is not None:
                module.save_pretrained(model_folder)
        best["tried"] = tried
    return best


def _right(module: QuestionAnswering, data: QADataModule) -> str:
    from usg.downstream.scores import is_right

    questions = data.questions("test")
    return _marks(is_right(questions, module.answer_all(data.graphs("test"), questions)))


def _marks(right: Sequence[bool]) -> str:
    """One mark for each question, 1 where it was answered rightly."""
    return "".join("01"[hit] for hit in right)


def _fingerprint(cell: Cell, settings: Settings) -> str:
    """What a result depends on: settings, the names of the corpora (sampled ones say what they hold), the encoder."""
    shared = asdict(settings) | {name: Path(getattr(settings, name)).name for name in ("train", "val", "test")}
    shared["others"] = {name: Path(path).name for name, path in settings.others.items()}
    # What is off leaves no trace, so that cells from before it could be on are still found.
    shared = {name: value for name, value in shared.items() if name not in ("grounding", "others") or value}
    parts: list[Any] = [{**asdict(cell.system), "encoder": ""}, cell.labels, cell.seed, shared]
    encoder = Path(cell.system.encoder)
    # From scratch only the architecture and the vocabulary matter.
    names = ["config.json", "vocab.json"] + ([] if cell.system.scratch else ["model.safetensors"])
    files = [encoder / name for name in names]
    parts += [hashlib.sha256(file.read_bytes()).hexdigest() for file in files if file.is_file()]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _slug(name: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in name.lower()).split())


def run_table(
    systems: Sequence[System],
    settings: Settings,
    labels: Sequence[int],
    seeds: Sequence[int],
    folder: Path,
    jobs: int = 1,
    keep_models: bool = False,
) -> list[dict[str, Any]]:
    """Runs all cells that are not done.

    Args:
        systems: rows.
        settings: shared by all.
        labels: numbers of labelled questions.
        seeds: of labels, weights and batches.
        folder: of the JSON files of the cells.
        jobs: cells at a time, each in a process with one thread.
        keep_models: save each trained model beside its JSON file.
    """
    cells = [Cell(system, count, seed) for count in labels for seed in seeds for system in systems]
    run = partial(run_cell, settings=settings, folder=folder, keep_models=keep_models)
    if jobs == 1:
        return [run(cell) for cell in progress(cells, len(cells), "finetuning runs")]
    # Spawned, not forked: torch's threads do not survive a fork.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        return list(progress(pool.map(run, cells), len(cells), "finetuning runs"))


def add_options(parser: argparse.ArgumentParser, cells: str, test_labels: str) -> None:
    """Adds what the commands of all such tables can be told; `named_encoders` reads `--encoder`.

    Args:
        parser: of the command.
        cells: the folder of finished runs, by default.
        test_labels: help for the number of test questions.
    """
    add = parser.add_argument
    add(
        "--encoder",
        action="append",
        required=True,
        metavar="NAME=FOLDER",
        help="a pretrained encoder; the first is compared",
    )
    add("--seeds", type=int, nargs="+", default=[0, 1, 2], help="of labels, weights and batches (default: 0 1 2)")
    add("--steps", type=int, default=Settings.steps, help=f"steps of a run (default: {Settings.steps})")
    add("--rates", type=float, nargs="+", default=list(Settings.rates), help="learning rates each cell chooses from")
    add("--test-labels", type=int, default=None, help=test_labels)
    add("--cache", type=Path, default=Path("runs/cache"), help="folder of sampled scenes")
    add("--cells", type=Path, default=Path(cells), help="folder of finished runs, which are not run again")
    add("--jobs", type=int, default=os.cpu_count() or 1, help="runs at a time (default: one a core)")
    add("--json", type=Path, default=None, help="write the figures as JSON")


def named_encoders(words: Sequence[str]) -> dict[str, str]:
    """Name -> folder of the encoders that `--encoder` was given.

    Args:
        words: NAME=FOLDER each.

    Raises:
        ValueError: a word has no name or no folder.
        FileNotFoundError: a folder holds no encoder; said now, not by a process in an hour.
    """
    from usg.downstream.qa import load_encoder

    encoders = dict(_named(word) for word in words)
    for encoder in encoders.values():
        load_encoder(encoder)
    return encoders


def _named(word: str) -> tuple[str, str]:
    name, separator, folder = word.partition("=")
    if not separator or not name or not folder:
        raise ValueError(f"--encoder {word}: expected NAME=FOLDER, as in pretrained=runs/pretrain/world/model")
    return name, folder
