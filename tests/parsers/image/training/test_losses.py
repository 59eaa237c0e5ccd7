import numpy as np
import torch
from small_network import SMALL

from usg.nn import LabelEncoder
from usg.parsers.image.embedded.network import PictureNetwork
from usg.parsers.image.embedded.settings import Words
from usg.parsers.image.training.losses import PictureBatch, giou, iou, jittered, losses
from usg.parsers.image.training.pictures import Pictures
from usg.parsers.image.training.targets import Gold, gold_of
from usg.world.pixels import sample_picture

EMPTY = Gold(
    np.zeros((0, 4), np.float32), np.zeros(0, np.int32), np.zeros((0, 3), np.int32), np.zeros((0, 28, 28), bool),
    np.zeros(0, bool), np.full((16, 16), -1, np.int32), np.zeros((0, 3), np.int32),
)  # fmt: skip


def _pictures(n: int, *, empty: bool = False) -> tuple[Pictures, Words]:
    made = [sample_picture("train", 0, i, side=64) for i in range(n)]
    labels = tuple(sorted({obj.label for one in made for obj in one.graph.objects}))
    values = {
        kind: ("", *sorted({a.value for one in made for a in one.graph.attributes if a.kind == kind}))
        for kind in ("colour", "size", "texture")
    }
    predicates = tuple(sorted({r.predicate for one in made for r in one.graph.relations}))
    words = Words(labels, values, predicates)
    gold = [EMPTY if empty else gold_of(one.graph, one.graph.sources[0], words, 64, (64, 64)) for one in made]
    joined = {
        name: np.concatenate([getattr(one, name) for one in gold])
        for name in ("boxes", "labels", "values", "masks", "masked", "relations")
    }
    data = Pictures(
        images=np.stack([one.image for one in made]),
        files=np.zeros(n, np.int32),
        graphs=np.arange(n, dtype=np.int32),
        positives=np.stack([one.positives for one in gold]),
        first_object=np.cumsum([0, *(len(one.labels) for one in gold)]),
        first_relation=np.cumsum([0, *(len(one.relations) for one in gold)]),
        **joined,
    )
    return data, words


def _losses(network: PictureNetwork, batch: PictureBatch, words: Words) -> dict[str, torch.Tensor]:
    encoder = LabelEncoder.load()
    return losses(
        network, batch, encoder(words.labels), encoder(words.predicates), 0.05, torch.Generator().manual_seed(0)
    )


def test_a_batch_numbers_objects_through_its_pictures() -> None:
    data, _ = _pictures(3)
    batch = PictureBatch.of_items(data, np.array([2, 0]))
    second = data.first_object[3] - data.first_object[2]
    assert batch.of.tolist() == [0] * second + [1] * int(data.first_object[1])
    assert torch.equal(batch.boxes[second:], torch.from_numpy(data.boxes[: data.first_object[1]]))
    assert int(batch.positives[1].max()) == len(batch.boxes) - 1
    own = data.relations[: data.first_relation[1]]
    assert batch.relations[-len(own) :].tolist() == (own + np.array([second, 0, second])).tolist()


def test_every_parameter_learns() -> None:
    data, words = _pictures(4)
    torch.manual_seed(0)
    network = PictureNetwork(SMALL, words)
    torch.stack(list(_losses(network, PictureBatch.of_items(data, np.arange(4)), words).values())).sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.abs().max() > 0, name


def test_pictures_without_objects() -> None:
    data, words = _pictures(2, empty=True)
    network = PictureNetwork(SMALL, words)
    told = _losses(network, PictureBatch.of_items(data, np.arange(2)), words)
    assert set(told) == {"positives", "boxes"}
    assert all(torch.isfinite(value) for value in told.values())
    assert told["boxes"] == 0


def test_a_few_steps_on_one_batch_lower_every_loss() -> None:
    data, words = _pictures(4)
    torch.manual_seed(0)
    network = PictureNetwork(SMALL, words)
    batch = PictureBatch.of_items(data, np.arange(4))
    optimizer = torch.optim.AdamW(network.parameters(), lr=5e-3)
    first = {name: value.item() for name, value in _losses(network, batch, words).items()}
    for _ in range(60):
        loss = torch.stack(list(_losses(network, batch, words).values())).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    last = {name: value.item() for name, value in _losses(network, batch, words).items()}
    # The score of positives is trained to be an overlap, which rises: its loss may too.
    for name in set(first) - {"positives"}:
        assert last[name] < first[name], name


def test_overlaps_of_boxes() -> None:
    a = torch.tensor([[0.0, 0.0, 2.0, 2.0], [0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 2.0, 2.0]])
    b = torch.tensor([[0.0, 0.0, 2.0, 2.0], [2.0, 0.0, 3.0, 1.0], [1.0, 0.0, 3.0, 2.0]])
    torch.testing.assert_close(iou(a, b), torch.tensor([1.0, 0.0, 1 / 3]))
    # Apart: union 2 of 3 around them. Half over one another: 6 of 6.
    torch.testing.assert_close(giou(a, b), torch.tensor([1.0, -1 / 3, 1 / 3]))


def test_jitter_is_bounded_and_a_function_of_its_generator() -> None:
    boxes = torch.tensor([[10.0, 10.0, 30.0, 50.0]]).repeat(500, 1)
    moved = jittered(boxes, 0.05, torch.Generator().manual_seed(3))
    assert torch.equal(moved, jittered(boxes, 0.05, torch.Generator().manual_seed(3)))
    shift = (moved - boxes) / torch.tensor([20.0, 40.0, 20.0, 40.0])
    assert shift.abs().max() <= 0.15 + 1e-6
    assert 0.04 < shift.std() < 0.06
