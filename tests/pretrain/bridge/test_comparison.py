import pytest

from usg.cli import main
from usg.pretrain.bridge.comparison import Comparison


def table(right, shuffled, families):
    return {
        "asked": [[i // 2, family] for i, family in enumerate(families)],
        "right": {"model": right, "shuffled edges": shuffled},
        "tokens": 10.0,
        "seconds": 0.002,
    }


FAMILIES = ["answer: 1 hop", "answer: 2 hops", "answer: 3 hops", "match", "match", "name_hidden: object"]
CELLS = {
    "text": [table("100100", "100100", FAMILIES), table("100110", "100110", FAMILIES)],
    "prefix, facts": [table("111100", "100100", FAMILIES), table("111111", "100110", FAMILIES)],
}


def test_figures_are_means_over_seeds_and_questions():
    comparison = Comparison(CELLS)
    columns = comparison.families()
    assert columns["answer"] == ["answer: 1 hop", "answer: 2 hops", "answer: 3 hops"]
    assert columns["answer: 2+ hops"] == ["answer: 2 hops", "answer: 3 hops"]
    assert list(columns) == [
        "answer", "answer: 1 hop", "answer: 2 hops", "answer: 3 hops", "match", "name_hidden", "name_hidden: object",
        "answer: 2+ hops",
    ]  # fmt: skip
    assert comparison.accuracy("text", columns["match"]).value == pytest.approx(0.75)
    assert comparison.accuracy("prefix, facts", columns["answer: 2+ hops"]).value == 1.0
    assert comparison.accuracy("prefix, facts", columns["answer: 2+ hops"], "shuffled edges").value == 0.0
    assert comparison.accuracy("text", columns["match"], "noise tokens") is None
    assert comparison.difference("prefix, facts", "text", columns["answer: 2+ hops"]).value == 1.0
    text = comparison.to_markdown()
    assert "Accuracy over 2 seeds" in text
    assert "| prefix, facts, shuffled edges |" in text
    assert "+100.0" in text


def test_seeds_that_were_asked_other_questions_are_not_averaged():
    cells = {"text": [CELLS["text"][0], table("100100", "100100", FAMILIES[::-1])]}
    with pytest.raises(ValueError, match="the seeds of text were not asked the same"):
        Comparison(cells).to_markdown()


def test_a_name_that_is_no_system(capsys):
    argv = ["pretrain", "bridge-table", "--encoder", "x", "--language-model", "y", "--systems", "texts"]
    assert main(argv) == 2
    assert "unknown system 'texts'; did you mean 'text'" in capsys.readouterr().err
