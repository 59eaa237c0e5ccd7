import numpy as np
import pytest

from usg.graph import Attribute, Box, Grounding, Relation, SceneGraph, SceneObject, Source
from usg.graph.rle import encode_mask
from usg.parsers.image.embedded.network import MASK, STRIDE
from usg.parsers.image.embedded.settings import Words
from usg.parsers.image.training.targets import POSITIVES, Gold, gold_of
from usg.world.pixels import sample_picture

WORDS = Words(("cat", "hat"), {"colour": ("", "black", "red")}, ("on", "wearing"))


def _graph(*boxes: tuple[str, Box, np.ndarray | None], relations: list[Relation] | None = None) -> SceneGraph:
    objects = []
    for i, (label, box, mask) in enumerate(boxes):
        where = [Grounding("image", box)] + ([] if mask is None else [Grounding("image", encode_mask(mask))])
        objects.append(SceneObject(f"o{i}", label, groundings=tuple(where)))
    return SceneGraph([Source("image", "image", width=64, height=64)], objects, relations=relations or [])


def test_codes_boxes_and_relations() -> None:
    graph = _graph(
        ("hat", Box(8, 4, 20, 12), None),
        ("cow", Box(0, 0, 9, 9), None),
        ("cat", Box(8, 8, 32, 40), None),
        relations=[
            Relation("r0", "o2", "wearing", "o0"),
            Relation("r1", "o0", "on", "o2"),
            Relation("r2", "o1", "on", "o2"),
            Relation("r3", "o2", "on", "o0", negated=True),
        ],
    )
    gold = gold_of(graph, graph.sources[0], WORDS, 32, (64, 64))
    assert gold.labels.tolist() == [1, 0]  # the cow has no code
    assert gold.boxes.tolist() == [[4, 2, 10, 6], [4, 4, 16, 20]]
    assert gold.relations.tolist() == [[0, 0, 1], [1, 1, 0]]
    assert not gold.masked.any()


def test_values_unknown_and_absent() -> None:
    graph = _graph(("cat", Box(0, 0, 8, 8), None), ("cat", Box(20, 0, 28, 8), None), ("cat", Box(40, 0, 48, 8), None))
    told = [Attribute("a0", "o0", "red", kind="colour"), Attribute("a1", "o1", "mauve", kind="colour")]
    graph = SceneGraph(graph.sources, graph.objects, told)
    assert gold_of(graph, graph.sources[0], WORDS, 64, (64, 64)).values.tolist() == [[2], [-1], [0]]


def test_the_hat_has_positives_of_its_own_in_the_box_of_the_cat() -> None:
    graph = _graph(("cat", Box(0, 0, 48, 48), None), ("hat", Box(16, 16, 32, 32), None))
    positives = gold_of(graph, graph.sources[0], WORDS, 64, (64, 64)).positives
    assert (positives[4:8, 4:8] == 1).sum() == POSITIVES
    assert (positives == 0).sum() == POSITIVES
    assert (positives[4:8, 4:8] != 0).all()


def test_a_mask_says_what_a_cell_shows() -> None:
    whole, front = np.zeros((64, 64), bool), np.zeros((64, 64), bool)
    front[0:48, 0:24] = True
    whole[0:48, 24:48] = True  # the rest of it is covered by the smaller thing
    graph = _graph(("cat", Box(0, 0, 48, 48), whole), ("hat", Box(0, 0, 24, 48), front))
    positives = gold_of(graph, graph.sources[0], WORDS, 64, (64, 64)).positives
    assert (np.nonzero(positives == 0)[1] >= 6).all()
    assert (np.nonzero(positives == 1)[1] < 6).all()


@pytest.mark.parametrize("masked", [False, True])
def test_what_is_smaller_than_a_cell_has_one_positive(masked: bool) -> None:
    mask = np.zeros((64, 64), bool)
    mask[9, 12:14] = True  # no cell has its centre there
    graph = _graph(("hat", Box(12, 9, 14, 10), mask if masked else None))
    assert np.argwhere(gold_of(graph, graph.sources[0], WORDS, 64, (64, 64)).positives == 0).tolist() == [[2, 3]]


def test_masks_are_read_over_the_box_and_its_margin() -> None:
    mask = np.zeros((64, 64), bool)
    mask[16:48, 16:48] = True
    graph = _graph(("cat", Box(16, 16, 48, 48), mask))
    grid = gold_of(graph, graph.sources[0], WORDS, 64, (64, 64)).masks[0]
    assert grid.shape == (MASK, MASK)
    assert not grid[0].any()
    assert not grid[:, -1].any()
    assert grid[3:-3, 3:-3].all()


