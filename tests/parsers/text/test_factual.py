"""The parser by FACTUAL's conventions says less than the other, wherever it runs."""

from __future__ import annotations

import pickle

import spacy

from usg.graph import SceneGraph
from usg.parsers.text import TextParser
from usg.parsers.text.assemble import FACTUAL
from usg.parsers.text.factual import factual_parser

TEXTS = ["several birds on a wire", "a man walking his dog", "two dogs"]


def said(graph: SceneGraph) -> tuple[list[str], set[str]]:
    return [attribute.value for attribute in graph.attributes], {predicate for _, predicate, _ in graph.triples}


def test_vague_quantities_are_left_out_and_numbers_stay() -> None:
    ours, factual = TextParser(), factual_parser()
    assert [said(ours(text))[0] for text in TEXTS] == [["several"], [], ["2"]]
    assert [said(factual(text))[0] for text in TEXTS] == [[], [], ["2"]]
    assert "on" in said(factual(TEXTS[0]))[1]


def test_the_version_tells() -> None:
    ours, factual = TextParser(), factual_parser()
    assert factual.version.startswith(f"{ours.version} (quantities=False, possessions=False")
    assert factual("a dog").sources[0].parser_version == factual.version


def test_other_processes_read_by_the_same_conventions() -> None:
    for given in (None, spacy.blank("en", meta={"name": "bare", "version": "1"})):
        factual = TextParser(given, conventions=FACTUAL)
        assert "quantities=False" in factual.version
        graphs = [factual(text) for text in TEXTS]
        copy = pickle.loads(pickle.dumps(factual))
        assert copy.version == factual.version
        assert [copy(text) for text in TEXTS] == graphs
    factual = factual_parser()
    assert list(factual.pipe(TEXTS, batch_size=1, n_process=2)) == [factual(text) for text in TEXTS]
