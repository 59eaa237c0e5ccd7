import random
from pathlib import Path

import fake_pipeline
import pytest
import small_factual
import torch

from usg.parsers.text import TextParser
from usg.parsers.text.model import TextGraphModel
from usg.parsers.text.objective import gold_loss
from usg.parsers.text.training_settings import Sizes


@pytest.fixture(scope="session")
def capitals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny spaCy pipeline; see tests/parsers/fake_pipeline.py."""
    return fake_pipeline.save(tmp_path_factory.mktemp("pipelines") / "capitals")


@pytest.fixture(scope="session")
def parser(capitals: Path) -> TextParser:
    return TextParser(capitals)


@pytest.fixture
def importable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The factory of the fake pipeline can be found by other processes, as that of any installed package."""
    folder = tmp_path / "fake_pipeline-0.1.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: fake-pipeline\nVersion: 0.1\n")
    (folder / "entry_points.txt").write_text("[spacy_factories]\ncapitals = fake_pipeline:make_capitals\n")
    monkeypatch.syspath_prepend(tmp_path)


SIZES = {"word_dim": 16, "stem_dim": 16, "gram_dim": 16, "hidden": 24, "layers": 1, "dim": 48, "mixing_dim": 16}


@pytest.fixture(scope="session")
def small_model() -> TextGraphModel:
    """A tiny parser that knows the captions of tests/parsers/small_factual.py."""
    tables, examples = small_factual.examples()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = TextGraphModel.build(tables.words, tables.inventory, Sizes(**SIZES, dropout=0.1))
        network, reader = model.network.train(), model.reader
        optimizer = torch.optim.AdamW(network.parameters(), lr=0.01)
        rng = random.Random(0)
        for _ in range(100):
            optimizer.zero_grad()
            gold_loss(network, reader, examples, rng, smoothing=0.0).backward()
            optimizer.step()
    network.eval()
    return model


@pytest.fixture(scope="session")
def small_weights(small_model: TextGraphModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the tiny parser."""
    folder = tmp_path_factory.mktemp("models") / "small"
    small_model.save(folder)
    return folder
