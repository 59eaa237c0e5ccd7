"""The spaCy component `scene_graph`: `nlp.add_pipe("scene_graph")`, then `doc._.scene_graph`.

It needs nothing of a pipeline but its tokens, so it can be put into any English one:

    nlp = spacy.load("en_core_web_trf")
    nlp.add_pipe("scene_graph")           # the shipped weights; config={"weights": FOLDER} for others

The graph is built from batches in `nlp.pipe`; its one source has the id "text" and is the text of the document. Graphs
are saved with their documents (`Doc.to_bytes`, `DocBin` with `store_user_data`), so that `n_process` works.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc
from srsly import msgpack_decoders, msgpack_encoders

from usg.graph import SceneGraph, Source
from usg.parsers.text.assemble import CONVENTIONS, Conventions
from usg.parsers.text.model import TextGraphModel
from usg.parsers.text.pipeline import EXTENSION, PARSER, SHIPPED

WEIGHTS = SHIPPED / EXTENSION
_KEY = "usg_scene_graph"

if not Doc.has_extension(EXTENSION):
    Doc.set_extension(EXTENSION, default=None)


@msgpack_encoders("usg_scene_graph")
def _encoded(value: Any, chain: Callable[[Any], Any] | None = None) -> Any:
    """A graph as msgpack can hold it; other values as the next encoder has them."""
    if isinstance(value, SceneGraph):
        return {_KEY: value.to_dict()}
    return value if chain is None else chain(value)


@msgpack_decoders("usg_scene_graph")
def _decoded(value: Any, chain: Callable[[Any], Any] | None = None) -> Any:
    """The graph that `_encoded` wrote."""
    if isinstance(value, dict) and _KEY in value:
        return SceneGraph.from_dict(value[_KEY])
    return value if chain is None else chain(value)


class SceneGraphComponent:
    """Sets `doc._.scene_graph`.

    Args:
        name: in the pipeline.
        model: the trained parser; None until it is loaded.
        weights: the folder that the model is loaded from when it is first needed and no other was given.
        conventions: what the graph holds of what was read.

    Attributes:
        version: what stands as `parser_version` in the source of every graph; that of the model when None.
    """

    def __init__(
        self,
        name: str = EXTENSION,
        model: TextGraphModel | None = None,
        conventions: Conventions = CONVENTIONS,
        weights: str | Path = WEIGHTS,
    ) -> None:
        self.name, self._model, self.conventions, self._weights = name, model, conventions, weights
        self.version: str | None = None

    @property
    def graph_model(self) -> TextGraphModel:
        """The trained parser.

        Raises:
            FileNotFoundError: the folder `weights` holds none.
        """
        if self._model is None:
            self._model = TextGraphModel.load(self._weights)
        return self._model

    def use(self, model: TextGraphModel) -> None:
        """Reads with another model from here on."""
        self._model = model

    def __call__(self, doc: Doc) -> Doc:
        """One document."""
        return next(iter(self.pipe([doc], batch_size=1)))

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 256) -> Iterator[Doc]:
        """Documents, `batch_size` at a time, in order."""
        documents = iter(stream)
        while batch := list(islice(documents, batch_size)):
            for doc, graph in zip(batch, self.graphs(batch), strict=True):
                doc._.set(EXTENSION, graph)
                yield doc

    def graphs(self, documents: Iterable[Doc]) -> list[SceneGraph]:
        """The graphs of documents."""
        documents = list(documents)
        tokens = [[(token.text, token.idx) for token in doc] for doc in documents]
        version = self.version or self.graph_model.version
        sources = [Source("text", "text", text=doc.text, parser=PARSER, parser_version=version) for doc in documents]
        return self.graph_model.graphs(tokens, sources, self.conventions)

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Saves the weights to a folder."""
        self.graph_model.save(path)

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> SceneGraphComponent:
        """Loads the weights from a folder."""
        self._model = TextGraphModel.load(path)
        return self

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """The weights as bytes, for other processes."""
        import srsly

        with tempfile.TemporaryDirectory() as folder:
            self.graph_model.save(folder)
            return bytes(srsly.msgpack_dumps({file.name: file.read_bytes() for file in Path(folder).iterdir()}))

    def from_bytes(self, data: bytes, *, exclude: Iterable[str] = ()) -> SceneGraphComponent:
        """Loads what `to_bytes` gave."""
        import srsly

        with tempfile.TemporaryDirectory() as folder:
            for name, content in srsly.msgpack_loads(data).items():
                (Path(folder) / name).write_bytes(content)
            return self.from_disk(folder)


@Language.factory(EXTENSION, assigns=[f"doc._.{EXTENSION}"], default_config={"weights": None, **asdict(CONVENTIONS)})
def make_scene_graph(
    nlp: Language,
    name: str,
    weights: str | None,
    quantities: bool,
    possessions: bool,
    least: float,
    least_in_descriptions: float,
) -> Any:
    """The component of a pipeline, with the weights of a folder, or the shipped ones; the rest is of `Conventions`.

    A saved pipeline holds its weights itself: they are loaded late, so that it can be moved where `weights` is missing.
    """
    conventions = Conventions(quantities, possessions, least, least_in_descriptions)
    return SceneGraphComponent(name, None, conventions, weights or WEIGHTS)
