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
