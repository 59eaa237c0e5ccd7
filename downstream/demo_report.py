"""The demo's report: one HTML page with what was learnt, drawn and in tables. It needs nothing beside it."""

from __future__ import annotations

import csv
import shlex
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import torch

from usg import __version__
from usg.corpus import Corpus
from usg.downstream.demo import QUICK, DemoSettings, exact, pretrain_words
from usg.downstream.page import Html, curves, element, figure, guesses, join, page, section, table
from usg.downstream.qa import QuestionAnswering
from usg.downstream.questions import questions_of
from usg.downstream.table import EXECUTOR
from usg.draw import draw_graph
from usg.files import atomic_path
from usg.graph import SceneGraph
from usg.nn import GraphTransformer
from usg.pretrain.corpora import world_corpus
from usg.pretrain.evaluation import hide
from usg.pretrain.examples import KIND_NAMES, MaskedExample, masked_examples
from usg.provenance import commit, machine

QUICK_NOTE = "Made by usg demo --quick, which only shows that every stage runs: its figures mean nothing. "

_SYSTEMS = {
    "model": "graph transformer",
    "model_shuffled_edges": "the same, edges shuffled",
    "majority": "majority",
    "slot_prior": "prior of the slot",
    "naive_bayes": "naive Bayes, one hop",
    "naive_bayes_co_objects": "naive Bayes, one hop and co-objects",
    "exact_ceiling": "exact posterior: the ceiling",
}


def write_report(
    folder: Path,
    settings: DemoSettings,
    encoder: Path,
    masked: Mapping[str, Any],
    answers: Mapping[str, Any],
    seconds: float,
) -> Path:
    """Writes `report.html` into the demo's folder.

    Args:
        folder: of the demo.
        settings: its sizes.
        encoder: folder of the pretrained encoder.
        masked: figures of masked prediction (`demo.masked_table`).
        answers: figures of question answering (`demo.question_table`).
        seconds: that the demo took.
    """
    model = GraphTransformer.from_pretrained(encoder)
    test = Corpus(world_corpus(settings.scenes, "test", folder / "data"))
    asked = Corpus(world_corpus(settings.questions, "test", folder / "data"))
    sections = [
        world_section(test),
        pretraining_section(folder / "pretrain", settings, model),
        *example_sections(model, list(test[: min(len(test), 60)])),
        masked_section(masked),
        questions_section(answers, settings),
        asking_section(folder / "qa", settings, asked),
        command_section(folder, settings),
    ]
    facts = {
        "made on": date.today().isoformat(),
        "in": f"{seconds / 60:.1f} minutes",
        "machine": machine(),
        "usg": f"{__version__}, commit {commit() or 'unknown'}",
    }
    lead = QUICK_NOTE * (settings == QUICK) + (
        "A graph transformer learns what everyday scenes are like by filling in what is hidden in their graphs, "
        "and then is taught to answer questions about them from few labels."
    )
    report = folder / "report.html"
    with atomic_path(report) as temporary:
        temporary.write_text(page("Universal scene graphs: the demo", lead, facts, sections), encoding="utf-8")
    return report


def world_section(test: Corpus) -> Html:
    """Two scenes with a caption and questions."""
    cards = []
    for graph in test[: min(2, len(test))]:
        captions = [source.text for source in graph.sources if source.modality == "text" and source.text]
        pairs = [(q.text, q.answer) for q in questions_of(0, graph.metadata)[:2]]
        asked = [element("li", text, " ", element("b", answer)) for text, answer in pairs]
        caption = element(
            "span", f"{str(graph.metadata.get('scene_type', '')).capitalize()}: “{captions[0]}”" if captions else ""
        )
        cards.append(join([figure(draw_graph(graph), caption), element("ul", *asked, css="pairs")]))
    return section(
        "The world",
        "Scenes are sampled from explicit priors: a scene type draws objects, objects draw colours, sizes and "
        "textures, things rest on, hold and wear each other. The graph is the ground truth; captions and questions "
        "are made from it.",
        element("div", *(element("div", card) for card in cards), css="grid"),
    )


