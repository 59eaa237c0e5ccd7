"""Trains the vectors of labels that `LabelEncoder` ships, from captions, graphs and treebanks.

Every word, label and phrase of the corpora has a target vector (usg/nn/label_targets.py). The table of words and
n-grams (usg/nn/label_subwords.py) learns to sum to it, by

    1 - cos(x, y)  +  r mean over x, x' of (cos(x, x') - cos(y, y'))^2  +  o mean over opposites of max(0, cos(a, b))

where x and x' are of one batch. Known words lose their own rows at random, so that letters alone must do, and misspelt
words have the right word's target. The last term keeps opposites apart (usg/nn/label_opposites.py). Scores of the check
list are written beside the weights, in training.json, with the command, the commit and the licences of the corpora.
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
from usg.nn.label_subwords import Bags, SubwordLabels
from usg.nn.label_targets import joined, principal, teacher_vectors
from usg.nn.label_transformer import TransformerLabels
from usg.progress import progress
from usg.provenance import commit, machine

_MIN_COUNT = 2  # of words of the corpora that become items, and of labels of several words that get a row
_COUNTS_DIM = 128
_PAIRS = 20.0  # r
_SLIPS = 3  # misspellings of a word that is no rarity
_WARMUP = 50  # steps
_SMALL = 0.1  # times the usual size of first weights


def train_labels(
    output: str,
    captions: list[str],
    graphs: list[str],
    treebanks: list[str],
    teacher: str | None = None,
    counts_share: float = 0.0,
    dim: int = 128,
    rows: int = 12500,
    buckets: int = 12288,
    steps: int = 1000,
    batch_size: int = 1024,
    learning_rate: float = 0.005,
    row_dropout: float = 0.4,
    opposites: float = 1.0,
    licences: list[str] | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Trains and saves vectors of labels.

    Args:
        output: Folder to save the encoder in.
        captions: COCO caption files.
        graphs: Files of graphs, in any format of `usg ls formats`.
        treebanks: CoNLL-U files.
        teacher: Folder or hub name of a sentence encoder, as MiniLM; null learns from counts alone.
        counts_share: Share of a target cosine that comes from counts, where there is a teacher.
        dim: Width of the vectors.
        rows: Known words, the most frequent first.
        buckets: Rows of hashed character n-grams.
        steps: Updates.
        batch_size: Items in one.
        learning_rate: Of Adam; it falls to zero.
        row_dropout: Share of words whose own row is left out, so that their letters learn.
        opposites: Weight of the term that keeps opposites apart.
        licences: Of the corpora and the teacher, to be written beside the weights.
        seed: Of the first weights, the order and the misspellings.

    Returns:
        What was written to training.json.

    Raises:
        FileNotFoundError: a corpus or the teacher does not exist.
        ValueError: a corpus is not what it should be, or a number makes no sense.
    """
    if not 0 <= counts_share < 1 or not 0 <= row_dropout < 1:
        raise ValueError(f"counts_share {counts_share} and row_dropout {row_dropout}; expected shares in [0, 1)")
    if min(dim, rows, buckets, steps, batch_size) < 1:
        raise ValueError("dim, rows, buckets, steps and batch_size must be at least 1")
    start = time.process_time()
    corpus = read_corpus(captions, graphs, treebanks)
    if teacher is None:
        items, vectors = count_vectors(corpus, _COUNTS_DIM, seed=seed)
    else:
        model = TransformerLabels.load(teacher)
        items = _items(corpus, model.words())
        place = {item: i for i, item in enumerate(items)}
        vectors = teacher_vectors(model, items)
        if counts_share:
            units, counts = count_vectors(corpus, _COUNTS_DIM, seed=seed)
            kept = [row for row, unit in enumerate(units) if unit in place]
            vectors = joined(vectors, counts[kept], [place[units[row]] for row in kept], counts_share)
    targets = principal(vectors, dim) if vectors.shape[1] != dim else vectors
    labels = _fit(corpus, items, targets, rows, buckets, steps, batch_size, learning_rate, row_dropout, opposites, seed)
    encoder = LabelEncoder(labels).eval().requires_grad_(False)
    encoder.save(output)
    report: dict[str, Any] = {
        "commit": commit(),
        "machine": machine(),
        "cpu_seconds": round(time.process_time() - start),
        "texts": len(corpus.texts),
        "items": len(items),
        "licences": licences or [],
        "check": {name: round(value, 4) for name, value in check(LabelEncoder.load(output).similarity).items()},
    }
    write_report(Path(output), report)
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


def _fit(
    corpus: LabelCorpus,
    items: Sequence[str],
    targets: Tensor,
    rows: int,
    buckets: int,
    steps: int,
    batch_size: int,
    learning_rate: float,
    row_dropout: float,
    opposites: float,
    seed: int,
) -> SubwordLabels:
    """The table that sums to the targets `(n, d)` of n items."""
    torch.manual_seed(seed)
    draw = random.Random(seed)
    vocabulary = _vocabulary(corpus, items, rows)
    model = SubwordLabels(vocabulary, buckets, targets.shape[1])
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
    optimizer = torch.optim.Adam(model.parameters(), learning_rate, betas=(0.9, 0.99))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / _WARMUP) * (1 - step / steps)
    )
    for _ in progress(range(steps), label="labels"):
        drawn = torch.multinomial(weight, batch_size, replacement=True)
        chosen = _choose(bags, drawn)
        dropped = (chosen.rows < len(vocabulary)) & (torch.rand(len(chosen.rows)) < row_dropout)
        chosen = Bags(chosen.rows, chosen.weights.masked_fill(dropped, 0.0), chosen.offsets)
        x, y = F.normalize(model.sum(chosen), dim=1), targets[target[drawn]]
        loss = 1 - (x * y).sum(1).mean() + _PAIRS * (x @ x.T - y @ y.T).square().mean()
        apart = F.cosine_similarity(model.sum(one), model.sum(other)).clamp(min=0).mean()
        optimizer.zero_grad(set_to_none=True)
        (loss + opposites * apart).backward()
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
