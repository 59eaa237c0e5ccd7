"""Teaches a pretrained encoder a task: usg finetune qa fit|test --config finetune/qa.

usg finetune qa fit --config finetune/qa --data.labels 300
usg finetune qa test --config finetune/qa --ckpt_path last
usg finetune qa-table --encoder pretrained=runs/pretrain/world/model -o qa.md
usg finetune transfer-table --encoder aligned=runs/pretrain/aligned/model --json transfer.json
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from usg.names import unknown_name

_USAGE = """usage: usg finetune TASK ...

  qa fit|validate|test  question answering over the graph encoder; --config finetune/qa
  qa-table              pretrained beside scratch and controls at several numbers of labels
  transfer-table        finetuned on graphs of one medium, tested on those of another

`usg finetune TASK --help` tells more."""

TASKS = ("qa", "qa-table", "transfer-table")


def main(argv: Sequence[str]) -> int:
    """Runs `usg finetune`.

    Args:
        argv: the words after `usg finetune`.

    Returns:
        The exit status.

    Raises:
        LookupError: there is no such task.
        ValueError: an option stands before the task.

    >>> main(["--help"])
    usage: usg finetune TASK ...
    <BLANKLINE>
      qa fit|validate|test  question answering over the graph encoder; --config finetune/qa
      qa-table              pretrained beside scratch and controls at several numbers of labels
      transfer-table        finetuned on graphs of one medium, tested on those of another
    <BLANKLINE>
    `usg finetune TASK --help` tells more.
    0
    """
    if not argv or argv[0] in ("-h", "--help"):
        print(_USAGE, file=sys.stdout if argv else sys.stderr)
        return 0 if argv else 2
    task, *rest = argv
    if task == "qa":
        return finetune_qa(rest)
    if task == "qa-table":
        from usg.downstream.label_efficiency import main as qa_table

        return qa_table(rest)
    if task == "transfer-table":
        from usg.downstream.transfer import main as transfer_table

        return transfer_table(rest)
    if task.startswith("-"):
        raise ValueError(f"{task} stands before the task; write usg finetune qa fit {task} ...")
    raise LookupError(unknown_name("finetuning task", task, TASKS))


def finetune_qa(argv: Sequence[str]) -> int:
    """Runs `usg finetune qa fit|validate|test`."""
    from usg.downstream.data import QADataModule
    from usg.downstream.qa import QuestionAnswering
    from usg.training.cli import run_training

    return run_training(
        argv,
        "usg finetune qa",
        QuestionAnswering,
        QADataModule,
        defaults={"trainer.default_root_dir": "runs/qa"},
        links={"seed_everything": ["model.seed", "data.seed"]},
        description="Question answering over scene graphs.",
    )
