"""`usg bench text` runs and says what it says it says; its figures are not tested."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from usg.parsers.text.bench import captions, main


@pytest.mark.slow  # a dozen processes that import torch
def test_a_small_run(
    capitals: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    importable: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("usg.parsers.text.bench.find_spec", lambda name: None)  # the peer needs a dependency parser
    (tmp_path / "a.txt").write_text("a Dog\na Boom\na Cat\n")
    words = [str(tmp_path / "a.txt"), "--rounds", "1", "--batch-size", "2", "--json", str(tmp_path / "b.json")]
    assert main([*words, "--pipeline", str(capitals)]) == 0
    rows = json.loads((tmp_path / "b.json").read_text())["rows"]
    ours = [row for row in rows if row["system"] == "usg"]
    cases = ["3 captions, one at a time", "3 captions, batches of 2", "3 captions, two processes", "loading"]
    assert [row["case"] for row in ours] == cases
    for row in rows:
        assert set(row) == {"case", "system", "seconds", "per_second", "ratio", "peak_mib"}
        assert (row["peak_mib"] is not None) == (row["case"] == "loading")
    assert all(row["ratio"] == 1.0 for row in ours)
    out, err = capsys.readouterr()
    assert out.count("\n") == 1 + len(rows)
    assert "pip install SceneGraphParser" in err


def test_captions_come_from_the_world_or_a_file(tmp_path: Path) -> None:
    assert len(set(captions(None, 5))) == 5
    with pytest.raises(ValueError, match="-n 0; expected a whole number"):
        captions(None, 0)
    (tmp_path / "a.jsonl").write_text('{"text": "a dog"}\n')
    with pytest.raises(ValueError, match=r"has no captions: .*no field 'caption'"):
        captions(str(tmp_path / "a.jsonl"), 5)
