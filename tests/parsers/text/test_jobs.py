"""One network to train, as a process of its own is told."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import small_factual
import torch

from usg.parsers.text.jobs import Job, learn, load, run_job
from usg.parsers.text.model import TextGraphModel
from usg.parsers.text.objective import teach
from usg.parsers.text.training_settings import Fit, Sizes

SIZES = Sizes(word_dim=8, stem_dim=8, gram_dim=8, hidden=8, layers=1, dim=16, mixing_dim=8)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    data = small_factual.write_csv(tmp_path / "train.csv")
    (tmp_path / "more.txt").write_text("a zebra in a field\na zebra and a dog\n\nx\n")
    unlabelled = (str(tmp_path / "more.txt"),)
    return Job(str(data), unlabelled, None, SIZES, Fit(epochs=1, batch_size=16), 7, tmp_path / "run")


def test_a_job_can_be_told_to_a_process(job: Job) -> None:
    assert pickle.loads(pickle.dumps(job)) == job


def test_its_data(job: Job) -> None:
    tables, aligned, captions = load(job)
    assert len(aligned) == len(small_factual.lines())
    assert captions == [["a", "zebra", "in", "a", "field"], ["a", "zebra", "and", "a", "dog"]]
    assert tables.words.word("zebra")
    _, aligned, captions = load(replace(job, limit=1))
    assert (len(aligned), len(captions)) == (1, 1)


def test_rows_that_cannot_be_read_are_named(job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    with Path(job.data).open("a") as file:
        file.write('9,9,a broken caption,"( no graph"\n')
    assert len(load(job)[1]) == len(small_factual.lines())
    assert "train.csv" in capsys.readouterr().err


@pytest.mark.usefixtures("one_thread")
def test_a_job_repeats_bitwise_and_is_done_once(job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    folder = run_job(job)
    again = run_job(replace(job, folder=job.folder.parent / "again"))
    assert (folder / "weights.safetensors").read_bytes() == (again / "weights.safetensors").read_bytes()
    told = json.loads((folder / "network.json").read_text())["trained"]
    assert (told["seed"], told["captions"], told["unlabelled"], told["teachers"]) == (
        7,
        len(small_factual.lines()),
        2,
        0,
    )
    capsys.readouterr()
    assert run_job(replace(job, data="nowhere.csv")) == folder
    assert "run: trained already" in capsys.readouterr().err
    with pytest.raises(ValueError, match=r"run was trained with seed 7, not 8, epochs 1, not 2, hidden 8, not 9; give"):
        run_job(replace(job, seed=8, fit=replace(job.fit, epochs=2), sizes=replace(SIZES, hidden=9)))


def test_what_teachers_say_comes_in_the_order_of_the_captions(small_model: TextGraphModel, small_weights: Path) -> None:
    captions = [caption.split() for caption, _ in small_factual.lines()][:9]
    lessons = learn([small_weights], captions, batch_size=4)
    assert [list(lesson.tokens) for lesson in lessons] == captions
    [alone] = teach([(small_model.network, small_model.reader)], captions[3:4])
    torch.testing.assert_close(lessons[3].links.float(), alone.links.float(), atol=5e-3, rtol=0)
    assert lessons[3].spans == alone.spans
