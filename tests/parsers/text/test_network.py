"""The network: what padding and order must not change, and the vectors it keeps."""

from __future__ import annotations

import pytest
import small_factual
import torch

from usg.parsers.text.batches import Reader, gold
from usg.parsers.text.inventory import Inventory
from usg.parsers.text.network import NetworkConfig, PairMixer, SceneGraphNetwork

TABLES, EXAMPLES = small_factual.examples()
READER = Reader(TABLES.words, TABLES.inventory)


@pytest.fixture
def network() -> SceneGraphNetwork:
    return make(TABLES.inventory)


def make(inventory: Inventory) -> SceneGraphNetwork:
    config = NetworkConfig(
        words=len(TABLES.words.words),
        stems=len(TABLES.words.stems),
        predicates=len(inventory.predicates),
        forms=len(inventory.forms),
        predicate_words=len(inventory.words) - 1,
        word_dim=8,
        stem_dim=8,
        gram_dim=8,
        hidden=6,
        dim=10,
        mixing=2,
        mixing_dim=7,
    )
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return SceneGraphNetwork(config, inventory.composition()).eval()


@torch.no_grad()
def test_padding_changes_nothing(network: SceneGraphNetwork) -> None:
    batch = EXAMPLES[::2]
    words = READER.read([each.tokens for each in batch])
    target = gold(batch, words.mask.shape[1])
    h = network.encode(words)
    s = network.spans(h, target.first, target.last)
    z, attention = network.pairs(h, words.mask, s, target.first, target.present)
    assert len({len(each.tokens) for each in batch}) > 2 and len({len(each.spans) for each in batch}) > 2
    for k, each in enumerate(batch):
        own = READER.read([each.tokens])
        alone = gold([each], len(each.tokens))
        h1 = network.encode(own)
        t, n = len(each.tokens), len(each.spans)
        torch.testing.assert_close(network.tag(h)[k, :t], network.tag(h1)[0])
        s1 = network.spans(h1, alone.first, alone.last)
        torch.testing.assert_close(s[k, :n], s1[0])
        z1, attention1 = network.pairs(h1, own.mask, s1, alone.first)
        torch.testing.assert_close(z[k, :n, :n], z1[0])
        torch.testing.assert_close(attention[k, :n, :n, :t], attention1[0])
        assert attention[k, :n, :n, t:].abs().max() < 1e-6 if t < words.mask.shape[1] else True
        i, j = (index.flatten() for index in torch.meshgrid(torch.arange(n), torch.arange(n), indexing="ij"))
        rows = torch.full_like(i, k)
        together = network.labels(z[rows, i, j], attention[rows, i, j], words.says[rows])
        torch.testing.assert_close(together, network.labels(z1[0, i, j], attention1[0, i, j], own.says[rows * 0]))


@torch.no_grad()
def test_pairs_follow_their_spans() -> None:
    # Equivariance: spans in another order give the same pairs in that order.
    torch.manual_seed(0)
    mixer = PairMixer(6, 5).eval()
    z, order = torch.randn(2, 4, 4, 6), torch.tensor([2, 0, 3, 1])
    moved = z[:, order][:, :, order]
    torch.testing.assert_close(mixer(z, None)[:, order][:, :, order], mixer(moved, None))
    present = torch.tensor([[True, True, False, True], [True, True, True, True]])
    torch.testing.assert_close(mixer(z, present)[:, order][:, :, order], mixer(moved, present[:, order]))
    # What is not there is seen by no other.
    changed = z.clone()
    changed[0, 2], changed[0, :, 2] = 7.0, -7.0
    keep = torch.tensor([0, 1, 3])
    one, other = (mixer(each, present)[0, keep][:, keep] for each in (z, changed))
    torch.testing.assert_close(one, other)
    assert not torch.allclose(mixer(z, None), mixer(z.transpose(1, 2), None).transpose(1, 2))


@torch.no_grad()
def test_a_predicate_is_said_by_the_words_it_is_made_of() -> None:
    inventory = Inventory(("", "is", "sit on", "sail in"), ("copy",))
    network = make(inventory)
    network.own.zero_(), network.predicate_word.zero_(), network.bias.zero_()
    says = torch.tensor([[inventory.says(word) for word in ("dog", "sailing", "in", "water")]])
    attention = torch.tensor([[0.0, 0.5, 0.5, 0.0]])
    logits = network.labels(torch.zeros(1, 10), attention, says)[0]
    gain, loss = torch.nn.functional.softplus(network.copy)
    torch.testing.assert_close(logits, torch.stack([loss * 0, loss * 0, -2 * loss, 4 * gain]))
    copied = network.copied(torch.tensor([[0.2, 0.3, 0.5]]), torch.tensor([[1, 1, 0]]))
    torch.testing.assert_close(copied, torch.tensor([[0.5, 0.5, 0.0, 0.0, 0.0]]))


def test_kept_vectors_are_dropped_when_learning(network: SceneGraphNetwork) -> None:
    with torch.inference_mode():
        before = network.predicates()[0].clone()
        assert network.predicates()[0] is network.predicates()[0]
    # Also in evaluation mode: a gradient must reach the vectors after captions were read.
    network.predicates()[0].sum().backward()
    assert network.own.grad is not None and network.predicate_word.grad is not None
    network.train()
    with torch.no_grad():
        network.own += 1
    network.eval()
    with torch.no_grad():
        torch.testing.assert_close(network.predicates()[0], before + 1)


def test_words_are_hidden_only_in_training(network: SceneGraphNetwork) -> None:
    words = READER.read([EXAMPLES[0].tokens])
    assert torch.equal(network.encode(words), network.encode(words))
    network.train()
    assert not torch.equal(network.encode(words), network.encode(words))
