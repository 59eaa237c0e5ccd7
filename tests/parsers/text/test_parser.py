"""What `TextParser` does around a pipeline: order, bad input, failures, pieces, processes, sources."""

from __future__ import annotations

import itertools
import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest
import spacy

from usg.graph import SceneGraph, Source
from usg.parsers.text import TextParser
from usg.parsers.text.pipeline import Pipeline


def labels(graph: SceneGraph) -> list[str]:
    return [obj.label for obj in graph.objects]


def test_a_graph_names_the_text_and_the_parser(parser: TextParser) -> None:
    graph = parser("two Dogs watch a Cat")
    assert graph.sources == (
        Source("text", "text", text="two Dogs watch a Cat", parser="usg.text", parser_version="en_capitals 0.1.0"),
    )
    assert labels(graph) == ["dogs", "cat"]
    assert graph.attributes[0].number == 2


def test_a_source_given_keeps_its_id_and_uri(parser: TextParser) -> None:
    graph = parser("a Dog", source=Source("caption", "text", uri="coco:image/139#caption/1"))
    assert (graph.sources[0].uri, graph.sources[0].text) == ("coco:image/139#caption/1", "a Dog")
    assert graph.sources[0].parser == "usg.text"
    assert graph.objects[0].groundings[0].source == "caption"
    with pytest.raises(ValueError, match="not the text parsed"):
        parser("a Dog", source=Source("caption", "text", text="a Cat"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \n\t\u3000", []),
        ("🐕🐈", []),
        ("...", []),
        ("两只狗在玩。", []),
        ("2", []),
        ("\x00\x07\x1b", []),
        ("a\x00 Dog\x07", ["dog\x07"]),
        ("<p>A <b>Dog</b></p>", []),
        ("A DOG", ["a", "dog"]),
        ("e\u0301 Dog", ["dog"]),
        ("Dog " * 10_000, ["dog"] * 10_000),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_any_text_gives_a_graph_of_it(parser: TextParser, text: str, expected: list[str]) -> None:
    graph = parser(text)
    assert labels(graph) == expected
    assert graph.sources[0].text == text
    assert graph.sources[0].parser_version == parser.version
    assert [labels(each) for each in parser.pipe(["a Cat", text, "a Dog"])] == [["cat"], expected, ["dog"]]


def test_pipe_keeps_the_order(parser: TextParser) -> None:
    texts = [f"a Dog{i}" if i % 3 else "" for i in range(50)]
    graphs = [parser(text) for text in texts]
    assert list(parser.pipe(texts, batch_size=7)) == graphs
    pairs = parser.pipe(((text, i) for i, text in enumerate(texts)), 7, as_tuples=True)
    assert list(pairs) == [(graph, i) for i, graph in enumerate(graphs)]


def test_several_processes_give_what_one_gives(parser: TextParser, importable: None) -> None:
    texts = [f"a Dog{i}" if i % 3 else "" for i in range(50)]
    texts[20:22] = ["a Boom", "\ud800"]
    runs = []
    for n_process in (1, 2):
        said: list[tuple[int, str]] = []
        pairs = ((text, i) for i, text in enumerate(texts))
        graphs = parser.pipe(
            pairs, 7, n_process, as_tuples=True, on_error=lambda i, reason, said=said: said.append((i, reason))
        )
        runs.append((list(graphs), said))
    assert runs[0] == runs[1]
    assert [i for i, _ in runs[0][1]] == [20, 21]


def test_pipe_reads_no_further_than_it_is_asked(parser: TextParser) -> None:
    taken = 0

    def endless() -> Iterator[str]:
        nonlocal taken
        for taken in itertools.count(1):
            yield f"a Dog{taken}"

    graphs = parser.pipe(endless(), batch_size=4)
    assert taken == 0
    assert labels(next(graphs)) == ["dog1"]
    assert taken == 4


def test_the_vocabulary_stops_growing(parser: TextParser, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = parser.reader
    assert isinstance(reader, Pipeline)
    before = len(reader.nlp.vocab.strings)
    monkeypatch.setattr("usg.parsers.text.pipeline.KEPT_STRINGS", 100)
    monkeypatch.setattr(reader, "_strings", before)
    list(parser.pipe((f"a Word{i}" for i in range(1000)), batch_size=10))
    kept = len(reader.nlp.vocab.strings)
    assert before + 100 <= kept < before + 200
    list(parser.pipe(f"a Word{i}" for i in range(1000, 2000)))
    parser("a Word2001")
    assert len(reader.nlp.vocab.strings) == kept
    with reader.nlp.memory_zone():  # a caller's own zone is used, not nested
        assert labels(parser("a Dog")) == ["dog"]


def test_a_text_that_fails_loses_no_neighbour(parser: TextParser) -> None:
    texts = ["a Dog", "a Boom", "\ud800", "a Cat"]
    said: list[tuple[int, str]] = []
    graphs = list(parser.pipe(texts, on_error=lambda i, reason: said.append((i, reason))))
    assert [labels(graph) for graph in graphs] == [["dog"], [], [], ["cat"]]
    assert graphs[1].sources[0].text == "a Boom"
    assert said == [
        (1, "en_capitals 0.1.0 fails on 'a Boom': IndexError: [E999] list index out of range"),
        (2, said[1][1]),
    ]
    assert "surrogate" in said[1][1]


def test_without_on_error_a_failing_text_raises_after_those_before_it(parser: TextParser) -> None:
    graphs = parser.pipe(["a Dog", "a Boom", "a Cat"])
    assert labels(next(graphs)) == ["dog"]
    with pytest.raises(ValueError, match=r"^text 1 \('a Boom'\): en_capitals 0\.1\.0: IndexError: \[E999\] list index"):
        next(graphs)
    with pytest.raises(ValueError, match="fails on 'a Boom'"):
        parser("a Boom")


@pytest.mark.parametrize("wrong", [None, 3, b"a Dog", ["a Dog"]])
def test_what_is_no_string_is_named(parser: TextParser, wrong: object) -> None:
    with pytest.raises(TypeError, match=f"a text is {type(wrong).__name__}, expected str"):
        parser(wrong)  # type: ignore[arg-type]
    graphs = parser.pipe(["a Dog", wrong, "a Cat"])  # type: ignore[list-item]
    assert labels(next(graphs)) == ["dog"]
    with pytest.raises(TypeError, match=f"text 1 is {type(wrong).__name__}, expected str"):
        next(graphs)
    with pytest.raises(TypeError, match=r"item 0 is 'ab', expected a pair"):
        next(parser.pipe(["ab"], as_tuples=True))  # type: ignore[list-item]


def test_what_the_stream_raises_comes_after_the_graphs_of_what_it_gave(parser: TextParser) -> None:
    def broken() -> Iterator[str]:
        yield "a Dog"
        raise OSError("the disk is gone")

    graphs = parser.pipe(broken())
    assert labels(next(graphs)) == ["dog"]
    with pytest.raises(OSError, match="the disk is gone"):
        next(graphs)


def test_a_text_longer_than_the_pipeline_takes_is_read_in_pieces(capitals: Path) -> None:
    nlp = spacy.load(capitals)
    nlp.max_length = 40
    parser = TextParser(nlp)
    text = "A Dog sees two Cats. " * 10
    graph = parser(text)
    whole = TextParser(capitals)(text)
    assert labels(graph) == labels(whole) == ["a", "dog", "cats"] * 10
    assert [obj.groundings for obj in graph.objects] == [obj.groundings for obj in whole.objects]
    assert [obj.id for obj in graph.objects] == [f"o{i}" for i in range(30)]
    assert graph.sources == whole.sources
    assert len(graph.attributes) == 10
    assert 0 < len(graph.relations) < len(whole.relations)
    assert [len(each.objects) for each in parser.pipe(["a Dog", text, "a Cat"])] == [1, 30, 1]


def test_batches_and_processes_are_positive(parser: TextParser) -> None:
    for wrong in ({"batch_size": 0}, {"n_process": 0}):
        with pytest.raises(ValueError, match="must be at least 1"):
            parser.pipe([], **wrong)


def test_a_parser_goes_to_another_process(parser: TextParser, capitals: Path) -> None:
    for each in (parser, TextParser(spacy.load(capitals))):
        copy = pickle.loads(pickle.dumps(each))
        assert copy.version == each.version == "en_capitals 0.1.0"
        assert copy("a Dog") == each("a Dog")


def test_one_text_is_not_many(parser: TextParser) -> None:
    with pytest.raises(TypeError, match="call the parser itself on 'a dog'"):
        parser.pipe("a dog")
