"""`usg bench text` runs and says what it says it says; its figures are not tested."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from usg.parsers.text import bench
from usg.parsers.text.bench import captions, main

# As the package: rules over the documents of a pipeline, which fail on some.
PEER = """
import spacy

class Parser:
    def __init__(self, backend, model):
        assert backend == "spacy"
        self.unwrapped, self.nlp = self, spacy.load(model)
        assert self.nlp.pipe_names == ["tagger"], self.nlp.pipe_names

    def parse(self, text):
        doc = self.nlp(text)
        assert doc.text == text
        if "Boom" in text:
            raise ValueError(text)
        return {"entities": [token.text for token in doc]}
"""


@pytest.mark.slow  # a dozen processes that import torch
def test_a_small_run(
    capitals: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    importable: None,
) -> None:
    (tmp_path / "sng_parser.py").write_text(PEER)  # `importable` has put the folder on the path
    (tmp_path / "a.txt").write_text("a Dog\na Boom\na Cat\n")
    words = [str(tmp_path / "a.txt"), "--rounds", "1", "--batch-size", "2", "--json", str(tmp_path / "b.json")]
    assert main([*words, "--pipeline", str(capitals)]) == 0
    rows = json.loads((tmp_path / "b.json").read_text())["rows"]
    ours, peer = ({row["case"]: row for row in rows if row["system"] == name} for name in ("usg", "sng_parser"))
    cases = ["3 captions, one at a time", "3 captions, batches of 2", "3 captions, two processes", "loading"]
    assert list(ours) == cases
    assert list(peer) == [cases[0], cases[1], cases[3]]
    for row in rows:
        assert set(row) == {"case", "system", "seconds", "per_second", "ratio", "peak_mib"}
        assert (row["peak_mib"] is not None) == (row["case"] == "loading")
    for case, row in peer.items():
        assert row["ratio"] == pytest.approx(row["seconds"] / ours[case]["seconds"])
    out, err = capsys.readouterr()
    assert out.count("\n") == 1 + len(rows)
    assert "pip install" not in err


def test_a_missing_peer_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "find_spec", lambda name: None)
    monkeypatch.setattr(bench, "measure", lambda *_: [])
    assert main(["-n", "1"]) == 0
    assert "pip install SceneGraphParser" in capsys.readouterr().err


def test_captions_come_from_the_world_or_a_file(tmp_path: Path) -> None:
    assert len(set(captions(None, 5))) == 5
    with pytest.raises(ValueError, match="-n 0; expected a whole number"):
        captions(None, 0)
    (tmp_path / "a.jsonl").write_text('{"text": "a dog"}\n')
    with pytest.raises(ValueError, match=r"has no captions: .*no field 'caption'"):
        captions(str(tmp_path / "a.jsonl"), 5)
