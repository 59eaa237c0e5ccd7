"""One network to train, and the file that says of what.

`job.json` in the folder of a job says what is trained there: names and SHA-256 digests of what it reads, sizes,
settings and seed. Whoever starts the job again goes on with it, or is given what it made; another job is refused.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from hashlib import file_digest, sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from usg.files import atomic_path
from usg.parsers.text.training_settings import Fit, Sizes

if TYPE_CHECKING:
    from usg.parsers.text.align import Alignment
    from usg.parsers.text.data import Tables


@dataclass(frozen=True)
class Job:
    """One network to train.

    Args:
        data: graphs with their captions.
        unlabelled: files of captions without graphs, whose words enter the word table.
        limit: captions to read of each file; all when None.
        sizes: of the network.
        fit: how it is trained.
        seed: of weights, order, augmentation and dropout.
        folder: where to.
    """

    data: str
    unlabelled: tuple[str, ...]
    limit: int | None
    sizes: Sizes
    fit: Fit
    seed: int
    folder: Path


def run_job(job: Job) -> Path:
    """Trains one network in this process, on one thread; the folder of its model. What is trained already is left.

    Raises:
        ValueError: the folder is another job's; see `check_job`.
    """
    import torch

    check_job(job)
    done = job.folder / "model"
    if (done / "network.json").is_file():
        print(f"{job.folder}: trained already", file=sys.stderr)
        return done
    job.folder.mkdir(parents=True, exist_ok=True)
    with atomic_path(job.folder / "job.json") as temporary:
        temporary.write_text(json.dumps(_record(job), indent=2) + "\n", encoding="utf-8")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        _train(job)
    finally:
        torch.set_num_threads(threads)
    return done


def _train(job: Job) -> None:
    import torch

    from usg.parsers.text.model import TextGraphModel
    from usg.parsers.text.training import fit

    tables, aligned, captions = load(job)
    torch.manual_seed(job.seed)
    model = TextGraphModel.build(tables.words, tables.inventory, job.sizes)
    trained = {
        "seed": job.seed,
        "fit": asdict(job.fit),
        "captions": len(aligned),
        "unlabelled": len(captions),
    }
    fit(model, tables.examples(aligned), job.fit, seed=job.seed, folder=job.folder, trained=trained)


def check_job(job: Job) -> None:
    """Refuses a folder in which something else was trained, or began to be.

    Raises:
        ValueError: what is there read other data, or has other sizes, settings or another seed.
    """
    if not any((job.folder / name).exists() for name in ("model", "checkpoints")):
        return
    remedy = "give another --output, or remove the folder"
    file = job.folder / "job.json"
    if not file.is_file():
        raise ValueError(f"{job.folder} holds a training, but no job.json that says of what; {remedy}")
    was, wanted = json.loads(file.read_text(encoding="utf-8")), _record(job)
    other = [
        f"{name} {_told(was.get(name))}, not {_told(value)}" for name, value in wanted.items() if was.get(name) != value
    ]
    if other:
        raise ValueError(f"{job.folder} was trained with {'; '.join(other)}; {remedy}")


def _record(job: Job) -> dict[str, Any]:
    """What makes the job what it is, as JSON can hold it."""
    return {
        "data": _digest(Path(job.data)),
        "unlabelled": [_digest(Path(file)) for file in job.unlabelled],
        "limit": job.limit,
        "seed": job.seed,
        **{f"sizes.{name}": value for name, value in asdict(job.sizes).items()},
        **{f"fit.{name}": value for name, value in asdict(job.fit).items()},
    }


def _digest(path: Path) -> dict[str, str]:
    """The name and the SHA-256 digest of a file, or of the files of a folder with their names."""
    if path.is_dir():
        files = sorted(each for each in path.rglob("*") if each.is_file())
        inside = [(each.relative_to(path).as_posix(), _digest(each)["sha256"]) for each in files]
        return {"name": path.name, "sha256": sha256(json.dumps(inside).encode()).hexdigest()}
    with path.open("rb") as file:
        return {"name": path.name, "sha256": file_digest(file, "sha256").hexdigest()}


def _told(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_told, value)) or "none"
    return f"{value['name']} (SHA-256 {value['sha256'][:8]})" if isinstance(value, dict) else str(value)


def load(job: Job) -> tuple[Tables, list[Alignment], list[list[str]]]:
    """The tables, the aligned captions, and the captions without graphs."""
    from usg.parsers.text.data import Tables, aligned_graphs, captions_of, gold_graphs

    graphs, problems = gold_graphs(job.data)
    if problems.count:
        print(problems, file=sys.stderr)
    aligned = aligned_graphs(graphs[: job.limit])
    captions = [words for path in job.unlabelled for words in captions_of(path)[: job.limit]]
    return Tables.build(aligned, captions), aligned, captions
