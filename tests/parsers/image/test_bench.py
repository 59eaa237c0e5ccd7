"""`usg bench image` runs and says what it says it says; its figures are not tested."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from usg.parsers.image.bench import main, picture_files, random_rt_detr


@pytest.mark.slow  # several models, and a process that imports torch
def test_a_small_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["-n", "3", "--rounds", "1", "--batch-size", "2", "--json", str(tmp_path / "rows.json")]
    assert main([*words, "--detector", "setok", "--relations", "geometry"]) == 0
    rows = json.loads((tmp_path / "rows.json").read_text())["rows"]
    cases = ["decode", "detect, one at a time", "detect, batches of 2", "relations", "whole parse, one at a time"]
    ours = [row["case"] for row in rows if row["system"] == "usg"]
    assert ours == [*(f"3 pictures, {case}" for case in [*cases, "whole parse, batches of 2"]), "loading"]
    peers = [row for row in rows if row["system"] != "usg"]
    assert [row["case"] for row in peers] == ["3 pictures, detect, one at a time", "3 pictures, detect, batches of 2"]
    assert rows[-1]["peak_mib"] > 0 and rows[-1]["per_second"] is None
    assert capsys.readouterr().out.count("\n") == 1 + len(rows)


def test_the_peer_is_of_like_size() -> None:
    class Own:
        def __init__(self, width: int) -> None:
            self.model = torch.nn.Linear(width, 1000)

    counts = {width: random_rt_detr(64, Own(width))[1] for width in (300, 5000)}
    assert all(0.4 < counts[width] / (1001 * width) < 2.5 for width in counts), counts


def test_pictures_are_named_or_of_the_world(tmp_path: Path) -> None:
    found = picture_files([], 3, tmp_path / "world")
    assert [Path(file).name for file in found] == [f"iid-0-0000000{i}.png" for i in range(3)]
    assert picture_files([str(tmp_path)], 2, tmp_path / "none") == found[:2]
    with pytest.raises(ValueError, match="-n 0; expected a whole number"):
        picture_files([], 0, tmp_path)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("words", [["--rounds", "0"], ["--batch-size", "0"]])
def test_wrong_numbers(words: list[str]) -> None:
    with pytest.raises(ValueError, match="expected a whole number >= 1"):
        main(["-n", "1", "--detector", "setok", *words])
