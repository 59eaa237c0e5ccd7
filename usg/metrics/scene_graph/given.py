"""PredCls and SGCls: whether a prediction keeps to what was given, and accuracy on the pairs that are related.

For PredCls the predictor was given boxes and labels, for SGCls boxes; a prediction with others was not made so and is
refused. Where objects are given, it is known which predicted pair is which gold pair, so that

    A@K   gold relations hit by the K best predictions that are about a gold pair / gold relations, over all images

can be told (Zhang et al., Graphical Contrastive Losses for Scene Graph Parsing, CVPR 2019).
"""

from __future__ import annotations

import numpy as np

from usg.metrics.scene_graph.hits import Hit, fitting, hits_of, ranked
from usg.metrics.scene_graph.protocol import Protocol, Task
from usg.metrics.scene_graph.regions import overlaps
from usg.metrics.scene_graph.scene import Scene

_SAME = 0.99  # overlap from which a region is the given one; less than 1 for the rounding of coordinates


def pair_hits(predicted: Scene, gold: Scene, protocol: Protocol, task: Task) -> list[Hit]:
    """What the predictions about gold pairs hit, ranked among themselves.

    Raises:
        ValueError: an object does not have the region, or for PredCls the label, of a gold object.
    """
    which = given_objects(predicted, gold, protocol, task)
    pairs = {(link.subject, link.object) for link in gold.links}
    order = [
        number
        for number in ranked(predicted, protocol)
        if (which[predicted.links[number].subject], which[predicted.links[number].object]) in pairs
    ]
    return hits_of(order, fitting(predicted, gold, protocol, task), protocol)


def given_objects(predicted: Scene, gold: Scene, protocol: Protocol, task: Task) -> list[int]:
    """The number of the gold object that each predicted object is.

    Raises:
        ValueError: as `pair_hits`.
    """
    if not predicted.things:
        return []
    found = overlaps(predicted, gold, protocol)
    which = []
    for number, thing in enumerate(predicted.things):
        same = [int(i) for i in np.flatnonzero(found[number] >= _SAME)]
        named = [i for i in same if gold.things[i].label == thing.label]
        if not same or (task == "predcls" and not named):
            what = "box and label" if task == "predcls" else "box"
            raise ValueError(
                f"object {thing.id!r} ({thing.label}) of {predicted.name} does not have the {what} of an object of "
                f"{gold.name}; {task} gives these to the predictor: score with --task sgdet"
            )
        which.append((named or same)[0])
    return which
