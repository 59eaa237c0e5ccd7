"""Where figures come from: the command, the commit and the machine, in words."""

from __future__ import annotations

import os
import platform
import shlex
import subprocess
from collections.abc import Sequence
from datetime import date
from pathlib import Path


def command(prog: str, argv: Sequence[str]) -> str:
    """The line that a shell runs again.

    Args:
        prog: the command, as "usg bench ops".
        argv: the words after it.

    Example:
        >>> command("usg bench ops", ["--case", "levi", "--json", "my rows.json"])
        "usg bench ops --case levi --json 'my rows.json'"
    """
    return f"{prog} {shlex.join(argv)}".rstrip()


def commit() -> str | None:
    """The short commit of the checkout that this code runs from, `+` where it has been edited; None outside one."""
    folder = Path(__file__).resolve().parent
    try:
        # Installed, this package may lie in the environment of another project's checkout.
        if Path(_git(folder, "rev-parse", "--show-toplevel")).resolve() != folder.parent:
            return None
        return _git(folder, "describe", "--always", "--dirty=+", "--exclude=*") or None
    except (OSError, subprocess.SubprocessError):
        return None


def _git(folder: Path, *words: str) -> str:
    run = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True, check=True, timeout=10)
    return run.stdout.strip()


def record_of(command: str) -> dict[str, str | None]:
    """Where a record of figures comes from: command, commit, date and machine.

    Args:
        command: the line that a shell runs again.
    """
    return {"command": command, "commit": commit(), "date": date.today().isoformat(), "machine": machine()}


def machine() -> str:
    """Processor, cores and versions, in words."""
    import torch

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        lines = [line.partition(":") for line in info.read_text(encoding="utf-8").splitlines()]
        models = [value.strip() for key, _, value in lines if key.strip() == "model name"]
        name = models[0] if models else name
    versions = f"Python {platform.python_version()}, torch {torch.__version__}"
    return f"{cores} core{'s' if cores > 1 else ''} of {name}, {versions}"
