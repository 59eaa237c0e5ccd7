"""The detector and its relation head with a network whose answers are known."""

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from small_network import SMALL, WORDS
from torch import Tensor

from usg.graph.rle import decode_mask
from usg.parsers.image import Detections
from usg.parsers.image.calibration import Calibration
from usg.parsers.image.embedded import PictureDetector, PictureModel, PictureRelations, detector
from usg.parsers.image.embedded.network import MASK, Regions
from usg.parsers.image.embedded.pairs import GRID

PROPOSAL = (8.0, 4.0, 24.0, 20.0)
WIDTH = SMALL.embedding + GRID * GRID


class KnownNetwork:
    """One cell finds `PROPOSAL` with a score of 0.9, a dog with a share of 0.8 that begins a quarter further right."""

    settings, words = SMALL, WORDS

    def __init__(self) -> None:
        self.pair_boxes = torch.empty(0)

    def __call__(self, pictures: Tensor) -> tuple[None, Tensor, Tensor]:
        logits = torch.full((len(pictures), 16, 16), -20.0)
        logits[:, 3, 4] = torch.logit(torch.tensor(0.9))
        return None, logits, torch.tensor(PROPOSAL).expand(len(pictures), 16, 16, 4)

    def regions(self, pictures: Tensor, maps: None, boxes: Tensor, of: Tensor) -> Regions:
        n = len(boxes)
        masks = torch.full((n, MASK, MASK), -1.0)
        masks[:, 2:-2, 2:-2] = 1.0  # the box without its margin
        return Regions(
            vectors=torch.zeros(n, WIDTH),
            classes=torch.log(torch.tensor([0.1, 0.8, 0.1])).expand(n, 3),
            values={kind: torch.zeros(n, len(values)) for kind, values in WORDS.values.items()},
            masks=masks,
            deltas=torch.tensor([0.25, 0.0, 0.0, 0.0]).expand(n, 4),
        )

    def pairs(self, boxes: Tensor, labels: Tensor, vectors: Tensor, pairs: Tensor, predicates: Tensor) -> Tensor:
        self.pair_boxes = boxes
        return pairs[:, :1].expand(-1, len(predicates)).float()  # the number of the subject


def _model(network: Any, calibration: Calibration | None = None) -> PictureModel:
    return PictureModel(network, calibration or Calibration())


def test_boxes_masks_and_scores_of_a_picture_that_is_not_square() -> None:
    # 90 x 40 becomes 64 x 28.
    (found,) = PictureDetector(_model(KnownNetwork()), precision="float32").detect([Image.new("RGB", (90, 40))], 0.5)
    x, y = 90 / 64, 40 / 28
    np.testing.assert_allclose(found.boxes, [[12 * x, 4 * y, 24 * x, 20 * y]], rtol=1e-6)
    assert found.labels == ("dog",)
    np.testing.assert_allclose(found.scores, [0.9 * 0.8], rtol=1e-6)
    # The mask lies over what was looked at, not over the corrected box.
    columns, rows = np.arange(90) + 0.5, np.arange(40) + 0.5
    inside = ((rows > 4 * y) & (rows < 20 * y))[:, None] & (columns > 8 * x) & (columns < 24 * x)
    assert found.masks is not None
    # Bilinear values round the four corners.
    assert (decode_mask(found.masks[0]) != inside).sum() <= 4


def test_scores_are_calibrated() -> None:
    model = _model(KnownNetwork(), Calibration(2.0, 0.5))
    (found,) = PictureDetector(model, precision="float32").detect([Image.new("RGB", (64, 64))], 0.1)
    np.testing.assert_allclose(found.scores, Calibration(2.0, 0.5).probability([0.72]), rtol=1e-6)


def test_no_pictures() -> None:
    assert PictureDetector(_model(KnownNetwork()), precision="float32").detect([], 0.5) == []


def test_relations_read_boxes_as_shares_of_the_longer_side() -> None:
    network = KnownNetwork()
    width = WIDTH + sum(map(len, WORDS.values.values()))
    found = Detections([[0, 0, 40, 80], [10, 20, 20, 30]], [1, 1], ["cat", "hat"], features=np.zeros((2, width)))
    (said,) = PictureRelations(_model(network), least=0.6).relations([Image.new("RGB", (40, 80))], [found])
    np.testing.assert_allclose(network.pair_boxes, np.array([[0, 0, 40, 80], [10, 20, 20, 30]]) / 80)
    assert {(r.subject, r.object) for r in said} == {(1, 0)}
    assert {r.predicate for r in said} == set(WORDS.predicates)


def test_a_model_without_masks_gives_none() -> None:
    model = PictureModel(KnownNetwork(), masks=False)  # type: ignore[arg-type]
    (found,) = PictureDetector(model, masks=True, precision="float32").detect([Image.new("RGB", (64, 64))], 0.5)
    assert found.masks is None


@pytest.mark.parametrize(
    ("avx", "amx", "library", "expected"),
    [(False, False, True, False), (True, False, True, True), (False, True, True, True), (True, True, False, False)],
)
def test_bfloat16_is_taken_where_the_processor_has_it(
    avx: bool, amx: bool, library: bool, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: library)
    assert detector._has_bfloat16.__wrapped__() is expected
