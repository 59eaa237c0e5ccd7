"""Parsers by short name and dotted path."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from usg.graph import SceneGraph
from usg.parsers.names import text_parser


class Ready:
    """As `TextParser`: an instance is called with a text."""

    def __call__(self, text: str) -> SceneGraph:
        return SceneGraph()

    def pipe(self, texts: Iterable[str]) -> Iterator[SceneGraph]:
        return map(self, texts)


@pytest.mark.parametrize("path", ["own_parsers.Ready", "own_parsers.make", "own_parsers.ready"])
def test_a_path_may_name_a_class_a_function_or_a_parser(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("own_parsers")
    module.Ready, module.make, module.ready = Ready, lambda: Ready(), Ready()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "own_parsers", module)
    assert list(text_parser(path).pipe(["a dog"])) == [SceneGraph()]


def test_a_missing_requirement_is_told_from_a_wrong_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_parsers_needing.py").write_text("import own_parsers_need\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="No module named 'own_parsers_need'"):
        text_parser("own_parsers_needing.Parser")
    for wrong in ("own_parsers_wrong.Parser", "own_parsers_wrong.inner.Parser"):
        with pytest.raises(ValueError, match="there is no parser own_parsers_wrong"):
            text_parser(wrong)
