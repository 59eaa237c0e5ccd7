"""Tables of the pages of results in Markdown, made of records: what commands wrote as JSON, for each seed or for all.

A record says command, commit, date, machine and seeds beside its figures; every table ends with a line of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from usg.metrics import Estimate, mean_of_runs
from usg.metrics.markdown import markdown_table, mean_and_spread, percent
from usg.pretrain.bridge.comparison import Comparison

__all__ = ["TABLES", "Record", "transfer"]

Record = Mapping[str, Any]

_SYSTEMS = {
    "model_shuffled_edges": "the same, shuffled edges",
    "majority": "majority",
    "slot_prior": "prior of the slot",
    "freq": "FREQ",
    "bag_of_nodes": "bag of nodes",
    "naive_bayes": "naive Bayes, one hop",
    "naive_bayes_co_objects": "naive Bayes with co-objects",
    "exact_ceiling": "exact posterior (the ceiling)",
}
_DIFFERENCES = {
    "over_naive_bayes": "encoder minus one-hop naive Bayes",
    "over_naive_bayes_unseen": "the same, on graphs whose facts no training graph has",
}


def masked_prediction(records: Sequence[Record]) -> str:
    """Masked prediction, from a record of `usg pretrain test` for each seed.

    One seed has 95 % intervals over graphs, several have mean and standard deviation; their difference to naive Bayes
    has an interval over graphs and seeds.

    Args:
        records: of the same test graphs.

    Raises:
        ValueError: the records are of different nodes, or two are of one seed.
    """
    first = records[0]["metrics"]
    kinds = [name.removesuffix("_accuracy") for name in first if name.endswith("_accuracy")]
    asked = [[record["metrics"].get(f"{kind}_accuracy", {}).get("n") for kind in kinds] for record in records]
    seeds = [record.get("seed") for record in records]
    if any(each != asked[0] for each in asked):
        raise ValueError(f"records of one table were scored on different nodes ({asked}); give them names of their own")
    if len(set(seeds)) < len(seeds):
        raise ValueError(f"records of one table are of the seeds {seeds}; keep one of each")
    counts = [f"{n:,} {kind}s" for n, kind in zip(asked[0], kinds, strict=True) if n is not None]

    def estimates(figure: str) -> list[list[Estimate]]:
        found = [[record["metrics"].get(f"{kind}_{figure}") for record in records] for kind in kinds]
        return [[_estimate(each) for each in of_kind if each] for of_kind in found]

    model = estimates("accuracy")
    one = len(records) == 1
    rows = [["**encoder**", *(f"**{percent(e[0]) if one else mean_and_spread([x.value for x in e])}**" for e in model)]]
    for name, label in _SYSTEMS.items():
        of_system = [record["baselines"].get(name, {}) for record in records]
        cells = [[found[f"{kind}_accuracy"] for found in of_system if f"{kind}_accuracy" in found] for kind in kinds]
        # Only what was trained differs from seed to seed.
        figures = [mean_and_spread(each if name.startswith("model") else each[:1]) if each else "-" for each in cells]
        if name.startswith("model") and records[0].get("shuffled", 1) < 0.995:
            label += f" (changed {100 * records[0]['shuffled']:.0f} % of the graphs)"
        if any(cells):
            rows.append([label, *figures])
    for figure, label in _DIFFERENCES.items():
        found = estimates(figure)
        if any(found):
            rows.append([label, *(percent(mean_of_runs(each), True) if each else "-" for each in found)])
    return f"{markdown_table([', '.join(counts) or 'hidden', *kinds], rows)}\n\n{_source(records)}"


def label_efficiency(records: Sequence[Record]) -> str:
    """Question answering with few labels, from the record of `usg finetune qa-table`."""
    (record,) = records
    labels = list(dict.fromkeys(n for by_labels in record["accuracy"].values() for n in by_labels))
    head = [f"{int(n):,} labels" for n in labels]
    others = record["differences"]
    main = next(run["system"] for run in record["runs"] if run["system"] not in others)
    accuracy = [[name, *(mean_and_spread(by[n]) for n in labels)] for name, by in record["accuracy"].items()]
    differences = [
        [other if part == "all" else f"- {part}", *(percent(_estimate(by[n]), True) for n in labels)]
        for other, parts in others.items()
        for part, by in parts.items()
    ]
    tables = [
        markdown_table(["accuracy", *head], accuracy, main),
        markdown_table([f"{main} minus", *head], differences),
    ]
    return "\n\n".join([*tables, f"{record['protocol']}.", _source(records)])


def transfer(records: Sequence[Record]) -> str:
    """From medium to medium, from the record of `usg finetune transfer-table`."""
    (record,) = records
    media = list(record["media"])
    head = [f"tested on {medium}" for medium in media]

    def rows(cells: Mapping[str, Any], show: Callable[[Any], str]) -> list[list[str]]:
        return [
            [system, learnt, *(show(by[tested]) if tested in by else "-" for tested in media)]
            for system, of in cells.items()
            for learnt, by in of.items()
        ]

    tables = [
        markdown_table(["accuracy", "finetuned on", *head], rows(record["accuracy"], mean_and_spread), names=2),
        markdown_table(
            ["share kept", "finetuned on", *head], rows(record["kept"], lambda e: percent(_estimate(e))), names=2
        ),
    ]
    for other, of in record["differences"].items():
        title = f"{record['main']} minus {other}"
        cells = rows({title: of}, lambda e: percent(_estimate(e), True))
        tables.append(markdown_table(["points", "finetuned on", *head], cells, names=2))
    return "\n\n".join([*tables, f"{record['protocol']}.", _source(records)])


def bridges(records: Sequence[Record]) -> str:
    """Bridges into a language model, from the record of `usg pretrain bridge-table`."""
    (record,) = records
    return f"{Comparison(record['cells']).to_markdown().rstrip()}\n\n{_source(records)}"


TABLES: Mapping[str, Callable[[Sequence[Record]], str]] = {
    "masked": masked_prediction,
    "labels": label_efficiency,
    "transfer": transfer,
    "bridges": bridges,
}
"""Kind of table to what makes it."""


def _estimate(figure: Mapping[str, Any]) -> Estimate:
    return Estimate(figure["value"], figure["low"], figure["high"], figure.get("n", 1))


def _source(records: Sequence[Record]) -> str:
    """Where figures come from, in a line: seeds, commits, dates, machines, and the command below."""
    seeds = [record["seed"] for record in records if record.get("seed") is not None] or records[0].get("seeds", [])
    parts = [_listed("seed", [str(seed) for seed in seeds])] if seeds else []
    parts.append(_listed("commit", [record["commit"] or "unknown" for record in records]))
    parts += [_listed("", [record[key] for record in records]) for key in ("date", "machine") if key in records[0]]
    commands = "\n".join(dict.fromkeys(f"    {record['command']}" for record in records))
    return f"{'; '.join(parts)}.\n\n{commands}"


def _listed(what: str, values: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(values))
    name = what if len(distinct) == 1 else f"{what}s" if what else ""
    return f"{name} {', '.join(distinct)}".strip()
