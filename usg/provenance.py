"""Where figures come from: the commit and the machine, in words."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path


def commit() -> str | None:
    """The short commit of the checkout that this code runs from, `+` where it has been edited; None outside one."""
    folder = Path(__file__).resolve().parent
    try:
        words = ["git", "-C", str(folder), "describe", "--always", "--dirty=+", "--exclude=*"]
        found = subprocess.run(words, capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return None
    return found.stdout.strip() or None


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
