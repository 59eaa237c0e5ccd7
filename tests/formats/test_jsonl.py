import io
import json
from pathlib import Path

import pytest

from usg.formats import Problems, read_graphs, write_graphs
from usg.graph import Box, Grounding, SceneGraph, SceneObject, Source
from usg.graph.serialize import to_dict, to_json

GRAPHS = [
    SceneGraph(objects=[SceneObject("o", "chien «gris»\u2028")], metadata={"line": "a\nb"}),
    SceneGraph(),
    SceneGraph([Source("i", "image")], [SceneObject("o", "dog", groundings=(Grounding("i", Box(0, 0, 1, 1)),))]),
]


def test_what_is_written_is_read(tmp_path: Path) -> None:
    file = tmp_path / "graphs.jsonl"
    assert write_graphs(GRAPHS, file) == 3
    assert len(file.read_bytes().splitlines()) == 3
    assert list(read_graphs(file)) == GRAPHS


def line(**changes: object) -> str:
    return json.dumps({**to_dict(GRAPHS[2]), **changes})


def with_box(box: list[float]) -> str:
    objects = [{"id": "o", "label": "dog", "groundings": [{"source": "i", "region": {"box": box}}]}]
    return line(objects=objects)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"not json", "not JSON"),
        (b"[1, 2]", "list"),
        (b'{"objects": []}', "schema"),
        (line(version="9.0").encode(), r"version.*'9\.0'"),
        (line(relations=[{"id": "r", "subject": "o", "predicate": "on", "object": "gone"}]).encode(), "'gone'"),
        (with_box([0, 0, float("nan"), 1]).encode(), "not finite"),
        (with_box([5, 0, 1, 1]).encode(), "inverted"),
        (line(objects=[{"id": "o", "label": "a"}, {"id": "o", "label": "b"}]).encode(), "'o' is used twice"),
        (line(objects=[{"id": "o", "label": "x" * 10_000}]).encode(), "10000 characters"),
        (line(objects=[{"id": "o", "label": "\ud800"}]).encode(), "surrogate"),
        (b'{"objects": "\xff"}', "utf-8"),
        (b"[" * 100_000, "nest"),
        (b"\x00\x01\x02", "not JSON"),
    ],
)
def test_a_bad_line_is_named_and_the_rest_read(tmp_path: Path, bad: bytes, reason: str) -> None:
    file = tmp_path / "graphs.jsonl"
    good = [to_json(graph).encode() for graph in GRAPHS]
    file.write_bytes(b"\n".join([good[0], bad, b"", *good[1:]]))
    problems = Problems()
    assert list(read_graphs(file, problems=problems)) == GRAPHS
    assert problems.count == 1
    assert problems.first[0].startswith(f"{file}:2: ")
    assert len(problems.first[0]) < 500
    with pytest.raises(ValueError, match=reason):
        list(read_graphs(file))


def test_an_empty_file_is_an_error(tmp_path: Path) -> None:
    for content in ("", "\n\n"):
        (tmp_path / "graphs.jsonl").write_text(content)
        with pytest.raises(ValueError, match="is empty; expected one graph a line"):
            list(read_graphs(tmp_path / "graphs.jsonl", problems=Problems()))


def test_an_error_leaves_no_file(tmp_path: Path) -> None:
    def graphs() -> object:
        yield GRAPHS[0]
        raise RuntimeError("interrupted")

    with pytest.raises(RuntimeError):
        write_graphs(graphs(), tmp_path / "graphs.jsonl")  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_metadata_that_is_not_json_is_a_problem(tmp_path: Path) -> None:
    problems = Problems()
    bad = SceneGraph(metadata={"x": object()})
    assert write_graphs([GRAPHS[0], bad], tmp_path / "graphs.jsonl", problems=problems) == 1
    assert problems.first[0].startswith("graph 1: ")


def test_standard_streams(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert write_graphs(GRAPHS, "-") == 3
    import sys

    sys.stdout.flush()
    written = capfdbinary.readouterr().out
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(written)))
    assert list(read_graphs("-")) == GRAPHS