def test_every_object_of_the_world_has_a_positive_that_shows_it() -> None:
    for index in range(20):
        picture = sample_picture("val", 3, index)
        labels = tuple(sorted({obj.label for obj in picture.graph.objects}))
        gold = gold_of(picture.graph, picture.graph.sources[0], Words(labels, {}, ()), 128, (128, 128))
        for i in range(len(gold.labels)):
            rows, columns = np.nonzero(gold.positives == i)
            assert 1 <= len(rows) <= POSITIVES
            x, y = (columns + 0.5) * STRIDE, (rows + 0.5) * STRIDE
            if len(rows) > 1:
                x0, y0, x1, y1 = gold.boxes[i]
                assert ((x >= x0) & (x <= x1) & (y >= y0) & (y <= y1)).all()


def _both_sizes(*things: tuple[str, tuple[int, int, int, int], np.ndarray | None]) -> tuple[Gold, Gold]:
    """The targets of a picture of 64 pixels, and of the same of 128."""
    graphs = []
    for k in (1, 2):
        boxes = [
            (label, Box(*(k * v for v in box)), None if mask is None else mask.repeat(k, 0).repeat(k, 1))
            for label, box, mask in things
        ]
        graphs.append(_graph(*boxes))
    one, two = (gold_of(g, g.sources[0], WORDS, 64, (64 * k, 64 * k)) for g, k in zip(graphs, (1, 2), strict=True))
    return one, two


def test_a_picture_of_twice_the_size_has_the_same_targets() -> None:
    slope, dot = np.tri(64, dtype=bool), np.zeros((64, 64), bool)
    slope[:16] = slope[48:] = False
    dot[41, 51] = dot[45, 57] = True  # no cell has its centre there
    one, two = _both_sizes(
        ("cat", (0, 16, 48, 48), slope), ("hat", (50, 40, 60, 47), dot), ("hat", (4, 50, 30, 60), None)
    )
    for name, value in vars(one).items():
        assert (getattr(two, name) == value).all(), name
    assert one.masks[0].any() and not one.masks[0].all()


def test_both_axes_have_their_scale() -> None:
    graph = _graph(("cat", Box(0, 0, 1000, 333), np.ones((333, 1000), bool)))
    gold = gold_of(graph, graph.sources[0], WORDS, 128, (1000, 333))
    assert gold.boxes.tolist() == [[0, 0, 128, 43]]
    assert np.argwhere(gold.positives == 0).max(0)[0] <= 10


def test_what_leaves_the_picture_is_cut_and_what_is_outside_left_out() -> None:
    graph = _graph(
        ("cat", Box(-10, 50, 20, 80), None), ("cat", Box(64, 0, 90, 20), None), ("hat", Box(-9, -9, -2, -2), None)
    )
    gold = gold_of(graph, graph.sources[0], WORDS, 64, (64, 64))
    assert gold.boxes.tolist() == [[0, 50, 20, 64]]


def test_a_mask_of_another_size_is_refused() -> None:
    graph = _graph(("cat", Box(0, 0, 9, 9), np.ones((32, 64), bool)))
    with pytest.raises(ValueError, match=r"the mask of o0 has 64 x 32 pixels, the picture 64 x 64"):
        gold_of(graph, graph.sources[0], WORDS, 64, (64, 64))


@pytest.mark.parametrize("order", [("red", "mauve"), ("mauve", "red")])
def test_a_value_that_is_known_is_not_hidden_by_one_that_is_not(order: tuple[str, str]) -> None:
    graph = _graph(("cat", Box(0, 0, 8, 8), None))
    told = [Attribute(f"a{i}", "o0", value, kind="colour") for i, value in enumerate(order)]
    graph = SceneGraph(graph.sources, graph.objects, told)
    assert gold_of(graph, graph.sources[0], WORDS, 64, (64, 64)).values.tolist() == [[2]]


def test_more_words_than_sixteen_bits_count() -> None:
    words = Words(tuple(map(str, range(40_000))), {}, ())
    graph = _graph(("39999", Box(0, 0, 8, 8), None))
    assert gold_of(graph, graph.sources[0], words, 64, (64, 64)).labels.tolist() == [39_999]


def test_a_thing_has_no_relation_to_itself() -> None:
    graph = _graph(("cat", Box(0, 0, 8, 8), None), relations=[Relation("r", "o0", "on", "o0")])
    assert gold_of(graph, graph.sources[0], WORDS, 64, (64, 64)).relations.shape == (0, 3)
