"""What `usg pretrain test` prints: the table of masked prediction, on test graphs, counted on training graphs."""

import sys

from usg.graph import SceneObject
from usg.nn import GraphTransformer
from usg.pretrain.data import GraphDataModule
from usg.pretrain.evaluation import MaskedPredictionTable, evaluate_masked
from usg.pretrain.examples import MaskedExample
from usg.provenance import command


def print_table(
    model: GraphTransformer,
    data: GraphDataModule,
    *,
    per_graph: int | None = None,
    path: str | None = None,
    seed: int | None = None,
) -> MaskedPredictionTable:
    """Scores a model beside the counting baselines, and on the world beside the exact ceiling, and prints the table.

    Args:
        model: the encoder.
        data: test graphs to score on and training graphs that the baselines count.
        per_graph: nodes of each kind per graph that are hidden; all by default.
        path: file for the table as JSON.
        seed: that the model was trained with, for the file.
    """
    test = list(data.corpus("test"))
    of_world = all("scene_type" in graph.metadata for graph in test)
    table = evaluate_masked(
        model,
        data.corpus("train"),
        test,
        per_graph=per_graph,
        grounding=data.grounding,
        # The posterior is that of a scene without boxes; a model that sees them may do better.
        ceiling=world_ceiling if of_world and not data.grounding else None,
    )
    print(table.to_text())
    if path is not None:
        table.write_json(path, command("usg", sys.argv[1:]), seed)
    return table


def world_ceiling(example: MaskedExample) -> str:
    """The most probable label under the world's exact posterior, for a scene of the world."""
    from usg.world import posterior_attribute, posterior_object

    posterior = posterior_object if isinstance(example.element, SceneObject) else posterior_attribute
    chances = posterior(example.graph, example.element.id)
    return max(chances, key=lambda label: chances[label])
