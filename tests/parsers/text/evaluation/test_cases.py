"""Hand-checked cases: what the checker finds wrong, and what it lets pass."""

import json
from pathlib import Path

import pytest

from usg.formats.factual_csv import read_row
from usg.graph import Attribute, Relation, SceneGraph, SceneObject
from usg.parsers.text.evaluation.cases import Case, check, matches, read_cases, run_cases

CASES = Path(__file__).resolve().parents[1]


def graph(facts: str) -> SceneGraph:
    return read_row("1", "2", "a caption", facts)


@pytest.mark.parametrize(
    ("pattern", "fact", "expected"),
    [
        ("dog", ("dog",), True),
        ("dog", ("dog", "wet"), False),
        ("dog , is , wet", ("dog", "wet"), True),
        ("dog , is , wet", ("dog", "is", "wet"), False),
        ("dog , is|have , wet", ("dog", "have", "wet"), True),
        ("* , * , *", ("dog", "on", "mat"), True),
        ("* , * , *", ("dog", "wet"), False),
        ("dogs|dog , lie on|lay on , mat", ("dog", "lay on", "mat"), True),
        ("dog , eat , bone or bone , in , dog", ("bone", "in", "dog"), True),
    ],
)
def test_patterns(pattern: str, fact: tuple[str, ...], expected: bool) -> None:
    assert matches(pattern, fact) is expected


def test_missing_and_wrong_facts() -> None:
    case = Case(1, "t", "c", must=("man , ride , horse",), must_not=("horse , * , *", "lot", "* , is , red"))
    assert check(case, graph("( man , ride , horse )")) == []
    assert check(case, graph("( horse , ride , man ) , ( man , is , red ) , ( lot )")) == [
        "missing: man , ride , horse",
        "wrong: horse , ride , man",
        "wrong: lot",
        "wrong: man , is , red",
    ]


def test_what_must_be_there_is_not_wrong() -> None:
    case = Case(1, "t", "c", must=("people , on , skis",), must_not=("people , * , *",))
    assert check(case, graph("( people , on , skis )")) == []
    assert check(case, graph("( people , on , skis ) , ( people , on , snow )")) == ["wrong: people , on , snow"]


def test_negation_is_marked_and_not_asserted() -> None:
    case = Case(25, "t", "c", must=("street",), must_not=("cars",), negated=("cars or street , with , cars",))
    things = (SceneObject("a", "street"), SceneObject("b", "cars"))
    relation = Relation("r", "a", "with", "b")
    asserted = SceneGraph(objects=things, relations=(relation,))
    assert len(check(case, asserted)) == 2
    without_cars = SceneGraph(objects=(things[0], SceneObject("b", "cars", negated=True)), relations=(relation,))
    assert check(case, without_cars) == []
    assert check(case, SceneGraph(objects=things[:1])) == ["not negated: cars or street , with , cars"]
    watch = Case(25, "t", "c", must=("dog",), must_not=("dog , watch , tv",), negated=("dog , watch , tv",))
    denied = SceneGraph(
        objects=(SceneObject("a", "Dog"), SceneObject("b", "TV")),
        relations=(Relation("r", "a", "watch", "b", negated=True),),
    )
    assert check(watch, denied) == []
    # That a relation of the dog is denied does not deny the dog.
    assert check(Case(25, "t", "c", must=("dog",), negated=("dog",)), denied) == ["not negated: dog"]


