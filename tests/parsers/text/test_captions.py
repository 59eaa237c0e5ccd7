"""Captions on disk, with what is wrong in them."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from usg.formats import Problems
from usg.parsers.text.captions import FORMATS, Caption, Fields, find_files, read_captions


def read(
    tmp_path: Path, name: str, data: str | bytes, *options: object
) -> tuple[list[tuple[str, str | None, str | None]], list[str]]:
    """(text, uri without the folder, image) of the captions of a file, and the problems."""
    file = tmp_path / name
    file.write_bytes(data.encode() if isinstance(data, str) else data)
    problems = Problems()
    captions = list(read_captions(str(file), problems, *options))  # type: ignore[arg-type]
    found = [(each.text, each.uri and each.uri.replace(f"{tmp_path}/", ""), each.image) for each in captions]
    return found, [line.replace(f"{tmp_path}/", "") for line in problems.first]


def test_lines(tmp_path: Path) -> None:
    found, wrong = read(tmp_path, "some.txt", b"\xef\xbb\xbfa dog\r\n\na \xff cat\nla ni\xc3\xb1a\xe2\x80\xa8 corre")
    assert found == [
        ("a dog", "some.txt#line/1", None),
        ("", "some.txt#line/2", None),
        ("la niña\u2028 corre", "some.txt#line/4", None),
    ]
    assert wrong == ["some.txt:3: not UTF-8"]


def test_standard_input_has_no_uri(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a dog\na cat\n")))
    assert list(read_captions("-", Problems())) == [
        Caption("a dog", "standard input:1"),
        Caption("a cat", "standard input:2"),
    ]


def test_flickr_is_told_by_its_name_or_its_first_line(tmp_path: Path) -> None:
    data = "1000.jpg#0\tA dog .\nnothing\n1000.jpg#1\tTwo\tdogs .\n"
    expected = (
        [
            ("A dog .", "flickr:image/1000.jpg#caption/0", "1000.jpg"),
            ("Two\tdogs .", "flickr:image/1000.jpg#caption/1", "1000.jpg"),
        ],
        "2: 'nothing'; expected IMAGE#NUMBER<tab>CAPTION",
    )
    for name in ("results_20130124.token", "flickr.txt"):
        found, wrong = read(tmp_path, name, data)
        assert (found, wrong) == (expected[0], [f"{name}:{expected[1]}"])
    assert len(read(tmp_path, "flickr.txt", data, "lines")[0]) == 3


def test_fields_of_a_format_without_fields(tmp_path: Path) -> None:
    file = tmp_path / "captions.txt"
    file.write_text("a dog")
    with pytest.raises(ValueError, match=r"csv, tsv and jsonl; .*captions\.txt is read as lines"):
        list(read_captions(str(file), Problems(), fields=Fields(text="caption")))


def test_a_caption_of_two_lines(tmp_path: Path) -> None:
    found, wrong = read(tmp_path, "captions.csv", 'caption,image_id\n"a dog\nruns",1\na cat,2\n')
    assert ([text for text, _, _ in found], wrong) == (["a dog\nruns", "a cat"], [])


def test_coco(tmp_path: Path) -> None:
    annotations = [
        {"image_id": 139, "id": 38, "caption": "A dog"},
        {"image_id": 139, "id": 39},
        {"image_id": 285, "id": 40, "caption": 7},
        "no",
        {"image_id": 285, "caption": "A bear \ud800"},
        {"image_id": 285, "id": 41, "caption": "A bear"},
        {"caption": "A cow"},
    ]
    expected = [
        ("A dog", "coco:image/139#caption/38", "139"),
        ("A bear", "coco:image/285#caption/41", "285"),
        ("A cow", "captions.json#caption/7", None),
    ]
    for data in ({"info": {}, "images": [{"id": 139}], "annotations": annotations}, annotations):
        found, wrong = read(tmp_path, "captions.json", json.dumps(data))
        assert found == expected
        assert wrong == [
            "captions.json: annotation 2: no 'caption' in image_id, id; are these captions?",
            "captions.json: annotation 3: the caption is int 7, expected a string",
            "captions.json: annotation 4: no 'caption' in str; are these captions?",
            "captions.json: annotation 5: not UTF-8",
        ]


@pytest.mark.parametrize(
    ("data", "count", "reason"),
    [
        ('{"annotations": [{"image_id": 1, "caption": "a"}, {"image_id": 2, "capt', 1, "cut short or broken at"),
        ('{"annotations": [{"image_id": 1, "caption": "a"}', 1, "cut short or broken at character 48"),
        ('{"images": [], "annot', 0, "cut short or broken at character 15"),
        ('{"images": []}', 0, "no 'annotations' among the keys images"),
        ('{"annotations": 3}', 0, "'annotations' is '3}', expected an array"),
        ("", 0, "not JSON: it starts with ''"),
    ],
)
def test_a_coco_file_that_is_cut_short_gives_what_is_whole(tmp_path: Path, data: str, count: int, reason: str) -> None:
    found, wrong = read(tmp_path, "captions.json", data)
    assert len(found) == count
    assert len(wrong) == 1 and reason in wrong[0] and wrong[0].endswith(f"{count} annotations were read")


def test_tables(tmp_path: Path) -> None:
    data = 'image_id,caption\n1,"a dog, wet"\n2\n3,"a cat\nimg/4.jpg,a cow\n,a pig\n'
    expected = [
        ("a dog, wet", "image/1#line/2", "1"),
        ("a cow", "img/4.jpg#line/5", "img/4.jpg"),
        ("a pig", "some.csv#line/6", None),
    ]
    found, wrong = read(tmp_path, "some.csv", data)
    assert found == expected
    assert [line[:11] for line in wrong] == ["some.csv:3:", "some.csv:4:"]
    assert wrong[0] == "some.csv:3: 1 columns, expected 2"
    assert read(tmp_path, "some.tsv", "text\tid\na dog, wet\t1\n", None, Fields("text", "id")) == (
        [("a dog, wet", "image/1#line/2", "1")],
        [],
    )


def test_jsonl(tmp_path: Path) -> None:
    lines = [
        '{"caption": "a dog", "image_id": 1}',
        '{"caption": "a d',
        "",
        "[1]",
        '{"text": "a dog"}',
        '{"caption": ["a cat", "a cow"]}',
        '{"caption": "a \\ud800"}',
    ]
    found, wrong = read(tmp_path, "some.jsonl", "\n".join(lines))
    assert found == [
        ("a dog", "image/1#line/1", "1"),
        ("a cat", "some.jsonl#line/6/0", None),
        ("a cow", "some.jsonl#line/6/1", None),
    ]
    assert [line.split(": ")[0] for line in wrong] == [f"some.jsonl:{i}" for i in (2, 4, 5, 7)]
    assert wrong[2] == "some.jsonl:5: no field 'caption' among text; name the one meant with --field"


def test_a_field_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    assert read(tmp_path, "a.csv", "image,text\n1,a dog\n2,a cat\n") == (
        [],
        ["a.csv:1: no field 'caption' among image, text; name the one meant with --field"],
    )
    found, wrong = read(tmp_path, "a.jsonl", '{"caption": "a dog"}\n', None, Fields(image="id"))
    assert found == []
    assert wrong == ["a.jsonl:1: no field 'id' among caption; name the one meant with --id-field"]


def test_formats_are_named(tmp_path: Path) -> None:
    with pytest.raises(LookupError, match="did you mean 'coco'"):
        read(tmp_path, "a", "", "cocoa")
    for format in FORMATS:
        read(tmp_path, "a", "", format)


def test_files_folders_and_globs(tmp_path: Path) -> None:
    for name in ("b.txt", "a.txt", "c.csv", ".hidden"):
        (tmp_path / name).write_text("")
    names = [str(tmp_path / name) for name in ("a.txt", "b.txt", "c.csv")]
    assert find_files([str(tmp_path)]) == names
    assert find_files([str(tmp_path / "*.txt"), "-", names[2]]) == [*names[:2], "-", names[2]]
    for wrong in ("nothing.txt", "*.jpg"):
        with pytest.raises(FileNotFoundError, match="no such file, folder or glob"):
            find_files([str(tmp_path / wrong)])
