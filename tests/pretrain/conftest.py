"""A small run on scenes of the world, made once."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from usg.cli import main

# Dropout, captions, several passes over the data, checkpoints and validations in the middle of a pass.
CONFIG = """
seed_everything: 3
trainer: {max_steps: 12, val_check_interval: 2, log_every_n_steps: 1, accelerator: cpu, enable_progress_bar: false}
model: {dim: 32, layers: 1, heads: 2, dropout: 0.2, optimizer: {warmup_steps: 3}}
data: {world: {train: 40, val: 8, test: 8}, batch_size: 8}
checkpoint: {every: 3}
"""


@dataclass(frozen=True)
class SmallRun:
    """A configuration and what was made with it; `run` is the folder of a finished `usg pretrain fit`."""

    folder: Path

    @property
    def run(self) -> Path:
        return self.folder / "run"

    def words(self, subcommand: str = "fit", run: str = "run") -> list[str]:
        words = ["pretrain", subcommand, "--config", str(self.folder / "config.yaml")]
        words += ["--data.cache", str(self.folder / "data")]
        return [*words, "--trainer.default_root_dir", str(self.folder / run)]

    def usg(self, *more: str, subcommand: str = "fit", run: str = "run") -> Path:
        assert main([*self.words(subcommand, run), *more, "--debug"]) == 0
        return self.folder / run


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Runs are compared bit by bit, here and in processes of their own; sums over two threads round differently."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def small_run(tmp_path_factory: pytest.TempPathFactory, one_thread: None) -> SmallRun:
    small = SmallRun(tmp_path_factory.mktemp("pretrain"))
    (small.folder / "config.yaml").write_text(CONFIG, encoding="utf-8")
    small.usg()
    return small
