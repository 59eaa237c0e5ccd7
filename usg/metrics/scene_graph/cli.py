"""Scores scene graphs of pictures against gold: R@K, mR@K, ng-R@K, zR@K, mAP, attributes, masks.

usg evaluate scene-graph --gold test.jsonl --pred mine.jsonl
usg evaluate scene-graph --gold test.jsonl --pred mine.jsonl --protocol psg --train train.jsonl --json scores.json
usg evaluate scene-graph --gold test.jsonl --pred mine.jsonl --protocol vg150 --task predcls --set predicate_classes=17
"""

from __future__ import annotations

from collections.abc import Sequence

from usg.metrics.scene_graph.command import run
from usg.metrics.scene_graph.scores import score_scenes


def main(argv: Sequence[str]) -> int:
    """Runs `usg evaluate scene-graph` with the words after it and returns the exit status."""
    return run(argv, "usg evaluate scene-graph", __doc__, modality="image", score=score_scenes, default="usg")
