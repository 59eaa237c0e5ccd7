import numpy as np
import pytest
import torch

from usg.parsers.image.embedded.non_maximum_suppression import OVERLAP, non_maximum_suppression, suppress


def test_kept_boxes_overlap_little_and_dropped_ones_much() -> None:
    generator = np.random.default_rng(0)
    low = generator.uniform(0, 20, (60, 2))
    boxes = np.concatenate([low, low + generator.uniform(4, 12, (60, 2))], 1).astype(np.float32)
    kept = suppress(boxes, OVERLAP)

    def overlap(a: np.ndarray, b: np.ndarray) -> float:
        common = np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0, None).prod()
        return float(common / ((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - common))

    for i in range(len(boxes)):
        before = [overlap(boxes[i], boxes[j]) > OVERLAP for j in kept if j < i]
        assert (i in kept) == (not any(before))


def test_best_first_and_no_more_than_asked() -> None:
    scores = torch.tensor([[0.2, 0.9], [0.6, 0.05]])
    boxes = torch.tensor([[[0, 0, 4, 4], [0, 4, 4, 8]], [[4, 0, 8, 4], [4, 4, 8, 8]]], dtype=torch.float32)
    said, where = non_maximum_suppression(scores, boxes, 0.1, 2)
    assert said.tolist() == [np.float32(0.9), np.float32(0.6)]
    assert where.tolist() == [[0, 4, 4, 8], [4, 0, 8, 4]]


def test_nothing_above_the_threshold() -> None:
    said, where = non_maximum_suppression(torch.zeros(2, 2), torch.zeros(2, 2, 4), 0.1, 5)
    assert said.shape == (0,)
    assert where.shape == (0, 4)


def test_many_objects_of_many_cells_are_all_found() -> None:
    # 36 objects of 25 cells each; those of the first sixteen score best.
    scores, boxes = torch.zeros(30, 30), torch.zeros(30, 30, 4)
    for i in range(36):
        y, x = divmod(i, 6)
        scores[5 * y : 5 * y + 5, 5 * x : 5 * x + 5] = 0.9 if i < 16 else 0.8
        boxes[5 * y : 5 * y + 5, 5 * x : 5 * x + 5] = torch.tensor([x, y, x + 1, y + 1]) * 20.0
    _, where = non_maximum_suppression(scores, boxes, 0.5, 100)
    assert len({tuple(box) for box in where.tolist()}) == len(where) == 36


def test_a_score_that_is_no_number_is_an_error() -> None:
    with pytest.raises(ValueError, match="not a finite number"):
        non_maximum_suppression(torch.tensor([[0.2, float("nan")]]), torch.zeros(1, 2, 4), 0.1, 5)
