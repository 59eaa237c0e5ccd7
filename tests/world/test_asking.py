"""Questions about graphs that are not of the world."""

import pytest

from usg.corpus import Corpus
from usg.formats import write_graphs
from usg.graph import Attribute, Relation, SceneGraph, SceneObject
from usg.world.asking import with_questions
from usg.world.cli import main
from usg.world.program import answer

RIDER = SceneGraph(
    objects=[SceneObject("m", "man"), SceneObject("h", "racing horse"), SceneObject("f", "fence")],
    attributes=[Attribute("a", "h", "brown"), Attribute("b", "f", "wooden", negated=True)],
    relations=[Relation("r", "m", "ride", "h"), Relation("s", "h", "jump over", "f")],
)


def test_answers_are_what_the_graph_says():
    graphs = [RIDER, SceneGraph(), SceneGraph(objects=[SceneObject("m", "man")])]
    asked = list(with_questions(graphs, 6, seed=3))
    assert asked == list(with_questions(graphs, 6, seed=3))
    assert [len(graph.metadata["questions"]) for graph in asked[:2]] == [6, 0]
    for graph in asked:
        for question in graph.metadata["questions"]:
            assert answer(question["program"], graph) == question["answer"]
    assert not any("wooden" in question["question"] for question in asked[0].metadata["questions"])
    with pytest.raises(ValueError, match="the number of questions is 0"):
        list(with_questions(graphs, 0))


def test_a_file_becomes_a_corpus_with_questions_and_what_cannot_be_read_is_named(tmp_path, capsys):
    file, out = tmp_path / "graphs.jsonl", tmp_path / "out"
    write_graphs([RIDER, RIDER], file)
    with file.open("a") as stream:
        stream.write("{\n")
    assert main(["questions", str(file), "--number", "3", "-o", str(out)]) == 1
    said = capsys.readouterr()
    assert "2 graphs with questions" in said.out
    assert "graphs.jsonl:3" in said.err
    assert [len(graph.metadata["questions"]) for graph in Corpus(out)] == [3, 3]
    with pytest.raises(FileExistsError):
        main(["questions", str(file), "-o", str(out)])


def test_graphs_are_not_lost_to_a_corpus_that_cannot_be_made(tmp_path):
    folder = tmp_path / "graphs"
    write_graphs([RIDER, RIDER], folder)
    with pytest.raises(ValueError, match="the number of questions is 0"):
        main(["questions", str(folder), "--number", "0", "-o", str(folder), "--overwrite"])
    with pytest.raises(ValueError, match="holds the graphs that are read; write into another folder"):
        main(["questions", str(folder), "-o", str(folder), "--overwrite"])
    assert len(Corpus(folder)) == 2
