"""A training that was killed and goes on ends where an uninterrupted one ends."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import small_factual
import torch

from usg.parsers.text import training
from usg.parsers.text.batches import Example
from usg.parsers.text.model import TextGraphModel
from usg.parsers.text.objective import gold_loss
from usg.parsers.text.training import fit
from usg.parsers.text.training_settings import Fit, Sizes

TABLES, EXAMPLES = small_factual.examples()
SIZES = {"word_dim": 8, "stem_dim": 8, "gram_dim": 8, "hidden": 8, "layers": 1, "dim": 16, "mixing_dim": 8}
SETTINGS = Fit(epochs=3, batch_size=12, average=0.9)


def train(folder: Path, examples: list[Example] = EXAMPLES, settings: Fit = SETTINGS) -> TextGraphModel:
    torch.manual_seed(0)
    model = TextGraphModel.build(TABLES.words, TABLES.inventory, Sizes(**SIZES))
    return fit(model, examples, settings, seed=5, folder=folder, trained={"seed": 5})


def weights(folder: Path) -> bytes:
    return (folder / "model" / "weights.safetensors").read_bytes()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of an uninterrupted training."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    train(folder)
    return folder


@pytest.mark.parametrize("killed_at", [11, 13])
def test_a_killed_training_goes_on(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed_at: int
) -> None:
    calls = 0

    def killed(*args: object) -> torch.Tensor:
        nonlocal calls
        calls += 1
        if calls == killed_at:
            raise MemoryError("killed")
        return gold_loss(*args)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(training, "gold_loss", killed)
        with pytest.raises(MemoryError, match="killed"):
            train(tmp_path)
    assert (tmp_path / "checkpoints" / "last.ckpt").is_file() and not (tmp_path / "model").exists()
    train(tmp_path)
    assert weights(tmp_path) == weights(whole)


def test_killed_between_the_last_step_and_the_model(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(TextGraphModel, "save", lambda self, folder: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            train(tmp_path)
    train(tmp_path)
    assert weights(tmp_path) == weights(whole)


def test_what_is_trained_is_read_back(whole: Path) -> None:
    before = weights(whole)
    model = train(whole, examples=EXAMPLES[:1])
    assert weights(whole) == before and model.trained == {"seed": 5}
    assert not model.network.training


def test_a_training_has_learnt(tmp_path: Path) -> None:
    def loss(model: TextGraphModel) -> float:
        with torch.no_grad():
            return float(gold_loss(model.network.eval(), model.reader, EXAMPLES, random.Random(0)))

    torch.manual_seed(0)
    untrained = loss(TextGraphModel.build(TABLES.words, TABLES.inventory, Sizes(**SIZES)))
    settings = Fit(epochs=8, batch_size=12, learning_rate=0.02, average=0.5)
    assert loss(train(tmp_path, settings=settings)) < 0.6 * untrained
