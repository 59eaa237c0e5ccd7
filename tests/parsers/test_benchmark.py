"""What benches share: turns, rows, the table; no figure is tested."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import torch

from usg.memory import peak_mib
from usg.parsers.benchmark import in_fresh_process, medians, report, rows_of


def test_systems_take_turns_and_the_first_round_does_not_count() -> None:
    turns: list[str] = []
    given = {"a": [99.0, 1.0, 5.0, 2.0], "b": [99.0, 4.0, 4.0, 6.0]}

    def system(name: str) -> float:
        assert torch.get_num_threads() == 1
        turns.append(name)
        return given[name][turns.count(name) - 1]

    threads = torch.get_num_threads()
    found = medians({"case": {"a": lambda: system("a"), "b": lambda: system("b")}}, 3)
    assert found == {"case": {"a": 2.0, "b": 4.0}}
    assert turns == ["a", "b"] * 4 and torch.get_num_threads() == threads


def test_rows_and_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = rows_of("detect", {"usg": 2.0, "peer": 5.0}, 10) + rows_of("loading", {"usg": 0.5}, None, {"usg": 80.0})
    assert [(row["per_second"], row["ratio"], row["peak_mib"]) for row in rows] == [
        (5, 1, None),
        (2, 2.5, None),
        (None, 1, 80),
    ]
    report(rows, "pictures", "usg bench image", ["-n", "1"], tmp_path / "rows.json")
    written = json.loads((tmp_path / "rows.json").read_text())
    assert written["rows"] == rows and written["command"] == "usg bench image -n 1"
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].split() == ["detect", "peer", "5.000", "2", "2.50", "-"]
    assert len({len(line) for line in lines}) == 1


def test_a_process_of_its_own() -> None:
    assert in_fresh_process(os.getpid) != os.getpid()


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="getrusage counts the parent too")
def test_the_peak_of_a_fresh_process_is_its_own() -> None:
    large = bytearray(512 << 20)
    large[:: 1 << 12] = b"x" * len(range(0, len(large), 1 << 12))  # every page is touched
    assert in_fresh_process(peak_mib) < 400 < peak_mib()
