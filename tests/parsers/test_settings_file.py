"""Settings from a YAML file: defaults, sections, and errors that name the file and the key."""

from __future__ import annotations

from pathlib import Path

import pytest

from usg.parsers.settings_file import read_settings
from usg.parsers.text.training_settings import Fit, Sizes, TextTraining


def settings(tmp_path: Path, content: str) -> TextTraining:
    file = tmp_path / "text.yaml"
    file.write_text(content)
    return read_settings(file, TextTraining())


def test_an_empty_file_is_the_defaults(tmp_path: Path) -> None:
    assert settings(tmp_path, "") == TextTraining() == settings(tmp_path, "fit:\nsizes: {}")


def test_values_take_the_place_of_defaults(tmp_path: Path) -> None:
    found = settings(tmp_path, "seed: 3\nunlabelled: [a.txt]\nfit: {learning_rate: 1}\nlimit: 60")
    assert (found.seed, found.unlabelled, found.fit.learning_rate, found.limit) == (3, ("a.txt",), 1.0, 60)
    assert found.fit == Fit(learning_rate=1.0) and found.sizes == Sizes()


@pytest.mark.parametrize(
    ("content", "error", "wrong"),
    [
        ("seeds: 3", LookupError, "text.yaml: unknown key 'seeds'.*seed"),
        ("fit: {epoch: 3}", LookupError, "text.yaml: fit: unknown key 'epoch'.*epochs"),
        ("fit: {epochs: many}", ValueError, "text.yaml: fit: epochs is 'many'; expected a value such as 12"),
        ("fit: {epochs: 0}", ValueError, "text.yaml: fit: epochs is 0; expected at least 1"),
        ("fit: 3", ValueError, "text.yaml: fit is 3; expected a table of epochs, batch_size"),
        ("- 3", ValueError, r"text.yaml is \[3\]; expected a table of data, val"),
        ("seed: true", ValueError, "seed is True; expected a value such as 0"),
        ("unlabelled: a.txt", ValueError, r"unlabelled is 'a.txt'; expected a list, such as \[a.txt\]"),
    ],
)
def test_errors_name_the_file_and_the_key(tmp_path: Path, content: str, error: type[Exception], wrong: str) -> None:
    with pytest.raises(error, match=wrong):
        settings(tmp_path, content)
