"""Agreement of graphs: golden values worked out by hand, and what must not matter."""

import random
from dataclasses import replace

import numpy as np
import pytest

from usg.formats.factual_csv import read_row
from usg.graph import Attribute, SceneGraph, SceneObject
from usg.metrics import METRICS, Facts, SpiceMatcher, facts_of, score_facts, score_graphs

GOLD = (
    "( man , ride , horse ) , ( horse , is , brown )",
    "( sky )",
    "( dogs , is , 2 ) , ( dogs , on , grass ) , ( grass , is , green )",
    "( sign , on , pole )",
)
# One of four captions right; a wrong attribute, a missing one, a wrong direction.
SAID = (
    "( man , ride , horse ) , ( horse , is , black )",
    "( sky )",
    "( dogs , on , grass ) , ( grass , is , green )",
    "( pole , on , sign )",
)


def graphs(rows: tuple[str, ...]) -> list[SceneGraph]:
    return [read_row("1", "2", "a caption", row) for row in rows]


def test_golden_values_by_hand() -> None:
    values = score_graphs(graphs(SAID), graphs(GOLD), SpiceMatcher()).values()
    # objects: 2 + 1 + 2 + 2 = 7 on both sides, all common. attributes: common 0 + 1, predicted 1 + 1, gold 1 + 2.
    # relations: common 1 + 1 + 0, predicted 3, gold 3; pairs as relations.
    # facts: (common, predicted, gold) = (3, 4, 4), (1, 1, 1), (4, 4, 5), (2, 3, 3).
    assert values == pytest.approx(
        {
            "set_match": 1 / 4,
            "object_f1": 1.0,
            "attribute_f1": 2 * 1 / (2 + 3),
            "relation_f1": 2 * 2 / (3 + 3),
            "pair_f1": 2 * 2 / (3 + 3),
            "fact_f1_micro": 2 * 10 / (12 + 13),
            "fact_f1_macro": (3 / 4 + 1 + 8 / 9 + 2 / 3) / 4,
            "spice_f1": (3 / 4 + 1 + 8 / 9 + 2 / 3) / 4,
        }
    )


def test_a_perfect_prediction_scores_one_everywhere() -> None:
    estimates = score_graphs(graphs(GOLD), graphs(GOLD), SpiceMatcher()).estimates()
    assert set(estimates) == set(METRICS)
    for estimate in estimates.values():
        assert (estimate.value, estimate.low, estimate.high, estimate.n) == (1.0, 1.0, 1.0, 4)


def test_an_empty_prediction_scores_nothing_where_there_is_something() -> None:
    values = score_graphs([SceneGraph()] * 4, graphs(GOLD), SpiceMatcher()).values()
    assert set(values.values()) == {0.0}
    assert set(score_graphs([SceneGraph()], [SceneGraph()], SpiceMatcher()).values().values()) == {1.0}


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_elements_does_not_matter(seed: int) -> None:
    shuffle = random.Random(seed)

    def mixed(graph: SceneGraph) -> SceneGraph:
        def parts(name: str) -> tuple:
            elements = list(getattr(graph, name))
            return tuple(shuffle.sample(elements, len(elements)))

        return replace(graph, **{name: parts(name) for name in ("objects", "attributes", "relations")})

    plain = score_graphs(graphs(SAID), graphs(GOLD), SpiceMatcher())
    again = score_graphs([mixed(g) for g in graphs(SAID)], [mixed(g) for g in graphs(GOLD)], SpiceMatcher())
    assert np.array_equal(plain.numerators, again.numerators)
    assert np.array_equal(plain.denominators, again.denominators)


def test_prediction_and_gold_may_change_places() -> None:
    one = score_graphs(graphs(SAID), graphs(GOLD), SpiceMatcher()).values()
    assert one == pytest.approx(score_graphs(graphs(GOLD), graphs(SAID), SpiceMatcher()).values())


