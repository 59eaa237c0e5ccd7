import pytest
import torch
from small_network import SMALL, WORDS, small_network

from usg.parsers.image.embedded.network import MASK, PictureNetwork, module_name
from usg.parsers.image.embedded.pairs import GRID
from usg.parsers.image.embedded.settings import Words


def test_shapes() -> None:
    network = small_network()
    pictures = torch.rand(2, 3, 64, 64)
    maps, logits, boxes = network(pictures)
    assert maps.near.shape == (2, 16, 16, 16)
    assert logits.shape == (2, 16, 16)
    assert boxes.shape == (2, 16, 16, 4)
    assert (boxes[..., 2:] > boxes[..., :2]).all()
    regions = network.regions(pictures, maps, boxes[:, 3, 4], torch.tensor([0, 1]))
    assert regions.vectors.shape == (2, SMALL.embedding + GRID * GRID)
    assert regions.classes.shape == (2, 3)
    assert {kind: said.shape[1] for kind, said in regions.values.items()} == {"colour": 3, "state": 2, "texture": 3}
    assert regions.masks.shape == (2, MASK, MASK)
    assert regions.boxes(boxes[:, 3, 4]).shape == (2, 4)


def test_regions_do_not_depend_on_one_another() -> None:
    network = small_network()
    pictures = torch.rand(2, 3, 64, 64)
    maps, _, _ = network(pictures)
    boxes = torch.tensor([[2.0, 2.0, 30.0, 20.0], [10.0, 20.0, 60.0, 60.0], [0.0, 0.0, 64.0, 64.0]])
    of = torch.tensor([0, 1, 1])
    together = network.regions(pictures, maps, boxes, of)
    alone = network.regions(pictures, maps, boxes[1:2], of[1:2])
    torch.testing.assert_close(together.vectors[1:2], alone.vectors, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(together.values["colour"][1:2], alone.values["colour"], atol=1e-5, rtol=1e-5)


def test_the_colour_of_a_thing_of_one_colour_does_not_depend_on_its_shape() -> None:
    # Every point of the region has the same colour: whatever the network takes the thing for, it sees that colour.
    network = small_network()
    plain = torch.tensor([0.8, 0.1, 0.2])[None, :, None, None].expand(1, 3, 64, 64).clone()
    shaped = plain.clone()
    shaped[:, :, :, 40:] = torch.rand(1, 3, 64, 24)
    box, of = torch.tensor([[8.0, 8.0, 30.0, 40.0]]), torch.tensor([0])
    said = [network.regions(p, network(p)[0], box, of) for p in (plain, shaped)]
    torch.testing.assert_close(said[0].values["colour"], said[1].values["colour"], atol=1e-5, rtol=1e-5)
    assert not torch.allclose(said[0].classes, said[1].classes, atol=1e-6)


@pytest.mark.parametrize("kind", ["type", "keys", "half", "training", "a.b", "", "kind 61", "boxes", "größe"])
def test_any_word_may_be_a_kind(kind: str) -> None:
    words = Words(("cat",), {"colour": ("", "red"), kind: ("", "x", "y")}, ())
    network = PictureNetwork(SMALL, words)
    pictures, box = torch.rand(1, 3, 64, 64), torch.tensor([[2.0, 2.0, 30.0, 20.0]])
    regions = network.regions(pictures, network(pictures)[0], box, torch.tensor([0]))
    assert {name: said.shape for name, said in regions.values.items()} == {"colour": (1, 2), kind: (1, 3)}
    PictureNetwork(SMALL, words).load_state_dict(network.state_dict())


def test_names_of_modules_differ() -> None:
    kinds = ("colour", "type", "a.b", "a", "", "kind 74797065", module_name("type"))
    assert len({module_name(kind) for kind in kinds}) == len(set(kinds))
    assert module_name("colour") == "colour"


def test_kinds_read_what_they_may() -> None:
    network = small_network()
    assert [network.values[kind][0].in_features for kind in WORDS.values] == [8, 32, 24]
