"""The parsers, and what else has a short name or a dotted path, without importing what they need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from inspect import isclass, isroutine
from types import ModuleType
from typing import Any, Protocol, cast

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
    path, make = resolve("parser", name, PARSERS)
    # A parser that is ready may be callable too: its call reads a text.
    parser = make() if isclass(make) or isroutine(make) else make
    if not hasattr(parser, "pipe"):
        raise ValueError(f"{path} makes {type(parser).__name__}, which has no pipe(texts) and so is no parser of text")
    return cast(TextToGraphs, parser)


def resolve(kind: str, name: str, known: Mapping[str, str], *, hint: str = "") -> tuple[str, Any]:
    """What a name stands for.

    Args:
        kind: what is named, for errors: "parser".
        name: a short name, or a dotted path.
        known: the dotted paths of the short names.
        hint: behind the error of a name that is neither.

    Returns:
        The dotted path, and the class, function or object that it leads to.

    Raises:
        LookupError: there is no such short name.
        ValueError: there is nothing at the path.
        ModuleNotFoundError: what is there needs a package that is not installed.

    >>> resolve("relation head", "geometry", {"geometry": "usg.parsers.image.geometry.GeometricRelations"})[1].__name__
    'GeometricRelations'
    """
    if name not in known and "." not in name:
        raise LookupError(unknown_name(kind, name, known) + hint)
    path = known.get(name, name)
    try:
        return path, _at(path)
    except (AttributeError, ValueError) as error:
        raise ValueError(f"there is no {kind} {path}: {error}; give the dotted path of a class") from error
    except ModuleNotFoundError as error:
        # A package that it needs is named by its own error.
        if error.name and f"{path}.".startswith(f"{error.name}."):
            raise ValueError(f"there is no {kind} {path}: {error}; give the dotted path of a class") from error
        raise


def _at(path: str) -> Any:
    """What a dotted path leads to; unlike `pkgutil.resolve_name`, a module that fails to import says why."""
    names = path.split(".")
    found: Any = import_module(names[0])
    for i, name in enumerate(names[1:], 1):
        if not hasattr(found, name) and isinstance(found, ModuleType):
            import_module(".".join(names[: i + 1]))
        found = getattr(found, name)
    return found
