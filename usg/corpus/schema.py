"""What a corpus is on disk: the Arrow schema of a graph, the manifest, and the names of the files.

A corpus is a folder of Parquet shards `shard-00000.parquet`, `shard-00001.parquet`, ... and a `manifest.json` that
gives the version of this schema and where the graphs came from. The shards are the truth: the manifest is written
first and does not list them, so a folder whose writer was killed is a corpus of the whole shards it holds.

One row is one graph. Owners, subjects and objects are positions in the row's list of objects and the source of a
grounding is a position in its list of sources, so that batches are packed from the columns without looking up ids.
The key-value metadata of every footer holds the version and the statistics of the shard (usg/corpus/statistics.py).
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from usg import __version__
from usg.files import atomic_path

SCHEMA_NAME = "usg.corpus"
SCHEMA_VERSION = 1
MANIFEST = "manifest.json"
STATISTICS_KEY = b"usg.corpus.statistics"
VERSION_KEY = b"usg.corpus.version"

BOX = pa.struct([(name, pa.float64()) for name in ("x0", "y0", "x1", "y1")])
MASK = pa.struct([("height", pa.int32()), ("width", pa.int32()), ("counts", pa.string())])
TIME = pa.struct([("start", pa.float64()), ("end", pa.float64())])
TRACK_POINT = pa.struct([("frame", pa.int64()), ("seconds", pa.float64()), ("box", BOX), ("mask", MASK)])

GROUNDING = pa.struct(
    [
        ("source", pa.int32()),  # position in `sources`
        ("label", pa.string()),
        ("score", pa.float64()),
        # At most one of the five is there: a non-empty list, or a struct that is not null.
        ("span", pa.list_(pa.struct([("start", pa.int32()), ("end", pa.int32())]))),
        ("box", BOX),
        ("mask", MASK),
        ("track", pa.list_(TRACK_POINT)),
        ("time", TIME),
    ]
)
SOURCE = pa.struct(
    [
        ("id", pa.string()),
        ("modality", pa.string()),
        ("uri", pa.string()),
        ("text", pa.string()),
        ("width", pa.int64()),
        ("height", pa.int64()),
        ("duration", pa.float64()),
        ("fps", pa.float64()),
        ("parser", pa.string()),
        ("parser_version", pa.string()),
    ]
)
OBJECT = pa.struct(
    [
        ("id", pa.string()),
        ("label", pa.string()),
        ("negated", pa.bool_()),
        ("score", pa.float64()),
        ("groundings", pa.list_(GROUNDING)),
    ]
)
ATTRIBUTE = pa.struct(
    [
        ("id", pa.string()),
        ("object", pa.int32()),  # position in `objects`
        ("value", pa.string()),
        ("kind", pa.string()),
        ("number", pa.float64()),
        ("negated", pa.bool_()),
        ("score", pa.float64()),
        ("time", TIME),
        ("groundings", pa.list_(GROUNDING)),
    ]
)
RELATION = pa.struct(
    [
        ("id", pa.string()),
        ("subject", pa.int32()),  # position in `objects`
        ("predicate", pa.string()),
        ("object", pa.int32()),  # position in `objects`
        ("negated", pa.bool_()),
        ("score", pa.float64()),
        ("time", TIME),
        ("groundings", pa.list_(GROUNDING)),
    ]
)
SCHEMA = pa.schema(
    [
        ("sources", pa.list_(SOURCE)),
        ("objects", pa.list_(OBJECT)),
        ("attributes", pa.list_(ATTRIBUTE)),
        ("relations", pa.list_(RELATION)),
        ("metadata", pa.string()),  # JSON
    ]
)


class CorpusError(ValueError):
    """A folder is not a corpus that can be read, or one of its shards is broken; the message says which and why."""


def shard_name(number: int) -> str:
    """The file name of a shard.

    Example:
        >>> shard_name(7)
        'shard-00007.parquet'
    """
    return f"shard-{number:05d}.parquet"


def shard_paths(folder: Path) -> list[Path]:
    """The whole shards of a corpus folder, in order of their numbers."""
    found = [path for path in folder.glob("shard-*.parquet") if path.stem.removeprefix("shard-").isdigit()]
    return sorted(found, key=lambda path: int(path.stem.removeprefix("shard-")))


def write_manifest(folder: Path, provenance: Mapping[str, Any] | None) -> None:
    """Write the manifest of a new corpus.

    Args:
        folder: an existing folder.
        provenance: where the graphs come from; anything JSON can hold.
    """
    manifest = {
        "schema": SCHEMA_NAME,
        "version": SCHEMA_VERSION,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "usg": __version__,
        "provenance": dict(provenance or {}),
    }
    with atomic_path(folder / MANIFEST) as temporary:
        temporary.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a corpus.

    Raises:
        FileNotFoundError: there is no such folder.
        CorpusError: the folder is not a corpus, or one of another schema version.
    """
    if not folder.exists():
        raise FileNotFoundError(f"no corpus at {folder}: there is no such folder")
    file = folder / MANIFEST
    if not folder.is_dir() or not file.is_file():
        if folder.is_dir():
            raise CorpusError(f"{folder} is a folder without {MANIFEST}, not a corpus; name the folder a writer made")
        raise CorpusError(f"{folder} is a file, not a corpus; make one of it with `usg convert {folder} CORPUS`")
    try:
        manifest = json.loads(file.read_text(encoding="utf-8"))
        name, version = manifest["schema"], manifest["version"]
    except (ValueError, KeyError, TypeError) as error:
        raise CorpusError(f"{file} cannot be read ({error!r:.80}); write the corpus again") from None
    if name != SCHEMA_NAME:
        raise CorpusError(f"{file} has the schema {name!r}, expected {SCHEMA_NAME!r}: {folder} is not a corpus")
    require_version(version, str(folder))
    return dict(manifest)


def require_version(version: object, where: str) -> None:
    """Raise `CorpusError` unless `version` is the one this program reads."""
    if version != SCHEMA_VERSION:
        remedy = "update usg" if isinstance(version, int) and version > SCHEMA_VERSION else "write the corpus again"
        raise CorpusError(f"{where} has schema version {version!r}, this usg reads {SCHEMA_VERSION}; {remedy}")
