"""What worker processes run in tests; a module of its own, so that they can import it."""

from __future__ import annotations

import os
from collections.abc import Sequence

import torch


def threads(texts: Sequence[str]) -> list[int]:
    """The number of torch's threads, for each text."""
    return [torch.get_num_threads()] * len(texts)


def dies_at_stop(texts: Sequence[str]) -> list[str]:
    """The texts; the text "stop" ends the process, as the system does when memory runs out."""
    if "stop" in texts:
        os._exit(9)
    return list(texts)


def fails_at_stop(texts: Sequence[str]) -> list[str]:
    """The texts; the text "stop" raises."""
    if "stop" in texts:
        raise OSError("stop")
    return list(texts)
