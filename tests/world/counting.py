"""How far counting goes on the world, beside the exact ceiling: the figures the tables were tuned to.

    python tests/world/counting.py --train 20000 --test 2000

Masked object and masked attribute, one at a time, everything else seen. Baselines, all from counts over train scenes
with add-alpha smoothing: the majority; one-hop naive Bayes (for an object its own values and, for each relation it is
in, role, predicate and the other object's label; for an attribute its object's label, other values and relations); the
same with the labels of all other objects as further evidence; and the ceiling, the exact posterior.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from usg.graph.scene_graph import SceneGraph
from usg.world import posterior_attribute, posterior_object, scenes

Feature = tuple[str, ...]


class NaiveBayes:
    """argmax_y log P(y) + sum_f log P(f | y), add-alpha smoothed within a feature's family (its first entry)."""

    def __init__(self, alpha: float = 0.5) -> None:
        self.alpha, self.prior = alpha, Counter[str]()
        self.counts: dict[Feature, Counter[str]] = defaultdict(Counter)
        self.families: dict[str, Counter[str]] = defaultdict(Counter)
        self.values: dict[str, set[Feature]] = defaultdict(set)

    def add(self, target: str, features: Iterable[Feature]) -> None:
        self.prior[target] += 1
        for feature in features:
            self.counts[feature][target] += 1
            self.families[feature[0]][target] += 1
            self.values[feature[0]].add(feature)

    def predict(self, features: Iterable[Feature]) -> str:
        score = {y: math.log(count) for y, count in self.prior.items()}
        for feature in features:
            counts, family, size = self.counts.get(feature, {}), self.families[feature[0]], len(self.values[feature[0]])
            for y in score:
                score[y] += math.log((counts.get(y, 0) + self.alpha) / (family.get(y, 0) + self.alpha * (size + 1)))
        return max(score, key=score.__getitem__)


def relation_features(graph: SceneGraph, name: str) -> Iterator[Feature]:
    for relation in graph.relations_of(name):
        other = relation.object if relation.subject == name else relation.subject
        role = "subject" if relation.subject == name else "object"
        yield ("relation", role, relation.predicate, graph.object(other).label)


def object_features(graph: SceneGraph, name: str) -> list[Feature]:
    own: list[Feature] = [(f"own {a.kind}", a.value) for a in graph.attributes_of(name)]
    return own + list(relation_features(graph, name))


def attribute_features(graph: SceneGraph, name: str, hidden: str) -> list[Feature]:
    own: list[Feature] = [(f"own {a.kind}", a.value) for a in graph.attributes_of(name) if a.id != hidden]
    return [("label", graph.object(name).label), *own, *relation_features(graph, name)]


def co_objects(graph: SceneGraph, name: str) -> list[Feature]:
    return [("co", other.label) for other in graph.objects if other.id != name]


def measure(train: int, test: int, split: str = "iid", seed: int = 0) -> dict[str, dict[str, float]]:
    """Returns the accuracy of each baseline and of the exact posterior, by what is masked."""
    near: dict[str, NaiveBayes] = defaultdict(NaiveBayes)
    far: dict[str, NaiveBayes] = defaultdict(NaiveBayes)
    for graph in scenes(train, "train", seed):
        for obj in graph.objects:
            features = object_features(graph, obj.id)
            near["object"].add(obj.label, features)
            far["object"].add(obj.label, features + co_objects(graph, obj.id))
            for attribute in graph.attributes_of(obj.id):
                features = attribute_features(graph, obj.id, attribute.id)
                near[attribute.kind or ""].add(attribute.value, features)
                far[attribute.kind or ""].add(attribute.value, features + co_objects(graph, obj.id))
    majority = {kind: model.prior.most_common(1)[0][0] for kind, model in near.items()}
    hits: dict[str, Counter[str]] = defaultdict(Counter)

    def score(kind: str, truth: str, features: list[Feature], co: list[Feature], posterior: dict[str, float]) -> None:
        count = hits[kind]
        count["n"] += 1
        count["majority"] += majority[kind] == truth
        count["one-hop"] += near[kind].predict(features) == truth
        count["one-hop + co-objects"] += far[kind].predict(features + co) == truth
        count["ceiling"] += max(posterior, key=posterior.__getitem__) == truth

    for graph in scenes(test, split, seed):
        for obj in graph.objects:
            co = co_objects(graph, obj.id)
            score("object", obj.label, object_features(graph, obj.id), co, posterior_object(graph, obj.id))
            for attribute in graph.attributes_of(obj.id):
                features = attribute_features(graph, obj.id, attribute.id)
                score(attribute.kind or "", attribute.value, features, co, posterior_attribute(graph, attribute.id))
    total = Counter[str]()
    for kind in ("colour", "size", "texture", "state"):
        total.update(hits[kind])
    hits["attribute"] = total
    return {
        kind: {name: value / (1 if name == "n" else count["n"]) for name, value in count.items()}
        for kind, count in hits.items()
    }


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=int, default=20_000)
    parser.add_argument("--test", type=int, default=2_000)
    parser.add_argument("--split", default="iid")
    args = parser.parse_args(argv)
    columns = ("majority", "one-hop", "one-hop + co-objects", "ceiling")
    print(f"| masked ({args.split}) | n | " + " | ".join(columns) + " |")
    print("|---|---|" + "---|" * len(columns))
    for kind, row in measure(args.train, args.test, args.split).items():
        print(f"| {kind} | {row['n']:.0f} | " + " | ".join(f"{100 * row[c]:.1f}" for c in columns) + " |")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
