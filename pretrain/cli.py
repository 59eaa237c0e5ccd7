"""Masked pretraining of the graph encoder: fit, validate, test.

usg pretrain fit --config pretrain/world
usg pretrain fit --config pretrain/world --ckpt_path last
usg pretrain test --config pretrain/world --ckpt_path last
"""

from collections.abc import Sequence


def main(argv: Sequence[str]) -> int:
    """Runs `usg pretrain` with the words after it; returns the exit status."""
    # torch and Lightning take seconds to import: a wrong sub-command is answered before.
    from usg.training.arguments import prepare_arguments

    words = prepare_arguments(argv, "usg pretrain")
    from usg.pretrain.data import GraphDataModule
    from usg.pretrain.module import PretrainingModule
    from usg.training.cli import run_training

    return run_training(
        words,
        "usg pretrain",
        PretrainingModule,
        GraphDataModule,
        defaults={"trainer.default_root_dir": "runs/pretrain"},
        links={"seed_everything": ["model.seed", "data.seed"]},
        description=(__doc__ or "").partition("\n")[0],
    )
