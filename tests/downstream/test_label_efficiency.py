import json
from dataclasses import replace

import numpy as np
import pytest

from usg.downstream.cells import Cell, Settings, System, _fingerprint, run_cell
from usg.downstream.efficiency_table import EfficiencyTable
from usg.downstream.label_efficiency import systems_of
from usg.downstream.questions import Question, is_stated


@pytest.fixture
def settings(corpora) -> Settings:
    return Settings(**corpora, steps=4, validate_every=2, val_labels=20, test_labels=30, per_scene=4)


def test_a_finished_cell_is_not_run_again(settings, encoder, tmp_path, monkeypatch):
    cell = Cell(System("pretrained", encoder), 40, 0)
    first = run_cell(cell, settings, tmp_path)
    assert set(first["right"]) <= set("01")
    assert len(first["right"]) == 30

    def fail(*arguments):
        raise RuntimeError("ran again")

    monkeypatch.setattr("usg.downstream.cells._train", fail)
    assert run_cell(cell, settings, tmp_path) == first
    with pytest.raises(RuntimeError, match="ran again"):
        run_cell(Cell(System("pretrained", encoder, shuffled=True), 40, 0), settings, tmp_path)


def test_a_cell_is_reproducible(settings, encoder, tmp_path):
    cell = Cell(System("scratch", encoder, scratch=True), 40, 1)
    results = [run_cell(cell, settings, tmp_path / name) for name in "ab"]
    for result in results:
        del result["seconds"]
    assert results[0] == results[1]


def test_the_better_rate_on_validation_is_kept(settings, encoder, tmp_path):
    both = Settings(**{**vars_of(settings), "rates": (1e-9, 5e-3)})
    result = run_cell(Cell(System("pretrained", encoder), 40, 0), both, tmp_path)
    assert set(result["tried"]) == {"1e-09", "0.005"}
    assert result["tried"][str(result["rate"])] == max(result["tried"].values())


def test_a_finished_model_is_tested_on_other_corpora_too(settings, encoder, tmp_path):
    others = {"again": settings.test, "validation": settings.val}
    result = run_cell(Cell(System("pretrained", encoder), 40, 0), replace(settings, others=others), tmp_path)
    assert result["others"]["again"] == result["right"]
    assert len(result["others"]["validation"]) == 30 and set(result["others"]["validation"]) <= set("01")


def test_what_is_off_does_not_change_the_name_of_a_cell(settings, encoder):
    cell = Cell(System("pretrained", encoder), 40, 0)
    names = {_fingerprint(cell, each) for each in (settings, replace(settings, grounding=False, others={}))}
    assert len(names) == 1
    assert _fingerprint(cell, replace(settings, grounding=True)) not in names
    assert _fingerprint(cell, replace(settings, others={"again": settings.test})) not in names


def vars_of(settings: Settings) -> dict:
    return {name: getattr(settings, name) for name in settings.__dataclass_fields__}


def test_differences_are_paired():
    """Systems that are right on the same share of different questions differ by nothing, with an interval around it."""
    questions = [Question(i // 2, "q", "yes", "exist", 0) for i in range(40)]
    ones = np.tile([1.0, 0.0], (3, 20))
    hits = {"pretrained": {10: ones}, "scratch": {10: 1 - ones}, "worse": {10: 0 * ones}}
    details = [{"system": name, "labels": 10, "seed": 0, "seconds": 1.0} for name in hits]
    table = EfficiencyTable(hits, "pretrained", questions, Settings("a", "b", "c"), details)
    assert table.mean("pretrained", 10) == (0.5, 0.0)
    same, least = table.difference("scratch", 10)
    assert (same.value, least) == (0.0, 0.0)
    worse, least = table.difference("worse", 10)
    assert (worse.value, worse.low, worse.high, least) == (0.5, 0.5, 0.5, 0.5)
    page = table.to_markdown("usg finetune qa-table --encoder pretrained=x")
    assert "| **pretrained** | **50.0 ± 0.0** |" in page
    assert "usg finetune qa-table --encoder pretrained=x" in page
    assert json.loads(table.to_json("x"))["differences"]["worse"]["all"]["10"]["low"] == 0.5


def test_forms_that_captions_state_are_shown_apart():
    templates = ["scene filter unique query", "scene filter exist"]
    questions = [Question(i // 2, "q", "yes", "exist", 0, templates[i % 2]) for i in range(40)]
    ones = np.tile([1.0, 0.0], (2, 20))
    hits = {"pretrained": {10: ones}, "scratch": {10: 0 * ones}}
    details = [{"system": name, "labels": 10, "seed": 0, "seconds": 1.0} for name in hits]
    table = EfficiencyTable(hits, "pretrained", questions, Settings("a", "b", "c"), details)
    assert table.difference("scratch", 10, table.stated)[0].value == 1.0
    assert [name for name, _ in table.difference_rows()] == ["scratch", "- stated", "- not stated"]
    assert "the 20 test questions whose form" in table.to_markdown("x")
    assert json.loads(table.to_json("x"))["differences"]["scratch"]["not stated"]["10"]["value"] == 0.0


@pytest.mark.parametrize(
    ("template", "stated"),
    [
        ("scene filter unique relate filter unique query", True),
        ("scene filter filter_label count", True),
        ("scene filter unique relate count", False),
        ("scene filter unique same filter unique query", False),
        ("scene filter unique relate unique relate unique query", False),
        ("scene filter unique scene filter unique equal", False),
        ("", False),
    ],
)
def test_forms_of_statements(template, stated):
    assert is_stated(Question(0, "q", "a", template=template)) == stated


def test_rows_of_the_table():
    systems = systems_of({"pretrained": "a", "masked caption off": "b"}, longer=5)
    assert [system.encoder for system in systems] == ["a", "a", "a", "b", "a"]
    assert [system.scratch for system in systems] == [True, True, False, False, False]
    assert systems[1].longer == 5
    assert systems[-1].shuffled
