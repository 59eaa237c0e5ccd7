from pathlib import Path

import fake_pipeline
import pytest

from usg.parsers.text import TextParser


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
