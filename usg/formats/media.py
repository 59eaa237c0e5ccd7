"""Where the pictures and films of graphs lie: what `Source.uri` says, and what becomes of it when graphs move.

A uri is an address (scheme:...), an absolute path, or a path relative to the folder of the graphs: the corpus folder,
or the folder that their file is in; on standard input and output, the current one. So a file of graphs may be read from
anywhere, and a folder with graphs and pictures may be moved. `usg parse` and `usg convert` write uris for where their
output lies; readers join them with `media_folder`. Sources that hold their own text are not looked up, and their uri,
a name such as image/139, stays as it is.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

from usg.graph.scene_graph import SceneGraph

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")  # of two letters at least: C: is a drive


def media_folder(graphs: str | os.PathLike[str]) -> Path:
    """What the uris in a file or corpus of graphs are relative to; of `-`, the current folder.

    >>> media_folder("data/train.jsonl").as_posix()
    'data'
    """
    path = Path(graphs)
    return path if path.is_dir() else path.parent


def path_text(path: str | os.PathLike[str]) -> str:
    r"""A path as text that can be written: bytes that are no UTF-8 are replaced.

    >>> path_text(Path("a/b.png")), path_text("a\udcff.png")
    ('a/b.png', 'a\ufffd.png')
    """
    return str(os.fspath(path)).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def path_uri(path: str | os.PathLike[str]) -> str:
    """The uri of a file that is there, for graphs in the current folder; a name like an address begins with `./`.

    >>> path_uri("a/b.png"), path_uri("take:2.png")
    ('a/b.png', './take:2.png')
    """
    uri = path_text(path)
    return f"./{uri}" if _ADDRESS.match(uri) else uri


def moved_uri(uri: str, source: str | os.PathLike[str], target: str | os.PathLike[str]) -> str:
    """The uri that means in one folder what another means in a second.

    Args:
        uri: of graphs in the folder `source`.
        source: a folder.
        target: the folder of the graphs that are to say it.

    >>> moved_uri("photos/a.png", ".", "out"), moved_uri("photos/a.png", ".", "photos"), moved_uri("/a.png", ".", "out")
    ('../photos/a.png', 'a.png', '/a.png')
    """
    if os.path.isabs(uri) or _ADDRESS.match(uri):
        return uri
    path = os.path.join(source, uri)
    head, up, tail = path.rpartition("../")
    if up:  # the way up out of a folder whose name is that of a link begins where the link leads
        path = os.path.join(os.path.realpath(head + up), tail)
    try:
        moved = os.path.relpath(path, target)
        if moved.startswith(os.pardir):
            moved = os.path.relpath(path, os.path.realpath(target))
    except ValueError:  # on another drive
        return os.path.abspath(path)
    moved = Path(moved).as_posix()
    return f"./{moved}" if _ADDRESS.match(moved) else moved


def moved_graph(graph: SceneGraph, source: str | os.PathLike[str], target: str | os.PathLike[str]) -> SceneGraph:
    """A graph of one folder as it is written in another; see `moved_uri`.

    >>> from usg.graph import Source
    >>> graph = SceneGraph([Source("image", "image", uri="1.png"), Source("text", "text", uri="image/1", text="a dog")])
    >>> [each.uri for each in moved_graph(graph, "photos", "out").sources]
    ['../photos/1.png', 'image/1']
    """
    sources = tuple(
        replace(each, uri=moved_uri(each.uri, source, target)) if each.uri and each.text is None else each
        for each in graph.sources
    )
    return graph if sources == graph.sources else replace(graph, sources=sources)
