"""Transfer from medium to medium: what a medium's graph holds, and figures that are those of the answers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from usg.cli import main
from usg.corpus import Corpus
from usg.downstream.cells import Settings
from usg.downstream.media import MEDIA, MediaScenes, media_corpora, media_graphs
from usg.downstream.questions import Question
from usg.downstream.transfer_table import TransferTable
from usg.pretrain.result_tables import transfer
from usg.world.program import answer

TINY = MediaScenes(train=8, val=3, test=4, seed=5, questions=3, side=32)


@pytest.fixture(scope="module")
def drawn() -> list[dict[str, Any]]:
    return list(media_graphs(TINY, "test"))


def test_a_graph_has_what_is_grounded_in_its_medium(drawn) -> None:
    assert drawn
    for graphs in drawn:
        assert tuple(graphs) == MEDIA
        assert len({graph.metadata["index"] for graph in graphs.values()}) == 1
        for medium, graph in graphs.items():
            assert [source.modality for source in graph.sources] == [medium]
            assert all({g.source for g in element.groundings} == {medium} for element in graph.elements())
    relations = {medium: sum(len(graphs[medium].relations) for graphs in drawn) for medium in MEDIA}
    assert relations["text"] < relations["image"] and relations["text"] < relations["video"]


def test_questions_are_answered_by_the_graph_of_their_medium(drawn) -> None:
    for graphs in drawn:
        for graph in graphs.values():
            assert graph.metadata["questions"]
            for asked in graph.metadata["questions"]:
                assert answer(asked["program"], graph) == asked["answer"]


def test_scenes_are_drawn_once_and_are_the_same_in_all_media(tmp_path, monkeypatch) -> None:
    folders = media_corpora(TINY, "val", tmp_path)
    monkeypatch.setattr("usg.downstream.media.media_graphs", lambda *_: pytest.fail("drawn again"))
    assert media_corpora(TINY, "val", tmp_path) == folders
    numbers = [[Corpus(folder).metadata(i)["index"] for i in range(len(Corpus(folder)))] for folder in folders.values()]
    assert numbers[0] == numbers[1] == numbers[2] and numbers[0]


def table() -> TransferTable:
    """What is learnt from pictures is right on half of the texts, what is learnt from texts on all but a quarter."""
    questions = {medium: [Question(i // 2, "q", "yes", "exist") for i in range(40)] for medium in ("text", "image")}
    all_right, half = np.ones((2, 40)), np.tile([1.0, 0.0], (2, 20))
    quarter = np.tile([1.0, 1.0, 1.0, 0.0], (2, 10))
    ours = {"text": {"text": all_right, "image": quarter}, "image": {"text": half, "image": all_right}}
    other = {"text": {"text": half, "image": half}, "image": {"text": half, "image": 0 * half}}
    settings = dict.fromkeys(questions, Settings("a", "b", "c"))
    return TransferTable({"ours": ours, "other": other}, questions, "ours", ["ours", "other"], settings, 10, [0, 1])


def test_the_share_is_of_what_the_same_system_does_within_the_medium() -> None:
    kept = table().kept("ours", "text", "image")
    assert kept.value == 0.75 and kept.low < 0.75 < kept.high
    assert table().kept("ours", "image", "text").value == 0.5
    assert table().kept("other", "image", "text").value == 1.0
    assert table().kept("other", "text", "image") is None  # nothing is right within the medium
    assert table().difference("other", "text", "image").value == 0.25


def test_the_record_gives_the_tables() -> None:
    text = transfer([json.loads(json.dumps(table().to_dict("usg finetune transfer-table")))])
    assert "| ours | text | 100.0 ± 0.0 | 75.0 ± 0.0 |" in text
    assert "| other | text | - | - |" in text
    assert "| ours minus other | text | +50.0 [" in text
    assert "seeds 0, 1; commit" in text


def test_the_command_trains_tests_and_writes(encoder, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr("usg.downstream.transfer.SCENES", replace(TINY, questions=2))
    file = tmp_path / "transfer.json"
    argv = ["finetune", "transfer-table", "--encoder", f"ours={encoder}", "--scenes", "8", "--labels", "5"]
    argv += ["--steps", "2", "--seeds", "0", "--cache", str(tmp_path / "cache"), "--cells", str(tmp_path / "cells")]
    argv += ["--jobs", "1", "--grounding", "--json", str(file)]
    assert main(argv) == 0
    record = json.loads(file.read_text())
    assert list(record["accuracy"]) == ["ours", "scratch", "majority of the template", "question only"]
    assert set(record["accuracy"]["ours"]["text"]) == set(MEDIA)
    assert record["settings"]["grounding"] and str(tmp_path) not in json.dumps(record["settings"])
    printed = capsys.readouterr().out
    assert "where things are said or seen is shown" in printed
    monkeypatch.setattr("usg.downstream.cells._train", lambda *_: pytest.fail("ran again"))
    assert main(argv) == 0 and capsys.readouterr().out == printed
    assert len(list(Path(tmp_path / "cells").rglob("*.json"))) == 6
