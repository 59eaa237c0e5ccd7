"""One network to train: done once, and refused in the folder of another."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
import small_factual
import torch

from usg.parsers.text import jobs
from usg.parsers.text.jobs import Job, check_job, load, run_job
from usg.parsers.text.model import TextGraphModel
from usg.parsers.text.training_settings import Fit, Sizes

SIZES = Sizes(word_dim=8, stem_dim=8, gram_dim=8, hidden=8, layers=1, dim=16, mixing_dim=8)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    data = small_factual.write_csv(tmp_path / "train.csv")
    (tmp_path / "more.txt").write_text("a zebra in a field\na zebra and a dog\n\nx\n")
    unlabelled = (str(tmp_path / "more.txt"),)
    return Job(str(data), unlabelled, None, SIZES, Fit(epochs=1, batch_size=16), 7, tmp_path / "run")


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


def test_a_job_repeats_bitwise_and_is_done_once(job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    folder = run_job(job)
    again = run_job(replace(job, folder=job.folder.parent / "again"))
    assert (folder / "weights.safetensors").read_bytes() == (again / "weights.safetensors").read_bytes()
    told = json.loads((folder / "network.json").read_text())["trained"]
    assert (told["seed"], told["captions"], told["unlabelled"]) == (7, len(small_factual.lines()), 2)
    capsys.readouterr()
    assert run_job(job) == folder
    assert "run: trained already" in capsys.readouterr().err


def test_another_job_is_refused_in_the_folder_of_one_that_ended(job: Job, tmp_path: Path) -> None:
    run_job(job)
    other = small_factual.write_csv(tmp_path / "mine.csv")
    with other.open("a") as file:
        file.write('9,9,a dog,"( dog )"\n')
    digests = [sha256(Path(file).read_bytes()).hexdigest()[:8] for file in (job.data, other)]
    told = (
        rf"run was trained with data train\.csv \(SHA-256 {digests[0]}\), not mine\.csv \(SHA-256 {digests[1]}\); give "
    )
    with pytest.raises(ValueError, match=told + "another --output, or remove the folder"):
        run_job(replace(job, data=str(other)))
    with pytest.raises(ValueError, match=r"with seed 7, not 8; sizes\.hidden 8, not 9; fit\.epochs 1, not 2; give"):
        run_job(replace(job, seed=8, fit=replace(job.fit, epochs=2), sizes=replace(SIZES, hidden=9)))
    with pytest.raises(
        ValueError, match=r"with unlabelled more\.txt \(SHA-256 \w{8}\), not none; limit None, not 3; give"
    ):
        run_job(replace(job, unlabelled=(), limit=3))
    (job.folder / "job.json").unlink()
    with pytest.raises(ValueError, match=r"run holds a training, but no job\.json that says of what; give another"):
        run_job(job)


def test_another_job_does_not_go_on_with_an_unfinished_one(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch, pytest.raises(ZeroDivisionError):
        patch.setattr(TextGraphModel, "save", lambda self, folder: 1 / 0)
        run_job(job)
    assert (job.folder / "checkpoints" / "last.ckpt").is_file()
    Path(job.unlabelled[0]).write_text("a zebra\n")
    with pytest.raises(
        ValueError, match=r"run was trained with unlabelled more\.txt .*, not more\.txt .*; give another"
    ):
        run_job(job)


def test_a_job_that_trained_nothing_may_be_changed(job: Job) -> None:
    data = Path(job.data)
    content = data.read_text()
    data.write_text(content.splitlines()[0] + "\n")
    with pytest.raises(ValueError, match=r"train\.csv has no graph with a text"):
        run_job(job)
    data.write_text(content)
    assert run_job(job).is_dir()


def test_the_files_of_a_folder_count_with_their_names(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "a").write_text("1")
    job = replace(job, data=str(folder))
    monkeypatch.setattr(jobs, "_train", lambda job: (job.folder / "checkpoints").mkdir())
    run_job(job)
    check_job(job)
    (folder / "a").rename(folder / "b")
    with pytest.raises(ValueError, match="run was trained with data corpus "):
        check_job(job)


def test_it_trains_on_one_thread_and_leaves_the_caller_his(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    def train(job: Job) -> None:
        assert torch.get_num_threads() == 1
        raise ZeroDivisionError

    monkeypatch.setattr(jobs, "_train", train)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with pytest.raises(ZeroDivisionError):
            run_job(job)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
