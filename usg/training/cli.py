"""The command line of every training: LightningCLI with one run folder, exact resume and one-line errors.

    usg pretrain fit --config pretrain/world --trainer.max_steps 100
    usg pretrain fit --config pretrain/world --ckpt_path last
    usg pretrain test --config pretrain/world --ckpt_path last
    usg peek --config pretrain/world

`--config` takes a file or the name of a shipped configuration (`usg ls configs`) and stands behind the sub-command;
several are merged in order, and later words win over them. The run folder is `trainer.default_root_dir`:
`config.yaml`, `metrics.csv`, `checkpoints/last.ckpt` and what the run makes besides.
"""

import shutil
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from jsonargparse import ArgumentError
from lightning.pytorch import Callback, LightningDataModule, LightningModule, Trainer
from lightning.pytorch.callbacks import TQDMProgressBar
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI
from lightning.pytorch.utilities import rank_zero_only
from lightning.pytorch.utilities.exceptions import MisconfigurationException

from usg.files import atomic_path
from usg.provenance import command
from usg.training.arguments import SUBCOMMANDS, one_line, prepare_arguments
from usg.training.callbacks import PlainProgress, PrintFigures, RunCheckpoint, StepSeed
from usg.training.checkpoint_io import AtomicCheckpointIO, best_checkpoint, load_checkpoint, newest_checkpoint
from usg.training.metrics_log import GradientNorm, MetricsLog
from usg.training.model_card import RunRecord
from usg.training.quiet import quiet_lightning
from usg.training.ranks import lost_process
from usg.training.rehearsal import Rehearsal, RehearsalOver
from usg.training.sharding import NoWeightsApart

# What Lightning would choose otherwise: a new version folder for each start, validation by epochs, no end.
_TRAINER_DEFAULTS: dict[str, Any] = {
    "default_root_dir": "runs/default",
    "check_val_every_n_epoch": None,
    "val_check_interval": 1000,
    "num_sanity_val_steps": 0,
    "enable_model_summary": False,
    # On a GPU an operation without a deterministic form warns; the CPU has none.
    "deterministic": "warn",
    "use_distributed_sampler": False,
}


_SUBCOMMAND_HELP = {
    "fit": "Trains, from the start or from a checkpoint (--ckpt_path last).",
    "validate": "Scores a checkpoint on the validation data.",
    "test": "Scores a checkpoint on the test data and prints the table.",
}


