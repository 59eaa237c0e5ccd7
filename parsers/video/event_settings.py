"""Settings of the event network and of its training; no torch is needed to read them."""

from __future__ import annotations

from dataclasses import dataclass, field

from usg.parsers.video.event_noise import Noise


@dataclass(frozen=True)
class EventSizes:
    """Of the network.

    Attributes:
        width: of its states.
        label_width: that a label's vector is brought to.
        label_dim: of a label's vector, as `usg.nn.LabelEncoder` gives it.
    """

    width: int = 48
    label_width: int = 16
    label_dim: int = 128


@dataclass(frozen=True)
class EventFit:
    """How the network is trained.

    Attributes:
        epochs: over the films.
        batch_size: films.
        learning_rate: at its peak; it rises for a twentieth of the steps and then falls to zero.
        weight_decay: of AdamW.
        average: decay of the average of the weights that is kept.
        noise: on the gold tracks.
    """

    epochs: int = 10
    batch_size: int = 32
    learning_rate: float = 0.003
    weight_decay: float = 0.01
    average: float = 0.995
    noise: Noise = field(default_factory=Noise)

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, expected at least 1")
