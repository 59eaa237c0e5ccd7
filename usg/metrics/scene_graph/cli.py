"""Scores scene graphs of pictures against gold: R@K, mR@K, ng-R@K, zR@K, mAP, attributes, masks.

usg evaluate scene-graph --gold test.jsonl --pred mine.jsonl
usg evaluate scene-graph --gold test.jsonl --pred mine.jsonl --protocol psg --train train.jsonl --json scores.json
usg evaluate scene-graph --gold test.jsonl --pred mine.jsonl --protocol vg150 --task predcls --set predicate_classes=17

What it shares with `usg evaluate video-graph` (options, reading, pairing, reports) stands here too: `run`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from usg.files import atomic_path
from usg.formats import FORMATS, read_graphs
from usg.metrics.scene_graph.pairing import MATCHINGS, Matching, default_matching, paired
from usg.metrics.scene_graph.presets import PRESETS, preset
from usg.metrics.scene_graph.protocol import TASKS, Protocol, Task
from usg.metrics.scene_graph.scene import Scene, Triple, scene_of, triples_of
from usg.metrics.scene_graph.scores import Scores, score_scenes
from usg.metrics.scene_graph.switches import parse_switches
from usg.metrics.scene_graph.table import EvaluationTable
from usg.provenance import command, commit

Score: TypeAlias = Callable[..., Scores]
"""`score_scenes` or `score_films`."""


@dataclass(frozen=True)
class Files:
    """The files of an evaluation, and how their graphs are brought together.

    Attributes:
        gold: graphs that hold.
        predicted: graphs of systems, the one under test first.
        train: graphs of training, for zero-shot recall.
        gold_format: of `gold` and `train`, a name in `usg.formats.FORMATS`; guessed from the file's name when absent.
        pred_format: of `predicted`, likewise.
        matching: "uri", "name" or "order"; by uri where all graphs have one when absent, else by order.
    """

    gold: str
    predicted: Sequence[str]
    train: str | None = None
    gold_format: str | None = None
    pred_format: str | None = None
    matching: Matching | None = None


def main(argv: Sequence[str]) -> int:
    """Runs `usg evaluate scene-graph` with the words after it and returns the exit status."""
    return run(argv, "usg evaluate scene-graph", __doc__, modality="image", score=score_scenes, default="usg")


def run(argv: Sequence[str], prog: str, description: str, *, modality: str, score: Score, default: str) -> int:
    """Runs one of the commands.

    Args:
        argv: the words after it.
        prog: the command.
        description: its first line is told.
        modality: of the medium, "image" or "video".
        score: `score_scenes` or `score_films`.
        default: the protocol where none is named.

    Returns:
        The exit status.
    """
    arguments = _parser(prog, description, default).parse_args(argv)
    files = Files(
        arguments.gold,
        arguments.pred,
        arguments.train,
        arguments.gold_format,
        arguments.pred_format,
        arguments.match,
    )
    protocol = preset(arguments.protocol).changed(parse_switches(arguments.switches))
    table = tabulate(files, modality, protocol, score, arguments.resamples, arguments.task)
    if arguments.json is not None:
        result = table.to_dict(command(prog, argv), commit())
        with atomic_path(arguments.json) as temporary:
            temporary.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(table.to_text())
    return 0


def tabulate(
    files: Files, modality: str, protocol: Protocol, score: Score, resamples: int = 1000, task: Task = "sgdet"
) -> EvaluationTable:
    """Reads the files, scores every system and puts the figures in a table.

    Args:
        files: what is compared.
        modality: of the medium, "image" or "video".
        protocol: is printed with the figures.
        score: `score_scenes` or `score_films`.
        resamples: bootstrap samples.
        task: what the predictor was given.

    Raises:
        ValueError: a file has no graphs, a system is named twice, or predictions do not fit the gold.
    """
    if resamples < 1:
        raise ValueError(f"--resamples is {resamples}, expected a whole number from 1 on; fewer than 100 say little")
    gold = _scenes(files.gold, files.gold_format, modality, "gold graph {}")
    if not gold:
        raise ValueError(f"{files.gold} has no graph to score on")
    if files.train is not None and not protocol.zero_shot:
        raise ValueError(f"protocol {protocol.name} has no zero-shot recall; leave out --train or --set zero_shot=true")
    labels = _labels(files.predicted)
    systems, told = {}, [f"task {task}"]
    seen = _seen(files)
    read = [
        _scenes(path, files.pred_format, modality, f"graph {{}} of {label}")
        for path, label in zip(files.predicted, labels, strict=True)
    ]
    if modality == "video" and not protocol.events:
        # Where the gold says which of its relations are events, the others that have a time are none. Predictions add
        # names to that, but alone they would choose which gold events count.
        named = {event for scene in gold for event in scene.events}
        named |= {event for scenes in read for scene in scenes for event in scene.events} if named else set()
        protocol = protocol.changed({"events": tuple(sorted(named))})
        whose = "those that metadata name" if named else "all that has a time; --set events=... tells which count"
        told.append(f"events: {whose}")
    for path, label, said in zip(files.predicted, labels, read, strict=True):
        matching = files.matching or default_matching(said, gold)
        told.append(f"{label}: predictions matched by {matching}")
        systems[label] = score(paired(said, gold, matching, path), gold, protocol, task=task, seen=seen)
    if protocol.zero_shot:
        told.append(f"unseen: label triples not in {files.train}" if files.train else "no --train: no zero-shot recall")
    told.append(f"intervals: 95 %, {resamples} bootstrap samples, frames of one film drawn together")
    return EvaluationTable(systems, protocol, tuple(told), resamples)


def _parser(prog: str, description: str, default: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=prog, description=description.partition("\n")[0], allow_abbrev=False)
    parser.add_argument("--gold", metavar="G", required=True, help="gold graphs, in any format (usg ls formats)")
    parser.add_argument(
        "--pred",
        metavar="P",
        action="append",
        required=True,
        help="predicted graphs; repeated, the first is compared with the others by paired bootstrap",
    )
    parser.add_argument(
        "--protocol", metavar="NAME", default=default, help=f"one of {', '.join(PRESETS)}; {default} if not given"
    )
    parser.add_argument(
        "--set",
        metavar="SWITCH=VALUE",
        dest="switches",
        action="append",
        default=[],
        help="another value of a switch of the protocol, as region=mask or predicates=on,holding; repeated for others",
    )
    parser.add_argument(
        "--task",
        choices=TASKS,
        default="sgdet",
        help="what the predictor was given: predcls boxes and labels, sgcls boxes, sgdet nothing (default)",
    )
    parser.add_argument("--train", metavar="T", help="training graphs, for zero-shot recall")
    parser.add_argument(
        "--match",
        choices=MATCHINGS,
        help="how predictions find their gold graph: by the uri of the source, by its "
        "file name, or by order; by uri where all graphs have one if not given, else by order",
    )
    names = ", ".join(sorted(FORMATS))
    parser.add_argument("--gold-format", metavar="F", help=f"one of {names}; guessed from G if not given")
    parser.add_argument("--pred-format", metavar="F", help="likewise, of P")
    parser.add_argument("--resamples", metavar="N", type=int, default=1000, help="bootstrap samples; 1000")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the figures here too")
    return parser


def _scenes(path: str, format: str | None, modality: str, name: str) -> list[Scene]:
    return [
        scene_of(graph, modality, name.replace("{}", str(number), 1))
        for number, graph in enumerate(read_graphs(path, format), 1)
    ]


def _seen(files: Files) -> set[Triple] | None:
    if files.train is None:
        return None
    return {triple for graph in read_graphs(files.train, files.gold_format) for triple in triples_of(graph)}


def _labels(paths: Sequence[str]) -> list[str]:
    """A label for each file: its name, its whole path where several share one."""
    short = [Path(path).name for path in paths]
    labels = [name if short.count(name) == 1 else path for name, path in zip(short, paths, strict=True)]
    for label in labels:
        if labels.count(label) > 1:
            raise ValueError(f"the predictions {label!r} are given twice; give them once")
    return labels
