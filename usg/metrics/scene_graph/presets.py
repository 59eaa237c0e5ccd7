"""The protocols of public evaluators, by name.

Each gives the numbers that its evaluator gives for the same predictions, what is odd about it included: `vg150` and
`psg` leave images without predictions out of the mean, because the published numbers do. `usg` is this library's own,
without oddities, `usg-film` over films; `usg-salient` is the first over some relations of the procedural world, and
`usg-events` the second with what happens there as events. `pvsg` scores as its paper defines; `pvsg-public` as the
released code does, which is more lenient.
"""

from __future__ import annotations

from usg.metrics.scene_graph.protocol import Protocol
from usg.names import unknown_name

_ATTENTION = ("looking at", "not looking at", "unsure")
_SPATIAL = ("above", "beneath", "in front of", "behind", "on the side of", "in")
_CONTACT = tuple(
    "carrying,covered by,drinking from,eating,have it on the back,holding,leaning on,lying on,not contacting,"
    "other relationship,sitting on,standing on,touching,twisting,wearing,wiping,writing on".split(",")
)
# What a caption of the procedural world would tell: support, containment, holding, wearing, riding, depth.
_SALIENT = ("on", "in", "sitting on", "riding", "holding", "wearing", "in front of", "behind")
# Its relations of films all have spans; these are what happens.
_EVENTS = tuple("enters,exits,bounces,moves to,approaches,passes,falls from,picks up,puts on,collides with".split(","))

_PROTOCOLS = (
    Protocol(
        name="usg",
        follows="this library: nothing is left out of a mean, several predicates may hold between one pair",
        class_average="pooled",
        predicates_per_pair=None,
    ),
    Protocol(
        name="usg-salient",
        follows="usg, over support, containment, holding, wearing, riding and depth alone",
        class_average="pooled",
        predicates_per_pair=None,
        predicates=_SALIENT,
    ),
    Protocol(
        name="vg150",
        follows="Scene-Graph-Benchmark.pytorch, maskrcnn_benchmark/data/datasets/evaluation/vg/sgg_eval.py",
        box_offset=1.0,
        class_average="image",
        absent_classes="zero",
        predicate_classes=50,
        empty_prediction="skip",
        no_constraint=True,
        candidates=100,
    ),
    Protocol(
        name="psg",
        follows="OpenPSG, openpsg/evaluation/sgg_metrics.py with panoptic masks",
        region="mask",
        absent_classes="zero",
        predicate_classes=56,
        empty_prediction="skip",
        zero_shot=False,
    ),
    Protocol(
        name="usg-par",
        follows="USG-Par, released evaluation; films frame by frame",
        region="mask",
        mask_size=(80, 80),
        average="pooled",
        class_average="pooled",
        one_to_one=True,
        candidates=100,
        given_regions="off",
        zero_shot=False,
    ),
    Protocol(
        name="action-genome",
        follows="STTran, lib/evaluation_recall.py; frame by frame",
        recall_at=(10, 20, 50, 100),
        box_offset=1.0,
        absent_classes="zero",
        predicate_classes=26,
        predicate_groups=(_ATTENTION, _SPATIAL, _CONTACT),
        no_constraint=True,
        semi_threshold=0.9,
        semi_single=_ATTENTION,
        candidates=100,
        frames="gold",
        zero_shot=False,
    ),
    Protocol(
        name="usg-film",
        follows="this library, relations of films by their tubes",
        unit="film",
        viou="frames",
        class_average="pooled",
        predicates_per_pair=None,
    ),
    Protocol(
        name="usg-events",
        follows="usg-film, its events those of the procedural world",
        unit="film",
        viou="frames",
        class_average="pooled",
        predicates_per_pair=None,
        events=_EVENTS,
    ),
    Protocol(
        name="pvsg",
        follows="PVSG as its paper defines it",
        unit="film",
        region="mask",
        viou="frames",
        weak_viou=0.1,
        soft=True,
        average="pooled",
        class_average="pooled",
        predicates_per_pair=None,
        rank_by="relation",
        zero_shot=False,
    ),
    Protocol(
        name="pvsg-public",
        follows="OpenPVSG, tools/rel_test_full.py and utils/rel_metrics.py",
        unit="film",
        region="mask",
        viou="frames",
        weak_viou=0.1,
        weak_once=False,
        soft=True,
        span_union="gold",
        average="pooled",
        class_average="pooled",
        predicates_per_pair=None,
        rank_by="relation",
        zero_shot=False,
    ),
    Protocol(
        name="vidvrd",
        follows="VidVRD-helper, evaluation/visual_relation_detection.py",
        unit="film",
        recall_at=(50, 100),
        viou="volume",
        average="pooled",
        class_average="pooled",
        one_to_one=True,
        predicates_per_pair=None,
        rank_by="relation",
        relation_ap=True,
        precision_at=(1, 5, 10),
    ),
)
PRESETS = {protocol.name: protocol for protocol in _PROTOCOLS}


def preset(name: str) -> Protocol:
    """The protocol of that name.

    Raises:
        LookupError: there is none.

    >>> preset("psg").region
    'mask'
    """
    if name not in PRESETS:
        raise LookupError(unknown_name("protocol", name, PRESETS))
    return PRESETS[name]
