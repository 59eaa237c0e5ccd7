"""Scene graphs of pictures against gold, under protocols in which every switch stands (docs/scene_graph_metrics.md)."""

from usg.metrics.scene_graph.presets import PRESETS, preset
from usg.metrics.scene_graph.protocol import TASKS, Protocol, Task
from usg.metrics.scene_graph.scene import Link, Scene, Thing, scene_of, triples_of
from usg.metrics.scene_graph.scores import Scores, score_scenes

__all__ = [
    "PRESETS",
    "TASKS",
    "Link",
    "Protocol",
    "Scene",
    "Scores",
    "Task",
    "Thing",
    "preset",
    "scene_of",
    "score_scenes",
    "triples_of",
]
