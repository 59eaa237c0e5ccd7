from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import torch
from small_network import SMALL

from usg.nn import LabelEncoder
from usg.parsers.image.embedded.network import MASK, PictureNetwork
from usg.parsers.image.embedded.settings import Words
from usg.parsers.image.training.losses import PictureBatch, _masks, _relations, giou, iou, jittered, losses
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


def test_the_score_of_a_positive_cell_is_trained_to_be_its_overlap() -> None:
    data, words = _pictures(2)
    torch.manual_seed(0)
    network = PictureNetwork(SMALL, words).eval()
    batch = PictureBatch.of_items(data, np.arange(2))
    with torch.no_grad():
        _, logits, boxes = network(batch.pictures.permute(0, 3, 1, 2).float() / 255)
        told = _losses(network, batch, words)["positives"].item()
    expected = 0.0
    for picture, row, column in np.ndindex(*logits.shape):
        owner = int(batch.positives[picture, row, column])
        cell = boxes[picture, row, column][None]
        y = 0.0 if owner < 0 else float(iou(cell, batch.boxes[owner][None]))
        s = float(logits[picture, row, column].sigmoid())
        expected -= abs(y - s) ** 2 * (y * np.log(s) + (1 - y) * np.log(1 - s))
    positives = int((batch.positives >= 0).sum())
    assert abs(told - expected / positives) < 1e-5 * expected


def test_values_that_are_not_known_are_not_trained() -> None:
    data, words = _pictures(3)
    network = PictureNetwork(SMALL, words).eval()
    batch = PictureBatch.of_items(data, np.arange(3))
    some = batch.values.clone()
    some[1:, 0] = -1
    changed = batch.values.clone()
    changed[1:, 0] = 0
    told = [
        _losses(network, replace(batch, values=values), words)["value colour"].item()
        for values in (some, changed, torch.full_like(some, -1))
    ]
    assert told[0] != told[1]
    assert told[2] == 0


def test_masks_are_read_where_the_moved_boxes_look() -> None:
    # The left half of a box of 24 x 24: of 28 columns, two of them margin, the first 14. A box that lies 6 to the right
    # has its first 8 there, the last 6 rows and columns being outside of what was read.
    mask = torch.zeros(1, MASK, MASK, dtype=torch.bool)
    mask[:, :, :14] = True
    box = torch.tensor([[16.0, 16.0, 40.0, 40.0]])
    batch = SimpleNamespace(masked=torch.tensor([True]), boxes=box, masks=mask)
    said = torch.full((1, MASK, MASK), -20.0)
    said[:, :, :8] = 20.0
    moved = box + torch.tensor([6.0, 0.0, 6.0, 0.0])
    assert _masks(SimpleNamespace(masks=said), batch, moved) < 0.05  # type: ignore[arg-type]
    assert _masks(SimpleNamespace(masks=said), batch, box) > 1  # type: ignore[arg-type]


def test_the_loss_of_relations_by_hand() -> None:
    # Pictures of two and three objects; the third object of all is on the fifth.
    batch = SimpleNamespace(
        of=torch.tensor([0, 0, 1, 1, 1]), pictures=torch.zeros(2), boxes=torch.zeros(5, 4),
        labels=torch.zeros(5, dtype=torch.long), relations=torch.tensor([[2, 1, 4]]),
    )  # fmt: skip
    asked: list[list[int]] = []

    def pairs(boxes: object, labels: object, seen: object, pairs: torch.Tensor, predicates: object) -> torch.Tensor:
        asked.extend(pairs.tolist())
        return pairs[:, :1] * torch.tensor([[0.1, 0.3]]) - pairs[:, 1:] * 0.2

    network = SimpleNamespace(settings=SMALL, pairs=pairs)
    regions = SimpleNamespace(boxes=lambda proposals: proposals, vectors=torch.zeros(5, 1))
    told = _relations(network, regions, batch, batch.boxes, torch.zeros(1, 1), torch.zeros(2, 1))  # type: ignore[arg-type]
    assert sorted(asked) == [[0, 1], [1, 0], [2, 3], [2, 4], [3, 2], [3, 4], [4, 2], [4, 3]]
    expected = 0.0
    for i, j in asked:
        for k, slope in enumerate((0.1, 0.3)):
            logit = slope * i - 0.2 * j
            expected += np.log1p(np.exp(-logit if (i, k, j) == (2, 1, 4) else logit))
    assert abs(float(told) - expected / 8) < 1e-6
