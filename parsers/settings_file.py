"""Settings from a YAML file: a frozen dataclass, whose fields may be dataclasses, with the file's values in it.

A value has the type of its default. Errors name the file, the section and the key, those of the dataclass's own checks
too.
"""

from __future__ import annotations

import os
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

from usg.names import unknown_name

T = TypeVar("T")


def read_settings(path: str | os.PathLike[str], default: T) -> T:
    """Reads settings from a YAML file.

    Args:
        path: of the file.
        default: what keys that the file leaves out stay at; a dataclass.

    Raises:
        LookupError: a key is not known.
        ValueError: a value is of the wrong type, or one that the dataclass refuses.

    Example:
        >>> import tempfile
        >>> from usg.parsers.text.training_settings import TextTraining
        >>> file = Path(tempfile.mkdtemp()) / "text.yaml"
        >>> _ = file.write_text("{seed: 3, fit: {epochs: 2}}")
        >>> settings = read_settings(file, TextTraining())
        >>> settings.seed, settings.fit.epochs, settings.fit.batch_size
        (3, 2, 128)
    """
    import yaml

    return _filled(default, yaml.safe_load(Path(path).read_text(encoding="utf-8")), str(path))


def _filled(default: T, content: Any, where: str) -> T:
    """The dataclass with the values of a table in place of its own."""
    known = {field.name: getattr(default, field.name) for field in fields(default)}  # type: ignore[arg-type]
    if content is None:
        content = {}
    if not isinstance(content, dict):
        raise ValueError(f"{where} is {content!r:.40}; expected a table of {', '.join(known)}")
    values = {}
    for key, value in content.items():
        if key not in known:
            raise LookupError(f"{where}: {unknown_name('key', str(key), known)}")
        if is_dataclass(known[key]):
            values[key] = _filled(known[key], value, f"{where}: {key}")
        else:
            values[key] = _value(known[key], value, f"{where}: {key}")
    try:
        return type(default)(**{**known, **values})
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def _value(old: Any, value: Any, where: str) -> Any:
    """A value as the type of the default has it; a default of None leaves the type to the dataclass."""
    if isinstance(old, tuple):
        if not isinstance(value, list):
            raise ValueError(f"{where} is {value!r}; expected a list, such as [{value}]")
        return tuple(value)
    if isinstance(old, float) and type(value) is int:
        return float(value)
    if old is not None and type(value) is not type(old):
        raise ValueError(f"{where} is {value!r}; expected a value such as {old!r}")
    return value
