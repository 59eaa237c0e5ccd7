"""Loading of Hugging Face models: a folder, a hub that does not answer, and a hub that does."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from usg.parsers.pretrained import load_pretrained, version_of

SHA = "0123456789abcdef"


def nothing(name: str, offline: bool) -> None:
    raise OSError(f"{name} has no config.json\nand more lines")


def test_a_folder_is_read_without_the_hub(tmp_path: Path) -> None:
    assert load_pretrained(tmp_path, "thing", lambda name, offline: (name, offline)) == (str(tmp_path), True)


@pytest.mark.parametrize("answers", [True, False])
def test_the_hub_is_asked_once_whether_it_answers(answers: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("usg.parsers.pretrained.reachable", lambda name: asked.append(name) or answers)
    assert load_pretrained("owner/name", "thing", lambda name, offline: offline) is not answers
    assert asked == ["owner/name"]


def test_what_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FileNotFoundError, match="no folder a/b/c with a thing; pass one of save_pretrained"):
        load_pretrained("a/b/c", "thing", nothing)
    with pytest.raises(ValueError, match=r"holds no thing that can be loaded: .* has no config\.json$"):
        load_pretrained(tmp_path, "thing", nothing)
    for answers, reason in ((True, r"the hub did not give it: .*config\.json"), (False, "the hub cannot be reached")):
        monkeypatch.setattr("usg.parsers.pretrained.reachable", lambda name, answers=answers: answers)
        with pytest.raises(FileNotFoundError, match=f"no thing owner/name; {reason}"):
            load_pretrained("owner/name", "thing", nothing)


def test_a_version_names_the_revision(tmp_path: Path) -> None:
    loaded = SimpleNamespace(config=SimpleNamespace(_commit_hash=SHA))
    assert version_of("owner/name", loaded) == "owner/name@0123456789ab"
    assert version_of(tmp_path / "tiny", object()) == "tiny"
