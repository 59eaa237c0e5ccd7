"""spaCy pipelines as parsers: the shipped one, an installed one, a folder, or a `Language` made by hand.

A pipeline makes scene graphs when one of its components sets `doc._.scene_graph`. One that does not is given the
component of the shipped pipeline, which reads tokens only, behind its own components. The shipped pipeline also holds
a tagger, a morphologizer, a lemmatizer and a dependency parser; the graph needs none of them, so they are left out
unless asked for. The same holds for every pipeline that was made like it (`usg train-parser text`), as far as nothing
that stays listens to them.

The vocabulary keeps the first `KEPT_STRINGS` new strings, which saves most of the tokenizer's time. From then on
batches are read inside `nlp.memory_zone()`: new words do not stay, so that memory does not grow with the number of
texts (spaCy 3.8, "Memory management").
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from usg.graph.scene_graph import SceneGraph
from usg.names import unknown_name

if TYPE_CHECKING:
    from spacy.language import Language

    from usg.parsers.text.assemble import Conventions
    from usg.parsers.text.component import SceneGraphComponent

EXTENSION = "scene_graph"
"""`doc._.scene_graph` holds the graph, and the factory that sets it has this name."""

PARSER = "usg.text"
"""What the sources of graphs name as their parser."""

SYNTAX = ("tok2vec", "tagger", "morphologizer", "trainable_lemmatizer", "parser")
"""Components of the shipped pipeline that the graph does not need."""

SHIPPED = Path(__file__).resolve().parents[1] / "weights" / "en_scene_graph"
"""The pipeline that is package data."""

KEPT_STRINGS = 20_000
"""How many new strings the vocabulary of a pipeline keeps."""

_COMPONENT = "usg.parsers.text.component"  # registers the factory


class Pipeline:
    """A spaCy pipeline as a source of scene graphs.

    Args:
        pipeline: the shipped pipeline when None; else the name of an installed pipeline, a folder, or a `Language`,
            to which the component is added in place when it has none.
        with_syntax: load the linguistic components of a pipeline made like the shipped one too.
        conventions: what the graphs hold of what was read; those of the pipeline when None. They are set in the
            component, also in that of a `Language`.

    Attributes:
        nlp: the `Language`, for whoever wants the `Doc` beside the graph.
        version: name and version of the pipeline, of the shipped one where its component was added, and the
            conventions that are not the pipeline's own.
        longest: most characters of a text.

    Raises:
        LookupError: there is no pipeline of that name.
        FileNotFoundError: the shipped pipeline is not there.
        ValueError: the pipeline cannot be loaded, or it makes graphs by a component that knows no conventions.
        TypeError: `pipeline` is something else.
    """

    def __init__(
        self,
        pipeline: str | Path | Language | None = None,
        *,
        with_syntax: bool = False,
        conventions: Conventions | None = None,
    ) -> None:
        self._given = (pipeline, with_syntax)
        self._conventions = conventions
        self.nlp = load(pipeline, with_syntax=with_syntax)
        self.version = _version(self.nlp)
        if not graph_components(self.nlp):
            shipped = _shipped()
            with warnings.catch_warnings():
                # Word vectors differ from those the component was trained beside; it reads none.
                warnings.filterwarnings("ignore", r"\[W113\]", UserWarning)
                self.nlp.add_pipe(EXTENSION, source=shipped)
            self.version += f" + {_version(shipped)}"
        own = _own_components(self.nlp)
        if conventions is not None and not own:
            raise ValueError(
                f"{self.version} makes its graphs by a component that is not of usg; leave out conventions"
            )
        for component in own.values():
            component.conventions = conventions or component.conventions
        changed = {each: None for name, component in own.items() for each in _changed(self.nlp, name, component)}
        self.version += f" ({', '.join(changed)})" if changed else ""
        for component in own.values():
            component.version = self.version
            self._conventions = component.conventions
        self._strings = len(self.nlp.vocab.strings)

    def __reduce__(self) -> tuple[Any, ...]:
        if self._given[0] is None or isinstance(self._given[0], str | Path):
            return (_from_name, (*self._given, self._conventions))
        return (_from_bytes, (self.nlp.config.to_str(), self.nlp.to_bytes(), self.version, self._conventions))

    @property
    def longest(self) -> int:
        """Most characters of a text."""
        return int(self.nlp.max_length)

    def graphs(self, texts: Sequence[str]) -> list[SceneGraph]:
        """The graph of each text; whatever a component raises comes through.

        Raises:
            ValueError: a document came back without a graph.
        """
        # Zones cannot be nested: whoever opened one frees what is read here.
        nested = self.nlp.vocab.in_memory_zone  # type: ignore[attr-defined]  # the stub of 3.8 lacks it
        kept = nested or len(self.nlp.vocab.strings) < self._strings + KEPT_STRINGS
        zone = nullcontext() if kept else self.nlp.memory_zone()
        with zone:
            if len(texts) == 1:
                return [_graph_of(self.nlp(texts[0]))]
            graphs = [_graph_of(doc) for doc in self.nlp.pipe(texts, batch_size=len(texts))]
        if len(graphs) != len(texts):
            raise ValueError(f"{len(graphs)} documents came back for {len(texts)} texts: an error handler drops them")
        return graphs


def load(pipeline: str | Path | Language | None = None, *, with_syntax: bool = False) -> Language:
    """The `Language` that a name, a folder or nothing stands for, as `Pipeline` says, without adding the component."""
    import spacy
    from spacy.language import Language

    import_module(_COMPONENT)
    if pipeline is None:
        return _shipped(with_syntax=with_syntax)
    if isinstance(pipeline, Language):
        return pipeline
    if not isinstance(pipeline, str | Path):
        raise TypeError(f"pipeline is {type(pipeline).__name__}; expected a name, a folder or a spaCy Language")
    if not (Path(pipeline).is_dir() or spacy.util.is_package(str(pipeline))):
        known = spacy.util.get_installed_models()
        raise LookupError(unknown_name("spaCy pipeline (installed package or folder)", str(pipeline), known))
    try:
        nlp = spacy.load(pipeline)
    except (ValueError, OSError, KeyError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"the spaCy pipeline {pipeline} cannot be loaded: {reason}") from error
    if not with_syntax and any(nlp.get_pipe_meta(name).factory == EXTENSION for name in nlp.pipe_names):
        unneeded = set(SYNTAX) & set(nlp.pipe_names)
        staying = set(nlp.pipe_names) - unneeded
        for name in unneeded:
            # A tok2vec or transformer knows who takes its vectors.
            if not staying & set(getattr(nlp.get_pipe(name), "listening_components", ())):
                nlp.remove_pipe(name)
    return nlp


def graph_components(nlp: Language) -> list[str]:
    """The names of the components that say that they set `doc._.scene_graph`."""
    metas = {name: nlp.get_pipe_meta(name) for name in nlp.pipe_names}
    said = f"doc._.{EXTENSION}"
    return [name for name, meta in metas.items() if meta.factory == EXTENSION or said in meta.assigns]


def _shipped(*, with_syntax: bool = False) -> Language:
    import spacy

    if not (SHIPPED / "config.cfg").is_file():
        raise FileNotFoundError(f"the shipped text pipeline is missing at {SHIPPED}; install the package again")
    return spacy.load(SHIPPED, exclude=() if with_syntax else SYNTAX)


def _own_components(nlp: Language) -> dict[str, SceneGraphComponent]:
    from usg.parsers.text.component import SceneGraphComponent

    return {name: component for name, component in nlp.pipeline if isinstance(component, SceneGraphComponent)}


def _changed(nlp: Language, name: str, component: SceneGraphComponent) -> list[str]:
    """The conventions of a component that its configuration has otherwise, as "quantities=False"."""
    config = nlp.get_pipe_config(name)
    now = asdict(component.conventions)
    return [f"{field}={value}" for field, value in now.items() if config.get(field, value) != value]


def _version(nlp: Language) -> str:
    meta = nlp.meta
    return f"{meta['lang']}_{meta['name']} {meta['version']}"


def _graph_of(doc: Any) -> SceneGraph:
    graph = doc._.get(EXTENSION) if doc.has_extension(EXTENSION) else None
    if not isinstance(graph, SceneGraph):
        raise ValueError(f"doc._.{EXTENSION} is {type(graph).__name__}, expected a SceneGraph")
    return graph


def _from_name(pipeline: str | Path | None, with_syntax: bool, conventions: Conventions | None) -> Pipeline:
    return Pipeline(pipeline, with_syntax=with_syntax, conventions=conventions)


def _from_bytes(config: str, data: bytes, version: str, conventions: Conventions | None) -> Pipeline:
    """A pipeline in another process, where its factories can be found through their entry points."""
    from spacy.util import load_model_from_config
    from thinc.api import Config

    import_module(_COMPONENT)
    nlp = load_model_from_config(Config().from_str(config)).from_bytes(data)
    pipeline = Pipeline(nlp, with_syntax=True, conventions=conventions)
    pipeline.version = version
    return pipeline
