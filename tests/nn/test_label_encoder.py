"""Vectors of labels: their contract with a small model, and what the shipped ones must know."""

from __future__ import annotations

import copy
import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from usg.nn.label_checks import ANTONYMS, NAMED, SYNONYMS, check
from usg.nn.label_encoder import SHIPPED, LabelEncoder
from usg.nn.label_opposites import OPPOSITES
from usg.nn.label_subwords import SubwordLabels


@pytest.fixture(scope="module")
def shipped() -> LabelEncoder:
    return LabelEncoder.load()


@pytest.fixture
def small() -> LabelEncoder:
    torch.manual_seed(0)
    return LabelEncoder(SubwordLabels(["dog", "in", "front", "of", "in front of"], buckets=512, dim=16)).eval()


def test_vectors_have_unit_norm_and_follow_the_strings(shipped: LabelEncoder) -> None:
    labels = ["dog", "a red umbrella", "dog", "狗", "🐕", "!!!", "x" * 5000, "traffic_light", "Dog"]
    vectors = shipped(labels)
    assert vectors.shape == (len(labels), shipped(["dog"]).shape[1])
    torch.testing.assert_close(vectors.norm(dim=1), torch.ones(len(labels)))
    assert torch.equal(vectors[0], vectors[2]) and torch.equal(vectors[0], vectors[8])
    torch.testing.assert_close(shipped(["traffic light"])[0], vectors[7])
    assert shipped([]).shape == (0, vectors.shape[1])


def test_a_vector_does_not_depend_on_its_neighbours(small: LabelEncoder) -> None:
    labels = [f"label {i}" for i in range(100)]
    alone = [copy.deepcopy(small)([label])[0] for label in labels]
    assert torch.equal(small.requires_grad_(False)(labels), torch.stack(alone))


def test_kept_vectors_are_forgotten_when_the_weights_change(small: LabelEncoder) -> None:
    small.requires_grad_(False)
    before = small(["dog"]).clone()
    assert torch.equal(small(["cat", "dog"])[1], before[0])
    assert isinstance(small.model, SubwordLabels)
    small.model.table.mul_(-1)
    torch.testing.assert_close(small(["dog"]), -before)


def test_an_encoder_made_in_inference_mode_is_used_in_it_and_outside(shipped: LabelEncoder) -> None:
    with torch.inference_mode():
        encoder = LabelEncoder.load()
        inside = encoder(["dog"]).clone()
    assert torch.equal(encoder(["dog", "cat"]), shipped(["dog", "cat"]))
    assert torch.equal(inside, shipped(["dog"]))


def test_what_a_caller_does_to_its_vectors_stays_with_the_caller(small: LabelEncoder) -> None:
    small.requires_grad_(False)
    expected = small(["dog", "cat"]).clone()
    small(["dog", "cat"]).zero_()
    assert torch.equal(small(["dog", "cat"]), expected)


def test_an_unfrozen_encoder_learns(small: LabelEncoder) -> None:
    small.requires_grad_(True)
    (small(["dog"]) @ small(["cat"]).T).sum().backward()
    table = next(small.parameters())
    assert table.grad is not None and float(table.grad.abs().sum()) > 0


def test_a_label_of_words_is_their_sum_and_its_own_row(small: LabelEncoder) -> None:
    model = small.model
    assert isinstance(model, SubwordLabels)
    words = model(["in", "front", "of"]).sum(0)
    torch.testing.assert_close(model(["in front of"])[0], words + model.table[4])
    torch.testing.assert_close(model(["of dog"]), model(["dog of"]))


