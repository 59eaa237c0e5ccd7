"""Pictures of scene graphs as self-contained SVG, for reports, notebooks and readmes.

>>> from usg.graph import SceneGraph
>>> draw_graph(SceneGraph()).startswith("<svg")
True
"""

from usg.draw.film import draw_film
from usg.draw.graph import draw_graph
from usg.draw.scene import draw_scene

__all__ = ["draw_film", "draw_graph", "draw_scene"]
