"""Scores scene graphs of films against gold: R@K by vIoU or by frames, mAP, IDF1, HOTA, event F1.

usg evaluate video-graph --gold test.jsonl --pred mine.jsonl
usg evaluate video-graph --gold test.jsonl --pred mine.jsonl --protocol pvsg --json scores.json
usg evaluate video-graph --gold test.jsonl --pred mine.jsonl --set events=enters,exits,"picks up"
"""

from __future__ import annotations

from collections.abc import Sequence

from usg.metrics.scene_graph.cli import run
from usg.metrics.video_graph.scores import score_films


def main(argv: Sequence[str]) -> int:
    """Runs `usg evaluate video-graph` with the words after it and returns the exit status."""
    return run(argv, "usg evaluate video-graph", __doc__, modality="video", score=score_films, default="usg-film")
