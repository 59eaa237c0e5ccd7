"""The shipped parser on 33 failure types of rule-based parsers, paraphrases, and probes that nothing was tuned on.

The cases are data beside this file (failures.jsonl, paraphrases.jsonl, held_out.jsonl); their language is that of
usg/parsers/text/evaluation/cases.py. The captions of failures.jsonl are from COCO val2017 where they were found there.
"""

from pathlib import Path

import pytest

from usg.parsers.names import TextToGraphs, text_parser
from usg.parsers.text.evaluation.cases import Case, CaseReport, check, read_cases, run_cases

FOLDER = Path(__file__).parent


@pytest.fixture(scope="module")
def parser() -> TextToGraphs:
    return text_parser("text")


def report(parser: TextToGraphs, name: str) -> CaseReport:
    return run_cases(read_cases(FOLDER / f"{name}.jsonl"), parser.pipe)


def test_failure_types(parser: TextToGraphs) -> None:
    """29 are right (docs/results/text.md)."""
    found = report(parser, "failures")
    assert len(found.numbers) == 33
    assert found.right >= 28, found.to_text()


def test_paraphrases_do_not_change_the_graph(parser: TextToGraphs) -> None:
    found = report(parser, "paraphrases")
    assert found.right == len(found.numbers), found.to_text()


def test_most_probes_that_nothing_was_tuned_on_are_right(parser: TextToGraphs) -> None:
    found = report(parser, "held_out")
    assert found.right >= 42, found.to_text()


def test_a_sentence_with_a_pronoun_and_a_clause(parser: TextToGraphs) -> None:
    case = Case(
        34,
        "the sentence of the guide",
        "A tall man in a red hat is holding two small dogs while his daughter feeds them.",
        must=(
            "man , is , tall",
            "man , in|wear , hat",
            "hat , is , red",
            "man , hold , dogs",
            "dogs , is , 2",
            "dogs , is , small",
            "man , have , daughter",
            "daughter , feed , dogs",
        ),
        must_not=("them", "his", "man , feed , *", "hat , hold , *", "daughter , feed , man", "daughter , is , *"),
    )
    (graph,) = parser.pipe([case.caption])
    assert check(case, graph) == []
