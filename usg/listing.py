"""What can be named: `usg ls` lists it, `usg cp` copies a configuration to edit.

Names come from the shipped configs folder and from plain dicts (name -> dotted path) in modules that import without
torch; nothing is registered by importing it.
"""

import argparse
from collections.abc import Sequence
from importlib.metadata import entry_points
from pathlib import Path
from pkgutil import resolve_name

from usg.files import atomic_path
from usg.names import unknown_name

# Where the dict of each kind stands.
_DICTS = {
    "detectors": "usg.parsers.image.names:DETECTORS",
    "formats": "usg.formats:FORMATS",
    "heads": "usg.downstream.names:HEADS",
    "objectives": "usg.pretrain.names:OBJECTIVES",
    "tasks": "usg.pretrain.names:TASKS",
}
_GROUPS = {"benchmarks": "usg.bench", "commands": "usg.commands", "evaluations": "usg.evaluate"}

KINDS = tuple(sorted(["configs", *_DICTS, *_GROUPS]))


def named(kind: str) -> dict[str, str]:
    """Returns what can be named of one kind.

    Args:
        kind: one of `KINDS`.

    Returns:
        For each name, in order, the dotted path behind it; for a configuration, the first comment line of its file.

    Raises:
        LookupError: there is no such kind.

    Example:
        >>> named("heads")["qa"]
        'usg.downstream.qa.QuestionAnswering'
    """
    if kind in _GROUPS:
        return {entry.name: entry.value for entry in sorted(entry_points(group=_GROUPS[kind]))}
    if kind in _DICTS:
        return dict(sorted(resolve_name(_DICTS[kind]).items()))
    if kind == "configs":
        return {name: _first_comment(file) for name, file in config_files().items()}
    raise LookupError(unknown_name("kind", kind, KINDS))


def config_files() -> dict[str, Path]:
    """Returns the shipped configurations: the name (path below configs/, without `.yaml`) and the file of each."""
    folder = Path(resolve_name("usg.configs").__file__).parent
    return {file.relative_to(folder).with_suffix("").as_posix(): file for file in sorted(folder.rglob("*.yaml"))}


def copy_config(name: str, file: str | Path) -> Path:
    """Copies a shipped configuration to a new file, to be edited.

    Args:
        name: the name that `usg ls configs` prints, as `pretrain/world`.
        file: where to; it must not exist.

    Returns:
        The new file.

    Raises:
        LookupError: there is no such configuration.
        FileExistsError: `file` exists.
    """
    files = config_files()
    source = files.get(name.removesuffix(".yaml"))
    if source is None:
        raise LookupError(unknown_name("config", name, files))
    target = Path(file)
    if target.exists():
        raise FileExistsError(f"{target} exists and is not overwritten; remove it or name another file")
    with atomic_path(target) as temporary:
        temporary.write_bytes(source.read_bytes())
    return target


def ls(argv: Sequence[str]) -> int:
    """Lists what can be named: configs, heads, objectives, formats, commands."""
    parser = argparse.ArgumentParser(prog="usg ls", description=ls.__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"one or more of {', '.join(KINDS)}; all by default")
    kinds = parser.parse_args(argv).kinds
    listed = {kind: named(kind) for kind in kinds or KINDS}  # all looked up before any is printed
    for kind, names in listed.items():
        if len(listed) > 1:
            print(f"{kind}:")
        indent = "  " if len(listed) > 1 else ""
        width = max(map(len, names), default=0)
        for name, meaning in names.items():
            print(f"{indent}{name:<{width}}  {meaning}".rstrip())
    return 0


def cp(argv: Sequence[str]) -> int:
    """Copies a shipped configuration to a file, to be edited."""
    parser = argparse.ArgumentParser(prog="usg cp", description=cp.__doc__)
    parser.add_argument("name", metavar="NAME", help="a name that `usg ls configs` prints, as pretrain/world")
    parser.add_argument("file", metavar="FILE", type=Path, help="the new file; an existing one is not overwritten")
    arguments = parser.parse_args(argv)
    print(copy_config(arguments.name, arguments.file))
    return 0


def _first_comment(file: Path) -> str:
    lines = file.read_text(encoding="utf-8").splitlines()
    return next((line.lstrip("# ") for line in lines if line.startswith("#")), "")
