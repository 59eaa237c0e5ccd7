r"""`usg train-parser text`: trains the text parser on captions with graphs, and makes a spaCy pipeline of it.

    usg train-parser text --config parsers/text --data FACTUAL/random/train.csv --val FACTUAL/random/dev.csv \
        --unlabelled captions_val2017.json --syntax runs/parsers/syntax/model

The network learns from the gold graphs; captions without graphs add words to its table. It is trained in `RUN/network`:
a run that was killed goes on where it stopped when it is started again, and one of other data or settings is refused
there. Without --syntax the pipeline has a tokenizer and the scene graphs only. The pipeline is `RUN/pipeline`, for
`TextParser(pipeline=...)` and `spacy.load`; its scores on the validation graphs stand in its `scene_graph.json`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from usg.files import atomic_path
from usg.parsers.settings_file import read_settings
from usg.parsers.text.jobs import Job, run_job
from usg.parsers.text.pipeline import EXTENSION
from usg.parsers.text.training_settings import TextTraining
from usg.provenance import commit

if TYPE_CHECKING:
    from spacy.language import Language


def train_text(settings: TextTraining) -> dict[str, float]:
    """Trains the network and makes the pipeline.

    Args:
        settings: what can be set.

    Returns:
        The figures of `usg.metrics.text_graph` on the validation graphs; none where there are no such graphs.

    Raises:
        FileNotFoundError: a file that is named is missing.
        ValueError: there is nothing to train on, a file has no graphs with texts, or the run folder is another
            training's.
    """
    for file in filter(None, (settings.data, *settings.unlabelled, settings.val, settings.syntax)):
        if not Path(file).exists():
            raise FileNotFoundError(f"cannot read {file}: there is no such file")
    if not settings.data:
        raise ValueError("no captions with graphs are named; give --data FILE, such as FACTUAL's train.csv")
    if settings.val:
        from usg.parsers.text.data import gold_graphs

        gold_graphs(settings.val)  # what cannot be read is told before the training, not after it
    run = Path(settings.output)
    job = Job(
        data=settings.data,
        unlabelled=settings.unlabelled,
        limit=settings.limit,
        sizes=settings.sizes,
        fit=settings.fit,
        seed=settings.seed,
        folder=run / "network",
    )
    return make_pipeline(run_job(job), run / "pipeline", settings)


def make_pipeline(model: Path, folder: Path, settings: TextTraining) -> dict[str, float]:
    """Writes a spaCy pipeline around a trained model, with the linguistic components where a folder has them.

    The version ends in a digest of the weights, as "0.1.0+3f2a9c1e", so that graphs say which weights made them.

    Returns:
        The figures on the validation graphs.
    """
    import spacy

    from usg.parsers.text.component import SceneGraphComponent
    from usg.parsers.text.model import TextGraphModel

    nlp = spacy.load(settings.syntax) if settings.syntax else spacy.blank("en")
    component = nlp.add_pipe(EXTENSION)
    assert isinstance(component, SceneGraphComponent)
    trained = TextGraphModel.load(model)
    component.use(trained)
    scores = validate(nlp, settings.val) if settings.val else {}
    told = {
        key: value
        for key, value in asdict(settings).items()
        if key not in ("data", "val", "unlabelled", "output", "syntax")
    }
    nlp.meta.update(
        name=EXTENSION,
        version=trained.version,
        description=DESCRIPTION + (SYNTAX_DESCRIPTION if settings.syntax else ""),
        license=settings.license,
        # Of the linguistic components, then of the scene graphs.
        sources=[*nlp.meta.get("sources", []), *({"name": each} for each in settings.sources)],
    )
    nlp.to_disk(folder)
    with atomic_path(folder / "scene_graph.json") as temporary:
        temporary.write_text(
            json.dumps({"settings": told, "commit": commit(), "validation": scores}, indent=2) + "\n", encoding="utf-8"
        )
    return scores


DESCRIPTION = "English pipeline of USG: scene graphs of captions and descriptions"
SYNTAX_DESCRIPTION = (
    "; tagger, morphology, edit-tree lemmatizer and dependency parser in the labels of spaCy's English pipelines"
)


def validate(nlp: Language, val: str) -> dict[str, float]:
    """The figures of a pipeline on validation graphs, without what FACTUAL leaves out."""
    from usg.metrics.spice import SpiceMatcher
    from usg.metrics.text_graph import score_graphs
    from usg.parsers.text.assemble import FACTUAL
    from usg.parsers.text.component import SceneGraphComponent
    from usg.parsers.text.data import gold_graphs

    gold, _ = gold_graphs(val)
    component = nlp.get_pipe(EXTENSION)
    assert isinstance(component, SceneGraphComponent)
    reader = SceneGraphComponent(model=component.graph_model, conventions=FACTUAL)
    predicted = reader.graphs(nlp.make_doc(graph.sources[0].text or "") for graph in gold)
    return score_graphs(predicted, gold, SpiceMatcher()).values()


def parser() -> argparse.ArgumentParser:
    """Returns the parser of `usg train-parser text`."""
    top = argparse.ArgumentParser(
        prog="usg train-parser text", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    top.add_argument("--config", required=True, help="a YAML file, or parsers/text, which is shipped")
    top.add_argument("--data", metavar="FILE", help="graphs with their captions, in any format that usg convert reads")
    top.add_argument("--val", metavar="FILE", help="graphs that score the result; never trained on")
    top.add_argument(
        "--unlabelled", metavar="FILE", action="append", help="captions without graphs: COCO JSON or lines"
    )
    top.add_argument("--syntax", metavar="DIR", help="a pipeline of `usg train-parser syntax`, to be put in front")
    top.add_argument("-o", "--output", metavar="DIR", help="the run folder, instead of the configuration's")
    top.add_argument("--seed", type=int, help="instead of the configuration's")
    top.add_argument("--limit", type=int, help="captions to read of each file, for a trial")
    return top


def main(argv: Sequence[str]) -> int:
    """Trains the text parser on captions with graphs; a run that was killed goes on."""
    args = parser().parse_args(argv)
    from usg.training.arguments import find_config

    told = {name: value for name, value in vars(args).items() if name != "config" and value is not None}
    if "unlabelled" in told:
        told["unlabelled"] = tuple(told["unlabelled"])
    settings = replace(read_settings(find_config(args.config), TextTraining()), **told)
    try:
        scores = train_text(settings)
    except KeyboardInterrupt:
        raise KeyboardInterrupt("the same command goes on where it was") from None
    for name, value in scores.items():
        print(f"{name:<24}{100 * value:6.1f}")
    print(f"{Path(settings.output) / 'pipeline'}: the pipeline; TextParser(pipeline=...) and spacy.load read it")
    return 0
