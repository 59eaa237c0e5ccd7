"""The parser as a whole, trained for seconds on captions written here: what it reads, and that saving keeps it."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest
import small_factual

import usg
from usg.graph import SceneGraph, Source
from usg.parsers.text.data import tokens_of
from usg.parsers.text.decode import Reading, read_captions
from usg.parsers.text.folded import FoldedNetwork
from usg.parsers.text.model import TextGraphModel


def graphs(model: TextGraphModel, *texts: str) -> list[SceneGraph]:
    return model.graphs([tokens_of(text) for text in texts], [Source("text", "text", text=text) for text in texts])


def facts(graph: SceneGraph) -> set[tuple[str, ...]]:
    labels = {obj.id: obj.label for obj in graph.objects}
    said = {(labels[a.object], "is", a.value) for a in graph.attributes}
    return said | {(labels[r.subject], r.predicate, labels[r.object]) for r in graph.relations}


def test_it_has_learnt_its_captions(small_model: TextGraphModel) -> None:
    captions, gold = zip(*small_factual.lines(), strict=True)
    found = graphs(small_model, *captions)
    right = sum(facts(graph) == set(wanted) for graph, wanted in zip(found, gold, strict=True))
    assert right >= 45


def test_words_are_found_by_their_places(small_model: TextGraphModel) -> None:
    text = "A woman  holding a\tRED umbrella"
    [graph] = graphs(small_model, text)
    for element in (*graph.objects, *graph.attributes, *graph.relations):
        said = " ".join(text[a:b] for g in element.groundings for a, b in g.region.spans).lower()
        assert said in ("woman", "umbrella", "red", "holding")
    assert facts(graph) == {("woman", "hold", "umbrella"), ("umbrella", "is", "red")}


def test_a_batch_reads_as_its_texts_one_by_one(small_model: TextGraphModel) -> None:
    texts = ["", "a man riding a horse", "\n\n", "two dogs sitting on the grass. He is feeding them.", "xyzzy", "2"]
    texts += [caption for caption, _ in small_factual.lines()]
    together = graphs(small_model, *texts)
    for text, graph in zip(texts, together, strict=True):
        [alone] = graphs(small_model, text)
        assert facts(alone) == facts(graph)
        assert [obj.groundings for obj in alone.objects] == [obj.groundings for obj in graph.objects]
        for one, other in zip(alone.objects, graph.objects, strict=True):
            assert one.score == pytest.approx(other.score, abs=2e-4)


def test_pieces_too_many_for_one_batch_keep_their_order(
    small_model: TextGraphModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [caption for caption, _ in small_factual.lines()]
    wanted = [facts(graph) for graph in graphs(small_model, *texts)]
    sizes = []

    def counted(folded: FoldedNetwork, captions: list[list[str]]) -> list[Reading]:
        sizes.append(len(captions) * max(map(len, captions)))
        return read_captions(folded, captions)

    monkeypatch.setattr("usg.parsers.text.model.WORDS_AT_A_TIME", 20)
    monkeypatch.setattr("usg.parsers.text.model.read_captions", counted)
    assert [facts(graph) for graph in graphs(small_model, *texts)] == wanted
    assert len(sizes) > 1 and max(sizes) <= 20


def test_pronouns_are_read_a_second_time(small_model: TextGraphModel) -> None:
    [graph] = graphs(small_model, "a man riding a horse. He is feeding it.")
    assert [obj.label for obj in graph.objects] == ["man", "horse"]
    assert ("man", "feed", "horse") in facts(graph)
    assert [len(obj.groundings) for obj in graph.objects] == [2, 2]


def test_what_is_saved_reads_the_same(small_model: TextGraphModel, small_weights: Path) -> None:
    again = TextGraphModel.load(small_weights)
    texts = [caption for caption, _ in small_factual.lines()]
    for one, other in zip(graphs(small_model, *texts), graphs(again, *texts), strict=True):
        assert facts(one) == facts(other)
    again.save(small_weights.parent / "again")
    names = ("network.json", "weights.safetensors")
    assert all((small_weights / n).read_bytes() == (small_weights.parent / "again" / n).read_bytes() for n in names)


def test_what_is_no_model_is_told(small_weights: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"has no network\.json; train one with `usg train-parser text`"):
        TextGraphModel.load(tmp_path)
    state = json.loads((small_weights / "network.json").read_text())
    (tmp_path / "network.json").write_text(json.dumps({**state, "format": 99}))
    (tmp_path / "weights.safetensors").write_bytes(b"")
    with pytest.raises(ValueError, match="has the format 99, this version reads 1"):
        TextGraphModel.load(tmp_path)


def test_damaged_weights_are_named(small_model: TextGraphModel, tmp_path: Path) -> None:
    small_model.save(tmp_path)
    whole = TextGraphModel.load(tmp_path)
    weights = tmp_path / "weights.safetensors"
    assert whole.version == f"{usg.__version__}+{sha256(weights.read_bytes()).hexdigest()[:8]}"
    weights.write_bytes(weights.read_bytes()[:-9])
    with pytest.raises(ValueError, match=r"weights\.safetensors is damaged"):
        TextGraphModel.load(tmp_path)
