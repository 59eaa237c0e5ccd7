"""Settings: defaults, the shipped configuration, and errors that name the key."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from usg.parsers.text.network import NetworkConfig
from usg.parsers.text.training_settings import Fit, Sizes, TextTraining, read_settings
from usg.training.arguments import find_config


def settings(tmp_path: Path, content: str) -> TextTraining:
    file = tmp_path / "text.yaml"
    file.write_text(content)
    return read_settings(file)


def test_an_empty_file_is_the_defaults(tmp_path: Path) -> None:
    assert settings(tmp_path, "") == TextTraining() == settings(tmp_path, "fit:\nsizes: {}")


def test_values_take_the_place_of_defaults(tmp_path: Path) -> None:
    found = settings(tmp_path, "teachers: 3\nunlabelled: [a.txt]\nfit: {learning_rate: 1}\nlimit: 60")
    assert (found.teachers, found.unlabelled, found.fit.learning_rate, found.limit) == (3, ("a.txt",), 1.0, 60)
    assert found.teacher_fit == Fit() and found.sizes == Sizes()


def test_the_shipped_configuration_is_read() -> None:
    found = read_settings(find_config("parsers/text"))
    assert found.sizes.hidden == 192 and found.fit.epochs == 12 and not found.data


def test_sizes_are_those_of_the_network() -> None:
    theirs = {field.name: field.default for field in fields(NetworkConfig)}
    assert {field.name: field.default for field in fields(Sizes)}.items() <= theirs.items()
    assert set(theirs) - {field.name for field in fields(Sizes)} == {
        "words", "stems", "predicates", "forms", "predicate_words"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("content", "error", "wrong"),
    [
        ("teacher: 3", LookupError, "text.yaml: unknown key 'teacher'.*teachers"),
        ("fit: {epoch: 3}", LookupError, "text.yaml: fit: unknown key 'epoch'.*epochs"),
        ("fit: {epochs: many}", ValueError, "text.yaml: fit: epochs is 'many'; expected a value such as 12"),
        ("fit: {epochs: 0}", ValueError, "text.yaml: fit: epochs is 0; expected at least 1"),
        ("fit: {learning_rate: 0}", ValueError, "learning_rate is 0.0; expected a positive"),
        ("fit: {weight_decay: -1}", ValueError, "weight_decay is -1.0; expected at least 0"),
        ("fit: {average: 1}", ValueError, "fit: average is 1.0; expected a share"),
        ("fit: {recombined: 1}", ValueError, "fit: recombined is 1.0; expected a share"),
        ("fit: 3", ValueError, "text.yaml: fit is 3; expected a table of epochs, batch_size"),
        ("- 3", ValueError, r"text.yaml is \[3\]; expected a table of data, val"),
        ("teacher_sizes: {hidden: 0}", ValueError, "text.yaml: teacher_sizes: hidden is 0; expected at least 1"),
        ("sizes: {dropout: 1}", ValueError, "sizes: dropout is 1.0; expected a share"),
        ("sizes: {mixing: -1}", ValueError, "mixing is -1; expected at least 0"),
        ("teachers: -1", ValueError, "text.yaml: teachers is -1"),
        ("teachers: true", ValueError, "teachers is True; expected a value such as 2"),
        ("jobs: 0", ValueError, "jobs 0"),
        ("limit: many", ValueError, "text.yaml: limit is 'many'; expected a number of captions"),
        ("limit: 0", ValueError, "limit is 0"),
        ("unlabelled: a.txt", ValueError, r"unlabelled is 'a.txt'; expected a list, such as \[a.txt\]"),
        ("unlabelled: [1]", ValueError, r"unlabelled is \[1\]; expected names of files"),
    ],
)
def test_errors_name_the_key(tmp_path: Path, content: str, error: type[Exception], wrong: str) -> None:
    with pytest.raises(error, match=wrong):
        settings(tmp_path, content)


def test_settings_are_read_without_torch() -> None:
    code = "import sys, usg.parsers.text.train as t; t.parser(); print(sorted({'spacy', 'torch'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
