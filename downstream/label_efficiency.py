"""What pretraining saves in labels: pretrained beside scratch and controls, paired on the same labelled questions.

Every cell of the table is one finetuning run (`usg.downstream.cells`): a system, a number of labels, a seed. Systems
differ in where their weights come from and in nothing else:

- scratch: the pretrained encoder's architecture and vocabulary, new weights;
- scratch, trained longer: the same with more steps, so that it is not merely stopped early;
- each `--encoder NAME=FOLDER`, the first being the one that the others are compared with;
- the first encoder on graphs with shuffled edges, in training and in test.
"""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from usg.downstream.cells import Settings, System, add_options, named_encoders, run_table
from usg.files import atomic_path
from usg.pretrain.corpora import WorldScenes, world_corpus

QA_SCENES = WorldScenes(train=6000, val=250, test=1000, seed=72_000, captions=0, questions=8)
"""The scenes that questions are asked about: three times as many as labels, so that the seeds of a table differ in
scenes, and of a seed that neither pretraining nor the configurations have, so that nothing was tuned on them."""

SCRATCH, LONGER, SHUFFLED = "scratch", "scratch, trained longer", "shuffled edges"


def systems_of(encoders: Mapping[str, str], longer: int = 3) -> list[System]:
    """The rows: scratch, scratch trained longer, every encoder, the first with shuffled edges.

    Args:
        encoders: name -> folder; the first is the one that is compared.
        longer: factor of the longer run's steps.

    >>> [system.name for system in systems_of({"pretrained": "a", "no captions": "b"})]
    ['scratch', 'scratch, trained longer', 'pretrained', 'no captions', 'pretrained, shuffled edges']
    """
    first, folder = next(iter(encoders.items()))
    return [
        System(SCRATCH, folder, scratch=True),
        System(LONGER, folder, scratch=True, longer=longer),
        *(System(name, path) for name, path in encoders.items()),
        System(f"{first}, {SHUFFLED}", folder, shuffled=True),
    ]


def sample(world: WorldScenes, cache: Path) -> tuple[str, str, str]:
    """Folders of the train, val and test scenes, sampled when missing; once, before processes ask for them together.

    Args:
        world: scenes to sample.
        cache: folder of sampled scenes.
    """
    train, val, test = (str(world_corpus(world, split, cache)) for split in ("train", "val", "test"))
    return train, val, test


def main(argv: Sequence[str]) -> int:
    """Runs `usg finetune qa-table`."""
    parser = argparse.ArgumentParser(prog="usg finetune qa-table", description=__doc__.splitlines()[0])
    add = parser.add_argument
    add_options(parser, "runs/qa-table", "test questions (default: all)")
    add("--labels", type=int, nargs="+", default=[300, 2000], help="numbers of labelled questions (default: 300 2000)")
    add("--longer", type=int, default=3, help="factor of the steps of the longer scratch run (default: 3)")
    add("-o", "--out", type=Path, default=None, help="write the table as Markdown")
    options = parser.parse_args(argv)
    encoders = named_encoders(options.encoder)

    from usg.downstream.efficiency_table import EfficiencyTable

    settings = Settings(
        *sample(QA_SCENES, options.cache),
        steps=options.steps,
        validate_every=max(1, options.steps // 8),
        rates=tuple(options.rates),
        test_labels=options.test_labels,
    )
    results = run_table(
        systems_of(encoders, options.longer), settings, options.labels, options.seeds, options.cells, options.jobs
    )
    command = shlex.join(["usg", "finetune", "qa-table", *argv])
    table = EfficiencyTable.of(results, settings, next(iter(encoders)))
    print(table.to_text())
    for path, content in ((options.out, table.to_markdown(command)), (options.json, table.to_json(command))):
        if path is not None:
            with atomic_path(path) as temporary:
                temporary.write_text(content, encoding="utf-8")
            print(f"wrote {path}")
    return 0
