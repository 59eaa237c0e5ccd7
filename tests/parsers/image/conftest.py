"""Tiny vision models, each made once, and a small picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import tiny_vision
from PIL import Image

Models = Callable[[str], Path]


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """The folder of a tiny model by its kind."""
    root = tmp_path_factory.mktemp("vision")

    def folder(kind: str) -> Path:
        return root / kind if (root / kind).is_dir() else tiny_vision.save(kind, root / kind)

    return folder


@pytest.fixture
def picture() -> Image.Image:
    """90 x 60: a red square and a blue one on white."""
    image = Image.new("RGB", (90, 60), "white")
    image.paste("red", (10, 10, 30, 30))
    image.paste("blue", (60, 20, 80, 40))
    return image
