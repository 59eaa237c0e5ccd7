"""DiscoSG files: descriptions with graphs, read and written, and what is refused."""

import json
from pathlib import Path

import pytest

from usg.formats import Problems, read_graphs, write_graphs

ITEMS = [
    {
        "caption": "A man rides a horse. The horse is brown.",
        "scene_graph": "( man , ride , horse ) , ( horse , is , brown )",
    },
    {"caption": "Two boats.", "scene_graph": "( boats , is , 2 )"},
]


def file_of(folder: Path, content: object) -> Path:
    file = folder / "items.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return file


def test_items_are_read_with_their_words(tmp_path: Path) -> None:
    first, second = read_graphs(file_of(tmp_path, ITEMS))
    assert first.triples == [("man", "ride", "horse")]
    assert first.sources[0].text == ITEMS[0]["caption"]
    # "horse" stands twice in the text, so it is not said which is meant.
    assert [len(thing.groundings) for thing in first.objects] == [1, 0]
    assert (second.attributes[0].kind, second.attributes[0].number) == ("count", 2)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    graphs = list(read_graphs(file_of(tmp_path, ITEMS)))
    assert write_graphs(graphs, tmp_path / "again.json") == 2
    assert list(read_graphs(tmp_path / "again.json")) == graphs


def test_a_bad_item_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    bad = [{"caption": "a dog"}, {"caption": " ", "scene_graph": "( dog )"}, {"caption": "a", "scene_graph": "dog"}, 3]
    problems = Problems()
    assert len(list(read_graphs(file_of(tmp_path, [*bad, *ITEMS]), problems=problems))) == 2
    assert problems.count == 4
    assert "items.json item 0: expected an object with the texts caption and scene_graph" in problems.first[0]
    assert "item 1: the caption is empty" in problems.first[1]


@pytest.mark.parametrize(("content", "message"), [("[", "is not JSON"), ("{}", "not a DiscoSG file"), ("[]", "list")])
def test_another_file_is_refused(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        list(read_graphs(file_of(tmp_path, content), "discosg"))


def test_the_shared_file(shared_data: Path) -> None:
    graphs = list(read_graphs(shared_data / "discosg" / "human_anno_train_300.json"))
    assert len(graphs) == 300
    assert sum(len(graph.relations) + len(graph.attributes) for graph in graphs) > 5000
