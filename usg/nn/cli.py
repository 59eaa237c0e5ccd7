"""Trains the vectors of labels that LabelEncoder ships.

usg train-parser labels --config parsers/labels --teacher FOLDER --captions '[FILE]' --graphs '[FILE]'

`--config` takes a file or the name of a shipped configuration (`usg ls configs`); later words win over it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

PROG = "usg train-parser labels"


def main(argv: Sequence[str]) -> int:
    """Trains label vectors, prints the scores of the check list and writes them beside the weights."""
    from jsonargparse import ArgumentError, ArgumentParser

    from usg.nn.label_settings import LabelTraining, Sources
    from usg.nn.label_training import train_labels, write_report
    from usg.provenance import command
    from usg.training.arguments import find_config, one_line

    parser = ArgumentParser(
        prog=PROG, description=(__doc__ or "").partition("\n")[0], exit_on_error=False, allow_abbrev=False
    )
    parser.add_argument("--config", action="config", help="A YAML file, or the name of a shipped one.")
    parser.add_class_arguments(LabelTraining)
    words = [
        str(find_config(word)) if before == "--config" else word
        for before, word in zip(["", *argv], argv, strict=False)
    ]
    try:
        arguments = parser.parse_args(words).as_dict()
    except ArgumentError as error:
        raise ValueError(one_line(str(error), parser.get_defaults().keys())) from error
    arguments.pop("config")
    settings = LabelTraining(sources=Sources(**arguments.pop("sources")), **arguments)
    report = train_labels(settings)
    write_report(Path(settings.output), {"command": command(PROG, argv), **report})
    for name, value in report["check"].items():
        print(f"{name:<20} {value:.3f}")
    print(f"{settings.output}: written after {report['cpu_seconds']} CPU seconds")
    return 0