def test_a_thing_counts_as_a_statement_where_nothing_else_names_it() -> None:
    lone, bare = graphs(("( sky ) , ( man , on , hill )", "( man , on , hill )"))
    assert score_graphs([bare], [lone], SpiceMatcher()).values()["set_match"] == 0
    # A second, bare dog adds no statement to what is said of dogs.
    one = SceneGraph(objects=[SceneObject("a", "dog")], attributes=[Attribute("b", "a", "wet")])
    two = replace(one, objects=(*one.objects, SceneObject("c", "dog")))
    assert score_graphs([two], [one], SpiceMatcher()).values()["set_match"] == 1


def pilot_score(predicted: list[set[tuple[str, ...]]], gold: list[set[tuple[str, ...]]]) -> tuple[float, float, float]:
    """Set Match, relation F1 and macro F1 from statements as FACTUAL writes them; a lone thing is a statement."""

    def spread(statements: set[tuple[str, ...]]) -> set[tuple[str, ...]]:
        spread: set[tuple[str, ...]] = set()
        for each in statements:
            if len(each) == 3 and each[1] == "is":
                spread |= {each[:1], (each[0], each[2])}
            else:
                spread |= {each[:1], each[-1:], each}
        return spread

    match = macro = both = total = 0.0
    for said, true in zip(predicted, gold, strict=True):
        p, g = spread(said), spread(true)
        match += said == true
        macro += 2 * len(p & g) / (len(p) + len(g)) / len(gold)
        both += len([f for f in p & g if len(f) == 3])
        total += len([f for f in (*p, *g) if len(f) == 3])
    return match / len(gold), 2 * both / total, macro


def test_statements_and_graphs_give_the_same_figures() -> None:
    generator = random.Random(7)
    names, predicates, values = ["man", "dog", "sky", "hill"], ["on", "near"], ["2", "red"]

    def statements() -> set[tuple[str, ...]]:
        made: set[tuple[str, ...]] = set()
        for _ in range(generator.randint(1, 3)):
            first, second = generator.choice(names), generator.choice(names)
            made.add(
                (first, "is", generator.choice(values))
                if generator.random() < 0.5
                else (first, generator.choice(predicates), second)
            )
        named = {name for each in made for name in (each[:1] if each[1] == "is" else each[::2])}
        return made | {(name,) for name in generator.sample(names, 1) if name not in named}

    said, true = [statements() for _ in range(200)], [statements() for _ in range(200)]
    said[::3] = true[::3]
    rows = [tuple(" , ".join(f"( {' , '.join(each)} )" for each in s) for s in side) for side in (said, true)]
    found = score_graphs(graphs(rows[0]), graphs(rows[1]), SpiceMatcher()).values()
    assert (found["set_match"], found["relation_f1"], found["fact_f1_macro"]) == pytest.approx(pilot_score(said, true))


def test_selection_and_differences() -> None:
    scores = score_graphs(graphs(SAID), graphs(GOLD), SpiceMatcher(), groups=[0, 0, 1, 2])
    assert len(scores.select([False, True, False, False])) == 1
    assert scores.select([1]).values()["set_match"] == 1
    perfect = score_graphs(graphs(GOLD), graphs(GOLD), SpiceMatcher(), groups=[0, 0, 1, 2])
    difference = perfect.differences(scores)["set_match"]
    assert difference.value == 0.75 and difference.low >= 0.0
    assert {d.value for d in scores.differences(scores).values()} == {0.0}


def test_numbers_of_graphs_must_agree() -> None:
    with pytest.raises(ValueError, match="3 predictions for 4 gold graphs"):
        score_graphs(graphs(SAID)[:3], graphs(GOLD), SpiceMatcher())
    with pytest.raises(ValueError, match="at least one"):
        score_facts([], [], SpiceMatcher())


def test_a_fact_has_one_to_three_parts() -> None:
    with pytest.raises(ValueError, match="4 parts"):
        Facts.from_tuples([("a", "b", "c", "d")])
    assert facts_of(graphs(("( sky )",))[0]) == Facts.from_tuples([("sky",)])