class TrainingCLI(LightningCLI):
    """LightningCLI with the defaults of this library; made by `run_training`."""

    def __init__(
        self,
        model_class: type[LightningModule],
        datamodule_class: type[LightningDataModule],
        *,
        args: list[str],
        settings: Mapping[str, Any],
        links: Mapping[str, Sequence[str]],
        stage: str | None,
        command: str,
        parser_kwargs: dict[str, Any],
    ) -> None:
        self._settings, self._links, self._stage, self._command = settings, links, stage, command
        super().__init__(
            model_class,
            datamodule_class,
            args=args,
            parser_kwargs=parser_kwargs,
            seed_everything_default=0,
            save_config_callback=None,
            auto_configure_optimizers=False,
            load_from_checkpoint_support=False,
        )

    @staticmethod
    def subcommands() -> dict[str, set[str]]:
        """The sub-commands and what of their methods is not asked for."""
        methods = LightningCLI.subcommands()
        return {name: methods[name] | {"weights_only", "verbose"} for name in SUBCOMMANDS}

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """The checkpoint, and whether an earlier run may be replaced."""
        parser.add_lightning_class_args(RunCheckpoint, "checkpoint")
        parser.add_argument("--overwrite", type=bool, default=False, help="Replace the run that the folder holds.")
        if self._stage is not None:
            parser.add_argument(
                "--stage", type=str, default=self._stage, help="What is trained; a configuration says it."
            )
        parser.set_defaults(dict(self._settings))
        for source, targets in self._links.items():
            for target in targets:
                parser.link_arguments(source, target)

    def add_default_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """The seed: a number, since a run that cannot be repeated cannot be resumed either."""
        parser.add_argument("--seed_everything", type=int, default=0, help="Seed of weights, order, masks and dropout.")

    def parse_arguments(self, parser: LightningArgumentParser, args: Any) -> None:
        """Parse words that stand for themselves: `sys.argv` belongs to `usg`, not to the parser."""
        try:
            self.config = parser.parse_args(args)
        except ArgumentError as error:
            linked = {target for targets in self._links.values() for target in targets}
            keys = set(self._subcommand_parsers[args[0]].get_defaults().keys()) if args[0] in SUBCOMMANDS else set()
            raise ValueError(one_line(str(error), keys - linked)) from error

    def _parse_ckpt_path(self) -> None:
        # Lightning would let the checkpoint's settings win over the command line's. Here only `last` and
        # `best` are looked up.
        settings = self.config[self.config.subcommand]
        if settings.get("ckpt_path") == "last":
            settings["ckpt_path"] = str(newest_checkpoint(settings.trainer.default_root_dir))
        elif settings.get("ckpt_path") == "best":
            settings["ckpt_path"] = str(best_checkpoint(settings.trainer.default_root_dir))
        elif settings.get("ckpt_path") and not Path(settings.ckpt_path).is_file():
            raise FileNotFoundError(
                f"--ckpt_path {settings.ckpt_path}: no such file; give a .ckpt file, or last or best for the run's"
            )

    def _prepare_subcommand_kwargs(self, subcommand: str) -> dict[str, Any]:
        arguments = super()._prepare_subcommand_kwargs(subcommand) | {"weights_only": True}
        # Lightning's own table of test figures; modules print theirs.
        return arguments if subcommand == "fit" else arguments | {"verbose": False}

    def before_instantiate_classes(self) -> None:
        """Refuse to write a second run over a first one, or clear the first one away."""
        run = Path(self._get(self.config, "trainer").default_root_dir)
        if self.subcommand != "fit" or self._get(self.config, "ckpt_path") or not _is_first():
            return
        if self._get(self.config, "overwrite"):
            # Were they left, `--ckpt_path last` could resume the old run under the name of the new one.
            shutil.rmtree(run / "checkpoints", ignore_errors=True)
            (run / "metrics.csv").unlink(missing_ok=True)
        elif (run / "checkpoints").is_dir() or (run / "metrics.csv").is_file():
            raise FileExistsError(
                f"{run} holds a run already: resume it with --ckpt_path last, replace it with --overwrite true, "
                "or name another folder with --trainer.default_root_dir"
            )

    def instantiate_trainer(self, **kwargs: Any) -> Trainer:
        """The trainer, with the log, the checkpoints and the callbacks of every run."""
        config = self._get(self.config_init, "trainer")
        fit, checkpoint = self.subcommand == "fit", self._get(self.config, "ckpt_path")
        run = Path(config["default_root_dir"])
        loggers = config["logger"]
        if loggers is False or not fit:
            config["logger"] = False
        else:
            log = MetricsLog(run)
            if checkpoint:
                log.continue_after(load_checkpoint(checkpoint)["global_step"])
            others = [] if loggers in (True, None) else loggers if isinstance(loggers, list) else [loggers]
            config["logger"] = [log, *others]
        seed = self._get(self.config, "seed_everything")
        callbacks: list[Callback] = [StepSeed(seed), NoWeightsApart(), PrintFigures()]
        callbacks += [RunRecord(self._command), GradientNorm()] if fit else []
        if config["enable_progress_bar"] is not False:
            terminal = sys.stderr.isatty()
            callbacks += [TQDMProgressBar()] if terminal else [PlainProgress()] if fit else []
            config["enable_progress_bar"] = terminal
        config["callbacks"] = [*callbacks, *(config["callbacks"] or [])]
        config["plugins"] = [AtomicCheckpointIO(), *(config["plugins"] or [])]
        if fit and _is_first():
            run.mkdir(parents=True, exist_ok=True)
            with atomic_path(run / "config.yaml") as temporary:
                settings = self.config["fit"].clone()
                settings.pop("ckpt_path", None), settings.pop("config", None)
                self._parser("fit").save(settings, temporary, skip_none=False, overwrite=True)
        return super().instantiate_trainer(**kwargs)


