"""Trains the linguistic pipeline on UD English EWT: usg train-parser syntax --config parsers/syntax."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from usg.files import atomic_path
from usg.parsers.text.syntax.settings import SyntaxSettings, read_settings, spacy_config

if TYPE_CHECKING:
    from spacy.language import Language

META: dict[str, Any] = {
    "lang": "en",
    "name": "scene_graph",
    "version": "0.1.0",
    "description": (
        "English pipeline of USG: tagger, morphology, edit-tree lemmatizer and dependency parser in the labels of "
        "spaCy's English pipelines, for captions and descriptions."
    ),
    "author": "",
    "url": "",
    "license": "CC BY-SA 4.0",
    "sources": [
        {
            "name": "Universal Dependencies English Web Treebank (UD English EWT), trees converted to CLEAR style",
            "url": "https://github.com/UniversalDependencies/UD_English-EWT",
            "license": "CC BY-SA 4.0",
            "author": "Natalia Silveira, Timothy Dozat, Christopher Manning, Sebastian Schuster, Ethan Chi, John Bauer, "
            "Miriam Connor, Marie-Catherine de Marneffe, Nathan Schneider, Sam Bowman, Hanzhi Zhu, Daniel Galbraith, "
            "Amir Zeldes and others",
        }
    ],
}
"""What meta.json of the pipeline says besides its scores."""


def train_syntax(settings: SyntaxSettings, *, overwrite: bool = False) -> dict[str, dict[str, float]]:
    """Trains the pipeline and returns its scores on the test split.

    The run folder gets `log.jsonl` (an evaluation a line), the DocBin files and `model`: the spaCy pipeline, with
    `syntax.json` (settings, scores) in it.

    Args:
        settings: what can be set.
        overwrite: replace a run that is there.

    Returns:
        Scores of the rows "test" and "test as captions".

    Raises:
        FileExistsError: the run folder holds a run and `overwrite` is not given.
        FileNotFoundError: a treebank file is missing.
    """
    import spacy
    from spacy.language import DEFAULT_CONFIG
    from spacy.tokens import DocBin
    from spacy.training.initialize import init_nlp
    from spacy.training.loop import train

    from usg.parsers.text.syntax.captions import caption_style
    from usg.parsers.text.syntax.scores import score
    from usg.parsers.text.syntax.treebank import read_docs, treebank_file

    files = {split: treebank_file(settings.data, split) for split in ("train", "dev", "test")}
    run = Path(settings.output)
    if (run / "log.jsonl").exists() and not overwrite:
        raise FileExistsError(f"{run} holds a run already: replace it with --overwrite, or name another --output")
    run.mkdir(parents=True, exist_ok=True)
    (run / "log.jsonl").unlink(missing_ok=True)
    blank = spacy.blank("en")
    docs = {
        split: read_docs(file, blank, longest=settings.longest, seed=settings.seed) for split, file in files.items()
    }
    for split in ("train", "dev"):
        with atomic_path(run / f"{split}.spacy") as temporary:
            DocBin(docs=docs[split], store_user_data=False).to_disk(temporary)
    config = spacy_config(settings, run / "train.spacy", run / "dev.spacy", run / "log.jsonl")
    nlp = init_nlp(DEFAULT_CONFIG.merge(config))
    train(nlp, run, stdout=sys.stderr, stderr=sys.stderr)
    best = spacy.load(run / "model-best")
    scores = {
        "test": score(best, docs["test"]),
        "test as captions": score(best, [caption_style(doc) for doc in docs["test"]]),
    }
    save(best, settings, scores, run / "model")
    for folder in ("model-best", "model-last"):
        shutil.rmtree(run / folder)
    return scores


def save(nlp: Language, settings: SyntaxSettings, scores: dict[str, dict[str, float]], folder: Path) -> None:
    """Writes the pipeline with its meta data, settings and scores, and no path of this machine."""
    nlp.meta.update({**META, "performance": scores["test"]})
    nlp.config["paths"] = {"train": None, "dev": None}
    nlp.config["training"]["logger"]["output_file"] = None
    nlp.to_disk(folder)
    told = asdict(replace(settings, data="", output=""))
    kept = {key: value for key, value in told.items() if key not in ("data", "output")}
    with atomic_path(folder / "syntax.json") as temporary:
        temporary.write_text(json.dumps({"settings": kept, "scores": scores}, indent=2) + "\n", encoding="utf-8")
