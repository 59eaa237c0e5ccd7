"""Scores graphs of texts against gold graphs, beside floors, and hand-checked cases.

usg evaluate text-graph --gold dev.csv --parser text --train train.csv
usg evaluate text-graph --gold dev.csv --pred mine.jsonl --pred other.jsonl --json scores.json
usg evaluate text-graph --cases failures.jsonl --parser text
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from usg.files import atomic_path
from usg.formats import FORMATS, read_graphs
from usg.metrics import SpiceMatcher, facts_of, find_wordnet, score_facts
from usg.parsers.names import PARSERS
from usg.parsers.text.evaluation.captions import caption_of, clean_mask, groups_of
from usg.parsers.text.evaluation.cases import CaseReport, read_cases, run_cases
from usg.parsers.text.evaluation.floors import floor_facts
from usg.parsers.text.evaluation.systems import System, graphs_of, labels_of, parse
from usg.parsers.text.evaluation.table import TextGraphTable
from usg.progress import progress
from usg.provenance import command, commit

_PROTOCOL = (
    "95 % bootstrap intervals, captions of one image drawn together. Facts are compared as sets of lower-case label "
    "tuples, strictly; what is negated is not asserted"
)
_CLEAN = (
    "clean: no training caption equal up to a, an, the, is, are, case and punctuation, and no training caption of the "
    "same image"
)


def evaluate(
    gold: str,
    systems: Sequence[System],
    *,
    train: str | None = None,
    gold_format: str | None = None,
    pred_format: str | None = None,
    wordnet: str | None = None,
) -> TextGraphTable:
    """Scores systems on gold graphs.

    Args:
        gold: file of the gold graphs.
        systems: the system under test, then others that it is compared with.
        train: file of the training graphs, for the clean subset and the nearest-neighbour floor.
        gold_format: of `gold` and `train`, a name in `usg.formats.FORMATS`; guessed from the file's name when absent.
        pred_format: of predicted graphs, likewise.
        wordnet: folder of WordNet's files; looked for in the usual places when absent.

    Raises:
        ValueError: there is no system or no gold graph, or predictions do not fit them.
    """
    if not systems:
        raise ValueError("nothing to evaluate; give a file of graphs by --pred or a parser by --parser")
    labels = labels_of(systems)
    spice = SpiceMatcher(find_wordnet(wordnet))
    truth = list(read_graphs(gold, gold_format))
    if not truth:
        raise ValueError(f"{gold} has no graph to score on")
    predicted = {
        label: [facts_of(graph) for graph in graphs_of(system, truth, pred_format)]
        for label, system in zip(labels, systems, strict=True)
    }
    taught = None if train is None else list(progress(read_graphs(train, gold_format), label="training graphs"))
    captions = [caption_of(graph) or "" for graph in truth]
    facts, groups = [facts_of(graph) for graph in truth], groups_of(truth)
    score = partial(score_facts, gold=facts, spice=spice, groups=groups)
    notes = [_PROTOCOL, _CLEAN if taught is not None else "no --train: no clean subset, no nearest training graph"]
    return TextGraphTable(
        systems={label: score(said) for label, said in predicted.items()},
        floors={name: score(said) for name, said in floor_facts(captions, taught).items()},
        captions=captions,
        clean=None if taught is None else clean_mask(truth, taught),
        protocol=".\n".join([*notes, spice.note]) + ".",
    )


def evaluate_cases(path: str, systems: Sequence[System]) -> CaseReport:
    """Runs a parser over hand-checked cases.

    Args:
        path: file of cases, as `usg.parsers.text.evaluation.cases` reads it.
        systems: one parser.

    Raises:
        ValueError: not one parser is given, or the file cannot be read.
    """
    if len(systems) != 1 or systems[0].kind != "parser":
        raise ValueError("cases are texts to be parsed: give one parser by --parser and no --pred")
    name = systems[0].name
    return run_cases(read_cases(path), lambda texts: parse(name, texts))


def main(argv: Sequence[str]) -> int:
    """Runs `usg evaluate text-graph`.

    Args:
        argv: the words after it.

    Returns:
        The exit status.
    """
    arguments = _parser().parse_args(argv)
    if not arguments.gold and not arguments.cases:
        raise ValueError("nothing to compare with; give gold graphs by --gold or hand-checked cases by --cases")
    result: dict[str, Any] = {}
    line, version = command("usg evaluate text-graph", argv), commit()
    systems = arguments.systems or []
    if arguments.gold:
        options = {name: getattr(arguments, name) for name in ("train", "gold_format", "pred_format", "wordnet")}
        table = evaluate(arguments.gold, systems, **options)
        print(table.to_text())
        result = table.to_dict(line, version)
    if arguments.cases:
        report = evaluate_cases(arguments.cases, systems)
        print(("\n" if result else "") + report.to_text())
        cases = report.to_dict()
        result = {**result, "cases": cases} if result else {"command": line, "commit": version, **cases}
    if arguments.json:
        with atomic_path(arguments.json) as temporary:
            temporary.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="usg evaluate text-graph", description=(__doc__ or "").partition("\n")[0], allow_abbrev=False
    )
    parser.add_argument("--gold", metavar="G", help="gold graphs with their captions, in any format (usg ls formats)")
    parser.add_argument(
        "--pred",
        metavar="P",
        dest="systems",
        action="append",
        type=partial(System, "pred"),
        help="predicted graphs, one for each gold graph and in the same order; repeated, the first one is compared "
        "with the others by paired bootstrap",
    )
    parser.add_argument(
        "--parser",
        metavar="NAME",
        dest="systems",
        action="append",
        type=partial(System, "parser"),
        help=f"a parser to run on the gold captions: {', '.join(PARSERS)}, or the dotted path of a class or function "
        "that makes one; may be repeated too",
    )
    parser.add_argument("--train", metavar="T", help="the training graphs: for the clean subset and the nearest one")
    parser.add_argument("--cases", metavar="FILE", help="hand-checked cases (JSONL) that the parser is run on")
    names = ", ".join(sorted(FORMATS))
    parser.add_argument("--gold-format", metavar="F", help=f"one of {names}; guessed from G if not given")
    parser.add_argument("--pred-format", metavar="F", help="likewise, of P")
    parser.add_argument(
        "--wordnet",
        metavar="DIR",
        help="WordNet's files (Debian: wordnet-base); $WNSEARCHDIR or the usual places if not given",
    )
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the figures here too")
    return parser
