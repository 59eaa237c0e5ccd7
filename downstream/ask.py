"""Questions about graphs, pictures, films and texts, answered in words: parser, encoder, bridge and language model.

`usg ask picture.png "what is left of the dog" --model DIR`, or from Python `Asker(DIR)("picture.png", "what is left of
the dog")`, where DIR is what a bridge stage of `usg pretrain` left (docs/language_models.md).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from usg.formats import Problems, guess_format, read_graphs
from usg.graph import SceneGraph
from usg.nn.bridge import load_graph_language_model

__all__ = ["Asker", "question_of"]


class Asker:
    """Answers questions; parsers are loaded when a medium first needs them.

    Args:
        model: a folder that a bridge stage of `usg pretrain` left.
        language_model: where the language model of `model` lies, if it is elsewhere by now.
        max_new_tokens: of an answer.

    Raises:
        FileNotFoundError: there is no such folder.
        ValueError: it is broken.
    """

    def __init__(
        self,
        model: str | os.PathLike[str],
        language_model: str | None = None,
        max_new_tokens: int = 48,
    ) -> None:
        self.model, _ = load_graph_language_model(model, language_model)
        self.max_new_tokens = max_new_tokens

    def __call__(self, medium: SceneGraph | str | os.PathLike[str], question: str) -> str:
        """The answer to one question; of a file of several graphs, about the first.

        Args:
            medium: a graph, a file of graphs, a picture, a film, or a text.
            question: in words.

        Raises:
            FileNotFoundError: the medium looks like a file and is none.
            ValueError: it cannot be read, or the question is empty.
        """
        graph = medium if isinstance(medium, SceneGraph) else next(iter(self.graphs(medium)))
        return self.answer(graph, question)

    def answer(self, graph: SceneGraph, question: str) -> str:
        """The answer to a question about a graph.

        Raises:
            ValueError: the question is empty, or leaves no room for the graph.
        """
        (answer,) = self.model.generate([graph], [question_of(question)], max_new_tokens=self.max_new_tokens)
        return answer

    def graphs(self, medium: str | os.PathLike[str]) -> Iterator[SceneGraph]:
        """The graphs of a medium: as many as a file of graphs holds, one of everything else.

        Args:
            medium: a file, or the text itself.

        Raises:
            FileNotFoundError: it looks like a file and is none.
            ValueError: it cannot be read.
        """
        path = Path(medium)
        suffix = path.suffix.lower()
        if _is_file(path):
            if suffix in _picture_suffixes():
                yield self._image_parser(path)
            elif suffix in _film_suffixes():
                yield self._video_parser(path)
            elif suffix == ".txt":
                yield self._text_parser(path.read_text(encoding="utf-8"))
            else:
                yield from _graphs_of_file(path)
        elif isinstance(medium, os.PathLike) or (suffix[1:].isalnum() and " " not in str(medium)):
            raise FileNotFoundError(f"there is no file {medium}; give a file of graphs, a picture, a film, or a text")
        else:
            yield self._text_parser(str(medium))

    @cached_property
    def _text_parser(self) -> Any:
        from usg.parsers.text import TextParser

        return TextParser()

    @cached_property
    def _image_parser(self) -> Any:
        from usg.parsers.image import ImageParser

        return ImageParser()

    @cached_property
    def _video_parser(self) -> Any:
        from usg.parsers.video import VideoParser

        return VideoParser()


def question_of(text: str) -> str:
    """The question without the space around it.

    Raises:
        ValueError: it is empty.
    """
    if not text.strip():
        raise ValueError("the question is empty; ask something, such as 'what is left of the dog'")
    return text.strip()


def _graphs_of_file(path: Path) -> Iterator[SceneGraph]:
    problems = Problems()
    found = 0
    for graph in read_graphs(path, guess_format(path), problems):
        found += 1
        yield graph
    if not found:
        raise ValueError(f"{path} holds no graph that can be read{f': {problems}' if problems.count else ''}")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a text longer than a file's name may be
        return False


def _picture_suffixes() -> frozenset[str]:
    from usg.parsers.image.inputs import SUFFIXES

    return SUFFIXES


def _film_suffixes() -> frozenset[str]:
    from usg.parsers.video.inputs import SUFFIXES

    return SUFFIXES
