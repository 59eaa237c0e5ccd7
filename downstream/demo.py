"""The main job end to end on the embedded world, with a report to look at: demo/report.html.

Samples scenes, pretrains a tiny graph transformer by masked prediction, prints the table of masked prediction, teaches
it to answer questions from few labels, beside the same model without pretraining, prints that table, and writes a page
with the graphs drawn. Every stage that is done is kept, so an interrupted demo goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from usg.files import atomic_path
from usg.pretrain.corpora import WorldScenes

if TYPE_CHECKING:
    from usg.pretrain.examples import MaskedExample

MINUTES = 15.0
"""What the whole takes at most on two cores, after installation."""


@dataclass(frozen=True)
class DemoSettings:
    """Sizes of the demo.

    Attributes:
        scenes: sampled for pretraining and for the table of masked prediction.
        steps: of pretraining.
        table_nodes: nodes of each kind per scene hidden for the table.
        questions: scenes that questions are asked about.
        labels: labelled questions.
        seeds: of labels, each a run of every system.
        finetune_steps: of every finetuning run.
        options: further words for `usg pretrain`.
    """

    scenes: WorldScenes = WorldScenes(train=12_000, val=300, test=500, captions=1, statements=2)  # noqa: RUF009
    steps: int = 1_800
    table_nodes: int = 2
    questions: WorldScenes = WorldScenes(train=300, val=60, test=250, seed=71_000, captions=0, questions=8)  # noqa: RUF009
    labels: int = 300
    seeds: tuple[int, ...] = (0,)
    finetune_steps: int = 300
    options: tuple[str, ...] = ()

    def scaled(self, minutes: float) -> DemoSettings:
        """The same with as many pretraining steps as fit into `minutes`."""
        fixed = 5.0  # what is not pretraining
        if minutes < fixed + 2:
            raise ValueError(f"--minutes {minutes:g}: the demo needs at least 7; --quick shows its stages in less")
        return replace(self, steps=int(self.steps * (minutes - fixed) / (MINUTES - fixed)))


QUICK = DemoSettings(
    scenes=WorldScenes(train=300, val=20, test=20),
    steps=20,
    table_nodes=1,
    questions=WorldScenes(train=60, val=10, test=20, seed=71_000, captions=0, questions=4),
    labels=60,
    finetune_steps=10,
    options=("--model.dim", "32", "--model.layers", "1", "--model.heads", "2"),
)
"""Shows that every stage runs; its figures mean nothing."""


def main(argv: Sequence[str]) -> int:
    """Runs `usg demo`."""
    parser = argparse.ArgumentParser(prog="usg demo", description=__doc__.partition("\n")[0])
    parser.add_argument("-o", "--out", type=Path, default=Path("demo"), help="folder of the demo (default: demo)")
    parser.add_argument(
        "--minutes", type=float, default=MINUTES, help=f"on two cores (default: {MINUTES:g}); scales pretraining"
    )
    parser.add_argument("--quick", action="store_true", help="every stage in seconds, with figures that mean nothing")
    parser.add_argument("--overwrite", action="store_true", help="start anew instead of going on")
    options = parser.parse_args(argv)
    settings = QUICK if options.quick else DemoSettings().scaled(options.minutes)
    try:
        demo(options.out, settings, overwrite=options.overwrite)
    except KeyboardInterrupt:
        raise KeyboardInterrupt("the same words without --overwrite go on where it was") from None
    return 0


def demo(out: Path | str, settings: DemoSettings, overwrite: bool = False) -> Path:
    """Runs all stages that are not done, and writes the report.

    Args:
        out: folder of the demo.
        settings: sizes.
        overwrite: remove what an earlier demo left there.

    Returns:
        The report, an HTML file.

    Raises:
        FileExistsError: the folder holds a demo of other settings.
    """
    folder = Path(out)
    _claim(folder, settings, overwrite)
    start = time.monotonic()
    _say(f"[1/4] pretraining: {settings.steps:,} steps on {settings.scenes.train:,} scenes of the procedural world")
    encoder = pretrain(folder, settings)
    _say(f"[2/4] masked prediction on {settings.scenes.test:,} scenes that were held out")
    masked = masked_table(folder, settings, encoder)
    print(masked["text"], flush=True)
    _say(f"[3/4] questions: {settings.labels:,} labels, with and without pretraining")
    answers = question_table(folder, settings, encoder)
    print(answers["text"], flush=True)
    _say("[4/4] the report")
    from usg.downstream.demo_report import write_report

    seconds = _spent(folder, time.monotonic() - start)
    report = write_report(folder, settings, encoder, masked, answers, seconds)
    _say(f"{seconds / 60:.1f} minutes in all; look at {report}")
    return report


def pretrain(folder: Path, settings: DemoSettings) -> Path:
    """Pretrains, or goes on with it, and gives the folder of the encoder."""
    from usg.pretrain.cli import main as usg_pretrain

    run, model = folder / "pretrain", folder / "pretrain" / "model"
    if not (model / "config.json").is_file():
        words = pretrain_words(folder, settings)
        if (run / "checkpoints" / "last.ckpt").is_file():
            words += ["--ckpt_path", "last"]
        else:
            words += ["--overwrite", "true"]
        usg_pretrain(["fit", *words])
    return model


def pretrain_words(folder: Path, settings: DemoSettings) -> list[str]:
    """The words after `usg pretrain fit` that make the demo's encoder."""
    scenes = settings.scenes
    return [
        *("--config", "pretrain/demo"),
        *("--trainer.default_root_dir", str(folder / "pretrain")),
        *("--trainer.max_steps", str(settings.steps)),
        *("--trainer.val_check_interval", str(max(1, settings.steps // 10))),
        *("--data.cache", str(folder / "data")),
        *("--data.world.train", str(scenes.train)),
        *("--data.world.val", str(scenes.val)),
        *("--data.world.test", str(scenes.test)),
        *("--data.world.captions", str(scenes.captions)),
        *("--data.world.statements", str(scenes.statements)),
        *("--data.world.questions", str(scenes.questions)),
        *settings.options,
    ]


def masked_table(folder: Path, settings: DemoSettings, encoder: Path) -> dict[str, Any]:
    """The table of masked prediction: `text` to print, and the figures."""

    def compute() -> dict[str, Any]:
        from usg.nn import GraphTransformer
        from usg.pretrain.evaluation import evaluate_masked
        from usg.pretrain.table import world_ceiling

        train, test = (_world(folder, settings.scenes, part) for part in ("train", "test"))
        model = GraphTransformer.from_pretrained(encoder)
        table = evaluate_masked(model, train, list(test), per_graph=settings.table_nodes, ceiling=world_ceiling)
        return {"text": table.to_text(), **table.to_dict("usg demo")}

    return _once(folder / "masked.json", compute)


def question_table(folder: Path, settings: DemoSettings, encoder: Path) -> dict[str, Any]:
    """The table of question answering: `text` to print, and the figures."""

    def compute() -> dict[str, Any]:
        from usg.downstream.cells import Settings, System, run_table
        from usg.downstream.efficiency_table import EfficiencyTable
        from usg.downstream.label_efficiency import SCRATCH, SHUFFLED, sample

        path = str(encoder)
        systems = [
            System("pretrained", path),
            System(SCRATCH, path, scratch=True),
            System(f"pretrained, {SHUFFLED}", path, shuffled=True),
        ]
        shared = Settings(
            *sample(settings.questions, folder / "data"),
            steps=settings.finetune_steps,
            validate_every=max(1, settings.finetune_steps // 8),
        )
        jobs = min(2, os.cpu_count() or 1) if settings.finetune_steps > 50 else 1
        results = run_table(
            systems, shared, [settings.labels], settings.seeds, folder / "qa", jobs=jobs, keep_models=True
        )
        table = EfficiencyTable.of(results, shared, "pretrained")
        curves = {
            f"{result['system']}": result["val_curve"] for result in results if result["seed"] == settings.seeds[0]
        }
        return {"text": table.to_text(), "curves": curves, **json.loads(table.to_json("usg demo"))}

    return _once(folder / "questions.json", compute)


def exact(example: MaskedExample) -> dict[str, float]:
    """The world's exact posterior of a hidden object or attribute."""
    from usg.graph import SceneObject
    from usg.world import posterior_attribute, posterior_object

    posterior = posterior_object if isinstance(example.element, SceneObject) else posterior_attribute
    return dict(posterior(example.graph, example.element.id))


def _world(folder: Path, scenes: WorldScenes, part: str) -> Any:
    from usg.corpus import Corpus
    from usg.pretrain.corpora import world_corpus

    return Corpus(world_corpus(scenes, part, folder / "data"))


def _once(file: Path, compute: Any) -> dict[str, Any]:
    """What the file holds, computed and written when it is not there."""
    if not file.is_file():
        result = compute()
        with atomic_path(file) as temporary:
            temporary.write_text(json.dumps(result) + "\n", encoding="utf-8")
    return dict(json.loads(file.read_text(encoding="utf-8")))


def _claim(folder: Path, settings: DemoSettings, overwrite: bool) -> None:
    """Makes the folder, or sees that it holds a demo of the same settings."""
    file = folder / "settings.json"
    wanted = json.loads(json.dumps(asdict(settings)))
    if overwrite and file.is_file():
        shutil.rmtree(folder)
    if file.is_file():
        if json.loads(file.read_text(encoding="utf-8")) != wanted:
            raise FileExistsError(
                f"{folder} holds a demo of other settings; pass --overwrite, or another folder with -o"
            )
        return
    if folder.is_dir() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty and holds no demo; name another folder with -o")
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_path(file) as temporary:
        temporary.write_text(json.dumps(wanted, indent=1) + "\n", encoding="utf-8")


def _spent(folder: Path, seconds: float) -> float:
    """Seconds over all starts: those of the first are kept, so that a demo drawn again still says what it took."""
    return float(_once(folder / "seconds.json", lambda: {"seconds": seconds})["seconds"])


def _say(line: str) -> None:
    print(f"\n{line}", flush=True)
