"""Scores scene graphs of films against gold: R@K by vIoU or by frames, mAP, IDF1, HOTA, event F1.

usg evaluate video-graph --gold test.jsonl --pred mine.jsonl
usg evaluate video-graph --gold test.jsonl --pred mine.jsonl --protocol pvsg --json scores.json
usg evaluate video-graph --gold test.jsonl --pred mine.jsonl --set events=enters,exits,"picks up"
"""

from __future__ import annotations

from collections.abc import Sequence

from usg.metrics.scene_graph.cli import add_task, files_of, parser_for, protocol_of, report, tabulate
from usg.metrics.video_graph.scores import score_films


def main(argv: Sequence[str]) -> int:
    """Runs `usg evaluate video-graph`.

    Args:
        argv: the words after it.

    Returns:
        The exit status.
    """
    parser = parser_for("usg evaluate video-graph", __doc__ or "", "usg-film")
    add_task(parser)
    arguments = parser.parse_args(argv)
    protocol = protocol_of(arguments)
    table = tabulate(
        files_of(arguments),
        "video",
        protocol,
        lambda said, true, seen: score_films(said, true, protocol, task=arguments.task, seen=seen),
        arguments.resamples,
        (f"task {arguments.task}",),
    )
    report(table, "usg evaluate video-graph", argv, arguments.json)
    return 0
