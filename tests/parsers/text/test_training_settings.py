"""Settings: defaults, the shipped configuration, and errors that name the key."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import pytest

from usg.parsers.settings_file import read_settings
from usg.parsers.text.network import NetworkConfig
from usg.parsers.text.training_settings import Sizes, TextTraining
from usg.training.arguments import find_config


def settings(tmp_path: Path, content: str) -> TextTraining:
    file = tmp_path / "text.yaml"
    file.write_text(content)
    return read_settings(file, TextTraining())


def test_the_shipped_configuration_is_the_defaults_but_for_what_it_says_of_its_data() -> None:
    found = read_settings(find_config("parsers/text"), TextTraining())
    assert found.license == "CC BY-SA 4.0 (linguistic components), CC BY 4.0 (scene_graph)" and found.sources
    assert found == replace(TextTraining(), sources=found.sources, license=found.license)


def test_sizes_are_those_of_the_network() -> None:
    theirs = {field.name: field.default for field in fields(NetworkConfig)}
    assert {field.name: field.default for field in fields(Sizes)}.items() <= theirs.items()
    assert set(theirs) - {field.name for field in fields(Sizes)} == {
        "words", "stems", "predicates", "forms", "predicate_words"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        ("fit: {learning_rate: 0}", "learning_rate is 0.0; expected a positive"),
        ("fit: {weight_decay: -1}", "weight_decay is -1.0; expected at least 0"),
        ("fit: {average: 1}", "fit: average is 1.0; expected a share"),
        ("fit: {recombined: 1}", "fit: recombined is 1.0; expected a share"),
        ("sizes: {hidden: 0}", "text.yaml: sizes: hidden is 0; expected at least 1"),
        ("sizes: {dropout: 1}", "sizes: dropout is 1.0; expected a share"),
        ("sizes: {mixing: -1}", "mixing is -1; expected at least 0"),
        ("limit: many", "text.yaml: limit is 'many'; expected a number of captions"),
        ("limit: 0", "limit is 0"),
        ("sources: [{COCO: CC BY}]", "expected a text for each, in quotes"),
        ("unlabelled: [1]", r"unlabelled is \[1\]; expected names of files"),
    ],
)
def test_errors_name_the_key(tmp_path: Path, content: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        settings(tmp_path, content)


def test_settings_are_read_without_torch() -> None:
    code = "import sys, usg.parsers.text.train as t; t.parser(); print(sorted({'spacy', 'torch'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
