"""The commit is this package's own, the command can be run again."""

import shlex
import subprocess
from pathlib import Path

import pytest

from usg import provenance


def test_the_commit_of_another_project_is_not_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for file in ("usg/provenance.py", ".venv/lib/usg/provenance.py"):
        (tmp_path / file).parent.mkdir(parents=True)
        (tmp_path / file).write_text("")
    monkeypatch.setattr(provenance, "__file__", str(tmp_path / "usg" / "provenance.py"))
    assert provenance.commit() is None

    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "first"]):
        subprocess.run([*git, *words], check=True, capture_output=True)
    head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout
    found = provenance.commit()
    assert found and head.startswith(found)
    (tmp_path / "usg" / "provenance.py").write_text("edited")
    assert provenance.commit() == f"{found}+"

    monkeypatch.setattr(provenance, "__file__", str(tmp_path / ".venv" / "lib" / "usg" / "provenance.py"))
    assert provenance.commit() is None


def test_the_command_is_what_a_shell_reads() -> None:
    words = ["--json", "my rows.json", "--case", "a'b", ""]
    assert shlex.split(provenance.command("usg bench ops", words)) == ["usg", "bench", "ops", *words]
    assert provenance.command("usg bench ops", []) == "usg bench ops"
