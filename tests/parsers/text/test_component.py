"""The spaCy component: pipelines, saving, and documents that carry their graph."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import small_factual
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin

from usg.graph import SceneGraph
from usg.parsers.text.assemble import Conventions
from usg.parsers.text.component import SceneGraphComponent
from usg.parsers.text.model import TextGraphModel
from usg.parsers.text.pipeline import EXTENSION

TEXTS = ["", "a man riding a horse. He is feeding it.", "several dogs in a field", "\n"]
TEXTS += [caption for caption, _ in small_factual.lines()]


def graphs(nlp: Language) -> list[SceneGraph]:
    return [nlp(text)._.scene_graph for text in TEXTS]


@pytest.fixture
def nlp(small_weights: Path) -> Language:
    made = spacy.blank("en")
    made.add_pipe(EXTENSION, config={"weights": str(small_weights)})
    return made


def component(nlp: Language) -> SceneGraphComponent:
    found = nlp.get_pipe(EXTENSION)
    assert isinstance(found, SceneGraphComponent)
    return found


def test_a_document_has_its_graph(nlp: Language) -> None:
    doc = nlp("a man riding a horse")
    graph = doc._.scene_graph
    assert graph.triples == [("man", "ride", "horse")]
    [source] = graph.sources
    assert (source.id, source.modality, source.text, source.parser) == ("text", "text", doc.text, "usg.text")


def test_streams_give_what_calls_give(nlp: Language) -> None:
    wanted = [graph.triples for graph in graphs(nlp)]
    for size in (1, 3, 1000):
        assert [doc._.scene_graph.triples for doc in nlp.pipe(TEXTS, batch_size=size)] == wanted


def test_streams_are_lazy(nlp: Language) -> None:
    seen = []

    def endless() -> object:
        while True:
            seen.append(1)
            yield nlp.make_doc("a dog")

    stream = component(nlp).pipe(endless(), batch_size=4)  # type: ignore[arg-type]
    next(stream), next(stream)
    assert len(seen) == 4


def test_saved_to_a_folder(nlp: Language, tmp_path: Path) -> None:
    nlp.to_disk(tmp_path / "pipeline")
    assert graphs(spacy.load(tmp_path / "pipeline")) == graphs(nlp)


def test_a_pipeline_moves_without_the_weights_it_was_made_with(small_weights: Path, tmp_path: Path) -> None:
    weights = shutil.copytree(small_weights, tmp_path / "weights")
    made = spacy.blank("en")
    made.add_pipe(EXTENSION, config={"weights": str(weights)})
    made.to_disk(tmp_path / "pipeline")
    shutil.rmtree(weights)
    assert spacy.load(tmp_path / "pipeline")("a man riding a horse")._.scene_graph.triples == [("man", "ride", "horse")]


def test_saved_to_bytes(nlp: Language) -> None:
    again = SceneGraphComponent().from_bytes(component(nlp).to_bytes())
    documents = [nlp.make_doc(text) for text in TEXTS]
    assert again.graphs(documents) == component(nlp).graphs(documents)


def test_documents_are_saved_with_their_graphs(nlp: Language) -> None:
    doc = nlp("a man riding a horse")
    assert Doc(nlp.vocab).from_bytes(doc.to_bytes())._.scene_graph == doc._.scene_graph
    packed = DocBin(store_user_data=True, docs=[doc]).to_bytes()
    [again] = DocBin().from_bytes(packed).get_docs(nlp.vocab)
    assert again._.scene_graph == doc._.scene_graph


def test_quantities_are_left_out_on_request(small_model: TextGraphModel, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "several dogs"
    pieces = small_factual.pieces_of(text)
    read = [(pieces, [small_factual.reading(pieces[0], "dogs")])]
    monkeypatch.setattr(TextGraphModel, "read", lambda self, texts: read)
    for wanted, said in ((True, ["several"]), (False, [])):
        [graph] = SceneGraphComponent(EXTENSION, small_model, Conventions(quantities=wanted)).graphs(
            [spacy.blank("en")(text)]
        )
        assert [attribute.value for attribute in graph.attributes] == said


def test_weights_that_are_missing_are_told(tmp_path: Path) -> None:
    wrong = spacy.blank("en")
    wrong.add_pipe(EXTENSION, config={"weights": str(tmp_path)})
    with pytest.raises(FileNotFoundError, match=r"has no network\.json"):
        wrong("a dog")
