"""Trains the image parser on pictures with gold graphs; how the shipped weights were made.

usg train-parser image --config parsers/image_world
usg train-parser image fit --config parsers/image_world --ckpt_path last
usg train-parser image --config mine.yaml --data train.jsonl --val val.jsonl -o runs/mine --model.network.side 320
usg train-parser image validate --config parsers/image_world --ckpt_path last

What all `usg train-parser` commands call alike is short for settings of this one: --data FILE, repeated for more, for
--data.train, --val FILE for --data.val, -o DIR for --trainer.default_root_dir, --seed N for --seed_everything.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence

PROG = "usg train-parser image"
SHORT = "--data FILE, --val FILE, -o DIR and --seed N are short for data.train, data.val, the run folder and the seed."


def main(argv: Sequence[str]) -> int:
    """Runs `usg train-parser image` with the words after it, `fit` where no sub-command is named."""
    words = written_out(argv)
    if words and words[0].startswith("-") and words[0] not in ("-h", "--help"):
        words.insert(0, "fit")
    # torch and Lightning take seconds to import: a wrong sub-command is answered before.
    from usg.training.arguments import prepare_arguments

    prepare_arguments(words, PROG)
    from usg.parsers.image.training.data import PictureDataModule
    from usg.parsers.image.training.module import PictureTraining
    from usg.training.cli import run_training

    return run_training(
        words,
        PROG,
        PictureTraining,
        PictureDataModule,
        defaults={"trainer.default_root_dir": "runs/parsers/image"},
        links={"seed_everything": ["model.seed", "data.seed"]},
        description=f"{(__doc__ or '').splitlines()[0]} {SHORT}",
    )


def written_out(argv: Sequence[str]) -> list[str]:
    """The words of the command with what is short for a setting in full, behind the others.

    >>> written_out(["fit", "--data", "a.jsonl", "--model.jitter", "0", "-o", "runs/mine", "--data", "b"])
    ['fit', '--model.jitter', '0', '--data.train=["a.jsonl", "b"]', '--trainer.default_root_dir=runs/mine']
    """
    short = argparse.ArgumentParser(prog=PROG, add_help=False, allow_abbrev=False)
    short.add_argument("--data", action="append")
    short.add_argument("--val", action="append")
    short.add_argument("-o", "--output")
    short.add_argument("--seed")
    told, words = short.parse_known_args(argv)
    lists = {"data.train": told.data, "data.val": told.val}
    words += [f"--{name}={json.dumps(files)}" for name, files in lists.items() if files]
    single = {"trainer.default_root_dir": told.output, "seed_everything": told.seed}
    return words + [f"--{name}={value}" for name, value in single.items() if value is not None]
