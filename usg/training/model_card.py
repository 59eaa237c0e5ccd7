"""The model card of a training: `README.md` beside its checkpoints and in every model folder that it leaves.

One function for all trainings. The training says what its model is (`describe`), the run record what was asked, the
log how well it does; the hub reads the front matter (https://huggingface.co/docs/hub/model-cards). Nothing is claimed
that the run did not see.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import yaml
from huggingface_hub import ModelCardData
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import nn

from usg import __version__
from usg.corpus import Corpus
from usg.files import atomic_path
from usg.provenance import commit
from usg.training.checkpoint_io import BEST
from usg.training.metrics_log import MetricsLog

CARD = "README.md"
_LOAD_CHECKPOINT = """from usg.training.checkpoint_io import load_checkpoint
weights = load_checkpoint({file})["state_dict"]"""
_LICENCE = "The licence is that of the data and models that went in, which this card does not know: state it first."


@dataclass(frozen=True)
class ModelDescription:
    """What a training says of its model.

    Attributes:
        title: what it is, as a heading.
        summary: the same in a sentence or two.
        parameters: trained and frozen weights of each part.
        learns: what it is trained to do, a line each.
        data: what it is trained on, a line each.
        loading: two lines of Python that load a model folder, `{folder}` in place of its quoted path.
        sizes: other numbers and names that tell it from its like.
        library: that loads the folder, by the hub's name.
        tags: for the hub.
        own: nothing went in but what this library makes itself, so that its licence holds.
    """

    title: str
    summary: str
    parameters: Mapping[str, tuple[int, int]]
    learns: Sequence[str]
    data: Sequence[str]
    loading: str
    sizes: Mapping[str, str | int] = field(default_factory=dict)
    library: str = "usg"
    tags: Sequence[str] = ("scene-graph",)
    own: bool = False


@runtime_checkable
class Described(Protocol):
    """A training that can say what its model is."""

    def describe(self) -> ModelDescription:
        """What its model is, once that is built."""


class RunRecord(Callback):
    """What was asked for: the command for the card, the configuration for loggers that keep one.

    Args:
        command: the line that a shell runs again; None where there was none.

    Attributes:
        commit: of this code when the run started, None outside a checkout.
        step: whose weights the module holds, where that is not the last.
    """

    def __init__(self, command: str | None) -> None:
        self.command, self.commit = command, commit()
        self.step: int | None = None

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Hand the whole configuration to the loggers."""
        file = Path(trainer.default_root_dir) / "config.yaml"
        if trainer.is_global_zero and file.is_file():
            settings = yaml.safe_load(file.read_text(encoding="utf-8"))
            for logger in trainer.loggers:
                logger.log_hyperparams(settings)


def write_card(trainer: Trainer, folder: Path, step: int | None = None) -> None:
    """Writes the card of a model folder, on the first process; none where the training cannot describe its model.

    Args:
        trainer: of the training.
        folder: of the model.
        step: whose weights the folder holds; by default that of the run record, or the last.
    """
    chosen = [each for each in (step, _record(trainer).step, trainer.global_step) if each is not None]
    _write(trainer, folder, chosen[0], None, "")


def write_checkpoint_card(trainer: Trainer, checkpoint: Path, best: str | None) -> None:
    """Writes the card of the folder of checkpoints, as `write_card` does.

    Args:
        trainer: of the training.
        checkpoint: the file that has just been written.
        best: what the best checkpoint is of, in words; None where none is kept.
    """
    after = "The training goes on from its newest state with `--ckpt_path last`."
    if best is not None:
        after += f" `{BEST}` is of {best}; `--ckpt_path best` names it."
    _write(trainer, checkpoint.parent, trainer.global_step, _LOAD_CHECKPOINT.format(file=_quoted(checkpoint)), after)