def pretraining_section(run: Path, settings: DemoSettings, model: GraphTransformer) -> Html:
    """What was pretrained, its loss, and how well what is hidden is found."""
    log = read_log(run / "metrics.csv")
    losses = {"training": smooth(log.get("train/loss", [])), "validation": log.get("val/loss", [])}
    found = {
        "objects": log.get("val/masked_node/object_accuracy", []),
        "attributes": log.get("val/masked_node/attribute_accuracy", []),
        "relations": log.get("val/masked_node/relation_accuracy", []),
        "ends of relations": log.get("val/endpoint/accuracy", []),
        "words of captions": log.get("val/masked_caption/accuracy", []),
    }
    text = (
        f"{settings.steps:,} steps of 64 graphs on {settings.scenes.train:,} scenes; an encoder of "
        f"{model.num_parameters / 1e6:.2f} M weights beside its label table. In every step objects, attributes and "
        "relations are hidden and predicted, ends of relations are cut and found again, and words of a caption are "
        "filled in from the graph."
    )
    return section(
        "Pretraining",
        text,
        element(
            "div",
            figure(curves({name: points for name, points in losses.items() if points}, "step", "loss"), "Loss."),
            figure(
                curves({name: points for name, points in found.items() if points}, "step", "validation accuracy"),
                "What is hidden and found, three in ten at a time, on scenes held out.",
            ),
            css="grid",
        ),
    )


Points = list[tuple[float, float]]


def read_log(file: Path) -> dict[str, Points]:
    """(step, value) of every figure in a run's log."""
    lines: dict[str, Points] = {}
    with file.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            for name, value in row.items():
                if value and name != "step":
                    lines.setdefault(name, []).append((float(row["step"]), float(value)))
    return lines


def smooth(points: Points, keep: float = 0.8) -> Points:
    """The running mean, each point weighing `1 - keep`."""
    smoothed: Points = []
    for step, value in points:
        smoothed.append((step, keep * smoothed[-1][1] + (1 - keep) * value if smoothed else value))
    return smoothed


def example_sections(model: GraphTransformer, graphs: Sequence[SceneGraph]) -> list[Html]:
    """A hidden object and a hidden attribute with the model's guesses beside the exact posterior."""
    found = masked_examples(graphs, per_graph=1, seed=1)
    parts = []
    for kind, examples in found.items():
        if KIND_NAMES[kind] == "relation" or not examples:
            continue
        example = telling(model, examples)
        shares = guess_shares(model, example)
        truth = exact(example)
        ceiling = dict(sorted(truth.items(), key=lambda item: -item[1])[:5])
        right = element(
            "div",
            element("p", element("b", "The model’s guesses")),
            guesses(dict(list(shares.items())[:5]), example.answer),
            element("p", element("b", "The exact posterior, given all that is seen")),
            guesses(ceiling, example.answer),
            element("p", f"Hidden was: {example.answer}.", css="soft"),
        )
        drawing = figure(
            draw_graph(example.graph, masked={example.element.id}), f"The hidden {KIND_NAMES[kind]} is marked."
        )
        parts.append(section(f"A hidden {KIND_NAMES[kind]}", element("div", drawing, right, css="wide")))
    return parts


def telling(model: GraphTransformer, examples: Sequence[MaskedExample]) -> MaskedExample:
    """An example that is neither certain nor hopeless: the exact posterior's best is nearest to 60 %."""
    return min(examples[:40], key=lambda example: abs(max(exact(example).values()) - 0.6))


@torch.inference_mode()
def guess_shares(model: GraphTransformer, example: MaskedExample) -> dict[str, float]:
    """The model's probability of each label for a hidden node, the likeliest first."""
    batch, nodes = hide(model.pack([example.graph], grounding=False), [example])
    chances = model.label_logits(model(batch)[nodes], example.kind).softmax(-1)[0]
    order = chances.argsort(descending=True)[:10].tolist()
    return {model.vocabulary.label(i): float(chances[i]) for i in order}