class RehearsalCLI(TrainingCLI):
    """A training that ends after its first steps and leaves nothing but what the data keep.

    Args:
        rehearsal: takes the steps.
        settings: all others are those of `TrainingCLI`.
    """

    def __init__(self, rehearsal: Rehearsal, *classes: Any, **settings: Any) -> None:
        self._rehearsal = rehearsal
        # Whatever writes into the run folder writes into one that will be gone.
        with TemporaryDirectory() as self._folder:
            try:
                super().__init__(*classes, **settings)
            except RehearsalOver:
                return
            except FloatingPointError as error:
                raise FloatingPointError("the loss of one of the first steps is no number") from error

    def before_instantiate_classes(self) -> None:
        """No log, no bar, no checkpoint, no validation."""
        trainer = self._get(self.config, "trainer")
        trainer.default_root_dir, trainer.limit_val_batches = self._folder, 0
        trainer.logger = trainer.enable_progress_bar = False
        self._get(self.config, "checkpoint").every = 0

    def instantiate_trainer(self, **kwargs: Any) -> Trainer:
        """The trainer of the run, with the rehearsal behind its callbacks."""
        trainer = super().instantiate_trainer(**kwargs)
        trainer.callbacks.append(self._rehearsal)  # type: ignore[attr-defined]
        return trainer


def _is_first() -> bool:
    """Whether this is the first of the processes; known before they have found each other."""
    return not getattr(rank_zero_only, "rank", 0)


def run_training(
    argv: Sequence[str],
    prog: str,
    module: type[LightningModule],
    data: type[LightningDataModule],
    *,
    defaults: Mapping[str, Any] | None = None,
    links: Mapping[str, Sequence[str]] | None = None,
    stage: str | None = None,
    description: str = "",
    rehearsal: Rehearsal | None = None,
) -> int:
    """Runs `fit`, `validate` or `test` of a module on its data from the words of a command line.

    Args:
        argv: the words after the command, as ["fit", "--config", "pretrain/world"].
        prog: the command, as "usg pretrain", for help and errors.
        module: the LightningModule class; its arguments become `--model.*`.
        data: the LightningDataModule class; its arguments become `--data.*`.
        defaults: of single arguments, as {"trainer.default_root_dir": "runs/pretrain"}.
        stage: which of several trainings of the command this is; becomes the key `stage`.
        links: arguments that others are set from, as {"seed_everything": ["model.seed"]}; they leave the command line.
        description: for the help.
        rehearsal: takes the first steps of `fit` and ends it; nothing is written in the run folder.

    Returns:
        The exit status, 0.

    Raises:
        ValueError: the words or the configuration are wrong; one line that says what and what to do.
        FileNotFoundError: a configuration or checkpoint does not exist.
        ConnectionError: another process of the training is gone.
    """
    quiet_lightning()
    words = prepare_arguments(argv, prog)
    common: dict[str, Any] = {"exit_on_error": False, "print_config": "--print_config", "allow_abbrev": False}
    settings = {f"trainer.{name}": value for name, value in _TRAINER_DEFAULTS.items()} | dict(defaults or {})
    helps = _SUBCOMMAND_HELP.items()
    parsers = {name: {**common, "prog": f"{prog} {name}", "description": text} for name, text in helps}
    make = TrainingCLI if rehearsal is None else partial(RehearsalCLI, rehearsal)
    try:
        make(
            module,
            data,
            args=words,
            settings=settings,
            links=links or {},
            stage=stage,
            command=command(prog, argv),
            parser_kwargs={**common, "prog": prog, "description": description, **parsers},
        )
    except MisconfigurationException as error:
        raise ValueError(" ".join(str(error).split())) from error
    except RuntimeError as error:
        if not lost_process(error):
            raise
        raise ConnectionError(
            "another process of this training has ended or no longer answers; the last checkpoint is whole: "
            "--ckpt_path last goes on from it"
        ) from error
    except SystemExit as error:
        # Lightning ends the process itself when it is interrupted; `usg` has a message and a status for that.
        if isinstance(error.__context__, KeyboardInterrupt):
            remedy = "--ckpt_path last resumes from the last checkpoint" if words[:1] == ["fit"] else ""
            raise KeyboardInterrupt(remedy) from None
        raise
    return 0
