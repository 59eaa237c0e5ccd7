"""The text and graphs that label vectors are learnt from, and what stands around each word and label in them.

Three kinds of context are counted. *Windows*: words up to four places away, nearer ones more. *Images*: COCO has five
captions of an image by five people, so words for one thing meet there. *Graphs*: which attributes, predicates and
objects a label goes with. Counts become positive pointwise mutual information, and that a few dimensions,

    ppmi[w, c] = max(0, log P(w, c) - log P(w) - log P'(c)),  P'(c) ~ count(c)^0.75,   vectors = U S^0.5 of its SVD

(Levy, Goldberg and Dagan 2015, https://aclanthology.org/Q15-1016, section 3).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from usg.formats import Problems, read_graphs
from usg.formats.coco_captions import CocoCaption, read_coco_captions
from usg.formats.conllu import read_conllu
from usg.graph import SceneGraph

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_WINDOW = 4
_SMOOTHING = 0.75


@dataclass(frozen=True)
class LabelCorpus:
    """What was read.

    Attributes:
        texts: the words of each caption or sentence, lower case, and the image it is about or "".
        labels: how often each object label, attribute value and predicate occurs in the graphs, lower case.
        phrases: attribute and object together, as "red hat".
        contexts: how often a label has a neighbour in a graph, as ("hat", "is red").
    """

    texts: list[tuple[str, list[str]]] = field(default_factory=list)
    labels: Counter[str] = field(default_factory=Counter)
    phrases: Counter[str] = field(default_factory=Counter)
    contexts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def words(self) -> Counter[str]:
        """How often each word occurs, in texts and labels."""
        counts = Counter(word for _, words in self.texts for word in words)
        for label, count in self.labels.items():
            for word in label.split():
                counts[word] += count
        return counts


def read_corpus(
    captions: Sequence[str | Path] = (), graphs: Sequence[str | Path] = (), treebanks: Sequence[str | Path] = ()
) -> LabelCorpus:
    """Reads COCO caption files (JSON), graphs in any format of `usg ls formats`, and CoNLL-U treebanks.

    Raises:
        FileNotFoundError: a file does not exist.
        ValueError: a file is not what it should be; the message names it, and the place.
    """
    corpus = LabelCorpus()
    for path in captions:
        corpus.texts.extend(
            (f"image {each.image}" if each.image else "", _words(each.text)) for each in _captions(path)
        )
    for path in graphs:
        for graph in read_graphs(path):
            _add_graph(corpus, graph)
    for path in treebanks:
        for sentence in read_conllu(path):
            forms = [word.form.lower() for word in sentence.words]
            words = [form for form in forms if _WORD.fullmatch(form)]
            if words:
                corpus.texts.append(("", words))
    return corpus


def _captions(path: str | Path) -> list[CocoCaption]:
    """The captions of a COCO file, of which none may be broken."""
    problems = Problems()
    try:
        text = Path(path).read_bytes().decode("utf-8-sig", "surrogateescape")
        found = list(read_coco_captions(text, str(path), problems))
    except ValueError as error:
        raise ValueError(f"{path} is not a COCO caption file: {error}") from None
    if problems.count:
        raise ValueError(str(problems))
    if not found:
        raise ValueError(f"{path} is not a COCO caption file: it has no annotations")
    return found


def _add_graph(corpus: LabelCorpus, graph: SceneGraph) -> None:
    corpus.texts.extend(("", _words(source.text)) for source in graph.sources if source.text)
    label = {obj.id: obj.label.lower() for obj in graph.objects}
    corpus.labels.update(label.values())
    for attribute in graph.attributes:
        value, owner = attribute.value.lower(), label[attribute.object]
        corpus.labels[value] += 1
        corpus.phrases[f"{value} {owner}"] += 1
        corpus.contexts[owner, f"is {value}"] += 1
        corpus.contexts[value, f"of {owner}"] += 1
    for relation in graph.relations:
        subject, predicate, other = label[relation.subject], relation.predicate.lower(), label[relation.object]
        corpus.labels[predicate] += 1
        corpus.contexts[subject, f"does {predicate}"] += 1
        corpus.contexts[subject, f"does {predicate} {other}"] += 1
        corpus.contexts[other, f"undergoes {predicate}"] += 1
        corpus.contexts[other, f"undergoes {predicate} by {subject}"] += 1
        corpus.contexts[predicate, f"of {subject}"] += 1
        corpus.contexts[predicate, f"to {other}"] += 1
        corpus.contexts[predicate, f"between {subject} {other}"] += 1


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def count_vectors(corpus: LabelCorpus, dim: int, min_count: int = 3, seed: int = 0) -> tuple[list[str], Tensor]:
    """Words and labels that occur often enough, and their vectors of unit norm from counts alone.

    Args:
        corpus: what is counted.
        dim: d, of the vectors; where the counts have fewer dimensions, the columns behind them are zero.
        min_count: of a word or label, to have a vector.
        seed: of the randomised SVD.

    Returns:
        n words and labels, and their vectors `(n, d)`.

    Raises:
        ValueError: nothing occurs often enough, or beside something that tells it from others.
    """
    counts = corpus.words()
    kept = {word for word, count in counts.items() if count >= min_count}
    kept |= {label for label, count in corpus.labels.items() if count >= min_count}
    units = {unit: row for row, unit in enumerate(sorted(kept))}
    pairs: Counter[tuple[int, str]] = Counter()
    for image, words in corpus.texts:
        rows = [units.get(word) for word in words]
        for i, row in enumerate(rows):
            if row is None:
                continue
            if image:
                pairs[row, image] += 1
            for distance in range(1, _WINDOW + 1):
                for j in (i - distance, i + distance):
                    if 0 <= j < len(words) and rows[j] is not None:
                        pairs[row, words[j]] += (_WINDOW + 1 - distance) / _WINDOW  # type: ignore[assignment]
    for (label, context), count in corpus.contexts.items():
        if label in units:
            pairs[units[label], f"graph {context}"] += count
    if not pairs:
        raise ValueError(
            f"no word of the {len(corpus.texts):,} texts and no label occurs {min_count} times beside others; "
            "give more captions, graphs or treebanks"
        )
    columns: dict[str, int] = {}
    rows_, columns_, values = [], [], []
    for (row, context), value in pairs.items():
        rows_.append(row)
        columns_.append(columns.setdefault(context, len(columns)))
        values.append(value)
    index = torch.tensor([rows_, columns_])
    count_ = torch.tensor(values, dtype=torch.float64)
    ppmi = _ppmi(index, count_, len(units), len(columns)).float()
    positive = ppmi > 0
    if not positive.any():
        raise ValueError("every word stands beside every other alike; give more captions, graphs or treebanks")
    matrix = torch.sparse_coo_tensor(index[:, positive], ppmi[positive], (len(units), len(columns))).coalesce()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        left, scale, _ = torch.svd_lowrank(matrix, q=min(dim + 16, *matrix.shape), niter=4)
    vectors = F.normalize((left * scale.sqrt())[:, :dim], dim=1)
    return list(units), F.pad(vectors, (0, dim - vectors.shape[1]))


def _ppmi(index: Tensor, count: Tensor, rows: int, columns: int) -> Tensor:
    of_row = torch.zeros(rows, dtype=count.dtype).index_add_(0, index[0], count)
    of_column = torch.zeros(columns, dtype=count.dtype).index_add_(0, index[1], count)
    smoothed = of_column**_SMOOTHING
    smoothed = smoothed / smoothed.sum()
    return (count.log() - of_row[index[0]].log() - smoothed[index[1]].log()).clamp(min=0)
