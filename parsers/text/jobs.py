"""One network to train, as a process of its own can be told."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from usg.parsers.text.training_settings import Fit, Sizes
from usg.progress import progress

if TYPE_CHECKING:
    from usg.parsers.text.align import Alignment
    from usg.parsers.text.data import Tables
    from usg.parsers.text.objective import Lesson


@dataclass(frozen=True)
class Job:
    """One network to train.

    Args:
        data: graphs with their captions.
        unlabelled: files of captions without graphs.
        limit: captions to read of each file; all when None.
        sizes: of the network.
        fit: how it is trained.
        seed: of weights, order, augmentation and dropout.
        folder: where to.
        teachers: folders of trained models that it learns from; without any it learns from the graphs alone.
    """

    data: str
    unlabelled: tuple[str, ...]
    limit: int | None
    sizes: Sizes
    fit: Fit
    seed: int
    folder: Path
    teachers: tuple[Path, ...] = ()


def run_job(job: Job) -> Path:
    """Trains one network in this process, on one thread; the folder of its model. What is trained already is left.

    Raises:
        ValueError: what is trained already was trained with another seed, other sizes or other settings.
    """
    import torch

    from usg.parsers.text.model import TextGraphModel
    from usg.parsers.text.training import fit

    torch.set_num_threads(1)
    done = job.folder / "model"
    if (done / "network.json").is_file():
        _check_same(job, done / "network.json")
        print(f"{job.folder}: trained already", file=sys.stderr)
        return done
    tables, aligned, captions = load(job)
    torch.manual_seed(job.seed)
    model = TextGraphModel.build(tables.words, tables.inventory, job.sizes)
    lessons = learn(job.teachers, [*(each.tokens for each in aligned), *captions]) if job.teachers else []
    trained = {
        "seed": job.seed,
        "fit": asdict(job.fit),
        "captions": len(aligned),
        "unlabelled": len(captions),
        "teachers": len(job.teachers),
    }
    fit(model, tables.examples(aligned), lessons, job.fit, seed=job.seed, folder=job.folder, trained=trained)
    return done


def _check_same(job: Job, file: Path) -> None:
    state = json.loads(file.read_text(encoding="utf-8"))
    trained, sizes = state["trained"], asdict(job.sizes)
    was = {
        "seed": trained.get("seed"),
        **trained.get("fit", {}),
        **{name: state["network"].get(name) for name in sizes},
    }
    wanted = {"seed": job.seed, **asdict(job.fit), **sizes}
    other = [f"{name} {was.get(name)}, not {value}" for name, value in wanted.items() if was.get(name) != value]
    if other:
        raise ValueError(
            f"{job.folder} was trained with {', '.join(other)}; give another --output, or remove the folder"
        )


def load(job: Job) -> tuple[Tables, list[Alignment], list[list[str]]]:
    """The tables, the aligned captions, and the captions without graphs."""
    from usg.parsers.text.data import Tables, aligned_graphs, captions_of, gold_graphs

    graphs, problems = gold_graphs(job.data)
    if problems.count:
        print(problems, file=sys.stderr)
    aligned = aligned_graphs(graphs[: job.limit])
    captions = [words for path in job.unlabelled for words in captions_of(path)[: job.limit]]
    return Tables.build(aligned, captions), aligned, captions


def learn(teachers: Sequence[Path], captions: Sequence[Sequence[str]], batch_size: int = 128) -> list[Lesson]:
    """What the teachers say of the captions."""
    from usg.parsers.text.model import TextGraphModel
    from usg.parsers.text.objective import teach

    models = [TextGraphModel.load(folder) for folder in teachers]
    networks = [(model.network, model.reader) for model in models]
    order = sorted(range(len(captions)), key=lambda k: len(captions[k]))
    found: dict[int, Lesson] = {}
    for start in progress(range(0, len(order), batch_size), label="teachers read"):
        part = order[start : start + batch_size]
        found.update(zip(part, teach(networks, [captions[k] for k in part]), strict=True))
    return [found[k] for k in range(len(captions))]
