"""The world leaves something to learn: the exact ceiling is far above counting (counting.py has the whole table)."""

import pytest
from counting import measure


@pytest.fixture(scope="module")
def table():
    return measure(train=4_000, test=250)


def test_masked_objects_need_the_whole_scene(table):
    row = table["object"]
    assert row["majority"] < 0.15
    assert 0.74 < row["ceiling"] < 0.86
    assert row["ceiling"] - row["one-hop"] > 0.15
    assert row["ceiling"] - row["one-hop + co-objects"] > 0.09


def test_masked_colours_need_the_palette(table):
    row = table["colour"]
    assert row["ceiling"] - row["one-hop"] > 0.10
    assert row["ceiling"] - row["one-hop + co-objects"] > 0.10


def test_nothing_beats_the_ceiling(table):
    for kind, row in table.items():
        error = (0.25 / row["n"]) ** 0.5
        for name in ("majority", "one-hop", "one-hop + co-objects"):
            assert row[name] < row["ceiling"] + 2 * error, (kind, name)
