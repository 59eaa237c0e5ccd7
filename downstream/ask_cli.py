"""The command `usg ask`: answers in words about graphs, pictures, films and texts."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from usg.files import atomic_path


def main(argv: Sequence[str]) -> int:
    """Runs `usg ask` with the words after it; returns the exit status: 0, or 1 when a medium could not be read."""
    parser = argparse.ArgumentParser(
        prog="usg ask", description="Answers a question about graphs, pictures, films and texts, in words."
    )
    parser.add_argument(
        "media", metavar="MEDIUM", nargs="+", help="a file of graphs, a picture, a film, a .txt, or a text in quotes"
    )
    parser.add_argument("question", metavar="QUESTION", help="in quotes")
    parser.add_argument(
        "--model", metavar="DIR", required=True, help="a folder that a bridge stage of usg pretrain left"
    )
    parser.add_argument("--language-model", metavar="NAME", help="where the model's language model lies by now")
    parser.add_argument("--max-new-tokens", type=int, default=48, metavar="N", help="of an answer (default: 48)")
    parser.add_argument("--graph", action="store_true", help="print the graph in words too")
    parser.add_argument("--json", metavar="FILE", help="write media, graphs in words and answers there")
    arguments = parser.parse_args(argv)
    return ask(**vars(arguments))


def ask(
    media: Sequence[str],
    question: str,
    model: str,
    language_model: str | None = None,
    max_new_tokens: int = 48,
    graph: bool = False,
    json: str | None = None,
) -> int:
    """Answers a question about each medium, and prints the answers.

    Args:
        media: files, or texts.
        question: in words.
        model: as of `usg.downstream.ask.Asker`, like the next two.
        language_model: see there.
        max_new_tokens: see there.
        graph: print graphs in words too.
        json: file for all of it.

    Returns:
        0, or 1 when a medium could not be read; the others are answered.

    Raises:
        FileNotFoundError: there is no such model.
        ValueError: it is broken, or the question is empty.
    """
    from usg.downstream.ask import Asker, question_of
    from usg.nn.bridge import graph_text

    question = question_of(question)
    asker = Asker(model, language_model, max_new_tokens)
    rows: list[dict[str, Any]] = []
    failed = 0
    for medium in media:
        try:
            for number, found in enumerate(asker.graphs(medium)):
                row = {"medium": medium, "number": number, "graph": graph_text(found)}
                row["answer"] = asker.answer(found, question)
                rows.append(row)
                print(_line(row, several=len(media) > 1 or number > 0, graph=graph))
        except (OSError, ValueError, ImportError) as error:
            failed += 1
            print(f"usg: {medium}: {error}", file=sys.stderr)
    if json is not None:
        _write(Path(json), question, rows)
    return 1 if failed else 0


def _line(row: dict[str, Any], *, several: bool, graph: bool) -> str:
    which = f" {row['number'] + 1}" if row["number"] else ""
    name = f"{row['medium']}{which}: " if several else ""
    return f"{name}{row['answer']}" + (f"\n  {row['graph']}" if graph else "")


def _write(path: Path, question: str, rows: list[dict[str, Any]]) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps({"question": question, "answers": rows}, indent=2) + "\n", encoding="utf-8")
