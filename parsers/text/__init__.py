"""Text to scene graphs: `TextParser` in Python, the spaCy component "scene_graph" in a pipeline, `usg parse text`."""

from usg.parsers.text.parser import TextParser

__all__ = ["TextParser"]
