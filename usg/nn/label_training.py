"""Trains the vectors of labels that `LabelEncoder` ships, from captions, graphs and treebanks.

Every word, label and phrase of the corpora has a target vector (usg/nn/label_targets.py). The table of words and
n-grams (usg/nn/label_subwords.py) learns to sum to it, by

    1 - cos(x, y)  +  r mean over x, x' of (cos(x, x') - cos(y, y'))^2  +  o mean over opposites of max(0, cos(a, b))

where x and x' are of one batch. Known words lose their own rows at random, so that letters alone must do, and misspelt
words have the right word's target. The last term keeps opposites apart (usg/nn/label_opposites.py). Scores of the check
list are written beside the weights, in training.json, with the command, the commit and the sources.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from usg.files import atomic_path
from usg.nn.label_checks import check
from usg.nn.label_corpus import LabelCorpus, count_vectors, read_corpus
from usg.nn.label_encoder import LabelEncoder
from usg.nn.label_misspellings import misspell
from usg.nn.label_opposites import OPPOSITES, negated_forms
from usg.nn.label_settings import LabelTraining
from usg.nn.label_subwords import Bags, SubwordLabels
from usg.nn.label_targets import principal, teacher_vectors
from usg.nn.label_transformer import TransformerLabels
from usg.progress import progress
from usg.provenance import commit, machine

_MIN_COUNT = 2  # of words of the corpora that become items, and of labels of several words that get a row
_COUNTS_DIM = 128
_PAIRS = 20.0  # r
_SLIPS = 3  # misspellings of a word that is no rarity
_WARMUP = 50  # steps
_SMALL = 0.1  # times the usual size of first weights


def train_labels(settings: LabelTraining) -> dict[str, Any]:
    """Trains and saves vectors of labels.

    Args:
        settings: what is learnt from, and how.

    Returns:
        What was written to training.json.

    Raises:
        FileNotFoundError: a corpus or the teacher does not exist.
        ValueError: a corpus is not what it should be, or holds too little.
    """
    start = time.process_time()
    corpus = read_corpus(settings.captions, settings.graphs, settings.treebanks)
    if settings.teacher is None:
        items, vectors = count_vectors(corpus, _COUNTS_DIM, seed=settings.seed)
    else:
        model = TransformerLabels.load(settings.teacher)
        items = _items(corpus, model.words())
        vectors = teacher_vectors(model, items)
    if settings.dim > vectors.shape[1]:
        raise ValueError(
            f"dim is {settings.dim}; expected at most {vectors.shape[1]}, the width of what is learnt from"
        )
    targets = principal(vectors, settings.dim) if vectors.shape[1] != settings.dim else vectors
    encoder = LabelEncoder(_fit(corpus, items, targets, settings)).eval().requires_grad_(False)
    encoder.save(settings.output)
    report: dict[str, Any] = {
        "commit": commit(),
        "machine": machine(),
        "cpu_seconds": round(time.process_time() - start),
        "texts": len(corpus.texts),
        "items": len(items),
        "sources": settings.sources_given(),
        "check": {
            name: round(value, 4) for name, value in check(LabelEncoder.load(settings.output).similarity).items()
        },
    }
    write_report(Path(settings.output), report)
    return report


def _items(corpus: LabelCorpus, teacher_words: Sequence[str]) -> list[str]:
    """Words, labels and phrases that are taught."""
    words = [word for word, count in corpus.words().items() if count >= _MIN_COUNT]
    return sorted({*words, *corpus.labels, *corpus.phrases, *(word for word in teacher_words if len(word) > 1)})


def _vocabulary(corpus: LabelCorpus, items: Sequence[str], rows: int) -> list[str]:
    """What gets a row of its own: the most frequent words, labels of several words, listed opposites."""
    words, there = corpus.words(), set(items)
    single = sorted((item for item in items if " " not in item), key=lambda item: (-words[item], item))[:rows]
    several = {label for label, count in corpus.labels.items() if count >= _MIN_COUNT} & there
    several |= {label for pair in OPPOSITES for label in pair}
    return single + sorted(label for label in several if " " in label)


def _fit(corpus: LabelCorpus, items: Sequence[str], targets: Tensor, settings: LabelTraining) -> SubwordLabels:
    """The table that sums to the targets `(n, d)` of n items."""
    torch.manual_seed(settings.seed)
    draw = random.Random(settings.seed)
    vocabulary = _vocabulary(corpus, items, settings.rows)
    model = SubwordLabels(vocabulary, settings.buckets, targets.shape[1])
    place = {item: i for i, item in enumerate(items)}
    with torch.no_grad():
        # Words start as their targets, and the rest near zero: far fewer steps are needed than from noise.
        model.table.mul_(_SMALL)
        known = [row for row, word in enumerate(vocabulary) if " " not in word]
        model.table[known] = targets[[place[vocabulary[row]] for row in known]]
    words = corpus.words()
    count = [words[item] + corpus.labels[item] for item in items]
    slips = [i for i, item in enumerate(items) if " " not in item and len(item) > 4 and count[i] > 2] * _SLIPS
    target = torch.tensor([*range(len(items)), *slips])
    bags = model.bags([*items, *(misspell(items[i], draw) for i in slips)])
    weight = 1 + torch.tensor(count, dtype=torch.float64)[target].log1p().clamp(max=3)
    opposed = [*OPPOSITES, *negated_forms(item for item in items if " " not in item)]
    one, other = (model.bags([pair[side] for pair in opposed]) for side in (0, 1))
    optimizer = torch.optim.Adam(model.parameters(), settings.learning_rate, betas=(0.9, 0.99))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / _WARMUP) * (1 - step / settings.steps)
    )
    for _ in progress(range(settings.steps), label="labels"):
        drawn = torch.multinomial(weight, settings.batch_size, replacement=True)
        chosen = _choose(bags, drawn)
        dropped = (chosen.rows < len(vocabulary)) & (torch.rand(len(chosen.rows)) < settings.row_dropout)
        chosen = Bags(chosen.rows, chosen.weights.masked_fill(dropped, 0.0), chosen.offsets)
        x, y = F.normalize(model.sum(chosen), dim=1), targets[target[drawn]]
        loss = 1 - (x * y).sum(1).mean() + _PAIRS * (x @ x.T - y @ y.T).square().mean()
        apart = F.cosine_similarity(model.sum(one), model.sum(other)).clamp(min=0).mean()
        optimizer.zero_grad(set_to_none=True)
        (loss + settings.opposites * apart).backward()
        optimizer.step()
        schedule.step()
    return model


def _choose(bags: Bags, drawn: Tensor) -> Bags:
    """The bags of some labels."""
    sizes = bags.offsets.diff()[drawn]
    offsets = F.pad(sizes.cumsum(0), (1, 0))
    place = torch.arange(int(offsets[-1])) + (bags.offsets[drawn] - offsets[:-1]).repeat_interleave(sizes)
    return Bags(bags.rows[place], bags.weights[place], offsets)


def write_report(folder: Path, report: dict[str, Any]) -> None:
    """Writes training.json."""
    with atomic_path(folder / "training.json") as temporary:
        temporary.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
