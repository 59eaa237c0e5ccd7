"""`TextParser`: a text, or a stream of any number of them, to scene graphs.

What reads a text is exchangeable: a spaCy pipeline (usg/parsers/text/pipeline.py) or a sequence-to-sequence model
(usg/parsers/text/seq2seq.py). The parser does around it what all of them need: it passes over texts without a letter
or digit to read, cuts what is too long, names the parser in the source of every graph, and when a text fails inside a
batch it reads the others one by one, so that no neighbour is lost.

A graph has one source "text" that holds the text. Its objects, attributes and relations are grounded by `TextSpan`, in
code points, wherever words say them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, overload

from usg.graph.elements import Source
from usg.graph.scene_graph import SceneGraph
from usg.graph.subgraph import rename
from usg.parsers.text.long_texts import cut, put_together
from usg.parsers.text.pipeline import PARSER, Pipeline
from usg.parsers.text.workers import in_parallel

if TYPE_CHECKING:
    from spacy.language import Language

    from usg.parsers.text.assemble import Conventions

"""The name of the parser in a source."""

_QUOTED = 60  # characters of a text in an error
_SURROGATE = re.compile("[\ud800-\udfff]")


class Reader(Protocol):
    """What makes graphs of texts: version, most characters of a text, and the graphs of a batch."""

    version: str

    @property
    def longest(self) -> int:
        """Most characters of a text."""

    def graphs(self, texts: Sequence[str]) -> list[SceneGraph]:
        """The graph of each text."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A text that could not be read, and why."""

    text: str
    reason: str


