"""`usg train-parser text`: trains the text parser on captions with graphs, and makes a spaCy pipeline of it.

    usg train-parser text --config parsers/text --data FACTUAL/random/train.csv --unlabelled captions_val2017.json

Several teachers are trained from different seeds; then one student learns from the gold graphs and from what the
teachers say together, of the same captions and of captions without graphs (usg/parsers/text/objective.py). Every
network has its folder below the run folder: a run that was killed goes on where it stopped when it is started again.
The pipeline is `RUN/pipeline`, for `TextParser(pipeline=...)` and `spacy.load`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from usg.parsers.text.data import Tables
    from usg.parsers.text.model import TextGraphModel
    from usg.parsers.text.objective import Lesson
    from usg.parsers.text.training import Fit


@dataclass(frozen=True)
class Sizes:
    """Of the network; see `NetworkConfig`."""

    word_dim: int = 128
    stem_dim: int = 96
    gram_dim: int = 96
    hidden: int = 128
    layers: int = 2
    dim: int = 256
    mixing: int = 1
    dropout: float = 0.33
    word_dropout: float = 0.12


@dataclass(frozen=True)
class Job:
    """One network to train; everything a process needs."""

    data: str
    unlabelled: tuple[str, ...]
    sizes: Sizes
    fit: Fit
    seed: int
    folder: Path
    teachers: tuple[Path, ...] = ()
    limit: int | None = None


def run_job(job: Job) -> Path:
    """Trains one network in this process, on one thread; the folder of its model."""
    import torch

    from usg.parsers.text.training import fit

    torch.set_num_threads(1)
    done = job.folder / "model"
    if (done / "network.json").is_file():
        print(f"{job.folder.name}: trained already", file=sys.stderr)
        return done
    tables, aligned, captions = load(job)
    torch.manual_seed(job.seed)
    model = tables_model(tables, job.sizes)
    lessons = learn(job.teachers, [*(each.tokens for each in aligned), *captions]) if job.teachers else []
    trained = {"seed": job.seed, "fit": asdict(job.fit), "captions": len(aligned), "unlabelled": len(captions)}
    trained["teachers"] = len(job.teachers)
    fit(model, tables.examples(aligned), lessons, job.fit, seed=job.seed, folder=job.folder, trained=trained)
    return done


def load(job: Job) -> tuple[Tables, list[Any], list[list[str]]]:
    """The tables, the aligned captions, and the captions without graphs."""
    from usg.parsers.text.data import Tables, aligned_graphs, captions_of, gold_graphs

    graphs, problems = gold_graphs(job.data)
    if problems.count:
        print(problems, file=sys.stderr)
    aligned = aligned_graphs(graphs[: job.limit])
    captions = [words for path in job.unlabelled for words in captions_of(path)][: job.limit]
    return Tables.build(aligned, captions), aligned, captions


def tables_model(tables: Tables, sizes: Sizes) -> TextGraphModel:
    """A model of random weights for the tables."""
    from usg.parsers.text.model import TextGraphModel

    return TextGraphModel.build(tables.words, tables.inventory, **asdict(sizes))


def learn(teachers: Sequence[Path], captions: Sequence[Sequence[str]]) -> list[Lesson]:
    """What the teachers say of the captions."""
    from usg.parsers.text.model import TextGraphModel
    from usg.parsers.text.objective import teach
    from usg.progress import progress

    models = [TextGraphModel.load(folder) for folder in teachers]
    order = sorted(range(len(captions)), key=lambda k: len(captions[k]))
    found: dict[int, Lesson] = {}
    size = 128
    for start in progress(range(0, len(order), size), label="teachers read"):
        part = order[start : start + size]
        networks = [(model.network, model.reader) for model in models]
        found.update(zip(part, teach(networks, [captions[k] for k in part]), strict=True))
    return [found[k] for k in range(len(captions))]


