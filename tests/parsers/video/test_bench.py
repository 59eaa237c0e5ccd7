"""`usg bench video` runs and says what it says it says; its figures are not tested."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from usg.parsers.video.bench import main, world_film
from usg.parsers.video.frames import open_film


@pytest.mark.slow  # several models, and processes that import torch
def test_a_small_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["-n", "3", "--rounds", "1", "--batch-size", "2", "--json", str(tmp_path / "rows.json")]
    assert main([*words, "--detector", "setok", "--events", "rules"]) == 0
    rows = json.loads((tmp_path / "rows.json").read_text())["rows"]
    ours = [row["case"] for row in rows if row["system"] == "usg"]
    stages = [f"3 frames, {stage}" for stage in ("decode", "detect, batches of 2", "track", "whole parse")]
    assert ours == [*stages, *(f"{n} frames, memory" for n in (3, 12, 48))]
    assert [row["peak_mib"] is not None for row in rows if row["system"] == "usg"] == [False] * 4 + [True] * 3
    assert {row["system"] for row in rows} >= {"PyAV alone", "nearest"}
    assert capsys.readouterr().out.count("\n") == 1 + len(rows)


def test_a_film_is_as_long_as_it_is_asked_to_be(tmp_path: Path) -> None:
    for n in (3, 40):
        assert len([frame.number for frame in open_film(world_film(n, tmp_path / f"{n}.mp4"))]) == n


def test_wrong_numbers() -> None:
    with pytest.raises(ValueError, match="-n 0; expected a whole number"):
        main(["-n", "0"])
