"""Pictures of scene graphs as self-contained SVG, for reports, notebooks and readmes.

>>> from usg.graph import SceneGraph
>>> draw_graph(SceneGraph()).startswith("<svg")
True
"""

from usg.draw.graph import draw_graph
from usg.draw.scene import draw_scene

__all__ = ["draw_graph", "draw_scene"]