def test_instances_are_different_nodes_with_their_own_values() -> None:
    case = Case(17, "t", "c", nodes=("dog: large, black", "dog: small, white"))
    two = (SceneObject("a", "dog"), SceneObject("b", "dog"))
    values = [("a", "large"), ("a", "black"), ("b", "small"), ("b", "white")]

    def attributes(values: list[tuple[str, str]]) -> tuple[Attribute, ...]:
        return tuple(Attribute(f"v{i}", *each) for i, each in enumerate(values))

    assert check(case, SceneGraph(objects=two, attributes=attributes(values))) == []
    merged = SceneGraph(objects=two[:1], attributes=attributes([("a", value) for _, value in values]))
    assert check(case, merged) == ["no such nodes: dog: large, black; dog: small, white"]
    assert check(case, SceneGraph(objects=two, attributes=attributes([*values, ("a", "white")]))) != []
    crossed = [("a", "large"), ("a", "white"), ("b", "small"), ("b", "black")]
    assert check(case, SceneGraph(objects=two, attributes=attributes(crossed))) != []
    assert check(Case(17, "t", "c", nodes=("dog:", "dog:")), SceneGraph(objects=two)) == []
    assert check(Case(17, "t", "c", nodes=("dog:", "dog:")), SceneGraph(objects=two[:1])) != []


def test_a_paraphrase_asserts_the_same() -> None:
    case = Case(1, "t", "c", must=("dog , chase , cat",), paraphrase="p")
    right, other = graph("( dog , chase , cat )"), graph("( dog , chase , cat ) , ( cat , is , wet )")
    assert check(case, right, right) == []
    assert check(case, right, other) == ["in the paraphrase only: cat , is , wet"]
    assert check(case, other, right) == ["not in the paraphrase: cat , is , wet"]


def test_a_number_is_right_when_all_its_cases_are() -> None:
    cases = [Case(1, "a", "x", ("dog",)), Case(1, "a", "y", ("cat",)), Case(2, "b", "z", ("dog",), paraphrase="z")]
    report = run_cases(cases, lambda texts: [graph("( dog )") for _ in texts])
    assert report.numbers == {1: False, 2: True} and report.right == 1
    assert report.to_text().splitlines() == [
        "right    1  a: x",
        "WRONG    1  a: y",
        "            missing: cat",
        "right    2  b: z",
        "1 of 2 right",
    ]
    assert report.to_dict()["cases"][1] == {"number": 1, "type": "a", "caption": "y", "faults": ["missing: cat"]}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "Expecting property name"),
        ('{"number": 1, "type": "t"}', "no case; expected number"),
        ('{"number": 1, "type": "t", "caption": "c", "musst": []}', "no case; expected number"),
        ('{"number": "1", "type": "t", "caption": "c", "must": ["dog"]}', "number is '1', expected a whole number"),
        ('{"number": 1, "type": "t", "caption": "c", "must": "dog"}', "must is 'dog', expected a list"),
        ('{"number": 1, "type": "t", "caption": "c", "must_not": ["dog"]}', "an empty graph would be right"),
        ('{"number": 1, "type": "t", "caption": "c", "must": ["dog , wet"]}', "'dog , wet' is no fact"),
        ('{"number": 1, "type": "t", "caption": "c", "nodes": ["dog"]}', "describes no node"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, message: str) -> None:
    file = tmp_path / "cases.jsonl"
    file.write_text(json.dumps({"number": 1, "type": "t", "caption": "c", "must": ["dog"]}) + "\n" + line + "\n")
    with pytest.raises(ValueError, match=r"cases.jsonl:2: .*") as error:
        read_cases(file)
    assert message in str(error.value)


def test_a_file_without_cases(tmp_path: Path) -> None:
    (tmp_path / "cases.jsonl").write_text("\n")
    with pytest.raises(ValueError, match="no case"):
        read_cases(tmp_path / "cases.jsonl")


def test_the_shipped_cases_are_readable_and_no_empty_graph_passes() -> None:
    failures, held_out = (read_cases(CASES / f"{name}.jsonl") for name in ("failures", "held_out"))
    paraphrases = read_cases(CASES / "paraphrases.jsonl")
    assert {case.number for case in failures} == set(range(1, 34))
    assert len(held_out) >= 40 and len(paraphrases) >= 10
    assert not {case.caption for case in failures} & {case.caption for case in held_out}
    assert all(case.paraphrase for case in paraphrases)
    for case in (*failures, *held_out, *paraphrases):
        assert check(case, SceneGraph()), case
