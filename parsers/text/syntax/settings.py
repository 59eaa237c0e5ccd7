"""The settings of `usg train-parser syntax` and the spaCy configuration they stand for.

One token encoder (hashed embeddings of norm, prefix, suffix and shape, then convolutions over windows of three with
maxout) is shared by a tagger, a morphologizer, an edit-tree lemmatizer and a transition-based parser; the architectures
are spaCy's own (https://spacy.io/api/architectures).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from usg.parsers.text.pipeline import SYNTAX

"""The components of the pipeline, in order."""


@dataclass(frozen=True)
class SyntaxSettings:
    """What can be set.

    Attributes:
        data: folder of UD English EWT.
        output: the run folder.
        seed: of weights, order, dropout and augmentation.
        steps: of training; the learning rate falls to zero at the last.
        batch_words: in a step.
        learning_rate: the peak.
        warmup_steps: of the learning rate.
        dropout: share of the activations.
        evaluate_every: steps between two evaluations on the development split.
        longest: sentences of the longest training document.
        caption_share: of the training documents that are written as captions are.
        space_share: of the training documents that get a doubled space.
        width: of the token vectors.
        depth: convolutions of the encoder.
        rows: of the hash tables of norm, prefix, suffix and shape.
        parser_width: of the parser's hidden layer.
    """

    data: str = ""
    output: str = "runs/parsers/syntax"
    seed: int = 0
    steps: int = 2400
    batch_words: int = 1000
    learning_rate: float = 0.002
    warmup_steps: int = 250
    dropout: float = 0.1
    evaluate_every: int = 300
    longest: int = 3
    caption_share: float = 0.3
    space_share: float = 0.05
    width: int = 96
    depth: int = 4
    rows: tuple[int, int, int, int] = (5000, 1000, 2500, 2500)
    parser_width: int = 64

    def __post_init__(self) -> None:
        """Refuses numbers that spaCy would take in silence or answer from deep inside."""
        if len(self.rows) != 4 or not all(type(rows) is int and rows > 0 for rows in self.rows):
            raise ValueError(f"rows is {self.rows}; expected four numbers, for norm, prefix, suffix and shape")
        for name in ("dropout", "caption_share", "space_share"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} is {getattr(self, name)}; expected a share in [0, 1]")
        for name in ("steps", "batch_words", "evaluate_every", "longest", "width", "depth", "parser_width"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; expected at least 1")
        if self.warmup_steps >= self.steps:
            raise ValueError(f"warmup_steps is {self.warmup_steps} of {self.steps} steps; expected fewer than all")


def spacy_config(settings: SyntaxSettings, train: Path, dev: Path, log: Path) -> dict[str, Any]:
    """The configuration of the pipeline and its training, as `spacy train` reads it.

    Args:
        settings: what can be set.
        train: documents to learn from, a DocBin file.
        dev: documents that choose the step that is kept.
        log: where a JSON line goes at every evaluation.
    """
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": settings.width, "upstream": "tok2vec"}
    tagger = {"@architectures": "spacy.Tagger.v2", "nO": None, "tok2vec": listener}
    components: dict[str, Any] = {
        "tok2vec": {"factory": "tok2vec", "model": _encoder(settings)},
        "tagger": {"factory": "tagger", "model": tagger},
        "morphologizer": {"factory": "morphologizer", "model": tagger},
        "trainable_lemmatizer": {"factory": "trainable_lemmatizer", "model": tagger, "min_tree_freq": 3, "top_k": 3},
        "parser": {"factory": "parser", "model": _parser(settings, listener)},
    }
    corpus = {"@readers": "spacy.Corpus.v1", "gold_preproc": False, "max_length": 0, "limit": 0}
    augmenter = {
        "@augmenters": "usg.caption_style.v1",
        "level": settings.caption_share,
        "space_level": settings.space_share,
    }
    return {
        "paths": {"train": str(train), "dev": str(dev)},
        "nlp": {"lang": "en", "pipeline": list(SYNTAX), "batch_size": 256},
        "components": components,
        "corpora": {
            "train": {**corpus, "path": "${paths.train}", "augmenter": augmenter},
            "dev": {**corpus, "path": "${paths.dev}", "augmenter": None},
        },
        "training": _training(settings, log),
    }


def _encoder(settings: SyntaxSettings) -> dict[str, Any]:
    return {
        "@architectures": "spacy.Tok2Vec.v2",
        "embed": {
            "@architectures": "spacy.MultiHashEmbed.v2",
            "width": settings.width,
            "attrs": ["NORM", "PREFIX", "SUFFIX", "SHAPE"],
            "rows": list(settings.rows),
            "include_static_vectors": False,
        },
        "encode": {
            "@architectures": "spacy.MaxoutWindowEncoder.v2",
            "width": settings.width,
            "depth": settings.depth,
            "window_size": 1,
            "maxout_pieces": 3,
        },
    }


def _parser(settings: SyntaxSettings, listener: dict[str, Any]) -> dict[str, Any]:
    return {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": "parser",
        "extra_state_tokens": False,
        "hidden_width": settings.parser_width,
        "maxout_pieces": 2,
        "use_upper": True,
        "nO": None,
        "tok2vec": listener,
    }


def _training(settings: SyntaxSettings, log: Path) -> dict[str, Any]:
    return {
        "train_corpus": "corpora.train",
        "dev_corpus": "corpora.dev",
        "seed": settings.seed,
        "dropout": settings.dropout,
        "patience": 0,
        "max_steps": settings.steps,
        "eval_frequency": settings.evaluate_every,
        "batcher": {
            "@batchers": "spacy.batch_by_words.v1",
            "size": settings.batch_words,
            "tolerance": 0.2,
            "discard_oversize": False,
        },
        "optimizer": {
            "@optimizers": "Adam.v1",
            "L2": 0.01,
            "L2_is_weight_decay": True,
            "grad_clip": 1.0,
            "use_averages": True,
            "learn_rate": {
                "@schedules": "warmup_linear.v1",
                "initial_rate": settings.learning_rate,
                "warmup_steps": settings.warmup_steps,
                "total_steps": settings.steps,
            },
        },
        "logger": {"@loggers": "spacy.ConsoleLogger.v3", "console_output": True, "output_file": str(log)},
        "score_weights": {
            "tag_acc": 0.2, "pos_acc": 0.1, "morph_acc": 0.1, "lemma_acc": 0.1, "dep_uas": 0.1, "dep_las": 0.3,
            "sents_f": 0.1,
        },
    }  # fmt: skip
