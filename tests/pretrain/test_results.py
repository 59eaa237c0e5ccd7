"""Pages of results: tables are what records give, all else stays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from usg.cli import main
from usg.metrics import Estimate, mean_of_runs
from usg.pretrain.results import with_tables

ROOT = Path(__file__).resolve().parents[2]
PAGE = "# Title\n\n<!-- table: masked world -->\nold\n<!-- end -->\n\nWords that stay.\n"


def record(seed: int, value: float) -> dict[str, Any]:
    """A table of `usg pretrain test` as JSON."""
    return {
        "command": f"usg pretrain test --seed_everything {seed}", "commit": "abc1234", "date": "2026-01-02",
        "machine": "1 core", "seed": seed, "shuffled": 0.7,
        "metrics": {
            "object_accuracy": {"value": value, "low": value - 0.1, "high": value + 0.1, "n": 1200},
            "relation_accuracy": {"value": 0.4, "low": 0.3, "high": 0.5, "n": 900},
            "object_over_naive_bayes": {"value": value - 0.5, "low": value - 0.6, "high": value - 0.4, "n": 1200},
        },
        "baselines": {
            "model_shuffled_edges": {"object_accuracy": value / 2, "relation_accuracy": 0.1},
            "naive_bayes": {"object_accuracy": 0.5, "relation_accuracy": 0.35},
            "exact_ceiling": {"object_accuracy": 0.8},
        },
    }  # fmt: skip


def write(folder: Path, **records: dict[str, Any]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, content in records.items():
        (folder / f"{name.replace('__', '-')}.json").write_text(json.dumps(content))
    return folder


def test_the_committed_page_is_what_the_records_give() -> None:
    page = ROOT / "docs" / "results" / "pretraining.md"
    written = page.read_text(encoding="utf-8")
    assert written.count("<!-- table:") >= 5
    assert with_tables(written, page.with_suffix("")) == written


def test_one_seed_has_intervals(tmp_path: Path) -> None:
    page = with_tables(PAGE, write(tmp_path / "r", world=record(0, 0.6)))
    assert "| 1,200 objects, 900 relations | object | relation |" in page
    assert "| **encoder** | **60.0 [50.0, 70.0]** | **40.0 [30.0, 50.0]** |" in page
    assert "| the same, shuffled edges (changed 70 % of the graphs) | 30.0 | 10.0 |" in page
    assert "| exact posterior (the ceiling) | 80.0 | - |" in page
    assert "| encoder minus one-hop naive Bayes | +10.0 [+0.0, +20.0] | - |" in page
    assert "seed 0; commit abc1234; 2026-01-02; 1 core." in page
    assert "old" not in page and page.endswith("<!-- end -->\n\nWords that stay.\n")


def test_several_seeds_have_mean_and_spread(tmp_path: Path) -> None:
    folder = write(tmp_path / "r", world__0=record(0, 0.6), world__1=record(1, 0.7), world_other=record(0, 0.1))
    page = with_tables(PAGE, folder)
    assert "| **encoder** | **65.0 ± 7.1** | **40.0 ± 0.0** |" in page
    assert "| naive Bayes, one hop | 50.0 | 35.0 |" in page
    both = mean_of_runs([Estimate(0.1, 0.0, 0.2, 1200), Estimate(0.2, 0.1, 0.3, 1200)])
    assert f"+15.0 [{100 * both.low:+.1f}, {100 * both.high:+.1f}]" in page
    assert "seeds 0, 1; commit abc1234;" in page
    assert with_tables(page, folder) == page


@pytest.mark.parametrize(
    ("page", "records", "error"),
    [
        (PAGE.replace("masked", "maskd"), {"world": record(0, 0.6)}, "kind of table 'maskd'; did you mean 'masked'"),
        (PAGE.replace("world", "moon"), {"world": record(0, 0.6)}, "moon has no record"),
        (PAGE.replace("<!-- end -->", ""), {"world": record(0, 0.6)}, "has no end"),
        (PAGE, {"world": {"command": "usg"}}, "world.json is no record of a table `masked`"),
        (PAGE, {"world__0": record(0, 0.6), "world__1": record(0, 0.6)}, "keep one of each"),
        (
            PAGE,
            {"world__0": record(0, 0.6), "world__1": {**record(1, 0.6), "metrics": {"object_accuracy": {"n": 3}}}},
            "scored on different nodes",
        ),
    ],
)
def test_what_is_wrong_is_said(page: str, records: dict[str, Any], error: str, tmp_path: Path, capsys: Any) -> None:
    file = tmp_path / "page.md"
    file.write_text(page)
    write(tmp_path / "page", **records)
    assert main(["pretrain", "results", str(file)]) == 2
    assert error in capsys.readouterr().err
    assert file.read_text() == page


def test_the_command_writes_once(tmp_path: Path, capsys: Any) -> None:
    file = tmp_path / "page.md"
    file.write_text(PAGE)
    write(tmp_path / "page", world=record(0, 0.6))
    assert main(["pretrain", "results", str(file)]) == main(["pretrain", "results", str(file)]) == 0
    assert capsys.readouterr().out.splitlines() == [f"{file}: written anew", f"{file}: as the records have it"]
    assert "**60.0" in file.read_text()


def test_a_comparison_of_bridges(tmp_path: Path) -> None:
    table = {"asked": [[0, "match"], [1, "match"]], "tokens": 9, "seconds": 0.1, "right": {"model": "10"}}
    content = {"command": "usg pretrain bridge-table", "commit": None, "cells": {"text": [table], "prefix": [table]}}
    page = with_tables("<!-- table: bridges b -->\n<!-- end -->\n", write(tmp_path / "r", b=content))
    assert "| prefix | 50.0 [" in page and "commit unknown." in page
