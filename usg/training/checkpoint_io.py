"""Training checkpoints: written whole or not at all, and loaded without running code.

Lightning writes through a temporary file that may lie on another disk, where the last step is a copy and a killed run
can leave half a checkpoint. Here the file is written beside its final name and renamed. It is read with
`torch.load(weights_only=True)`: tensors and plain values, never a pickle that could run something.
"""

import errno
import io
import os
import pickle
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO

from usg.files import atomic_path

LAST, BEST = "last.ckpt", "best.ckpt"
_FULL = (errno.ENOSPC, errno.EDQUOT)  # the disk, or the user's share of it


class AtomicCheckpointIO(TorchCheckpointIO):
    """Lightning's checkpoint files, written atomically and read weights-only."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | os.PathLike[str], storage_options: Any | None = None
    ) -> None:
        """Write a checkpoint beside its final name, then rename.

        Raises:
            OSError: the disk is full; the earlier checkpoint of this name is as it was.
        """
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        # Through memory: torch's own writer turns a full disk into an error that names neither disk nor file.
        buffer = io.BytesIO()
        torch.save(checkpoint, buffer)
        try:
            with atomic_path(target) as temporary:
                temporary.write_bytes(buffer.getbuffer())
        except OSError as error:
            if error.errno not in _FULL:
                raise
            size = f"{error.strerror} for the {buffer.tell() / 2**20:,.1f} MiB of this checkpoint"
            kept = (
                "; the one before it is whole: --ckpt_path last goes on from it"
                if any(target.parent.glob("*.ckpt"))
                else ""
            )
            raise OSError(error.errno, size + kept, str(target)) from error

    def load_checkpoint(
        self, path: str | os.PathLike[str], map_location: Any = None, weights_only: bool | None = None
    ) -> dict[str, Any]:
        """Read a checkpoint; `weights_only` is always on, whatever is asked for."""
        return load_checkpoint(path, map_location)


def load_checkpoint(path: str | os.PathLike[str], map_location: Any = None) -> dict[str, Any]:
    """Reads a training checkpoint: tensors and plain values only.

    Args:
        path: the file.
        map_location: device of the tensors; the CPU by default.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no checkpoint, is damaged, or holds more than tensors and plain values.
    """
    file = Path(path)
    if not file.is_file():
        raise FileNotFoundError(f"there is no checkpoint {file}; give a .ckpt file, or `last` for the run's newest")
    try:
        checkpoint = torch.load(file, map_location=map_location or "cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ValueError(f"{file} is no checkpoint of tensors and plain values, and is not loaded") from error
    except (RuntimeError, EOFError, LookupError, ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{file} is damaged or no checkpoint; use an earlier one") from error
    if not isinstance(checkpoint, dict) or "state_dict" not in checkpoint:
        raise ValueError(f"{file} is no training checkpoint: it has no 'state_dict'")
    return checkpoint


def newest_checkpoint(run: str | os.PathLike[str]) -> Path:
    """The newest checkpoint in a run folder.

    `best.ckpt` is the last choice: it may lie between two batches of one step, whose gradients it does not hold.

    Raises:
        FileNotFoundError: the folder has none.
    """
    # `last.ckpt` and numbered checkpoints of one step are the same; of equal times the name decides.
    files = sorted(
        Path(run).glob("checkpoints/*.ckpt"),
        key=lambda file: (file.name != BEST, file.stat().st_mtime_ns, file.name == LAST),
    )
    if not files:
        raise FileNotFoundError(
            f"--ckpt_path last: {Path(run) / 'checkpoints'} holds no checkpoint; start without --ckpt_path, "
            "or name the run's folder with --trainer.default_root_dir"
        )
    return files[-1]


def best_checkpoint(run: str | os.PathLike[str]) -> Path:
    """The best checkpoint in a run folder.

    Raises:
        FileNotFoundError: the folder has none.
    """
    file = Path(run) / "checkpoints" / BEST
    if not file.is_file():
        raise FileNotFoundError(
            f"--ckpt_path best: there is no {file}; runs keep one where `checkpoint.monitor` names a figure of "
            "validation, as --checkpoint.monitor val/loss"
        )
    return file
