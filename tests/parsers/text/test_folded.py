"""The folded network says what the network says, whatever else is in the batch."""

from __future__ import annotations

import pytest
import torch

from usg.parsers.text import folded as folded_module
from usg.parsers.text.folded import FoldedNetwork
from usg.parsers.text.inventory import NO_LINK, Inventory
from usg.parsers.text.model import TextGraphModel
from usg.parsers.text.tokens import WordTable
from usg.parsers.text.training_settings import Sizes

CAPTIONS = [
    text.split(" ")
    for text in (
        "a man next to a man sitting on a bench",
        "two dogs run next to a lake",
        "unseen zebras sitting",
        "lake",
    )
]


@pytest.fixture
def model() -> TextGraphModel:
    torch.manual_seed(0)
    table = WordTable(("a", "man", "bench", "sitting", "dogs"), ("sit", "run"))
    inventory = Inventory((NO_LINK, "is", "sit on", "next to", "run next to", "is@2"), ("copy", "edit:1:"))
    return TextGraphModel.build(table, inventory, Sizes(hidden=12, dim=16, mixing_dim=8))


@torch.inference_mode()
def test_it_is_the_network(model: TextGraphModel) -> None:
    network, folded = model.network, FoldedNetwork(model.network, model.reader)
    encoded = folded.encode(CAPTIONS)
    words = model.reader.read(CAPTIONS)
    h = network.encode(words)
    torch.testing.assert_close(encoded.h, h[words.mask])
    torch.testing.assert_close(encoded.tags, network.tag(h).softmax(-1)[words.mask])
    # The first, second and last word of the three captions that have so many, as spans.
    captions = torch.arange(3)
    first = torch.stack([torch.zeros(3, dtype=torch.long), torch.ones(3, dtype=torch.long), encoded.lengths[:3] - 1], 1)
    numbers = encoded.starts[:3, None] + first
    s = network.spans(h[:3], first, first)
    forms, projected = folded.spans(encoded, numbers.flatten(), numbers.flatten())
    assert forms.tolist() == network.form(s).argmax(-1).flatten().tolist()
    z, attention, says = folded.pairs(encoded, captions, numbers, projected.view(3, 3, -1))
    wanted_z, wanted_attention = network.pairs(h[:3], words.mask[:3], s, first)
    torch.testing.assert_close(z, wanted_z)
    torch.testing.assert_close(attention, wanted_attention)
    each = torch.arange(3).repeat_interleave(9)
    flat = z.flatten(0, 2), attention.flatten(0, 2)
    logits = folded.labels(network.label(flat[0]), flat[1], says[each])
    torch.testing.assert_close(logits[:, 1:], network.labels(*flat, words.says[:3][each])[:, 1:])


@torch.inference_mode()
def test_words_that_find_no_room_are_computed_again(model: TextGraphModel, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = FoldedNetwork(model.network, model.reader).encode(CAPTIONS[1:2]).h
    monkeypatch.setattr(folded_module, "KEPT_WORDS", 10)
    small = FoldedNetwork(model.network, model.reader)
    for caption in (*CAPTIONS, CAPTIONS[1]):
        h = small.encode([caption]).h
    torch.testing.assert_close(h, wanted)
    with pytest.raises(ValueError, match="11 different words in a batch; at most 10"):
        small.encode([[f"word{k}" for k in range(11)]])


def test_training_makes_it_anew(model: TextGraphModel) -> None:
    text = [[("dogs", 0), ("run", 5)]]
    model.read(text)
    before = model.network.folded
    assert before is not None
    model.read(text)
    assert model.network.folded is before
    model.network.train()
    assert model.network.folded is None
