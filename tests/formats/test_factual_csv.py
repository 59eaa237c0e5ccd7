import csv
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from usg.formats import Problems, read_graphs, write_graphs
from usg.formats.factual_csv import read_row, write_row
from usg.graph import Attribute, Relation, SceneGraph, SceneObject, Source, TextSpan

HEADER = "image_id,region_id,caption,scene_graph\n"


def phrases(graph: SceneGraph) -> dict[str, str]:
    """Words of the caption that each grounded element is."""
    caption = graph.sources[0].text or ""
    found = {}
    for element in graph.elements():
        for grounding in element.groundings:
            assert isinstance(grounding.region, TextSpan)
            found[element.id] = grounding.region.quote(caption)
    return found


def test_number_words_up_to_twenty_ground_their_digits() -> None:
    graph = read_row("1", "2", "fifteen dogs", "( dogs , is , 15 )")
    assert phrases(graph) == {"o0": "dogs", "a0": "fifteen"}


def test_a_row_of_the_plain_variant() -> None:
    graph = read_row(
        "2319840",
        "4385413",
        "a large tree trunk coming through a deck",
        "( tree trunk , is , large ) , ( tree trunk , come through , deck )",
    )
    assert graph.triples == [("tree trunk", "come through", "deck")]
    assert [(each.object, each.value, each.kind) for each in graph.attributes] == [("o0", "large", None)]
    assert phrases(graph) == {"o0": "tree trunk", "o1": "deck", "a0": "large"}
    assert graph.sources[0].uri == "vg:image/2319840#region/4385413"
    assert dict(graph.metadata) == {"image_id": "2319840", "region_id": "4385413"}


def test_a_row_of_the_id_variant() -> None:
    facts = "( tower:1 , pv:make of , wire ) , ( tower , v:stand by , tower:1 ) , ( tower , is , 2 )"
    graph = read_row("1", "2", "wire tower standing by the two towers", facts)
    assert [each.label for each in graph.objects] == ["tower", "wire", "tower"]
    assert graph.triples == [("tower", "make of", "wire"), ("tower", "stand by", "tower")]
    assert (graph.relations[1].subject, graph.relations[1].object) == ("o2", "o0")
    assert graph.attributes == (
        Attribute("a0", "o2", "2", kind="count", number=2, groundings=graph.attributes[0].groundings),
    )
    assert phrases(graph) == {"o1": "wire", "a0": "two"}  # which tower the one word is cannot be told
    assert graph.metadata["marks"] == {"r0": "pv", "r1": "v"}
    assert graph.metadata["instances"] == {"o0": 1, "o2": 0}
    written = write_row(graph)[3]
    assert set(re.findall(r"\(.*?\)", written)) == set(re.findall(r"\(.*?\)", facts))


@pytest.mark.parametrize(
    ("caption", "facts", "expected"),
    [
        ("a dog and a dog", "( dog )", {}),  # twice in the caption
        ("dogs", "( dog )", {}),  # not the exact word
        ("A DOG on grass", "( dog , on , grass )", {"o0": "DOG", "o1": "grass", "r0": "on"}),
        ("hotdog stand", "( dog )", {}),  # not a word of its own
        ("red car, red bus", "( car , is , red ) , ( bus , is , red )", {"o0": "car", "o1": "bus"}),
        ("three-way stop sign", "( stop sign , is , three-way )", {"o0": "stop sign", "a0": "three-way"}),
        (
            "one in front of the other",
            "( one , in front of , other )",
            {"o0": "one", "o1": "other", "r0": "in front of"},
        ),
    ],
)
def test_words_that_occur_once_are_spans(caption: str, facts: str, expected: dict[str, str]) -> None:
    assert phrases(read_row("1", "2", caption, facts)) == expected


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1,2,a dog,dog", "not a fact"),
        ('1,2,a dog,""', "not a fact"),
        ('1,2,a dog,"( a , b )"', "2 parts"),
        ('1,2,a dog,"( a ,  , b )"', "empty part"),
        ('1,2,a dog,"( a , v: , b )"', "empty part"),
        ('1,2,a dog,"( a (b) , on , c )"', "fact"),
        ('1,2,a dog,"( a ) ( b )"', "between facts"),
        ('1,2,a dog,"( a ) , "', "not a fact"),
        ('1,2,,"( a )"', "caption is empty"),
        ("1,2,a dog", "3 columns, expected 4"),
        ('1,2,"a dog,( a )', "unexpected end"),
        (f'1,2,a dog,"( {"x" * 10_000} )"', "10000 characters"),
        ("1,2,a \udcff dog,( a )", "not UTF-8"),
    ],
)
def test_a_bad_row_is_named_and_the_rest_read(tmp_path: Path, row: str, reason: str) -> None:
    file = tmp_path / "factual.csv"
    good = '7,8,"a dog, a cat","( dog , is , big )"\n'
    file.write_bytes((HEADER + good + row + "\n" + good).encode(errors="surrogateescape"))
    problems = Problems()
    graphs = list(read_graphs(file, problems=problems))
    assert len(graphs) == 2
    assert graphs[0] == graphs[1]
    assert problems.count == 1
    assert re.fullmatch(rf"{re.escape(str(file))}:3: .*{re.escape(reason)}.*", problems.first[0])


