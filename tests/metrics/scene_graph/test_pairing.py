"""Which prediction belongs to which gold graph, and what is refused."""

import pytest

from usg.graph import Source
from usg.metrics.scene_graph.pairing import default_matching, paired
from usg.metrics.scene_graph.scene import Scene


def scenes(*uris: str | None) -> list[Scene]:
    return [Scene(f"graph {i}", source=Source("i", "image", uri=uri)) for i, uri in enumerate(uris, 1)]


def test_by_uri_where_all_have_one() -> None:
    gold, said = scenes("a", "b", "c"), scenes("c", "a")
    assert default_matching(said, gold) == "uri"
    assert paired(said, gold, "uri") == [said[1], None, said[0]]


def test_by_order_where_one_has_none_or_one_stands_twice() -> None:
    assert default_matching(scenes("a", None), scenes("a", "b")) == "order"
    assert default_matching(scenes("a", "a"), scenes("a", "b")) == "order"
    gold, said = scenes("x/a.png", "x/b.png"), scenes("y/a.png", None)
    assert paired(said, gold, "order") == said


@pytest.mark.parametrize(
    ("said", "gold"),
    [
        (["w/images/2.png", "w/images/1.png"], ["images/1.png", "images/2.png"]),
        (["../w/videos/2", "../w/videos/1/"], ["videos/1", "videos/2"]),  # films as folders of frames
        (["images/2.png", "./images/1.png"], ["/data/w/images/1.png", "/data/w/images/2.png"]),
        (["w/a/7.png", "w/7.png"], ["7.png", "a/7.png"]),  # the longest
        (["a/7.png", "7.png"], ["7.png", "a/7.png"]),
        (["w/a/2.png", "w/a/1.png"], ["../a/1.png", "../a/2.png"]),  # either may climb
        (["a/2.png", "a/1.png"], ["../../w/a/1.png", "../../w/a/2.png"]),
        (["a/1.png", "../a/1.png"], ["../a/1.png", "a/1.png"]),  # the same string first
    ],
)
def test_one_uri_may_be_the_end_of_the_other(said: list, gold: list) -> None:
    assert [scene and scene.name for scene in paired(scenes(*said), scenes(*gold), "uri")] == ["graph 2", "graph 1"]


@pytest.mark.parametrize(
    ("said", "gold", "matching", "message"),
    [
        (["a"], ["a", "b"], "order", "has 1 graphs and the gold file 2"),
        (["b", "a"], ["a", "b"], "order", "graph 1 of said is of 'b', the gold graph of 'a'"),
        (["a", "x"], ["a", "b"], "uri", "'x', of which there is no gold graph .*--match name"),
        (["a"], ["a", "a"], "uri", "the gold graphs have 'a' twice"),
        (["x/a", "y/a"], ["a", "b"], "name", "said have 'a' twice"),
        ([None], ["a"], "uri", "does not say of what it is"),
        (["7.png"], ["a/7.png", "b/7.png"], "uri", "'7.png', and the gold graphs of 'a/7.png' and 'b/7.png' both end"),
        (["x/a/7.png", "y/a/7.png"], ["a/7.png"], "uri", "has 'x/a/7.png' and 'y/a/7.png', which both fit"),
        (["a/7.png"], ["../a/7.png", "../../a/7.png"], "uri", "'../a/7.png' and '../../a/7.png' both end so"),
        (["x/17.png"], ["7.png"], "uri", "'x/17.png', of which there is no gold graph"),
    ],
)
def test_what_does_not_fit_is_refused(said: list, gold: list, matching: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        paired(scenes(*said), scenes(*gold), matching, "said")  # type: ignore[arg-type]
