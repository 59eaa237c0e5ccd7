import torch

from usg.parsers.image.embedded.pairs import GRID, PairNetwork, all_pairs, geometry


def _masks(*shares: float) -> torch.Tensor:
    return torch.stack([torch.full((GRID, GRID), share) for share in shares])


def test_geometry_of_a_known_pair() -> None:
    boxes = torch.tensor([[0.0, 0.0, 0.4, 0.2], [0.2, 0.1, 0.4, 0.5]])
    numbers = geometry(boxes, _masks(1.0, 0.25), torch.tensor([[0, 1]]))[0]
    dx, dy, bottoms = numbers[:3].tolist()
    assert abs(dx - 0.1) < 1e-6
    assert abs(dy - 0.2) < 1e-6
    assert abs(bottoms - 0.3) < 1e-6
    assert torch.isclose(numbers[10], torch.tensor(0.25))  # a quarter of the first box is common: 0.2 x 0.1
    assert torch.isclose(numbers[19], torch.tensor(1.0))  # all of it shows the first thing
    assert torch.isclose(numbers[20], torch.tensor(0.25))


def test_what_is_apart_shares_nothing() -> None:
    boxes = torch.tensor([[0.0, 0.0, 0.1, 0.1], [0.5, 0.5, 0.9, 0.6]])
    numbers = geometry(boxes, _masks(1.0, 1.0), torch.tensor([[0, 1], [1, 0]]))
    assert torch.isfinite(numbers).all()
    assert numbers[:, [10, 11, 19, 20]].abs().max() == 0


def test_the_part_of_a_mask_that_both_boxes_cover() -> None:
    left = torch.zeros(1, GRID, GRID)
    left[:, :, : GRID // 2] = 1  # only the left half is taken
    masks = torch.cat([left, torch.ones(1, GRID, GRID)])
    boxes = torch.tensor([[0.0, 0.0, 0.8, 0.8], [0.5, 0.0, 0.8, 0.8]])
    numbers = geometry(boxes, masks, torch.tensor([[0, 1]]))[0]
    assert numbers[19].item() == 0


def test_pairs_do_not_depend_on_the_others() -> None:
    torch.manual_seed(0)
    network = PairNetwork(16, 32)
    boxes = torch.rand(5, 4)
    boxes[:, 2:] += boxes[:, :2] + 0.1
    labels, vectors, predicates = torch.randn(5, 128), torch.rand(5, 16 + GRID * GRID), torch.randn(3, 128)
    pairs = all_pairs(5)
    together = network(boxes, labels, vectors, pairs, predicates)
    order = torch.tensor([3, 1])
    alone = network(boxes[order], labels[order], vectors[order], all_pairs(2), predicates)
    rows = [pairs.tolist().index([3, 1]), pairs.tolist().index([1, 3])]
    torch.testing.assert_close(together[rows], alone)


def test_predicates_are_scored_each_by_itself() -> None:
    torch.manual_seed(0)
    network = PairNetwork(16, 32)
    boxes = torch.tensor([[0.0, 0.0, 0.5, 0.5], [0.2, 0.2, 0.9, 0.9]])
    labels, vectors, predicates = torch.randn(2, 128), torch.rand(2, 16 + GRID * GRID), torch.randn(3, 128)
    both = network(boxes, labels, vectors, all_pairs(2), predicates)
    one = network(boxes, labels, vectors, all_pairs(2), predicates[1:2])
    torch.testing.assert_close(both[:, 1:2], one)