@pytest.mark.parametrize(
    ("labels", "error", "words"),
    [
        ([""], ValueError, "label 0 is ''"),
        (["dog", " \t"], ValueError, "label 1"),
        (["_"], ValueError, "no words"),
        (["dog", 3], TypeError, "label 1 is 3 of type int"),
        ([None], TypeError, "NoneType"),
        ("dog", TypeError, r"\['dog'\]"),
    ],
)
def test_what_is_no_label_is_refused(
    small: LabelEncoder, labels: list[str], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        small(labels)


def test_nearest_sorts_and_keeps_the_order_of_equals(small: LabelEncoder) -> None:
    found = small.nearest("dogs", ["front", "dog", "DOG"], k=2)
    assert [name for name, _ in found] == ["dog", "DOG"]
    assert found[0][1] == pytest.approx(found[1][1])
    assert len(small.nearest("dog", ["a", "b"], k=9)) == 2
    for candidates, k in (([], 1), (["a"], 0)):
        with pytest.raises(ValueError, match="nearest of"):
            small.nearest("dog", candidates, k)


def test_a_saved_encoder_is_read_back(small: LabelEncoder, tmp_path: Path) -> None:
    small.save(tmp_path / "labels")
    back = LabelEncoder.load(tmp_path / "labels")
    torch.testing.assert_close(back(["dog", "cat"]), small(["dog", "cat"]).detach(), atol=2e-3, rtol=0)
    again = tmp_path / "again"
    back.save(again)
    assert (again / "model.safetensors").read_bytes() == (tmp_path / "labels" / "model.safetensors").read_bytes()
    assert not any(weight.requires_grad for weight in back.parameters())


def test_broken_folders_say_what_is_wrong(small: LabelEncoder, tmp_path: Path) -> None:
    folder = tmp_path / "labels"
    small.save(folder)
    (folder / "vocab.txt").write_text("dog\n", encoding="utf-8")
    with pytest.raises(ValueError, match="different models"):
        LabelEncoder.load(folder)
    (folder / "model.safetensors").write_bytes(b"1234")
    with pytest.raises(ValueError, match="not a whole safetensors file"):
        LabelEncoder.load(folder)
    (folder / "vocab.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"lacks vocab\.txt"):
        LabelEncoder.load(folder)
    (folder / "config.json").write_text("{", encoding="utf-8")
    with pytest.raises(ValueError, match="not JSON"):
        LabelEncoder.load(folder)
    (folder / "config.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"lacks config\.json"):
        LabelEncoder.load(folder)


@pytest.mark.parametrize(("label", "near", "far"), NAMED)
def test_named_neighbours(shipped: LabelEncoder, label: str, near: str, far: str) -> None:
    nearer, farther = shipped.similarity([label], [near, far])[0].tolist()
    assert nearer > farther + 0.2


def test_the_check_list_scores_what_is_written_beside_the_weights(shipped: LabelEncoder) -> None:
    written = json.loads((SHIPPED / "training.json").read_text(encoding="utf-8"))["check"]
    scores = check(shipped.similarity)
    assert scores == pytest.approx(written, abs=0.01)
    assert scores["auc"] > 0.88 and scores["auc_unrelated"] > 0.98 and scores["misspelt"] > 0.7


def test_the_shipped_weights_are_small() -> None:
    assert sum(file.stat().st_size for file in SHIPPED.iterdir()) < 8e6
    assert {weight.dtype for weight in load_file(SHIPPED / "model.safetensors").values()} == {torch.float16}


def test_opposites_are_clearly_less_similar_than_synonyms(shipped: LabelEncoder) -> None:
    synonyms = torch.stack([shipped.similarity([a], [b])[0, 0] for a, b in SYNONYMS])
    opposed = torch.stack([shipped.similarity([a], [b])[0, 0] for a, b in OPPOSITES])
    assert float(synonyms.median()) > 0.6 and float(opposed.median()) < 0.2


def test_the_check_list_is_not_trained_on() -> None:
    listed = {frozenset(pair) for pair in OPPOSITES}
    assert not [pair for pair in ANTONYMS if frozenset(pair) in listed]


def test_a_sentence_encoder_takes_the_same_place(tiny_bert: Path, tmp_path: Path) -> None:
    encoder = LabelEncoder.load(tiny_bert)
    vectors = encoder(["dog", "red dog", "dog red dog"])
    assert vectors.shape == (3, 16)
    torch.testing.assert_close(vectors.norm(dim=1), torch.ones(3))
    torch.testing.assert_close(vectors[0], copy.deepcopy(encoder)(["dog"])[0])
    encoder.save(tmp_path / "again")
    torch.testing.assert_close(LabelEncoder.load(tmp_path / "again")(["red dog"])[0], vectors[1])
    shutil.rmtree(tiny_bert)
    with pytest.raises(FileNotFoundError, match="no label encoder"):
        LabelEncoder.load(tiny_bert)


def test_an_unreachable_hub_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def nobody_answers(url: str, **settings: object) -> None:
        asked.append(url)
        raise ConnectionError("nobody answers")

    monkeypatch.setattr("huggingface_hub.get_hf_file_metadata", nobody_answers)
    with pytest.raises(FileNotFoundError, match=r"no label encoder no/such \(the hub cannot be reached") as error:
        LabelEncoder.load("no/such")
    assert len(asked) == 1 and "\n" not in str(error.value)
    for name in ("labels", "runs/parsers/labels", "./labels"):
        with pytest.raises(FileNotFoundError, match=f"no label encoder {name}; pass a folder"):
            LabelEncoder.load(name)
    assert len(asked) == 1


def test_loading_leaves_the_logs_of_transformers_as_they_were(tiny_bert: Path) -> None:
    from transformers.utils import logging

    before = logging.get_verbosity(), logging.is_progress_bar_enabled()
    try:
        logging.set_verbosity_info()
        logging.enable_progress_bar()
        LabelEncoder.load(tiny_bert)
        assert (logging.get_verbosity(), logging.is_progress_bar_enabled()) == (logging.INFO, True)
    finally:
        logging.set_verbosity(before[0])
        if not before[1]:
            logging.disable_progress_bar()
