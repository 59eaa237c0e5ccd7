"""The settings of `usg train-parser text`, read without importing torch.

The defaults are those of configs/parsers/text.yaml, but for what it says of the data: sources and licence.
"""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Sizes:
    """Sizes of the network that are chosen.

    Args:
        word_dim, stem_dim, gram_dim: widths of the three embeddings of a word.
        hidden: of the LSTM, in each direction.
        layers: of the LSTM.
        dim: width of spans and pairs.
        mixing: rounds in which pairs see each other.
        mixing_dim: width of the mixing.
        dropout: of the encoder.
        word_dropout: share of words whose own vector is hidden in training, so that stems and letters are used.
    """

    word_dim: int = 128
    stem_dim: int = 96
    gram_dim: int = 96
    hidden: int = 160
    layers: int = 2
    dim: int = 256
    mixing: int = 1
    mixing_dim: int = 128
    dropout: float = 0.33
    word_dropout: float = 0.12

    def __post_init__(self) -> None:
        """Refuse what no network can have."""
        for field in fields(Sizes):
            value, least = getattr(self, field.name), 0 if field.name == "mixing" else 1
            if field.name.endswith("dropout"):
                _share(field.name, value)
            elif value < least:
                raise ValueError(f"{field.name} is {value}; expected at least {least}")


@dataclass(frozen=True)
class Fit:
    """How the network is trained.

    Args:
        epochs: over all captions.
        batch_size: captions.
        learning_rate: at its peak.
        weight_decay: of all weights.
        average: decay of the average of the weights.
        joined, recombined, bare: shares of augmented captions, as in `Batches`.
    """

    epochs: int = 12
    batch_size: int = 128
    learning_rate: float = 2e-3
    weight_decay: float = 1e-3
    average: float = 0.998
    joined: float = 0.05
    recombined: float = 0.25
    bare: float = 0.1

    def __post_init__(self) -> None:
        """Refuse what cannot be trained with."""
        for name in ("epochs", "batch_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; expected at least 1")
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate is {self.learning_rate}; expected a positive number")
        for name in ("average", "joined", "recombined", "bare"):
            _share(name, getattr(self, name))
        if self.weight_decay < 0:
            raise ValueError(f"weight_decay is {self.weight_decay}; expected at least 0")


def _share(name: str, value: float) -> None:
    if not 0 <= value < 1:
        raise ValueError(f"{name} is {value}; expected a share in [0, 1)")


@dataclass(frozen=True)
class TextTraining:
    """What can be set.

    Args:
        data: graphs with their captions.
        val: graphs that score the result.
        unlabelled: files of captions without graphs, whose words enter the word table.
        syntax: a pipeline of `usg train-parser syntax` that the scene graphs are put behind.
        output: the run folder.
        seed: of weights, order, augmentation and dropout.
        limit: captions to read of each file; all when None.
        sources: of the data, with their licences, for the pipeline's meta data.
        license: of the pipeline, for its meta data.
        sizes, fit: of the network and of its training.
    """

    data: str = ""
    val: str = ""
    unlabelled: tuple[str, ...] = ()
    syntax: str = ""
    output: str = "runs/parsers/text"
    seed: int = 0
    limit: int | None = None
    sources: tuple[str, ...] = ()
    license: str = ""
    sizes: Sizes = Sizes()
    fit: Fit = Fit()

    def __post_init__(self) -> None:
        """Refuse what cannot be done."""
        if self.limit is not None and (type(self.limit) is not int or self.limit < 1):
            raise ValueError(f"limit is {self.limit!r}; expected a number of captions, at least 1, or none for all")
        if not all(isinstance(file, str) for file in self.unlabelled):
            raise ValueError(f"unlabelled is {list(self.unlabelled)!r}; expected names of files")
        if not all(isinstance(source, str) for source in self.sources):
            raise ValueError(f"sources is {list(self.sources)!r}; expected a text for each, in quotes")
