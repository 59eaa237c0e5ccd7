"""The trained text parser as one thing: network, word table and inventory, saved to a folder.

weights.safetensors    the network's weights, float16
network.json           sizes, words, predicates, forms, thresholds, and how it was trained
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_weights
from safetensors.torch import save_file

from usg import __version__
from usg.files import atomic_path
from usg.graph import SceneGraph, Source
from usg.heap import garbage_kept
from usg.parsers.text.assemble import CONVENTIONS, Conventions, assemble
from usg.parsers.text.batches import Reader
from usg.parsers.text.coreference import has_pronoun, resolve
from usg.parsers.text.decode import Reading, read_captions
from usg.parsers.text.finite import as_participles
from usg.parsers.text.folded import FoldedNetwork
from usg.parsers.text.inventory import Inventory
from usg.parsers.text.network import NetworkConfig, SceneGraphNetwork
from usg.parsers.text.pieces import Piece, cut
from usg.parsers.text.tokens import WordTable
from usg.parsers.text.training_settings import Sizes

FORMAT = 1
WORDS_AT_A_TIME = 4096


class TextGraphModel:
    """Reads graphs off words.

    Args:
        network: trained, or to be trained.
        reader: of words, with the table and the inventory that the network was made for.
        trained: how it was trained, as JSON can hold it; kept, never interpreted.
    """

    def __init__(self, network: SceneGraphNetwork, reader: Reader, trained: Mapping[str, Any] | None = None) -> None:
        self.network, self.reader, self.trained = network.eval(), reader, dict(trained or {})
        self._digest = ""

    @classmethod
    def build(cls, table: WordTable, inventory: Inventory, sizes: Sizes) -> TextGraphModel:
        """A model of random weights."""
        config = NetworkConfig(
            words=len(table.words),
            stems=len(table.stems),
            predicates=len(inventory.predicates),
            forms=len(inventory.forms),
            predicate_words=len(inventory.words) - 1,
            **asdict(sizes),
        )
        return cls(SceneGraphNetwork(config, inventory.composition()), Reader(table, inventory))

    def read(self, texts: Iterable[Iterable[tuple[str, int]]]) -> list[tuple[list[Piece], list[Reading]]]:
        """What the network says of each text, given as tokens and where they start: its pieces and their readings."""
        cuts = [cut(tokens) for tokens in texts]
        flat = [piece for pieces in cuts for piece in pieces]
        readings = self._read(flat)
        result = []
        second: list[tuple[int, int, Piece]] = []
        start = 0
        for number, pieces in enumerate(cuts):
            own = readings[start : start + len(pieces)]
            start += len(pieces)
            result.append((list(pieces), own))
            if any(map(has_pronoun, pieces)):
                second += [(number, k, piece) for k, piece in resolve(pieces, own).items()]
        for (number, k, piece), reading in zip(second, self._read([piece for _, _, piece in second]), strict=True):
            result[number][0][k], result[number][1][k] = piece, reading
        return result

    def graphs(
        self,
        texts: Iterable[Iterable[tuple[str, int]]],
        sources: Sequence[Source],
        conventions: Conventions = CONVENTIONS,
    ) -> list[SceneGraph]:
        """The scene graph of each text, given as tokens and where they start."""
        inventory = self.reader.inventory
        with garbage_kept():
            return [
                assemble(source, pieces, readings, inventory, conventions)
                for source, (pieces, readings) in zip(sources, self.read(texts), strict=True)
            ]

    def _read(self, pieces: Sequence[Piece]) -> list[Reading]:
        """Pieces of like length are read together, at most `WORDS_AT_A_TIME` words."""
        texts = [as_participles(piece, self.reader) for piece in pieces]
        order = sorted((k for k, words in enumerate(texts) if words), key=lambda k: -len(texts[k]))
        readings: list[Reading] = [Reading()] * len(pieces)
        start = 0
        while start < len(order):
            together = order[start : start + max(1, WORDS_AT_A_TIME // len(texts[order[start]]))]
            start += len(together)
            for k, reading in zip(together, read_captions(self._folded(), [texts[k] for k in together]), strict=True):
                readings[k] = reading
        return readings

    def _folded(self) -> FoldedNetwork:
        if self.network.folded is None:
            self.network.folded = FoldedNetwork(self.network, self.reader)
        return self.network.folded

    def save(self, folder: str | Path) -> None:
        """Writes the two files; weights in float16."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        state = {
            "format": FORMAT,
            "network": self.network.config.to_dict(),
            "table": self.reader.table.to_state(),
            "inventory": self.reader.inventory.to_state(),
            "trained": self.trained,
        }
        weights = {
            name: weight.detach().to(torch.float16).contiguous() for name, weight in self.network.state_dict().items()
        }
        with atomic_path(folder / "weights.safetensors") as temporary:
            save_file(weights, temporary)
        with atomic_path(folder / "network.json") as temporary:
            temporary.write_text(json.dumps(state, ensure_ascii=False), encoding="utf-8")

    @property
    def version(self) -> str:
        """The library's version with a digest of the weights as they were loaded, "0.1.0+3f2a9c1e"."""
        return f"{__version__}+{self._digest}" if self._digest else __version__

    @classmethod
    def load(cls, folder: str | Path) -> TextGraphModel:
        """The model that a folder holds.

        Raises:
            FileNotFoundError: it holds none.
            ValueError: it was written by another version, or is damaged.
        """
        folder = Path(folder)
        for name in ("network.json", "weights.safetensors"):
            if not (folder / name).is_file():
                raise FileNotFoundError(f"{folder} has no {name}; train one with `usg train-parser text`")
        state = json.loads((folder / "network.json").read_text(encoding="utf-8"))
        if state.get("format") != FORMAT:
            raise ValueError(f"{folder} has the format {state.get('format')}, this version reads {FORMAT}")
        inventory = Inventory.from_state(state["inventory"])
        network = SceneGraphNetwork(NetworkConfig(**state["network"]), inventory.composition())
        content = (folder / "weights.safetensors").read_bytes()
        try:
            weights = load_weights(content)
        except SafetensorError as error:
            raise ValueError(f"{folder / 'weights.safetensors'} is damaged: {error}") from None
        network.load_state_dict({name: weight.float() for name, weight in weights.items()})
        network.requires_grad_(False)
        model = cls(network, Reader(WordTable.from_state(state["table"]), inventory), state["trained"])
        model._digest = sha256(content).hexdigest()[:8]
        return model
