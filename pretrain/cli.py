"""Pretraining: of the graph encoder, of a language model on what is said of graphs, and of a bridge between the two.

usg pretrain fit --config pretrain/world
usg pretrain fit --config pretrain/world --ckpt_path last
usg pretrain test --config pretrain/world --ckpt_path last
usg pretrain bridge-table --encoder runs/pretrain/mixed/model --language-model runs/pretrain/language_model/model
usg pretrain results docs/results/pretraining.md
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from usg.training.rehearsal import Rehearsal

STAGES = {
    "encoder": ("usg.pretrain.module:PretrainingModule", "usg.pretrain.data:GraphDataModule"),
    "language-model": (
        "usg.pretrain.language.module:LanguageModelModule",
        "usg.pretrain.language.data:ExampleDataModule",
    ),
    "bridge": ("usg.pretrain.bridge.module:BridgeModule", "usg.pretrain.language.data:ExampleDataModule"),
}
"""What can be trained, as the key `stage` of a configuration names it: a module and its data."""


def main(argv: Sequence[str]) -> int:
    """Runs `usg pretrain` with the words after it; returns the exit status."""
    if argv[:1] == ["bridge-table"]:
        from usg.pretrain.bridge.comparison import main as bridge_table

        return bridge_table(argv[1:])
    if argv[:1] == ["results"]:
        from usg.pretrain.results import main as results

        return results(argv[1:])
    return pretrain(argv, "usg pretrain")


def pretrain(argv: Sequence[str], prog: str, rehearsal: Rehearsal | None = None) -> int:
    """Trains a stage, or rehearses it.

    Args:
        argv: the sub-command and what follows it.
        prog: the command, for messages.
        rehearsal: takes the first steps of `fit` and ends it.

    Returns:
        The exit status, 0.
    """
    # torch and Lightning take seconds to import: a wrong sub-command is answered before.
    from usg.training.arguments import prepare_arguments

    stage = stage_of(prepare_arguments(argv, prog))
    from usg.training.cli import run_training

    module, data = (resolve_name(name) for name in STAGES[stage])
    return run_training(
        argv,
        prog,
        module,
        data,
        defaults={"trainer.default_root_dir": "runs/pretrain"},
        links={"seed_everything": ["model.seed", "data.seed"]},
        stage=stage,
        description=(__doc__ or "").partition("\n")[0],
        rehearsal=rehearsal,
    )


def stage_of(words: Sequence[str]) -> str:
    """What the words train: that of `--stage`, else of the last configuration that says it, else the encoder.

    Args:
        words: as `prepare_arguments` gives them, configurations as files.

    Raises:
        LookupError: there is no such stage.
    """
    import yaml

    from usg.names import unknown_name

    named = "encoder"
    for first, second in zip(words, [*words[1:], ""], strict=True):
        option, _, value = first.partition("=")
        value = value or second
        if option == "--stage":
            named = value
        elif option in ("--config", "-c"):
            named = yaml.safe_load(Path(value).read_text(encoding="utf-8")).get("stage", named)
    if named not in STAGES:
        raise LookupError(unknown_name("stage", str(named), STAGES))
    return named
