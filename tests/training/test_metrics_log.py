"""One CSV file for a run, also across a resume."""

import csv
from pathlib import Path

from usg.training.metrics_log import MetricsLog


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "metrics.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_figures_of_a_step_share_a_row_and_columns_grow(tmp_path: Path) -> None:
    log = MetricsLog(tmp_path / "run")
    log.log_metrics({"train/loss": 3.0}, step=10)
    log.log_metrics({"val/loss": 2.5}, step=10)
    log.log_metrics({"train/loss": 2.0}, step=20)
    log.finalize("success")
    assert rows(tmp_path / "run") == [
        {"step": "10", "train/loss": "3.0", "val/loss": "2.5"},
        {"step": "20", "train/loss": "2.0", "val/loss": ""},
    ]


def test_a_resumed_run_continues_the_file_and_drops_what_is_done_again(tmp_path: Path) -> None:
    first = MetricsLog(tmp_path)
    for step in (10, 20, 30):
        first.log_metrics({"loss": step / 10}, step=step)
    first.flush()
    again = MetricsLog(tmp_path)
    again.continue_after(20)
    again.log_metrics({"loss": 7.0, "new": 1.0}, step=30)
    again.flush()
    assert [(row["step"], row["loss"], row["new"]) for row in rows(tmp_path)] == [
        ("10", "1.0", ""),
        ("20", "2.0", ""),
        ("30", "7.0", "1.0"),
    ]


def test_the_last_figures_of_a_kind(tmp_path: Path) -> None:
    log = MetricsLog(tmp_path)
    assert log.last("val/", 100) == (0, {})
    log.log_metrics({"val/loss": 3.0}, step=10)
    log.log_metrics({"train/loss": 1.0}, step=20)
    log.flush()
    again = MetricsLog(tmp_path)
    again.continue_after(20)
    assert log.last("val/", 20) == again.last("val/", 20) == (10, {"val/loss": 3.0})
    assert log.last("val/", 9) == (0, {})


def test_a_new_run_starts_a_new_file(tmp_path: Path) -> None:
    for loss in (1.0, 2.0):
        log = MetricsLog(tmp_path)
        log.log_metrics({"loss": loss}, step=1)
        log.flush()
    assert [row["loss"] for row in rows(tmp_path)] == ["2.0"]
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.csv"]
