"""A name on disk stands for a whole file."""

from pathlib import Path

import pytest

from usg.files import atomic_path


def test_success_replaces_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")
    with atomic_path(path) as temporary:
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".html"
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "a.json"
    path.write_text("old")
    with pytest.raises(type(error)), atomic_path(path) as temporary:
        temporary.write_text("ha")
        raise error
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_fails_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space") as raised, atomic_path(tmp_path / "a.json"):
        raise OSError(28, "No space left on device")
    assert raised.value.filename == str(tmp_path / "a.json")
    with pytest.raises(FileNotFoundError) as read, atomic_path(tmp_path / "a.json"):
        (tmp_path / "other").read_text()
    assert read.value.filename == str(tmp_path / "other")


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere does not exist"), atomic_path(tmp_path / "nowhere" / "a"):
        pytest.fail("the block must not run")


def test_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError, match="it is a folder"), atomic_path(tmp_path):
        pytest.fail("the block must not run")


def test_writing_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nothing was written"), atomic_path(tmp_path / "a"):
        pass
