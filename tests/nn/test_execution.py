"""Other ways to run the same model: narrow floats, traced, on a GPU."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from usg.batch import Vocabulary
from usg.graph import NodeKind
from usg.nn import GraphTransformer, GraphTransformerConfig
from usg.world.scene import sample_graphs

GRAPHS = list(sample_graphs(6, "iid", 0))
VOCABULARY = Vocabulary.from_graphs(GRAPHS, ["is there a dog"])


@pytest.fixture
def model() -> GraphTransformer:
    torch.manual_seed(0)
    return GraphTransformer(GraphTransformerConfig(dim=32, layers=2, heads=4), VOCABULARY)


@pytest.fixture
def fresh_compiler() -> Iterator[None]:
    torch.compiler.reset()
    yield
    torch.compiler.reset()


def test_autocast(model: GraphTransformer) -> None:
    batch = model.pack(GRAPHS, ["is there a dog"] * len(GRAPHS))
    states = model(batch)
    with torch.autocast("cpu", torch.bfloat16):
        narrow = model(batch)
        model.label_logits(narrow, NodeKind.OBJECT)[:, 3:].logsumexp(-1).sum().backward()
    assert narrow.dtype == torch.float32
    torch.testing.assert_close(narrow, states, rtol=0.05, atol=0.05)
    assert all(weight.grad is None or weight.grad.isfinite().all() for weight in model.parameters())


# Tracing makes an instance of the autograd function itself, which torch deprecates.
@pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")
@pytest.mark.usefixtures("fresh_compiler")
def test_it_is_traced_whole(model: GraphTransformer) -> None:
    model.eval()
    compiled = torch.compile(model, backend="aot_eager", fullgraph=True, dynamic=True)
    for graphs in (GRAPHS, GRAPHS[:2], GRAPHS[3:]):
        batch = model.pack(graphs, ["zebra"] * len(graphs))
        torch.testing.assert_close(compiled(batch), model(batch))


# Tracing makes an instance of the autograd function itself, which torch deprecates.
@pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")
@pytest.mark.usefixtures("fresh_compiler")
def test_training_is_traced_whole() -> None:
    config = GraphTransformerConfig(dim=32, layers=2, heads=4, dropout=0.1, attention_dropout=0.1)
    model = GraphTransformer(config, VOCABULARY).train()
    compiled = torch.compile(model, backend="aot_eager", fullgraph=True, dynamic=True)
    for graphs in (GRAPHS, GRAPHS[:2]):
        states = compiled(model.pack(graphs, ["zebra"] * len(graphs)))
        states.square().sum().backward()
    assert all(weight.grad.isfinite().all() for weight in model.blocks.parameters() if weight.grad is not None)


def test_recomputing_keeps_less_and_gives_the_same_bits() -> None:
    config = GraphTransformerConfig(dim=32, layers=3, heads=4, dropout=0.1, attention_dropout=0.1)
    torch.manual_seed(0)
    model = GraphTransformer(config, VOCABULARY).train()
    batch = model.pack(GRAPHS, ["is there a dog"] * len(GRAPHS))
    kept, gradients = [], []
    for model.recompute in (False, True):
        sizes: dict[int, int] = {}

        def keep(tensor: torch.Tensor, sizes: dict[int, int] = sizes) -> torch.Tensor:
            sizes[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
            return tensor

        torch.manual_seed(1)
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            states = model(batch)
        model.zero_grad()
        states.square().sum().backward()
        kept.append(sum(sizes.values()))
        gradients.append([weight.grad for weight in model.blocks.parameters()])
    assert kept[1] < 0.6 * kept[0]
    assert all(torch.equal(one, other) for one, other in zip(*gradients, strict=True))


@pytest.mark.gpu
def test_gpu(model: GraphTransformer) -> None:
    batch = model.pack(GRAPHS, ["is there a zebra"] * len(GRAPHS))
    states = model(batch)
    model.label_logits(states, NodeKind.OBJECT)[:, 3:].logsumexp(-1).sum().backward()
    gradients = {name: weight.grad for name, weight in model.named_parameters() if weight.grad is not None}
    model.zero_grad()
    model.cuda()
    there = model(batch.pin_memory().to("cuda", non_blocking=True))
    torch.testing.assert_close(there.cpu(), states, rtol=1e-3, atol=1e-4)
    model.label_logits(there, NodeKind.OBJECT)[:, 3:].logsumexp(-1).sum().backward()
    for name, weight in model.named_parameters():
        if name in gradients:
            torch.testing.assert_close(weight.grad.cpu(), gradients[name], rtol=1e-2, atol=1e-3)
