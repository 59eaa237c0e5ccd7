"""Trains the linguistic pipeline on UD English EWT: usg train-parser syntax --config parsers/syntax."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from usg.files import atomic_path
from usg.parsers.settings_file import read_settings
from usg.parsers.text.syntax.settings import SyntaxSettings, spacy_config
from usg.parsers.text.syntax.treebank import read_docs, treebank_file

if TYPE_CHECKING:
    from spacy.language import Language

Scores: TypeAlias = dict[str, dict[str, float]]
"""Figures by row and name."""

META: dict[str, Any] = {
    "lang": "en",
    "name": "syntax",
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
            "author": "the Universal Dependencies contributors",
        }
    ],
}
"""What meta.json of the pipeline says besides its scores."""


def train_syntax(settings: SyntaxSettings, *, overwrite: bool = False) -> Scores:
    """Trains the pipeline and returns its scores on the test split.

    The run folder gets `log.jsonl` (an evaluation a line), the documents as DocBin files and `model`: the spaCy
    pipeline, with `syntax.json` (settings and scores) in it. A run that was interrupted starts again: spaCy's training
    loop does not resume.

    Args:
        settings: what can be set.
        overwrite: replace a run that is there.

    Returns:
        What `test_scores` says.

    Raises:
        FileExistsError: the run folder holds a run and `overwrite` is not given.
        FileNotFoundError: a treebank file is missing.
    """
    files = {split: treebank_file(settings.data, split) for split in ("train", "dev")}
    treebank_file(settings.data, "test")
    run = Path(settings.output)
    if (run / "log.jsonl").exists() and not overwrite:
        raise FileExistsError(f"{run} holds a run already: replace it with --overwrite, or name another --output")
    run.mkdir(parents=True, exist_ok=True)
    (run / "log.jsonl").unlink(missing_ok=True)
    import spacy
    from spacy.language import DEFAULT_CONFIG
    from spacy.tokens import DocBin
    from spacy.training.initialize import init_nlp
    from spacy.training.loop import train

    import usg.parsers.text.syntax.captions  # noqa: F401  registers the augmenter that the configuration names

    blank = spacy.blank("en")
    docs = {
        split: read_docs(file, blank, longest=settings.longest, seed=settings.seed) for split, file in files.items()
    }
    for split in files:
        with atomic_path(run / f"{split}.spacy") as temporary:
            DocBin(docs=docs[split], store_user_data=False).to_disk(temporary)
    config = spacy_config(settings, run / "train.spacy", run / "dev.spacy", run / "log.jsonl")
    nlp = init_nlp(DEFAULT_CONFIG.merge(config))
    train(nlp, run, stdout=sys.stderr, stderr=sys.stderr)
    best = spacy.load(run / "model-best")
    scores = test_scores(best, settings)
    save(best, settings, scores, run / "model")
    for folder in ("model-best", "model-last"):
        shutil.rmtree(run / folder)
    return scores


def test_scores(nlp: Language, settings: SyntaxSettings) -> Scores:
    """The scores on the test split, read in three ways; nothing gold is given to the pipeline.

    Args:
        nlp: the pipeline.
        settings: where the treebank is, and the longest document.

    Returns:
        Rows "documents" (of several sentences, as in training), "sentences" (one at a time) and "captions" (one at a
        time, in lower case without the last full stop).
    """
    from usg.parsers.text.syntax.captions import caption_style
    from usg.parsers.text.syntax.scores import score

    file = treebank_file(settings.data, "test")
    sentences = read_docs(file, nlp)
    return {
        "documents": score(nlp, read_docs(file, nlp, longest=settings.longest, seed=settings.seed)),
        "sentences": score(nlp, sentences),
        "captions": score(nlp, [caption_style(doc) for doc in sentences]),
    }


def save(nlp: Language, settings: SyntaxSettings, scores: Scores, folder: Path) -> None:
    """Writes the pipeline with its meta data, settings and scores, and no path of this machine.

    Args:
        nlp: the pipeline.
        settings: what it was trained with.
        scores: figures by row; those of "sentences" go into meta.json too.
        folder: where to.
    """
    nlp.meta.update({**META, "performance": scores["sentences"]})
    nlp.config["paths"] = dict.fromkeys(nlp.config["paths"])
    nlp.config["training"]["logger"]["output_file"] = None
    nlp.to_disk(folder)
    told = {name: value for name, value in asdict(settings).items() if name not in ("data", "output")}
    with atomic_path(folder / "syntax.json") as temporary:
        temporary.write_text(json.dumps({"settings": told, "scores": scores}, indent=2) + "\n", encoding="utf-8")


def table(scores: Scores) -> str:
    """The scores in percent, a row for each way the test text is written.

    Example:
        >>> print(table({"sentences": {"tag": 0.935, "las": 0.825}}))
                      tag    las
        sentences    93.5   82.5
    """
    names = list(next(iter(scores.values())))
    lines = [f"{'':<10}" + "".join(f"{name:>{max(7, len(name) + 2)}}" for name in names)]
    for row, figures in scores.items():
        cells = (f"{100 * figures[name]:>{max(7, len(name) + 2)}.1f}" for name in names)
        lines.append(f"{row:<10}" + "".join(cells))
    return "\n".join(lines)


def parser() -> argparse.ArgumentParser:
    """Returns the parser of `usg train-parser syntax`."""
    top = argparse.ArgumentParser(prog="usg train-parser syntax", description=__doc__)
    top.add_argument("--config", required=True, help="a YAML file, or parsers/syntax, which is shipped")
    top.add_argument("--data", metavar="DIR", help="the folder of UD English EWT, instead of the configuration's")
    top.add_argument("-o", "--output", metavar="DIR", help="the run folder, instead of the configuration's")
    top.add_argument("--seed", type=int, help="instead of the configuration's")
    top.add_argument("--steps", type=int, help="instead of the configuration's")
    top.add_argument("--overwrite", action="store_true", help="replace a run that is there")
    return top


def main(argv: Sequence[str]) -> int:
    """Trains the linguistic pipeline on UD English EWT."""
    args = parser().parse_args(argv)
    from usg.training.arguments import find_config

    told = {"data": args.data, "output": args.output, "seed": args.seed, "steps": args.steps}
    settings = replace(
        read_settings(find_config(args.config), SyntaxSettings()),
        **{name: value for name, value in told.items() if value is not None},
    )
    if not settings.data:
        raise ValueError("no treebank is named; give --data DIR, the folder of UD English EWT")
    try:
        scores = train_syntax(settings, overwrite=args.overwrite)
    except KeyboardInterrupt:
        raise KeyboardInterrupt("spaCy's training does not resume: run it again with --overwrite") from None
    print(table(scores))
    print(f"{Path(settings.output) / 'model'}: the pipeline; spacy.load reads it")
    return 0
