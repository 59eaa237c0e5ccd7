"""Checks a corpus: counts, label statistics, broken shards, empty graphs, duplicates, overlap with another split."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from usg.corpus.check import Report, check_corpus, label_table
from usg.files import atomic_path

_TOP = 10


def main(argv: Sequence[str]) -> int:
    """Run `usg check`; 0 when all can be read, 1 when a shard is broken or there is no graph."""
    parser = argparse.ArgumentParser(prog="usg check", description=__doc__)
    parser.add_argument("corpus", metavar="CORPUS", help="a corpus folder (other formats: usg convert IN CORPUS)")
    parser.add_argument("--against", metavar="OTHER", help="a corpus that should share nothing with this one")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the figures here too")
    arguments = parser.parse_args(argv)
    report = check_corpus(arguments.corpus, arguments.against)
    table = to_json(report)
    print(to_text(report, table))
    if arguments.json:
        with atomic_path(arguments.json) as temporary:
            temporary.write_text(json.dumps(table, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0 if report.passed else 1


def to_json(report: Report, top: int = _TOP) -> dict[str, Any]:
    """The report as `--json` writes it.

    Args:
        report: of `check_corpus`.
        top: how many of the most frequent labels of each kind to list.
    """
    statistics = report.statistics
    counts = ("graphs", "empty_graphs", "sources", "objects", "attributes", "relations")
    labels = ("object_labels", "attribute_values", "attribute_kinds", "predicates", "words")
    table: dict[str, Any] = {"command": "check", "corpus": report.path, "provenance": report.provenance}
    table |= {name: getattr(statistics, name) for name in counts}
    table["objects_without_relations"] = report.without_relations
    table["attributes_without_kind"] = report.attributes_without_kind
    table["duplicates"] = report.duplicates
    table["broken"] = list(report.broken)
    table |= {name: label_table(getattr(statistics, name), top) for name in labels}
    if report.overlap is not None:
        overlap = report.overlap
        table["overlap"] = {
            "against": overlap.against,
            "media": overlap.media,
            "texts": overlap.texts,
            "graphs": overlap.graphs,
        }
    return table


def to_text(report: Report, table: dict[str, Any]) -> str:
    """The report for a reader."""
    graphs = table["graphs"]
    rows = [
        ("graphs", f"{graphs:,}"),
        ("  empty (no object)", _part(table["empty_graphs"], graphs)),
        ("  duplicates", _part(table["duplicates"], graphs)),
        ("sources", f"{table['sources']:,}"),
        ("objects", f"{table['objects']:,}"),
        ("  without relations", _part(table["objects_without_relations"], table["objects"])),
        ("attributes", f"{table['attributes']:,}"),
        ("  of unknown kind", _part(table["attributes_without_kind"], table["attributes"])),
        ("relations", f"{table['relations']:,}"),
    ]
    lines = [report.path, *(f"  {name:<22}{value:>18}" for name, value in rows)]
    for name in ("object_labels", "attribute_values", "attribute_kinds", "predicates", "words"):
        kind = table[name]
        top = ", ".join(f"{label} {count:,}" for label, count in kind["top"].items())
        lines.append(
            f"  {name.replace('_', ' ')}: {kind['distinct']:,} ({kind['hapaxes']:,} once){': ' * bool(top)}{top}"
        )
    if report.overlap is not None:
        overlap = report.overlap
        lines.append(f"  also in {overlap.against}")
        for what, count in (
            ("same medium", overlap.media),
            ("same text", overlap.texts),
            ("same graph", overlap.graphs),
        ):
            lines.append(f"    {what:<20}{_part(count, graphs):>18}")
    lines += [f"  BROKEN: {line}" for line in report.broken]
    if not graphs:
        lines.append("  EMPTY: no graph can be read")
    return "\n".join(lines)


def _part(count: int, total: int) -> str:
    return f"{count:,} ({100 * count / total:.1f} %)" if total else f"{count:,}"
