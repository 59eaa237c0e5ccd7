"""Writing files so that a name on disk always stands for a whole file.

A file is written beside its final name and renamed when it is complete (`os.replace`, atomic on POSIX and Windows).
A crash, a full disk or an interrupt leaves the old file, or none, but never half a one.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yields a temporary path beside `path`, which takes that name when the block ends without an error.

    The temporary name keeps the suffix, because some writers choose their format by it. When the block raises, the
    temporary file is removed and `path` is as it was; an OSError without a file's name gets that of `path`.

    Args:
        path: the final name; its folder must exist.

    Yields:
        The path to write to.

    Raises:
        FileNotFoundError: the folder does not exist, or the block wrote nothing.
        IsADirectoryError: `path` is a folder.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> with atomic_path(folder / "a.txt") as temporary:
        ...     _ = temporary.write_text("whole")
        >>> [file.name for file in folder.iterdir()]
        ['a.txt']
    """
    final = Path(path)
    if not final.parent.is_dir():
        raise FileNotFoundError(f"cannot write {final}: the folder {final.parent} does not exist; create it first")
    if final.is_dir():
        raise IsADirectoryError(f"cannot write {final}: it is a folder; name a file")
    temporary = final.with_name(f".{final.stem}.{secrets.token_hex(4)}{final.suffix}")
    try:
        try:
            yield temporary
        except OSError as error:
            # A write that fails names no file, and nobody knows the temporary one.
            if error.errno is not None and error.filename in (None, str(temporary)):
                error.filename = str(final)
            raise
        if not temporary.exists():
            raise FileNotFoundError(f"nothing was written for {final}")
        os.replace(temporary, final)
    finally:
        temporary.unlink(missing_ok=True)