class TextParser:
    """Parses texts to scene graphs.

    Args:
        pipeline: the shipped spaCy pipeline when None; else the name of an installed pipeline, a folder, or a spaCy
            `Language`. One that makes no scene graphs is given the component of the shipped pipeline.
        model: a sequence-to-sequence model instead, by hub name or folder, or a configured `Seq2Seq`.
        with_syntax: also run the tagger, lemmatizer and dependency parser of the shipped pipeline; the graph does not
            need them, `parser.reader.nlp` then makes documents that have both.
        conventions: what the graphs hold of what was read (usg/parsers/text/assemble.py); those of the pipeline when
            None.

    Raises:
        ValueError: both `model` and what is of a pipeline are given, what they name cannot be loaded, or the pipeline
            makes its graphs by a component that knows no conventions.
        LookupError: there is no pipeline of that name.
        FileNotFoundError: there is no such model, or the shipped pipeline is missing.
        TypeError: `pipeline` is something else.

    Example:
        >>> from usg.parsers.text import TextParser
        >>> graph = TextParser()("A brown dog is chasing a cat.")
        >>> graph.triples, [attribute.value for attribute in graph.attributes]
        ([('dog', 'chase', 'cat')], ['brown'])
    """

    def __init__(
        self,
        pipeline: str | Path | Language | None = None,
        *,
        model: str | Path | Reader | None = None,
        with_syntax: bool = False,
        conventions: Conventions | None = None,
    ) -> None:
        if model is not None and (pipeline is not None or with_syntax or conventions is not None):
            raise ValueError(
                "a model reads texts by itself; give either a pipeline (with_syntax, conventions) or a model"
            )
        self.reader: Reader
        if model is None:
            self.reader = Pipeline(pipeline, with_syntax=with_syntax, conventions=conventions)
        elif isinstance(model, str | Path):
            from usg.parsers.text.seq2seq import Seq2Seq

            self.reader = Seq2Seq(model)
        else:
            self.reader = model

    def __repr__(self) -> str:
        return f"TextParser({self.version!r})"

    @property
    def version(self) -> str:
        """What stands as `parser_version` in the source of every graph: the name and version of what reads."""
        return self.reader.version

    def __call__(self, text: str, *, source: Source | None = None) -> SceneGraph:
        """The scene graph of one text.

        Args:
            text: any text; one without words gives a graph without objects.
            source: what is known of the text, as its uri; its id becomes that of the graph's source.

        Raises:
            TypeError: `text` is not a string.
            ValueError: the pipeline fails on the text, or `source` is not of this text.
        """
        if not isinstance(text, str):
            raise TypeError(f"a text is {type(text).__name__}, expected str: {text!r:.80}")
        (graph,) = self.read([text])
        if isinstance(graph, Failure):
            raise ValueError(f"{self.version} fails on {_quoted(text)}: {graph.reason}")
        return graph if source is None else with_source(graph, source)

    @overload
    def pipe(
        self,
        texts: Iterable[str],
        batch_size: int = ...,
        n_process: int = ...,
        *,
        as_tuples: Literal[False] = ...,
        on_error: Callable[[int, str], None] | None = ...,
    ) -> Iterator[SceneGraph]: ...

    @overload
    def pipe(
        self,
        texts: Iterable[tuple[str, Any]],
        batch_size: int = ...,
        n_process: int = ...,
        *,
        as_tuples: Literal[True],
        on_error: Callable[[int, str], None] | None = ...,
    ) -> Iterator[tuple[SceneGraph, Any]]: ...

    def pipe(
        self,
        texts: Iterable[Any],
        batch_size: int = 256,
        n_process: int = 1,
        *,
        as_tuples: bool = False,
        on_error: Callable[[int, str], None] | None = None,
    ) -> Iterator[Any]:
        """The scene graph of each text, in order and lazily: memory does not grow with the number of texts.

        Args:
            texts: strings, or pairs of a string and anything with `as_tuples`.
            batch_size: texts that are read together.
            n_process: processes that read, on a thread each when there are several; each loads the parser once, which
                takes seconds.
            as_tuples: take pairs (text, context) and give pairs (graph, context).
            on_error: called with the number of a text, from 0, on which the parser fails, and the reason, before its
                graph, which then has no objects, is given; without it such a text raises.

        Yields:
            A graph for each text.

        Raises:
            TypeError: an item is not a string; the graphs of those before it are given first.
            ValueError: the parser fails on a text and there is no `on_error`; likewise. Or a number is not positive.
            RuntimeError: a process died, as when memory ran out; likewise.

        Example:
            >>> from usg.parsers.text import TextParser
            >>> parser = TextParser()
            >>> [len(graph.objects) for graph in parser.pipe(["a dog", "", "a cat on a mat"])]
            [1, 0, 2]
        """
        if isinstance(texts, str):
            raise TypeError(f"pipe takes many texts, not one; call the parser itself on {_quoted(texts)}")
        if batch_size < 1 or n_process < 1:
            raise ValueError(f"batch_size={batch_size} and n_process={n_process}; both must be at least 1")
        return self._pipe(texts, batch_size, n_process, as_tuples, on_error)

    def _pipe(
        self,
        items: Iterable[Any],
        batch_size: int,
        n_process: int,
        as_tuples: bool,
        on_error: Callable[[int, str], None] | None,
    ) -> Iterator[Any]:
        batches = _Batches(items, batch_size, as_tuples)
        read = map(self._read_batch, batches) if n_process == 1 else in_parallel(self.read, batches, n_process)
        number = 0
        for graphs, contexts in read:
            for graph, context in zip(graphs, contexts, strict=True):
                if isinstance(graph, Failure):
                    if on_error is None:
                        raise ValueError(f"text {number} ({_quoted(graph.text)}): {self.version}: {graph.reason}")
                    on_error(number, f"{self.version} fails on {_quoted(graph.text)}: {graph.reason}")
                    graph = self._empty(graph.text)
                yield (graph, context) if as_tuples else graph
                number += 1
        if batches.error is not None:
            raise batches.error

    def _read_batch(self, batch: tuple[list[str], list[Any]]) -> tuple[list[SceneGraph | Failure], list[Any]]:
        return self.read(batch[0]), batch[1]

    def read(self, texts: Sequence[str]) -> list[SceneGraph | Failure]:
        """The graph of each text of a batch, or why there is none; nothing is raised for a text."""
        pieces = [list(cut(text, self.reader.longest)) if _is_readable(text) else [] for text in texts]
        flat = [piece for of_text in pieces for _, piece in of_text]
        try:
            graphs = iter(self.reader.graphs(flat) if flat else [])
            return [self._finish(text, starts, graphs) for text, starts in zip(texts, pieces, strict=True)]
        except Exception as error:
            if len(texts) == 1:
                return [Failure(texts[0], _reason(error))]
            # The one that fails is found by reading each by itself.
            return [graph for text in texts for graph in self.read([text])]

    def _finish(self, text: str, pieces: list[tuple[int, str]], graphs: Iterator[SceneGraph]) -> SceneGraph:
        if not pieces:
            if _SURROGATE.search(text):
                raise ValueError("half of a surrogate pair, which is no character: decode the text as what it is")
            return self._empty(text)
        parts = [(start, self._identified(piece, next(graphs))) for start, piece in pieces]
        return parts[0][1] if len(parts) == 1 else put_together(text, parts)

    def _identified(self, text: str, graph: SceneGraph) -> SceneGraph:
        """The graph with parser and version in its source: the pipeline's, which says which weights they were."""
        if len(graph.sources) != 1 or graph.sources[0].text != text:
            raise ValueError(f"a graph with the sources {[s.id for s in graph.sources]}, expected one with the text")
        source = graph.sources[0]
        if source.parser is not None and source.parser_version == self.version:
            return graph
        named = replace(source, parser=source.parser or PARSER, parser_version=self.version)
        return replace(graph, sources=(named,))

    def _empty(self, text: str) -> SceneGraph:
        return SceneGraph(
            (Source("text", "text", text=_SURROGATE.sub("\ufffd", text), parser=PARSER, parser_version=self.version),)
        )