def _write(trainer: Trainer, folder: Path, step: int, use: str | None, after: str) -> None:
    module: Any = trainer.lightning_module
    if not (trainer.is_global_zero and isinstance(module, Described)):
        return
    model = module.describe()
    hub = ModelCardData(
        library_name=model.library, license="apache-2.0" if model.own else "unknown", tags=list(model.tags)
    )
    trained, frozen = (sum(counts[i] for counts in model.parameters.values()) for i in (0, 1))
    planned, done = int(trainer.estimated_stepping_batches), trainer.global_step
    rows = [
        ("steps", f"{step:,} of {planned:,} planned" + (f", the best of the {done:,} done" if step != done else "")),
        ("parameters", f"{trained + frozen:,}, of which {trained:,} are trained"),
        *((f"{part}, trained and frozen", f"{a:,} and {b:,}") for part, (a, b) in model.parameters.items()),
        *((name, f"{value:,}" if isinstance(value, int) else value) for name, value in model.sizes.items()),
    ]
    parts = [
        f"---\n{hub.to_yaml()}\n---\n\n# {model.title}\n\n{model.summary}",
        _table(("", ""), rows),
        "## Learns\n\n" + _list(model.learns),
        "## Data\n\n" + _list(model.data),
        "## Validation\n\n" + _validation(trainer, step),
        "## Made by\n\n" + _made_by(_record(trainer)),
        f"## Use\n\n```python\n{use or model.loading.format(folder=_quoted(folder))}\n```",
        after,
        "" if model.own else _LICENCE,
    ]
    with atomic_path(folder / CARD) as temporary:
        temporary.write_text("\n\n".join(part for part in parts if part) + "\n", encoding="utf-8")


def _record(trainer: Any) -> RunRecord:
    found = [each for each in trainer.callbacks if isinstance(each, RunRecord)]
    return found[0] if found else RunRecord(None)


def _validation(trainer: Trainer, step: int) -> str:
    """The last validation up to a step, from the log of the run."""
    log = next((each for each in trainer.loggers if isinstance(each, MetricsLog)), None)
    at, figures = (0, {}) if log is None else log.last("val/", step)
    if not figures:
        return "None yet."
    return f"After step {at:,}:\n\n" + _table(
        ("figure", "value"), ((n, f"{v:.4f}") for n, v in sorted(figures.items()))
    )


def _made_by(record: RunRecord) -> str:
    made = f"usg {__version__}" + (f", commit {record.commit}" if record.commit else "")
    if record.command is None:
        return f"{made}, from Python."
    return f"```sh\n{record.command}\n```\n\n{made}. `config.yaml` of the run has every setting."


def _quoted(path: Path) -> str:
    return json.dumps(str(path), ensure_ascii=False)


def _table(head: tuple[str, str], rows: Iterable[tuple[str, str]]) -> str:
    return "\n".join([f"| {head[0]} | {head[1]} |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def parameter_counts(**parts: nn.Module | None) -> dict[str, tuple[int, int]]:
    """Trained and frozen weights of parts of a model; `None` and what has none are left out.

    Args:
        parts: modules by name.

    Example:
        >>> parameter_counts(encoder=nn.Linear(3, 2), head=None)
        {'encoder': (8, 0)}
    """
    counts = {}
    for name, part in parts.items():
        sizes = [] if part is None else [(each.numel(), each.requires_grad) for each in part.parameters()]
        if sizes:
            trained = sum(size for size, learnt in sizes if learnt)
            counts[name] = (trained, sum(size for size, _ in sizes) - trained)
    return counts


def first_lines(items: Iterable[object]) -> list[str]:
    """Objects by the names of their classes and the first sentence that these say of themselves.

    Args:
        items: instances, as objectives or tasks.
    """
    lines = [(type(item).__name__, (type(item).__doc__ or "").strip().splitlines()[:1]) for item in items]
    return [": ".join([name, *(line.split(". ")[0].rstrip(".") for line in said)]) for name, said in lines]


def corpus_lines(names: Iterable[str], corpora: Iterable[Corpus]) -> list[str]:
    """Corpora in words: the name that the user gave, the number of graphs, and what the manifest says of their origin.

    Args:
        names: as given.
        corpora: of the same number.
    """
    lines = []
    for name, corpus in zip(names, corpora, strict=True):
        origin = "; ".join(f"{key}: {value}" for key, value in corpus.manifest.get("provenance", {}).items())
        lines.append(f"`{name}`: {len(corpus):,} graphs" + (f" ({origin})" if origin else ""))
    return lines
