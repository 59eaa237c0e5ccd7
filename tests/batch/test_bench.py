"""`usg bench batch` runs and says what it says it says; its figures are not tested."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from usg.batch.bench import main


def test_a_small_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--graphs", "5", "--batch-size", "2", "--rounds", "1", "--json", str(tmp_path / "b.json")]) == 0
    result = json.loads((tmp_path / "b.json").read_text())
    assert result["command"].startswith("usg bench batch --graphs 5")
    systems = ["pack_columns", "read, pack_columns", "pack", "pyg", "forward", "forward+backward"]
    assert [row["system"] for row in result["rows"]] == systems * 3
    for row in result["rows"]:
        assert set(row) == {"case", "system", "seconds", "per_second", "ratio", "peak_mib"}
        assert row["seconds"] > 0
        assert (row["ratio"] == 1.0) == (row["system"] == "pack_columns")
    assert capsys.readouterr().out.count("\n") == 19


def test_wrong_use() -> None:
    with pytest.raises(ValueError, match="--graphs 0; expected a whole number >= 1"):
        main(["--graphs", "0"])
