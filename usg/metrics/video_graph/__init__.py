"""Scene graphs of films against gold: relations in tubes, tracking, events (docs/scene_graph_metrics.md)."""

from usg.metrics.video_graph.scores import score_films

__all__ = ["score_films"]
