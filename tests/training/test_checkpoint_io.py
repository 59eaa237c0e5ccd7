"""Checkpoints are written whole or not at all, and loading one runs no code."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest
import torch

from usg.training.checkpoint_io import AtomicCheckpointIO, best_checkpoint, load_checkpoint, newest_checkpoint


def checkpoint(value: float = 1.0) -> dict[str, Any]:
    return {"state_dict": {"w": torch.full((3,), value)}, "global_step": 4}


def test_round_trip(tmp_path: Path) -> None:
    file = tmp_path / "checkpoints" / "last.ckpt"
    AtomicCheckpointIO().save_checkpoint(checkpoint(), file)
    loaded = AtomicCheckpointIO().load_checkpoint(file, weights_only=False)
    assert torch.equal(loaded["state_dict"]["w"], torch.ones(3))
    assert [path.name for path in file.parent.iterdir()] == ["last.ckpt"]


def test_a_full_disk_keeps_the_earlier_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "last.ckpt"
    AtomicCheckpointIO().save_checkpoint(checkpoint(), file)

    def full(self: Path, data: bytes) -> int:
        with self.open("wb") as stream:
            stream.write(bytes(data)[:100])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))  # a write that fails names no file

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left") as raised:
        AtomicCheckpointIO().save_checkpoint(checkpoint(2.0), file)
    assert raised.value.filename == str(file)
    assert "the one before it is whole: --ckpt_path last goes on" in raised.value.strerror
    with pytest.raises(OSError, match="No space left") as first:
        AtomicCheckpointIO().save_checkpoint(checkpoint(2.0), tmp_path / "empty" / "last.ckpt")
    assert "the one before it" not in first.value.strerror
    monkeypatch.undo()
    assert torch.equal(load_checkpoint(file)["state_dict"]["w"], torch.ones(3))
    assert [path.name for path in tmp_path.rglob("*.ckpt")] == ["last.ckpt"]


class Malicious:
    def __reduce__(self) -> tuple[Any, ...]:
        return (os.system, ("touch owned",))


def test_a_pickle_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"state_dict": {}, "x": Malicious()}, tmp_path / "bad.ckpt")
    with pytest.raises(ValueError, match=r"bad\.ckpt is no checkpoint of tensors"):
        load_checkpoint("bad.ckpt")
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize("content", [b"", b"hello", None])
def test_damaged_files(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "x.ckpt"
    if content is None:
        torch.save(checkpoint(), file)
        content = file.read_bytes()[:-50]
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"x\.ckpt") as raised:
        load_checkpoint(file)
    assert "\n" not in str(raised.value)


def test_not_a_checkpoint(tmp_path: Path) -> None:
    torch.save([1, 2], tmp_path / "list.ckpt")
    with pytest.raises(ValueError, match="it has no 'state_dict'"):
        load_checkpoint(tmp_path / "list.ckpt")
    with pytest.raises(FileNotFoundError, match="there is no checkpoint"):
        load_checkpoint(tmp_path / "none.ckpt")


def test_newest(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="holds no checkpoint; start without"):
        newest_checkpoint(tmp_path)
    folder = tmp_path / "checkpoints"
    for name, seconds in (("last.ckpt", 100), ("step=9.ckpt", 50)):
        AtomicCheckpointIO().save_checkpoint(checkpoint(), folder / name)
        os.utime(folder / name, (seconds, seconds))
    assert newest_checkpoint(tmp_path).name == "last.ckpt"
    os.utime(folder / "step=9.ckpt", (200, 200))
    assert newest_checkpoint(tmp_path).name == "step=9.ckpt"


def test_best(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"there is no .*best\.ckpt; runs keep one where"):
        best_checkpoint(tmp_path)
    folder = tmp_path / "checkpoints"
    AtomicCheckpointIO().save_checkpoint(checkpoint(), folder / "best.ckpt")
    assert newest_checkpoint(tmp_path) == best_checkpoint(tmp_path) == folder / "best.ckpt"
    # The newest is the last choice where it is the best: it may lie between two batches of one step.
    AtomicCheckpointIO().save_checkpoint(checkpoint(), folder / "last.ckpt")
    os.utime(folder / "last.ckpt", (100, 100))
    assert newest_checkpoint(tmp_path).name == "last.ckpt"
