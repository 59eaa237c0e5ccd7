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
    ("said", "gold", "matching", "message"),
    [
        (["a"], ["a", "b"], "order", "has 1 graphs and the gold file 2"),
        (["b", "a"], ["a", "b"], "order", "graph 1 of said is of 'b', the gold graph of 'a'"),
        (["a", "x"], ["a", "b"], "uri", "'x', of which there is no gold graph .*--match name"),
        (["a"], ["a", "a"], "uri", "the gold graphs have 'a' twice"),
        (["x/a", "y/a"], ["a", "b"], "name", "said have 'a' twice"),
        ([None], ["a"], "uri", "does not say of what it is"),
    ],
)
def test_what_does_not_fit_is_refused(said: list, gold: list, matching: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        paired(scenes(*said), scenes(*gold), matching, "said")  # type: ignore[arg-type]
