"""Captions as they lie on disk: lines, COCO, Flickr30k, CSV, TSV and JSONL, each with the image it describes.

| format | a caption is | its uri |
|---|---|---|
| lines | a line, empty ones included | `FILE#line/3`; none on standard input |
| coco | as usg/formats/coco_captions.py reads them | `coco:image/139#caption/38`, or `FILE#caption/38` without an id |
| flickr | a line `1000.jpg#0<tab>caption` | `flickr:image/1000.jpg#caption/0` |
| csv, tsv | the field of a row; a row is a line | `image/ID#line/3`, or `FILE#line/3` without an id |
| jsonl | the field of an object, a string or a list of strings | likewise, `#line/3/1` in a list |

What stands before the `#` of a uri is the image (or file), so captions of one image can be told. An id that is a path
or an address stands as it is. A caption that cannot be read is a problem (usg/formats/problems.py); the rest is read.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from usg.formats.coco_captions import read_coco_captions
from usg.formats.csv_rows import read_rows
from usg.formats.problems import Problems
from usg.names import unknown_name
from usg.parsers.inputs import find_inputs

FORMATS = ("lines", "coco", "flickr", "csv", "tsv", "jsonl")

_SUFFIXES = {".json": "coco", ".token": "flickr", ".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
_FLICKR = re.compile(r"([^\t#]+)#(\d+)\t(.*)", re.DOTALL)
_DELIMITER = {"csv": ",", "tsv": "\t"}


@dataclass(frozen=True, slots=True)
class Caption:
    """A text to parse.

    Attributes:
        text: the caption.
        where: file and line, for whoever must find it.
        uri: of its source, if it has one.
        image: the id of the image it describes, if that is known.
    """

    text: str
    where: str
    uri: str | None = None
    image: str | None = None


@dataclass(frozen=True, slots=True)
class Fields:
    """Where the captions stand in rows and objects.

    Attributes:
        text: the name of the field; "caption" when None.
        image: the name of the field with the image's id; when None, "image_id" where there is one.
    """

    text: str | None = None
    image: str | None = None


def find_files(inputs: Sequence[str]) -> list[str]:
    """The files that are meant: files and `-` as they are, folders and globs as the files in them, sorted.

    Raises:
        FileNotFoundError: there is no such file, or no file in a folder or glob.
    """

    def inside(folder: Path) -> list[Path]:
        return sorted(each for each in folder.iterdir() if each.is_file() and each.name[0] != ".")

    return find_inputs(inputs, "files; a text goes to stdin", inside, Path.is_file)


def read_captions(
    path: str, problems: Problems, format: str | None = None, fields: Fields | None = None
) -> Iterator[Caption]:
    r"""The captions of a file, as a stream.

    Args:
        path: a file, or `-` for standard input.
        problems: collects what cannot be read.
        format: one of `FORMATS`; when None, told from the name, and for text files from the first line.
        fields: of csv, tsv and jsonl.

    Raises:
        LookupError: there is no such format.
        ValueError: fields are given for a format that has none.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "results.token"
    >>> _ = file.write_text("1000.jpg#0\tA dog runs .\n")
    >>> [(caption.text, caption.image) for caption in read_captions(str(file), Problems())]
    [('A dog runs .', '1000.jpg')]
    """
    if format is not None and format not in FORMATS:
        raise LookupError(unknown_name("caption format", format, FORMATS))
    format = format or _SUFFIXES.get(Path(path).suffix.lower())
    if fields is not None and fields != Fields() and format not in (*_DELIMITER, "jsonl"):
        raise ValueError(f"--field and --id-field are of csv, tsv and jsonl; {path} is read as {format or 'lines'}")
    reader = _Reader(path, problems, fields or Fields())
    if format == "coco":
        yield from reader.coco()
    elif format in _DELIMITER:
        yield from reader.table(_DELIMITER[format])
    elif format == "jsonl":
        yield from reader.jsonl()
    else:
        yield from reader.lines(format)


class _Reader:
    def __init__(self, path: str, problems: Problems, fields: Fields) -> None:
        self.path, self.problems, self.fields = path, problems, fields
        self.name = "standard input" if path == "-" else path

    def lines(self, format: str | None) -> Iterator[Caption]:
        """Plain lines or those of Flickr30k, by the first line when the format is not given."""
        for number, line in self._decoded():
            match = _FLICKR.fullmatch(line) if format != "lines" else None
            format = format or ("flickr" if match else "lines")
            if format == "lines":
                yield Caption(line, self._where(number), None if self.path == "-" else f"{self.path}#line/{number}")
            elif match:
                image, caption, text = match.groups()
                yield Caption(text, self._where(number), f"flickr:image/{image}#caption/{caption}", image)
            elif line.strip():
                self.problems.add(self._where(number), f"{line[:60]!r}; expected IMAGE#NUMBER<tab>CAPTION")

    def table(self, delimiter: str) -> Iterator[Caption]:
        lines = self._decoded()
        number, header = next(((number, line) for number, line in lines if line.strip()), (0, None))
        if header is None:
            return
        names = next(csv.reader([header], delimiter=delimiter))
        if self._text not in names:
            self._missing(number, self._text, names)
            return
        for number, row, reason in read_rows(lines, len(names), delimiter):
            if row is None:
                self.problems.add(self._where(number), reason)
            else:
                yield from self._captions(dict(zip(names, row, strict=True)), number)

    def jsonl(self) -> Iterator[Caption]:
        for number, line in self._decoded():
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                self.problems.add(self._where(number), f"not JSON: {error}")
                continue
            if isinstance(row, dict):
                yield from self._captions(row, number)
            else:
                self.problems.add(self._where(number), f"{type(row).__name__}, expected an object")

    def coco(self) -> Iterator[Caption]:
        data = sys.stdin.buffer.read() if self.path == "-" else Path(self.path).read_bytes()
        # Undecodable bytes become surrogates, so that one bad caption does not end the file.
        captions = read_coco_captions(data.decode("utf-8-sig", "surrogateescape"), self.name, self.problems)
        del data
        try:
            for each in captions:
                medium = self.path if each.image is None else f"coco:image/{each.image}"
                uri = None if medium == "-" else f"{medium}#caption/{each.id}"
                yield Caption(each.text, f"{self.name}: annotation {each.number}", uri, each.image)
        except ValueError as error:
            self.problems.add(self.name, str(error))

    @property
    def _text(self) -> str:
        return self.fields.text or "caption"

    def _captions(self, row: dict[str, Any], number: int) -> Iterator[Caption]:
        """The captions of a row or object."""
        wanted = [self._text] + ([self.fields.image] if self.fields.image else [])
        for name in wanted:
            if name not in row:
                self._missing(number, name, list(row))
                return
        found = row.get(self.fields.image or "image_id")
        image = None if found is None or found == "" else str(found)
        medium = self.path if image is None else image if re.search(r"[/.:]", image) else f"image/{image}"
        uri = None if image is None and self.path == "-" else f"{medium.replace('#', '%23')}#line/{number}"
        texts = row[self._text]
        if not isinstance(texts, list):
            yield from self._checked(texts, self._where(number), uri, image)
            return
        for i, text in enumerate(texts):
            yield from self._checked(text, f"{self._where(number)}[{i}]", uri and f"{uri}/{i}", image)

    def _checked(self, text: object, where: str, uri: str | None, image: str | None) -> Iterator[Caption]:
        if not isinstance(text, str):
            self.problems.add(where, f"the caption is {type(text).__name__} {text!r:.60}, expected a string")
            return
        try:
            f"{text}{uri}".encode()
        except UnicodeEncodeError:
            self.problems.add(where, "not UTF-8")
            return
        yield Caption(text, where, uri, image)

    def _missing(self, number: int, name: str, names: list[str]) -> None:
        option = "--field" if name == self._text else "--id-field"
        seen = ", ".join(names)[:80]
        self.problems.add(self._where(number), f"no field {name!r} among {seen}; name the one meant with {option}")

    def _where(self, number: int) -> str:
        return f"{self.name}:{number}"

    def _decoded(self) -> Iterator[tuple[int, str]]:
        """Lines with their numbers, without their ends; those that are not UTF-8 are problems."""
        with nullcontext(sys.stdin.buffer) if self.path == "-" else Path(self.path).open("rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    text = line.decode("utf-8-sig" if number == 1 else "utf-8")
                except UnicodeDecodeError:
                    self.problems.add(self._where(number), "not UTF-8")
                else:
                    yield number, text.removesuffix("\n").removesuffix("\r")