def with_source(graph: SceneGraph, source: Source) -> SceneGraph:
    """The graph of a text with more known about its source: id, uri, duration of its reading aloud.

    Args:
        graph: of one text.
        source: what is known; text and parser stay those of the graph.

    Raises:
        ValueError: `source` is no text, or another text.

    >>> graph = SceneGraph((Source("text", "text", text="a dog"),))
    >>> with_source(graph, Source("caption", "text", uri="coco:image/139")).sources[0].uri
    'coco:image/139'
    """
    old = graph.sources[0]
    if source.modality != "text" or source.text not in (None, old.text):
        raise ValueError(f"the source {source.id!r} is {source.modality} {source.text!r:.60}, not the text parsed")
    if source.id != old.id:
        graph = rename(graph, sources={old.id: source.id})
    known = replace(source, text=old.text, parser=old.parser, parser_version=old.parser_version)
    return replace(graph, sources=(known,))


class _Batches:
    """Batches of (texts, contexts); what is wrong with an item waits in `error` until those before it are read."""

    def __init__(self, items: Iterable[Any], size: int, as_tuples: bool) -> None:
        self.error: Exception | None = None
        self._items, self._size, self._as_tuples = iter(items), size, as_tuples

    def __iter__(self) -> Iterator[tuple[list[str], list[Any]]]:
        number = 0
        while self.error is None:
            texts: list[str] = []
            contexts: list[Any] = []
            try:
                for item in islice(self._items, self._size):
                    text, context = self._checked(item, number)
                    texts.append(text)
                    contexts.append(context)
                    number += 1
            except Exception as error:
                self.error = error
            if not texts:
                return
            yield texts, contexts

    def _checked(self, item: Any, number: int) -> tuple[str, Any]:
        if self._as_tuples:
            if not isinstance(item, tuple | list) or len(item) != 2:
                raise TypeError(f"item {number} is {item!r:.80}, expected a pair (text, context)")
            text, context = item
        else:
            text, context = item, None
        if not isinstance(text, str):
            raise TypeError(f"text {number} is {type(text).__name__}, expected str: {text!r:.80}")
        return text, context


def _is_readable(text: str) -> bool:
    """Whether there is a letter or digit, and no half of a surrogate pair, which no pipeline can encode."""
    return any(map(str.isalnum, text)) and not _SURROGATE.search(text)


def _quoted(text: str) -> str:
    return repr(text if len(text) <= _QUOTED else text[:_QUOTED] + "...")


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