def masked_section(masked: Mapping[str, Any]) -> Html:
    """The table of masked prediction."""
    kinds = [name.removesuffix("_accuracy") for name in masked["metrics"] if name.endswith("_accuracy")]
    cells = {"model": {name: figures["value"] for name, figures in masked["metrics"].items()}, **masked["baselines"]}
    order = [name for name in _SYSTEMS if name in cells] + [name for name in cells if name not in _SYSTEMS]
    rows = [[_SYSTEMS.get(name, name), *(cells[name].get(f"{kind}_accuracy") for kind in kinds)] for name in order]
    leads = []
    for kind in kinds:
        lead = masked["metrics"].get(f"{kind}_over_naive_bayes")
        if lead:
            leads.append(f"{kind} {_points(lead)}")
    return section(
        "Masked prediction on held-out scenes",
        "One node is hidden at a time; boxes are not shown. "
        + f"Points over one-hop naive Bayes, with 95 % intervals over scenes: {'; '.join(leads)}.",
        table(
            ["", *(f"masked {kind}" for kind in kinds)],
            rows,
            main=[order.index("model")],
            limit=[i for i, name in enumerate(order) if name == "exact_ceiling"],
            caption=f"{masked['n']:,} hidden nodes; {masked['protocol']}. Several relations hold between the same two "
            "things, so no one can name the right one always.",
        ),
    )


def questions_section(answers: Mapping[str, Any], settings: DemoSettings) -> Html:
    """The table of question answering."""
    labels = str(settings.labels)
    means = {name: sum(values[labels]) / len(values[labels]) for name, values in answers["accuracy"].items()}
    order = list(means)
    differences = [f"{_points(cells['all'][labels])} over {other}" for other, cells in answers["differences"].items()]
    rows = [[name, means[name]] for name in order]
    lines = {name: [(float(step), value) for step, value in points] for name, points in answers["curves"].items()}
    return section(
        f"Questions from {settings.labels:,} labels",
        f"Points of pretrained, with 95 % intervals over scenes: {'; '.join(differences)}. Scratch is the same "
        "architecture with new weights, taught the same questions for as many steps.",
        element(
            "div",
            table(
                ["", "answered rightly"],
                rows,
                main=[order.index("pretrained")],
                limit=[i for i, name in enumerate(order) if name == EXECUTOR],
                caption=f"{answers['n']:,} test questions; means over {len(settings.seeds)} seed(s).",
            ),
            figure(
                curves(lines, "finetuning step", "validation accuracy"),
                "Accuracy on validation questions as labels are learnt.",
            ),
            css="wide",
        ),
    )


def asking_section(cells: Path, settings: DemoSettings, asked: Corpus) -> Html:
    """A scene with its questions, answered by the pretrained and the scratch model."""
    seed = settings.seeds[0]
    models = {
        name: QuestionAnswering.from_pretrained(cells / f"{name}-{settings.labels}-{seed}")
        for name in ("pretrained", "scratch")
    }
    index = next((i for i in range(len(asked)) if len(questions_of(i, asked.metadata(i))) >= 4), 0)
    graph = asked[index]
    rows: list[list[object]] = []
    for question in questions_of(index, graph.metadata):
        given = {name: model.answer(graph, question.text) for name, model in models.items()}
        marks = [element("span", word, css="right" if word == question.answer else "wrong") for word in given.values()]
        rows.append([question.text, question.answer, *marks])
    return section(
        "A scene and what is asked about it",
        element("div", figure(draw_graph(graph)), css="narrow"),
        element("div", table(["question", "answer", *models], rows), css="pairs"),
    )


def command_section(folder: Path, settings: DemoSettings) -> Html:
    """How to make all this again."""
    words = pretrain_words(folder, settings)
    lines = [
        "usg demo --quick" if settings == QUICK else "usg demo",
        shlex.join(["usg", "pretrain", "fit", *words[:2]]) + "   # the pretraining alone",
        shlex.join(["usg", "pretrain", "test", *words[:2], "--ckpt_path", "last"]) + "   # its table",
        f"usg finetune qa-table --encoder pretrained={folder}/pretrain/model   # more labels, more seeds",
    ]
    seeds = (
        f"Seeds: pretraining scenes {settings.scenes.seed}, scenes of questions {settings.questions.seed}, "
        f"weights and masks 0, labels {', '.join(map(str, settings.seeds))}."
    )
    return section("Make it again", element("pre", "\n".join(lines)), seeds)


def _points(difference: Mapping[str, float]) -> str:
    low, high = 100 * difference["low"], 100 * difference["high"]
    return f"{100 * difference['value']:+.1f} [{low:+.1f}, {high:+.1f}]"
