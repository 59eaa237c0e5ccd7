"""Training of label vectors, small: corpora are read as they are, and what is learnt is what was taught."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
import torch

from usg.nn.cli import main
from usg.nn.label_checks import ANTONYMS, CO_HYPONYMS, MISSPELT, SYNONYMS, UNRELATED, auc
from usg.nn.label_corpus import LabelCorpus, count_vectors, read_corpus
from usg.nn.label_encoder import LabelEncoder
from usg.nn.label_opposites import OPPOSITES
from usg.nn.label_targets import principal


@pytest.fixture
def corpora(tmp_path: Path) -> dict[str, Path]:
    """Two captions of an image, two graphs, one sentence."""
    captions = [{"image_id": 1, "id": i, "caption": text} for i, text in enumerate(["A red sofa.", "the red couch"])]
    files = {
        "captions": tmp_path / "captions.json",
        "graphs": tmp_path / "graphs.csv",
        "treebanks": tmp_path / "ewt.conllu",
    }
    files["captions"].write_text(json.dumps({"annotations": captions}), encoding="utf-8")
    rows = ['1,2,red dog on sofa,"( dog , is , red ) , ( dog , on , sofa )"', '1,3,a cat,"( cat )"']
    files["graphs"].write_text("image_id,region_id,caption,scene_graph\n" + "\n".join(rows) + "\n", encoding="utf-8")
    token = "{}\t{}\t_\t_\t_\t_\t0\t_\t_\t_"
    lines = [
        "# text = Dogs aren't cats",
        *(token.format(*each) for each in [(1, "Dogs"), ("2-3", "aren't"), (2, "are"), (3, "n't"), (4, "cats")]),
    ]
    files["treebanks"].write_text("\n".join(lines) + "\n\n", encoding="utf-8")
    return files


def test_corpora_are_read(corpora: dict[str, Path]) -> None:
    corpus = read_corpus(*([file] for file in corpora.values()))
    assert corpus.texts == [
        ("image 1", ["a", "red", "sofa"]),
        ("image 1", ["the", "red", "couch"]),
        ("", ["red", "dog", "on", "sofa"]),
        ("", ["a", "cat"]),
        ("", ["dogs", "are", "n't", "cats"]),
    ]
    assert corpus.labels == Counter({"dog": 1, "sofa": 1, "red": 1, "on": 1, "cat": 1})
    assert corpus.phrases == Counter({"red dog": 1})
    assert corpus.contexts["dog", "does on sofa"] == corpus.contexts["sofa", "undergoes on by dog"] == 1
    assert corpus.words()["sofa"] == 3


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        ("[]", "is not a COCO caption file: it has no annotations"),
        ("{}", "is not a COCO caption file: no 'annotations'"),
        ('[{"caption": "a"}', "is not a COCO caption file: cut short or broken at character 17"),
        ('[{"caption": "a"}, {"image_id": 3}]', ": annotation 2: no 'caption' in image_id"),
    ],
)
def test_files_that_are_something_else_are_refused(tmp_path: Path, content: str, wrong: str) -> None:
    file = tmp_path / "captions.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=rf"captions\.json.*{wrong}"):
        read_corpus(captions=[file])
    with pytest.raises(ValueError, match=r"captions\.json, line 1: 1 fields"):
        read_corpus(treebanks=[file])


def test_a_small_corpus_has_as_many_dimensions_as_it_can_hold() -> None:
    corpus = LabelCorpus(texts=[("", ["red", "sofa"]), ("", ["wet", "dog"])] * 3)
    units, vectors = count_vectors(corpus, 8)
    assert units == ["dog", "red", "sofa", "wet"] and vectors.shape == (4, 8)
    torch.testing.assert_close(vectors.norm(dim=1), torch.ones(4))
    with pytest.raises(ValueError, match="occurs 3 times beside others; give more"):
        count_vectors(LabelCorpus(texts=[("", ["red", "sofa"])]), 8)
    with pytest.raises(ValueError, match="alike; give more"):
        count_vectors(LabelCorpus(texts=[("", ["red", "red"])] * 3), 8)


def test_counts_put_words_of_one_context_together() -> None:
    corpus = LabelCorpus()
    for thing, verb in (("sofa", "sit"), ("couch", "sit"), ("pizza", "eat"), ("soup", "eat")):
        for n in range(4):
            corpus.texts.append(("", f"we {verb} {verb}ing the {thing}".split()))
            corpus.texts.append(("", f"{thing} of {verb} number{n}".split()))
    units, vectors = count_vectors(corpus, 4)
    row = {unit: vectors[i] for i, unit in enumerate(units)}
    torch.testing.assert_close(vectors.norm(dim=1), torch.ones(len(units)))
    assert row["sofa"] @ row["couch"] > row["sofa"] @ row["pizza"] + 0.3
    assert torch.equal(count_vectors(corpus, 4)[1], vectors)


def test_principal_components_keep_the_cosines_they_can_hold() -> None:
    torch.manual_seed(0)
    flat = torch.nn.functional.normalize(torch.cat([(x := torch.randn(40, 3)), -x]), dim=1)
    turned = flat @ torch.linalg.qr(torch.randn(7, 7)).Q[:3]
    reduced = principal(turned, 3)
    torch.testing.assert_close(reduced @ reduced.T, flat @ flat.T, atol=1e-5, rtol=0)


def test_auc_of_known_lists() -> None:
    assert auc(torch.tensor([2.0, 3.0]), torch.tensor([0.0, 1.0])) == 1
    assert auc(torch.tensor([1.0]), torch.tensor([1.0, 2.0, 0.0, 2.0])) == 0.375


def test_the_check_list_has_no_pair_twice() -> None:
    pairs = [frozenset(pair) for pair in (*SYNONYMS, *ANTONYMS, *UNRELATED, *CO_HYPONYMS, *MISSPELT, *OPPOSITES)]
    assert [pair for pair, count in Counter(pairs).items() if count > 1 or len(pair) < 2] == []


def words(corpora: dict[str, Path], output: Path) -> list[str]:
    small = ["--steps", "40", "--batch_size", "64", "--buckets", "256", "--dim", "8", "--rows", "4"]
    return [*(f"--{name}=[{file}]" for name, file in corpora.items()), "--output", str(output), *small]


def test_a_teacher_is_followed(
    corpora: dict[str, Path], tiny_bert: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [*words(corpora, tmp_path / "one"), "--teacher", str(tiny_bert)]
    assert main(["--config", "parsers/labels", *arguments]) == 0
    printed = capsys.readouterr().out
    report = json.loads((tmp_path / "one" / "training.json").read_text(encoding="utf-8"))
    assert f"auc                  {report['check']['auc']:.3f}" in printed
    assert report["command"].startswith("usg train-parser labels --config parsers/labels")
    assert [source[:4] for source in report["sources"]] == ["COCO", "FACT", "Univ", "all-"]
    again = [word.replace(str(tmp_path / "one"), str(tmp_path / "two")) for word in arguments]
    main(["--config", "parsers/labels", *again])
    one, two = (tmp_path / run / "model.safetensors" for run in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()
    main(["--config", "parsers/labels", *again, "--opposites", "0"])
    assert opposed(tmp_path / "one") < opposed(tmp_path / "two") - 0.02


def test_counts_alone_name_the_sources_of_what_was_given(corpora: dict[str, Path], tmp_path: Path) -> None:
    arguments = words({"graphs": corpora["graphs"]}, tmp_path / "run")
    arguments += [f"--captions=[{','.join([str(corpora['captions'])] * 3)}]"]
    for mine, named in (([], ["COCO 2017", "FACTUAL, "]), (["--sources.captions=[my own]"], ["my own", "FACTUAL, "])):
        assert main(["--config", "parsers/labels", *arguments, *mine]) == 0
        report = json.loads((tmp_path / "run" / "training.json").read_text(encoding="utf-8"))
        assert [source[:9] for source in report["sources"]] == named


def opposed(folder: Path) -> float:
    encoder = LabelEncoder.load(folder)
    one, other = (encoder([pair[side] for pair in OPPOSITES]) for side in (0, 1))
    return float((one * other).sum(1).mean())


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (["--config", "parsers/lables"], FileNotFoundError, "did you mean 'parsers/labels'"),
        (["--config", "parsers/labels", "--step", "3"], ValueError, "steps"),
        (["--config", "parsers/labels", "--steps", "0"], ValueError, "at least 1"),
        (["--config", "parsers/labels", "--row_dropout", "1"], ValueError, r"a share in \[0, 1\)"),
        (["--config", "parsers/labels", "--teacher", "null"], ValueError, "give --captions, --graphs or --treebanks"),
        (["--config", "parsers/labels", "--captions", "[nowhere.json]"], FileNotFoundError, r"nowhere\.json"),
    ],
)
def test_wrong_use(arguments: list[str], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        main(arguments)
