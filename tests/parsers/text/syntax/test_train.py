"""The training command on a treebank of a few sentences: what it writes, that it repeats, and what it refuses."""

import json
import subprocess
import sys
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path

import pytest
import spacy

from usg.parsers.settings_file import read_settings
from usg.parsers.text.pipeline import SYNTAX
from usg.parsers.text.syntax.settings import SyntaxSettings
from usg.parsers.text.syntax.train import main, train_syntax
from usg.training.arguments import find_config

SMALL = SyntaxSettings(
    steps=8, batch_words=200, evaluate_every=4, warmup_steps=2, width=16, depth=1, rows=(50, 50, 50, 50), parser_width=8
)


@pytest.fixture(scope="module")
def treebank(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first sentences of the development split, as all three splits."""
    folder = tmp_path_factory.mktemp("treebank")
    blocks = (shared_data / "ud_ewt" / "en_ewt-ud-dev.conllu").read_text(encoding="utf-8").split("\n\n")
    for split in ("train", "dev", "test"):
        text = "\n\n".join(islice(blocks, 40)) + "\n\n"
        (folder / f"en_ewt-ud-{split}.conllu").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def run(treebank: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("run")
    config = output / "small.yaml"
    config.write_text("".join(f"{name}: {json.dumps(value)}\n" for name, value in asdict(SMALL).items()))
    assert main(["--config", str(config), "--data", str(treebank), "--output", str(output)]) == 0
    return output


def test_the_pipeline_has_its_components_and_annotates(run: Path) -> None:
    nlp = spacy.load(run / "model")
    assert tuple(nlp.pipe_names) == SYNTAX
    doc = nlp("A dog  runs.")
    assert all(token.tag_ and token.pos_ and token.dep_ and token.lemma_ for token in doc)


def test_meta_tells_sources_license_and_scores(run: Path) -> None:
    meta = json.loads((run / "model" / "meta.json").read_text(encoding="utf-8"))
    told = json.loads((run / "model" / "syntax.json").read_text(encoding="utf-8"))
    assert (meta["lang"], meta["name"], meta["license"]) == ("en", "syntax", "CC BY-SA 4.0")
    assert "UniversalDependencies/UD_English-EWT" in meta["sources"][0]["url"]
    assert meta["performance"] == told["scores"]["sentences"]
    assert told["settings"]["steps"] == SMALL.steps
    assert set(told["scores"]) == {"documents", "sentences", "captions"}


def test_no_path_of_the_machine_is_shipped(run: Path, treebank: Path) -> None:
    for file in (run / "model").rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert str(run).encode() not in content and str(treebank).encode() not in content, file


def test_every_evaluation_is_logged(run: Path) -> None:
    lines = (run / "log.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["step"] for line in lines] == [0, 4, 8]


def test_the_same_seed_gives_the_same_pipeline(run: Path, treebank: Path, tmp_path: Path) -> None:
    train_syntax(replace(SMALL, data=str(treebank), output=str(tmp_path)))
    for name in ("tok2vec", "tagger", "morphologizer", "trainable_lemmatizer", "parser"):
        same = (tmp_path / "model" / name / "model").read_bytes() == (run / "model" / name / "model").read_bytes()
        assert same, name


def test_a_run_is_not_replaced_unasked(run: Path, treebank: Path) -> None:
    with pytest.raises(FileExistsError, match="--overwrite"):
        train_syntax(replace(SMALL, data=str(treebank), output=str(run)))


def test_the_shipped_configuration_is_read() -> None:
    settings = read_settings(find_config("parsers/syntax"), SyntaxSettings())
    assert settings == replace(SyntaxSettings(), data=settings.data)


@pytest.mark.parametrize(
    ("text", "error", "complaint"),
    [
        ("step: 4", LookupError, "unknown key 'step'; did you mean 'steps'?"),
        ("steps: many", ValueError, "steps is 'many'; expected a value such as"),
        ("rows: [1, 2]", ValueError, "rows is (1, 2); expected four"),
        ("rows: [a, b, c, d]", ValueError, "rows is ('a', 'b', 'c', 'd'); expected four numbers"),
        ("- 3", ValueError, "c.yaml is [3]; expected a table of data, output, seed"),
        ("dropout: true", ValueError, "dropout is True"),
        ("caption_share: 30", ValueError, "c.yaml: caption_share is 30.0; expected a share in [0, 1]"),
        ("steps: 100", ValueError, "warmup_steps is 250 of 100 steps; expected fewer than all"),
    ],
)
def test_a_wrong_setting_is_told(tmp_path: Path, text: str, error: type[Exception], complaint: str) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(text)
    with pytest.raises(error) as raised:
        read_settings(file, SyntaxSettings())
    assert complaint in str(raised.value)


def test_the_treebank_must_be_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no treebank is named; give --data DIR"):
        main(["--config", "parsers/syntax"])
    with pytest.raises(FileNotFoundError, match=r"en_ewt-ud-train\.conllu is missing"):
        main(["--config", "parsers/syntax", "--data", str(tmp_path), "--output", str(tmp_path / "run")])
    assert not (tmp_path / "run").exists()


def test_wrong_words_are_answered_without_spacy() -> None:
    code = (
        "import sys\nfrom usg.parsers.text.syntax.train import main\n"
        "try:\n    main(['--config', 'parsers/syntax'])\nexcept ValueError:\n"
        "    print({'spacy', 'torch', 'thinc'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "set()", done.stderr
