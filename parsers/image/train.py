"""Trains the image parser on pictures with gold graphs; how the shipped weights were made.

usg train-parser image --config parsers/image_world
usg train-parser image fit --config parsers/image_world --ckpt_path last
usg train-parser image fit --config parsers/image_world --data.train '[mine.jsonl]' --data.world null
usg train-parser image validate --config parsers/image_world --ckpt_path last
"""

from __future__ import annotations

from collections.abc import Sequence

PROG = "usg train-parser image"


def main(argv: Sequence[str]) -> int:
    """Runs `usg train-parser image` with the words after it, `fit` where no sub-command is named."""
    words = list(argv)
    if words and words[0].startswith("-") and words[0] not in ("-h", "--help"):
        words.insert(0, "fit")
    # torch and Lightning take seconds to import: a wrong sub-command is answered before.
    from usg.training.arguments import prepare_arguments

    words = prepare_arguments(words, PROG)
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
        description=(__doc__ or "").partition("\n")[0],
    )
