"""Average precision by hand, and beside pycocotools where that is installed."""

import contextlib
import io

import numpy as np
import pytest
from small_graphs import picture

from usg.graph import SceneGraph
from usg.metrics.scene_graph.detection import class_detections, detection_figures
from usg.metrics.scene_graph.presets import preset
from usg.metrics.scene_graph.scene import scene_of
from usg.metrics.weighted import value_of


def average(said: list[SceneGraph], gold: list[SceneGraph], region: str = "box") -> dict[str, float]:
    sides = [[scene_of(graph, "image") for graph in side] for side in (said, gold)]
    figures = detection_figures(*sides, preset("usg").changed({"region": region}))
    return {name: value_of(figure, len(gold)) for name, figure in figures.items()}


def test_by_hand() -> None:
    gold = [picture({"a": ("cat", (0, 0, 10, 10)), "b": ("cat", (20, 0, 30, 10)), "c": ("mat", (0, 20, 40, 40))})]
    said = [
        picture(
            {
                "a": ("cat", (0, 0, 10, 10), 0.9),  # hit
                "x": ("cat", (50, 50, 60, 60), 0.8),  # nothing is there
                "b": ("cat", (20, 0, 30, 6), 0.7),  # IoU 0.6: a hit at 0.5, not at 0.75
                "y": ("dog", (0, 20, 40, 40), 0.9),  # a class that the gold does not have
            }
        )
    ]
    values = average(said, gold)
    # cat at 0.5: precision 1 up to recall 1/2 (51 of the 101 points, 0 to 0.50), then 2/3 (50 points); mat: 0.
    assert values["map50"] == pytest.approx((51 * 1 + 50 * 2 / 3) / 101 / 2)
    assert values["map75"] == pytest.approx(51 / 101 / 2)
    # At 0.50, 0.55 and 0.60 as map50, at the other seven thresholds as map75.
    assert values["map"] == pytest.approx((3 * values["map50"] + 7 * values["map75"]) / 10)


def test_a_gold_object_is_taken_once() -> None:
    gold = [picture({"a": ("cat", (0, 0, 10, 10))})]
    said = [picture({"a": ("cat", (0, 0, 10, 9), 0.9), "b": ("cat", (0, 0, 10, 10), 0.8)})]
    found = class_detections([scene_of(said[0], "image")], [scene_of(gold[0], "image")], preset("usg"))[0]
    assert found.hit[0].tolist() == [True, False]
    # At 0.95 the first does not fit, so the second takes it.
    assert found.hit[-1].tolist() == [False, True]


def test_nothing_predicted_and_nothing_there() -> None:
    gold = [picture({"a": ("cat", (0, 0, 10, 10))})]
    assert average([SceneGraph()], gold) == {"map50": 0.0, "map75": 0.0, "map": 0.0}
    assert average(gold, [SceneGraph()]) == {}


def random_pictures(seed: int, masks: bool) -> tuple[list[SceneGraph], list[SceneGraph]]:
    generator = np.random.default_rng(seed)
    labels = ["cat", "dog", "mat"]

    def box() -> tuple[float, float, float, float]:
        x, y = generator.integers(0, 40, 2)
        w, h = generator.integers(8, 40, 2)
        return (float(x), float(y), float(x + w), float(y + h))

    def moved(corners: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        x0, y0, x1, y1 = np.clip(np.array(corners) + generator.integers(-4, 5, 4), 0, 80)
        return (float(x0), float(y0), float(max(x1, x0 + 1)), float(max(y1, y0 + 1)))

    gold, said = [], []
    for _ in range(30):
        true = {f"g{i}": (str(generator.choice(labels)), box()) for i in range(generator.integers(1, 6))}
        found = {
            f"p{i}": (str(generator.choice([label] * 4 + labels)), moved(corners), float(generator.random()))
            for i, (label, corners) in enumerate(true.values())
            if generator.random() < 0.8
        }
        found |= {f"q{i}": (str(generator.choice(labels)), box(), float(generator.random())) for i in range(3)}
        gold.append(picture(true, masks=masks))
        said.append(picture(found, masks=masks))
    return said, gold


@pytest.mark.parametrize("region", ["box", "mask"])
@pytest.mark.parametrize("seed", range(3))
def test_agrees_with_pycocotools(seed: int, region: str) -> None:
    pytest.importorskip("pycocotools", reason="pycocotools is not installed")
    said, gold = random_pictures(seed, masks=region == "mask")
    stats = coco_stats(said, gold, region)
    values = average(said, gold, region)
    assert [values["map"], values["map50"], values["map75"]] == pytest.approx(stats[:3], abs=1e-9)


def coco_stats(said: list[SceneGraph], gold: list[SceneGraph], region: str) -> list[float]:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    names = ["cat", "dog", "mat"]

    def rows(graphs: list[SceneGraph], scored: bool) -> list[dict]:
        found = []
        for image, graph in enumerate(graphs, 1):
            for thing in graph.objects:
                x0, y0, x1, y1 = thing.groundings[0].region.xyxy
                row = {"image_id": image, "category_id": names.index(thing.label) + 1, "iscrowd": 0}
                row |= {"bbox": [x0, y0, x1 - x0, y1 - y0], "area": (x1 - x0) * (y1 - y0), "id": len(found) + 1}
                if region == "mask":
                    mask = thing.groundings[1].region
                    row["segmentation"] = {"size": [mask.height, mask.width], "counts": mask.counts}
                    row.pop("bbox") if scored else None
                found.append(row | ({"score": thing.score} if scored else {}))
        return found

    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        images = [{"id": i + 1, "height": 80, "width": 80} for i in range(len(gold))]
        categories = [{"id": i + 1, "name": name} for i, name in enumerate(names)]
        truth.dataset = {"info": {}, "images": images, "categories": categories, "annotations": rows(gold, False)}
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(rows(said, True)), "segm" if region == "mask" else "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return [float(value) for value in evaluation.stats]


def test_drawing_an_image_twice_is_having_it_twice() -> None:
    said, gold = random_pictures(7, masks=False)
    sides = [[scene_of(graph, "image") for graph in side] for side in (said, gold)]
    twice = [[*side[:10], *side[:5]] for side in sides]
    weights = np.array([[2.0] * 5 + [1.0] * 5 + [0.0] * 20])
    once, doubled = (detection_figures(*each, preset("usg")) for each in (sides, twice))
    assert float(once["map"](weights)[0]) == pytest.approx(value_of(doubled["map"], 15))


def test_draws_in_parts_are_the_draws_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    said, gold = random_pictures(8, masks=False)
    sides = [[scene_of(graph, "image") for graph in side] for side in (said, gold)]
    weights = np.random.default_rng(0).integers(0, 3, (7, 30)).astype(float)
    figure = detection_figures(*sides, preset("usg"))["map"]
    whole = figure(weights)
    monkeypatch.setattr("usg.metrics.scene_graph.detection._AT_ONCE", 100)
    assert figure(weights) == pytest.approx(whole)
