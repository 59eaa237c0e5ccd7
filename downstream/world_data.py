"""Corpora of the procedural world for finetuning, made where they are missing.

Scenes of downstream tasks come from other seeds than those of pretraining, so no scene is in both.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from usg.corpus import Corpus, CorpusWriter
from usg.progress import progress
from usg.world import scenes

QA_SEED = 71_000
"""Seed of the scenes that questions are asked about; pretraining uses small ones."""


@dataclass(frozen=True)
class WorldCorpus:
    """Which scenes a corpus holds: with these numbers it can be made again.

    Attributes:
        name: of its folder.
        scenes: how many.
        split: of the world: train, val, iid, compose or longer.
        seed: of the scenes.
        captions: to each scene.
        questions: to each scene.
    """

    name: str
    scenes: int
    split: str
    seed: int
    captions: int = 0
    questions: int = 0

    def command(self, folder: Path | str) -> str:
        """The command that makes the same corpus."""
        words = f"usg world scenes -n {self.scenes} --split {self.split} --seed {self.seed}"
        for option, value in (("captions", self.captions), ("questions", self.questions)):
            words += f" --{option} {value}" if value else ""
        return f"{words} -o {Path(folder) / self.name}"


def qa_corpora(train: int = 1000, val: int = 250, test: int = 1000, questions: int = 8) -> dict[str, WorldCorpus]:
    """The corpora of question answering: `train`, `val` and `test` scenes, disjoint from each other.

    Args:
        train: scenes that labels are drawn from.
        val: scenes that choose the best step.
        test: scenes that are reported.
        questions: to each scene.
    """
    sizes = {"train": ("train", train), "val": ("val", val), "test": ("iid", test)}
    return {
        name: WorldCorpus(f"qa-{name}", size, split, QA_SEED + i, questions=questions)
        for i, (name, (split, size)) in enumerate(sizes.items())
    }


def make(corpus: WorldCorpus, folder: Path | str) -> Path:
    """Writes a corpus unless the folder has it; a corpus under its final name is whole.

    Args:
        corpus: what it holds.
        folder: where its own folder lies.

    Returns:
        The folder of the corpus.

    Raises:
        FileExistsError: the folder holds another corpus of that name.
    """
    path = Path(folder) / corpus.name
    if path.exists():
        found = Corpus(path).manifest.get("provenance")
        if found != asdict(corpus):
            raise FileExistsError(
                f"{path} holds another corpus, made as {found}, not as {corpus}; remove it or name another folder"
            )
        return path
    partial = path.with_name(f".{path.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.parent.mkdir(parents=True, exist_ok=True)
    drawn = scenes(corpus.scenes, corpus.split, corpus.seed, captions=corpus.captions, questions=corpus.questions)
    with CorpusWriter(partial, provenance=asdict(corpus)) as writer:
        writer.write_all(progress(drawn, corpus.scenes, f"sampling {corpus.name}"))
    os.replace(partial, path)
    return path
