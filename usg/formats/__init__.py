"""Formats of scene graphs on disk: one module each, read as a stream and written as a stream.

A format is a module with `read(path, problems)`, an iterator of SceneGraphs, and `write(graphs, path, problems)`, which
returns how many graphs it wrote. Bad items are handed to `problems` (usg/formats/problems.py) and the rest is read.
Captions of COCO (coco_captions.py) and treebanks (conllu.py) are read here too; they are no graphs, and have no names.
Boxes, indices and the ends of intervals are converted here, at the edge; see `usg.graph` for the library's own.
"""

from usg.formats.conversion import convert, guess_format, read_graphs, write_graphs
from usg.formats.names import FORMATS
from usg.formats.problems import Problems

__all__ = ["FORMATS", "Problems", "convert", "guess_format", "read_graphs", "write_graphs"]
