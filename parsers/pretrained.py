"""Loading of Hugging Face models: a folder of save_pretrained, or owner/name on the hub, which is asked once.

Where the hub cannot be reached, what was downloaded before is read, and a name that was not is an error at once.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from usg.hub import is_hub_name, reachable

T = TypeVar("T")


def load_pretrained(model: str | os.PathLike[str], kind: str, load: Callable[[str, bool], T]) -> T:
    """What `load(name, local_files_only)` makes of a model, or an error that says what to do.

    Args:
        model: a folder, or owner/name on the hub.
        kind: what the model is to be, for errors ("detector").
        load: called with the name and whether nothing may be downloaded.

    Raises:
        FileNotFoundError: there is no such folder, and the hub does not give it.
        ValueError: the folder holds no such model.

    >>> load_pretrained("no/such/folder", "detector", lambda name, offline: None)
    Traceback (most recent call last):
    FileNotFoundError: no folder no/such/folder with a detector; pass one of save_pretrained, or owner/name on the hub
    """
    name = os.fspath(model)
    folder = Path(name).is_dir()
    if not folder and not is_hub_name(name):
        raise FileNotFoundError(
            f"no folder {name} with a {kind}; pass one of save_pretrained, or owner/name on the hub"
        )
    offline = folder or not reachable(name)
    try:
        return load(name, offline)
    except (OSError, ValueError, KeyError) as error:
        reason = (str(error).strip().splitlines() or ["no reason given"])[0]
        if folder:
            raise ValueError(f"{name} holds no {kind} that can be loaded: {reason}") from error
        why = f"the hub did not give it: {reason}"
        if offline:
            why = "the hub cannot be reached and no earlier download has it"
        raise FileNotFoundError(f"no {kind} {name}; {why}; pass a folder of save_pretrained") from None


def version_of(model: str | os.PathLike[str], loaded: Any) -> str:
    """The name of a model, with its revision where it has one.

    >>> version_of("./runs/tiny", object())
    'tiny'
    """
    revision = getattr(getattr(loaded, "config", None), "_commit_hash", None)
    name = os.fspath(model)
    name = name if is_hub_name(name) and not Path(name).is_dir() else Path(name).resolve().name
    return f"{name}@{revision[:12]}" if revision else name
