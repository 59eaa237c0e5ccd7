"""The parsers by short name, without importing what they need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from inspect import isclass, isroutine
from pkgutil import resolve_name
from typing import Protocol, cast

from usg.graph.scene_graph import SceneGraph
from usg.names import unknown_name

PARSERS: dict[str, str] = {
    "text": "usg.parsers.text.TextParser",
    "text-factual": "usg.parsers.text.factual.factual_parser",
}


class TextToGraphs(Protocol):
    """What a parser of text is: graphs in the order of the texts, made as they are asked for."""

    def pipe(self, texts: Iterable[str]) -> Iterator[SceneGraph]:
        """The graphs of texts."""
        ...


def text_parser(name: str) -> TextToGraphs:
    """A parser of text with its defaults.

    Args:
        name: a short name in `PARSERS`, the dotted path of a class or function that makes a parser when
            called, or that of a parser that is ready.

    Raises:
        LookupError: there is no such name.
        ValueError: what the path names cannot be imported, or makes no parser of text.

    >>> text_parser("test")
    Traceback (most recent call last):
    LookupError: unknown parser 'test'; did you mean 'text'? Known: text, text-factual
    """
    if name not in PARSERS and "." not in name:
        raise LookupError(unknown_name("parser", name, PARSERS))
    path = PARSERS.get(name, name)
    try:
        make = resolve_name(path)
    except (AttributeError, ValueError) as error:
        raise ValueError(f"there is no parser {path}: {error}; give the dotted path of a class") from error
    except ModuleNotFoundError as error:
        # A package that a parser needs is named by its own error.
        if error.name and f"{path}.".startswith(f"{error.name}."):
            raise ValueError(f"there is no parser {path}: {error}; give the dotted path of a class") from error
        raise
    # A parser that is ready may be callable too: its call reads a text.
    parser = make() if isclass(make) or isroutine(make) else make
    if not hasattr(parser, "pipe"):
        raise ValueError(f"{path} makes {type(parser).__name__}, which has no pipe(texts) and so is no parser of text")
    return cast(TextToGraphs, parser)