def test_a_file_of_other_columns_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "factual.csv"
    for content, reason in (("", "is empty"), ("a,b\n1,2\n", "not a FACTUAL CSV"), ("[1]\n", "without image_id")):
        file.write_text(content)
        with pytest.raises(ValueError, match=reason):
            list(read_graphs(file))


def test_columns_may_stand_in_any_order_after_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "factual.csv"
    file.write_text("caption,extra,scene_graph,region_id,image_id\r\na dog,x,( dog ),2,1\r\n", encoding="utf-8-sig")
    assert list(read_graphs(file)) == [read_row("1", "2", "a dog", "( dog )")]


CAPTION = (Source("caption", "text", text="a dog"),)


@pytest.mark.parametrize(
    ("graph", "reason"),
    [
        (SceneGraph(), "no text source"),
        (SceneGraph(CAPTION), "empty graph"),
        (SceneGraph((Source("c", "text", text="a\nb"),), [SceneObject("o", "a")]), "line break"),
        (SceneGraph(CAPTION, [SceneObject("o", "dog", negated=True)]), "'o' is negated"),
        (SceneGraph(CAPTION, [SceneObject("o", "dog (small)")]), "read back"),
        (SceneGraph(CAPTION, [SceneObject("o", "a , b")]), "read back"),
        (SceneGraph(CAPTION, [SceneObject("o", "dog:1")]), "read back"),
        (SceneGraph(CAPTION, [SceneObject("o", "dog")], (), [Relation("r", "o", "is", "o")]), "read back"),
        (
            SceneGraph(CAPTION, [SceneObject("o", "a"), SceneObject("p", "a")], metadata={"instances": {"o": 1}}),
            "one label",
        ),
        (SceneGraph(CAPTION, [SceneObject("o", "a")], metadata={"instances": {"o": "x"}}), "not numbers"),
    ],
)
def test_what_a_row_cannot_hold_is_a_problem(tmp_path: Path, graph: SceneGraph, reason: str) -> None:
    problems = Problems()
    good = SceneGraph(CAPTION, [SceneObject("o", "dog")])
    assert write_graphs([good, graph, good], tmp_path / "out.csv", problems=problems) == 2
    assert problems.first[0].startswith("graph 1: ")
    assert reason in problems.first[0]


LABELS = st.sampled_from(["dog", "dogs", "big dog", "on", "is it", "2", "a, b", 'the "x"', "é", "v:x"])
NAMES = st.builds(lambda label, n: f"{label}:{n}" if n else label, LABELS, st.integers(0, 2))
FACTS = st.builds(
    "( {} , {} , {} )".format, NAMES, st.sampled_from(["on", "v:see", "pv:make of", "near"]), NAMES
) | st.builds("( {} , is , {} )".format, NAMES, LABELS)


@settings(
    max_examples=100, derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(st.lists(FACTS, min_size=1, max_size=6), st.sampled_from(["two big dogs on a mat", "dog, dog: a 'dog'"]))
def test_reading_what_was_written_gives_the_same_graph_and_facts(facts: list[str], caption: str) -> None:
    graph = read_row("1", "2", caption, " , ".join(facts))
    row = write_row(graph)
    assert read_row(*row) == graph
    assert set(re.findall(r"\(.*?\)", row[3])) == set(facts)


@pytest.mark.parametrize(("variant", "rows"), [("random", 1000), ("id_random", 1000)])
def test_the_real_rows_survive(shared_data: Path, tmp_path: Path, variant: str, rows: int) -> None:
    def facts(file: Path) -> list[tuple[str, str, str, frozenset[str]]]:
        with file.open(encoding="utf-8", newline="") as lines:
            return [
                (
                    row["image_id"],
                    row["region_id"],
                    row["caption"],
                    frozenset(re.findall(r"\(.*?\)", row["scene_graph"])),
                )
                for row in csv.DictReader(lines)
            ]

    file = shared_data / "factual" / variant / "dev.csv"
    graphs = list(read_graphs(file))
    assert len(graphs) == rows
    assert write_graphs(graphs, tmp_path / "again.csv") == rows
    assert facts(tmp_path / "again.csv") == facts(file)
    assert list(read_graphs(tmp_path / "again.csv")) == graphs
    grounded = sum(bool(obj.groundings) for graph in graphs for obj in graph.objects)
    assert grounded / sum(map(len, graphs)) > 0.95
