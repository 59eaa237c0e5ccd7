import torch
import torch.nn.functional as F

from usg.parsers.image.embedded.sampling import region_grid, sample


def test_samples_as_grid_sample_does() -> None:
    generator = torch.Generator().manual_seed(0)
    maps = torch.randn(3, 5, 8, 6, generator=generator)
    boxes = torch.tensor([[3.0, 2.0, 20.0, 30.0], [-4.0, 0.0, 12.0, 40.0], [0.0, 0.0, 24.0, 32.0]])
    of = torch.tensor([2, 0, 0])
    grid = region_grid(boxes, 7, 0.1)
    expected = F.grid_sample(
        maps[of], grid.points() / torch.tensor([24.0, 32.0]) * 2 - 1, padding_mode="border", align_corners=False
    )
    torch.testing.assert_close(sample(maps, grid, of, 4), expected)


def test_gradients() -> None:
    maps = torch.randn(1, 2, 3, 3, dtype=torch.float64, requires_grad=True)
    grid = region_grid(torch.tensor([[1.0, 1.0, 5.0, 4.0]], dtype=torch.float64), 2)
    assert torch.autograd.gradcheck(lambda m: sample(m, grid, torch.tensor([0]), 2), maps)


def test_a_margin_reaches_beyond_the_box() -> None:
    grid = region_grid(torch.tensor([[10.0, 10.0, 20.0, 30.0]]), 2, 0.5)
    assert grid.points()[0, 0, 0].tolist() == [10.0, 10.0]
    assert grid.points()[0, 1, 1].tolist() == [20.0, 30.0]
