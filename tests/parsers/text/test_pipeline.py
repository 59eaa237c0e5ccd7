"""Which spaCy pipelines `TextParser` takes and what it does to them."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import spacy

from usg.parsers.text import TextParser, pipeline
from usg.parsers.text.assemble import Conventions
from usg.parsers.text.component import SceneGraphComponent
from usg.parsers.text.pipeline import Pipeline


@pytest.fixture
def ours(small_weights: Path, tmp_path: Path) -> Path:
    """A pipeline made like the shipped one, with one more component that takes the vectors of its tok2vec."""
    nlp = spacy.blank("en", meta={"name": "ours", "version": "0.1.0"})
    nlp.add_pipe("tok2vec")
    nlp.add_pipe("tagger", config=LISTENING).add_label("NN")  # type: ignore[attr-defined]
    nlp.initialize()
    nlp.add_pipe("scene_graph", config={"weights": str(small_weights)})
    nlp.to_disk(tmp_path / "ours")
    nlp.remove_pipe("scene_graph")
    nlp.add_pipe("ner", config=LISTENING).add_label("PERSON")  # type: ignore[attr-defined]
    nlp.initialize()
    nlp.add_pipe("scene_graph", config={"weights": str(small_weights)})
    nlp.to_disk(tmp_path / "with_ner")
    return tmp_path


LISTENING = {"model": {"tok2vec": {"@architectures": "spacy.Tok2VecListener.v1", "width": 96, "upstream": "tok2vec"}}}


def test_linguistic_components_are_left_out_unless_asked_for(ours: Path) -> None:
    assert Pipeline(ours / "ours").nlp.pipe_names == ["scene_graph"]
    assert Pipeline(str(ours / "ours"), with_syntax=True).nlp.pipe_names == ["tok2vec", "tagger", "scene_graph"]


def test_what_another_component_listens_to_stays(ours: Path) -> None:
    reader = Pipeline(ours / "with_ner")
    assert reader.nlp.pipe_names == ["tok2vec", "ner", "scene_graph"]
    assert len(reader.graphs(["a man riding a horse"])) == 1


def test_pipelines_of_others_keep_their_components(capitals: Path) -> None:
    assert Pipeline(capitals).nlp.pipe_names == ["tagger", "capitals"]


def test_conventions_are_set_and_told(ours: Path, capitals: Path) -> None:
    own = Pipeline(ours / "ours")
    other = Pipeline(ours / "ours", conventions=Conventions(possessions=False, least=0.25))
    assert own.version == "en_ours 0.1.0"
    assert other.version == "en_ours 0.1.0 (possessions=False, least=0.25)"
    component = other.nlp.get_pipe("scene_graph")
    assert isinstance(component, SceneGraphComponent)
    assert component.conventions == Conventions(possessions=False, least=0.25)
    copy = pickle.loads(pickle.dumps(Pipeline(other.nlp)))
    assert copy.version == other.version
    assert copy.nlp.get_pipe("scene_graph").conventions == component.conventions
    with pytest.raises(ValueError, match=r"en_capitals 0\.1\.0 makes its graphs by a component that is not of usg"):
        TextParser(capitals, conventions=Conventions())
    with pytest.raises(ValueError, match="either a pipeline"):
        TextParser(model="t5", conventions=Conventions())


def test_the_shipped_pipeline_is_the_default(capitals: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "SHIPPED", capitals)
    assert Pipeline().nlp.pipe_names == ["capitals"]
    assert Pipeline(with_syntax=True).nlp.pipe_names == ["tagger", "capitals"]
    monkeypatch.setattr(pipeline, "SHIPPED", capitals / "nowhere")
    with pytest.raises(FileNotFoundError, match="the shipped text pipeline is missing at"):
        TextParser()


def test_a_pipeline_without_graphs_is_given_the_shipped_component(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_graphs = spacy.blank("en", meta={"name": "scene_graph", "version": "0.2.0"})
    with_graphs.add_pipe("capitals", name="scene_graph")
    with_graphs.to_disk(tmp_path / "shipped")
    monkeypatch.setattr(pipeline, "SHIPPED", tmp_path / "shipped")
    nlp = spacy.blank("en", meta={"name": "other", "version": "1.0.0"})
    nlp.add_pipe("sentencizer")
    nlp.to_disk(tmp_path / "other")
    for given in (nlp, tmp_path / "other"):
        parser = TextParser(given)
        assert isinstance(parser.reader, Pipeline)
        assert parser.reader.nlp.pipe_names == ["sentencizer", "scene_graph"]
        assert parser("a Dog").sources[0].parser_version == "en_other 1.0.0 + en_scene_graph 0.2.0"
    assert nlp.pipe_names == ["sentencizer", "scene_graph"]


def test_wrong_pipelines_are_told(tmp_path: Path, capitals: Path) -> None:
    with pytest.raises(LookupError, match=r"unknown spaCy pipeline \(installed package or folder\) 'en_core_web_trf'"):
        TextParser("en_core_web_trf")
    with pytest.raises(ValueError, match=r"the spaCy pipeline .* cannot be loaded: \[E053\]"):
        TextParser(tmp_path)
    with pytest.raises(TypeError, match="pipeline is int"):
        TextParser(3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="either a pipeline"):
        TextParser(capitals, model="t5")


def test_documents_that_are_dropped_or_have_no_graph_are_told(capitals: Path) -> None:
    nlp = spacy.load(capitals)
    nlp.set_error_handler(lambda name, component, docs, error: None)
    said: list[str] = []
    graphs = TextParser(nlp).pipe(["a Dog", "a Boom", "a Cat"], on_error=lambda i, reason: said.append(reason))
    assert [len(graph.objects) for graph in graphs] == [1, 0, 1]
    assert len(said) == 1 and "'a Boom'" in said[0]


def test_importing_the_parser_imports_neither_spacy_nor_torch() -> None:
    code = "import sys, usg.parsers.text; print(sorted({'spacy', 'torch', 'transformers'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
