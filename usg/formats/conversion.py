"""Reading and writing graphs in any format, and from one to another."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from usg.formats.media import media_folder, moved_graph
from usg.formats.names import FORMATS, format_module
from usg.formats.problems import Problems
from usg.graph.scene_graph import SceneGraph
from usg.progress import progress

_SUFFIXES = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "factual", ".json": "discosg", "": "corpus"}


def guess_format(path: str | os.PathLike[str]) -> str:
    """The format that the name of a file or folder stands for; a .json file that holds an object is coco-relations.

    Raises:
        ValueError: the name says nothing.

    Example:
        >>> guess_format("graphs.jsonl"), guess_format("factual/train.csv"), guess_format("scenes"), guess_format("-")
        ('jsonl', 'factual', 'corpus', 'jsonl')
    """
    if str(path) == "-":
        return "jsonl"
    if Path(path).is_dir():
        return "corpus"
    suffix = Path(path).suffix.lower()
    if suffix not in _SUFFIXES:
        names = ", ".join(sorted(FORMATS))
        raise ValueError(f"cannot tell the format of {path} from its name; give one of {names} (--from, --to)")
    return "coco-relations" if suffix == ".json" and _is_object(Path(path)) else _SUFFIXES[suffix]


def _is_object(path: Path) -> bool:
    """Whether there is a file of JSON whose first sign opens an object."""
    if not path.is_file():
        return False
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        return file.read(64).lstrip().startswith("{")


def read_graphs(
    path: str | os.PathLike[str], format: str | None = None, problems: Problems | None = None
) -> Iterator[SceneGraph]:
    """The graphs of a file or folder, as a stream.

    Args:
        path: a file, a corpus folder, or `-` for JSONL on standard input.
        format: a name in `FORMATS`; guessed from `path` when absent.
        problems: collects bad items while the rest is read; when absent, the first bad item raises.

    Raises:
        FileNotFoundError: there is nothing at `path`.
        LookupError: an unknown format.
        ValueError: the file as a whole is not of the format; or an item is bad and there is no collector.
    """
    module = format_module(format or guess_format(path))
    if str(path) != "-" and not Path(path).exists():
        raise FileNotFoundError(f"cannot read {path}: there is no such file or folder")
    return module.read(path, Problems(strict=True) if problems is None else problems)


def write_graphs(
    graphs: Iterable[SceneGraph],
    path: str | os.PathLike[str],
    format: str | None = None,
    problems: Problems | None = None,
) -> int:
    """Write graphs to a file or folder, which takes its name when it is whole.

    Args:
        graphs: any number of graphs.
        path: a file, a folder for a corpus, or `-` for JSONL on standard output.
        format: a name in `FORMATS`; guessed from `path` when absent.
        problems: collects the graphs that the format cannot hold; when absent, the first one raises.

    Returns:
        How many graphs were written.
    """
    module = format_module(format or guess_format(path))
    return int(module.write(graphs, path, Problems(strict=True) if problems is None else problems))


def convert(
    input: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    source_format: str | None = None,
    target_format: str | None = None,
    overwrite: bool = False,
    problems: Problems | None = None,
) -> int:
    """Convert graphs from one format to another; uris say the same files as before (usg/formats/media.py).

    Args:
        input: a file, a corpus folder, or `-`.
        output: a file, a folder for a corpus, or `-`.
        source_format: of `input`, a name in `FORMATS`; guessed when absent.
        target_format: of `output`, likewise.
        overwrite: replace what is at `output`.
        problems: collects bad items; when absent, the first bad item raises.

    Returns:
        How many graphs were written. Until all are, nothing is at `output` but what was there before.

    Raises:
        FileExistsError: something is at `output` and `overwrite` is not given.
        ValueError: no graph could be read, or as in `read_graphs`.
    """
    collected = Problems(strict=True) if problems is None else problems
    read = read_graphs(input, source_format, collected)
    target = target_format or guess_format(output)
    here, there = media_folder(input), Path(output) if target == "corpus" else Path(output).parent
    graphs = (moved_graph(graph, here, there) for graph in read)
    if str(output) == "-":
        if target != "jsonl":
            raise ValueError(f"standard output takes jsonl, not {target}; name a file or folder")
        return write_graphs(progress(graphs, label="converting"), output, target, collected)
    final = Path(output)
    if final.exists() and not overwrite:
        raise FileExistsError(f"{final} exists and is not overwritten; remove it, name another, or give --overwrite")
    if final.exists() and final.is_dir() != (target == "corpus"):
        raise FileExistsError(
            f"{final} is {'a folder' if final.is_dir() else 'a file'}; --overwrite replaces like by like"
        )
    if final.is_dir() and not (final / "manifest.json").is_file():
        raise FileExistsError(f"{final} is a folder but not a corpus and is left as it is; name another")
    if not final.absolute().parent.is_dir():
        raise FileNotFoundError(f"cannot write {final}: the folder {final.parent} does not exist; create it first")
    temporary = final.with_name(f".{final.stem}.{secrets.token_hex(4)}{final.suffix}")
    try:
        written = write_graphs(progress(graphs, label="converting"), temporary, target, collected)
        if not written and collected.count:
            raise ValueError(f"no graph could be read from {input}, so nothing is written; first: {collected.first[0]}")
        _replace(temporary, final)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            reason = os.strerror(error.errno)
            raise OSError(error.errno, f"{reason}; nothing was written", str(final)) from error
        raise
    finally:
        if temporary.is_dir():
            shutil.rmtree(temporary)
        temporary.unlink(missing_ok=True)
    return written


def _replace(temporary: Path, final: Path) -> None:
    if final.is_dir():
        # A folder cannot be exchanged in one step; the old one steps aside first.
        aside = final.with_name(f".{final.name}.{secrets.token_hex(4)}")
        final.rename(aside)
        temporary.rename(final)
        shutil.rmtree(aside)
    else:
        os.replace(temporary, final)
