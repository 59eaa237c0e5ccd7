"""The settings of `usg train-parser labels`: what label vectors are learnt from, and how."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Sources:
    """Names and licences of the data, for training.json; those of data that is not given are left out.

    Args:
        captions: Of the caption files.
        graphs: Of the graphs.
        treebanks: Of the treebanks.
        teacher: Of the sentence encoder.
    """

    captions: tuple[str, ...] = ()
    graphs: tuple[str, ...] = ()
    treebanks: tuple[str, ...] = ()
    teacher: tuple[str, ...] = ()


@dataclass(frozen=True)
class LabelTraining:
    """What can be set.

    Args:
        output: Folder to save the encoder in.
        captions: COCO caption files.
        graphs: Files of graphs, in any format of `usg ls formats`.
        treebanks: CoNLL-U files.
        teacher: Folder or hub name of a sentence encoder, as MiniLM; null learns from counts alone.
        dim: Width of the vectors.
        rows: Known words, the most frequent first.
        buckets: Rows of hashed character n-grams.
        steps: Updates.
        batch_size: Items in one.
        learning_rate: Of Adam; it falls to zero.
        row_dropout: Share of words whose own row is left out, so that their letters learn.
        opposites: Weight of the term that keeps opposites apart.
        sources: Of the corpora and the teacher.
        seed: Of the first weights, the order and the misspellings.

    Raises:
        ValueError: a number makes no sense, or there is nothing to learn from.

    Example:
        >>> sources = Sources(captions=("COCO: CC BY 4.0",), teacher=("MiniLM: Apache-2.0",))
        >>> LabelTraining("runs/labels", captions=("captions_val2017.json",), sources=sources).sources_given()
        ['COCO: CC BY 4.0']
    """

    output: str
    captions: tuple[str, ...] = ()
    graphs: tuple[str, ...] = ()
    treebanks: tuple[str, ...] = ()
    teacher: str | None = None
    dim: int = 128
    rows: int = 12500
    buckets: int = 12288
    steps: int = 1000
    batch_size: int = 1024
    learning_rate: float = 0.005
    row_dropout: float = 0.4
    opposites: float = 1.0
    sources: Sources = Sources()
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be trained with."""
        if not 0 <= self.row_dropout < 1:
            raise ValueError(f"row_dropout is {self.row_dropout}; expected a share in [0, 1)")
        for name in ("dim", "rows", "buckets", "steps", "batch_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; expected at least 1")
        if not (self.captions or self.graphs or self.treebanks or self.teacher):
            raise ValueError("nothing to learn from; give --captions, --graphs or --treebanks, or a --teacher")

    def sources_given(self) -> list[str]:
        """The sources of the data that is given."""
        given = [getattr(self.sources, each.name) for each in fields(Sources) if getattr(self, each.name)]
        return [name for names in given for name in names]
