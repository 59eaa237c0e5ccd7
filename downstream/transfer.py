"""From medium to medium: finetuned on questions about graphs of one medium, tested on those of another.

    usg finetune transfer-table --encoder aligned=FOLDER --encoder 'masked only'=FOLDER --json transfer.json

No label of the medium that is tested on is used: its answers choose neither the step nor the rate. What is compared,
for an encoder finetuned on A and tested on B,

    share kept (A -> B) = accuracy (A -> B) / accuracy (B -> B)

has the same test questions above and below, so that B's being easier or harder than A plays no part; both runs learn
from as many labels, about the same scenes. Graphs are gold (`usg.downstream.media`), so parsers play no part either. An
answer that no label of A is cannot be given about B.

Media differ in what their graphs say and, with `--grounding`, in where: spans, boxes, tracks, times and the medium
itself are shown to the encoder. Without, it reads labels and structure alone. A high share can come cheaply: from a
system that does not read the graph at all. Therefore stand beside the encoders

- scratch, the first encoder's architecture and vocabulary with new weights;
- the majority of each template, and a regression on the words of the question, neither of which sees a graph.

Runs, and the files of those that are finished, are as in `usg.downstream.cells`.
"""

from __future__ import annotations

import argparse
import json
import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from usg.downstream.cells import Settings, System, add_options, named_encoders, run_table
from usg.downstream.label_efficiency import SCRATCH
from usg.downstream.media import MEDIA, MediaScenes, media_corpora
from usg.files import atomic_path
from usg.pretrain.result_tables import transfer

__all__ = ["SCENES", "main", "settings_of"]

SCENES = MediaScenes(seed=73_000)
"""Of a seed that neither pretraining nor the configurations have."""


def settings_of(scenes: MediaScenes, cache: Path, shared: Settings) -> dict[str, Settings]:
    """For each medium, the runs that learn from it and are tested on all.

    Args:
        scenes: drawn when they are missing.
        cache: the folder of drawn scenes.
        shared: what all runs share; its corpora are replaced.
    """
    train, val, test = (media_corpora(scenes, part, cache) for part in ("train", "val", "test"))
    return {
        medium: replace(
            shared,
            train=train[medium],
            val=val[medium],
            test=test[medium],
            others={other: test[other] for other in MEDIA if other != medium},
        )
        for medium in MEDIA
    }


def main(argv: Sequence[str]) -> int:
    """Runs `usg finetune transfer-table`."""
    summary = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(prog="usg finetune transfer-table", description=summary)
    add_options(parser, "runs/transfer-table", "test questions of each medium (default: all)")
    add = parser.add_argument
    add("--labels", type=int, default=1000, help="labelled questions of a run, one a scene (default: 1000)")
    add("--scenes", type=int, default=SCENES.train, help=f"training scenes to draw (default: {SCENES.train})")
    add("--grounding", action="store_true", help="show spans, boxes, tracks, times and the medium to the encoder")
    options = parser.parse_args(argv)
    encoders = named_encoders(options.encoder)

    from usg.downstream.transfer_table import TransferTable

    shared = Settings(
        *("", "", ""),
        steps=options.steps,
        validate_every=max(1, options.steps // 8),
        rates=tuple(options.rates),
        test_labels=options.test_labels,
        grounding=options.grounding,
    )
    settings = settings_of(replace(SCENES, train=options.scenes), options.cache, shared)
    first = next(iter(encoders))
    systems = [*(System(name, folder) for name, folder in encoders.items())]
    systems.append(System(SCRATCH, encoders[first], scratch=True))
    results = {
        medium: run_table(systems, each, [options.labels], options.seeds, options.cells / medium, options.jobs)
        for medium, each in settings.items()
    }
    record = TransferTable.of(results, settings, first).to_dict(
        shlex.join(["usg", "finetune", "transfer-table", *argv])
    )
    print(transfer([record]))
    if options.json is not None:
        with atomic_path(options.json) as temporary:
            temporary.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        print(f"wrote {options.json}")
    return 0
