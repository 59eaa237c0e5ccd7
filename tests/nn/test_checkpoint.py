"""Saving and loading: nothing is lost, nothing is mixed up, nothing is a pickle."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from usg.batch import Vocabulary
from usg.graph import SceneGraph, SceneObject
from usg.nn import GraphTransformer, GraphTransformerConfig

SCENE = SceneGraph(objects=[SceneObject("a", "dog"), SceneObject("b", "unheard of")])
VOCABULARY = Vocabulary.build({"dog": 2, "cat": 1}, buckets=32)
OTHER = Vocabulary.build({"dog": 2, "cow": 1}, buckets=32)
CONFIG = GraphTransformerConfig(dim=16, layers=1, heads=2, hidden=24, two_hop=True)


@pytest.fixture
def model() -> GraphTransformer:
    torch.manual_seed(3)
    return GraphTransformer(CONFIG, VOCABULARY).eval()


@pytest.fixture
def folder(model: GraphTransformer, tmp_path: Path) -> Path:
    model.save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def test_round_trip_is_bitwise(model: GraphTransformer, folder: Path) -> None:
    loaded = GraphTransformer.from_pretrained(folder)
    assert loaded.config == CONFIG
    assert loaded.vocabulary == VOCABULARY
    assert not loaded.training
    for (name, one), (_, other) in zip(model.named_parameters(), loaded.named_parameters(), strict=True):
        assert torch.equal(one, other), name
    batch = model.pack([SCENE])
    assert torch.equal(model(batch), loaded(batch))
    assert torch.equal(model.label_logits(model(batch)), loaded.label_logits(loaded(batch)))


def test_float64_stays_float64(model: GraphTransformer, tmp_path: Path) -> None:
    model.double().save_pretrained(tmp_path)
    loaded = GraphTransformer.from_pretrained(tmp_path)
    assert torch.equal(loaded(loaded.pack([SCENE])), model(model.pack([SCENE])))


def test_the_files_are_the_three(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {"config.json", "model.safetensors", "vocab.json", "README.md"}


def test_loading_draws_no_random_numbers(folder: Path) -> None:
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    GraphTransformer.from_pretrained(folder)
    assert torch.equal(torch.rand(1), expected)


def test_saving_again_replaces(model: GraphTransformer, folder: Path) -> None:
    with torch.no_grad():
        model.norm.weight.fill_(7.0)
    model.save_pretrained(folder)
    assert bool((GraphTransformer.from_pretrained(folder).norm.weight == 7.0).all())


def test_a_checkpoint_of_another_vocabulary(model: GraphTransformer, folder: Path) -> None:
    with pytest.raises(ValueError, match="belongs to the vocabulary"):
        GraphTransformer.from_pretrained(folder, vocabulary=OTHER)
    assert GraphTransformer.from_pretrained(folder, vocabulary=VOCABULARY).vocabulary == VOCABULARY
    with pytest.raises(ValueError, match="belongs to the vocabulary"):
        GraphTransformer(CONFIG, OTHER).load_state_dict(model.state_dict())
    OTHER.save(folder / "vocab.json")
    with pytest.raises(ValueError, match=r"model belongs to the vocabulary .* vocab\.json"):
        GraphTransformer.from_pretrained(folder)


def test_state_dict_is_loaded_weights_only(model: GraphTransformer, tmp_path: Path) -> None:
    torch.save(model.state_dict(), tmp_path / "state.pt")
    twin = GraphTransformer(CONFIG, VOCABULARY).eval()
    twin.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    assert torch.equal(twin(twin.pack([SCENE])), model(model.pack([SCENE])))


@pytest.mark.parametrize("missing", ["config.json", "model.safetensors", "vocab.json"])
def test_a_missing_file_is_named(folder: Path, missing: str) -> None:
    (folder / missing).unlink()
    with pytest.raises(FileNotFoundError, match=f"lacks {missing}"):
        GraphTransformer.from_pretrained(folder)


def test_a_broken_file_is_named(folder: Path) -> None:
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(whole[:200])
    with pytest.raises(ValueError, match="not a whole safetensors file"):
        GraphTransformer.from_pretrained(folder)
    (folder / "config.json").write_text("{")
    with pytest.raises(ValueError, match=r"config\.json is not JSON"):
        GraphTransformer.from_pretrained(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"config": {"dimm": 16}}, "unknown graph transformer setting 'dimm'; did you mean 'dim'"),
        ({"config": {"dim": 15, "heads": 2}}, "heads must divide dim"),
        ({"config": {**CONFIG.to_dict(), "hidden": 8}}, "does not fit its config.json: .* is .*, expected"),
        ({"config": {**CONFIG.to_dict(), "layers": 2}}, "does not fit its config.json: blocks.1"),
        ({"architecture": "other"}, "has architecture 'other'"),
        ({"version": 9}, "has version 9"),
        ({"config": 3}, "not a whole configuration"),
    ],
)
def test_a_configuration_that_does_not_fit(folder: Path, change: dict, message: str) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ValueError, match=message):
        GraphTransformer.from_pretrained(folder)


@pytest.mark.parametrize("name", ["nowhere", "./nowhere/at/all", "/no/where", Path("no/where")])
def test_no_such_folder(name: str | Path) -> None:
    with pytest.raises(FileNotFoundError, match="no model folder"):
        GraphTransformer.from_pretrained(name)


def test_a_hub_name_without_network_fails_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no model folder someone/something; the hub was not asked") as error:
        GraphTransformer.from_pretrained("someone/something", local_files_only=True, cache_dir=tmp_path)
    assert "\n" not in str(error.value)


def test_an_unreachable_hub_is_asked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def nobody_answers(url: str, **settings: object) -> None:
        asked.append(url)
        raise ConnectionError("nobody answers")

    monkeypatch.setattr("huggingface_hub.get_hf_file_metadata", nobody_answers)
    with pytest.raises(
        FileNotFoundError, match="no model folder someone/something; the hub cannot be reached"
    ) as error:
        GraphTransformer.from_pretrained("someone/something", cache_dir=tmp_path)
    assert len(asked) == 1
    assert "\n" not in str(error.value)


def test_pushing_sends_the_files_of_a_folder(model: GraphTransformer, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: dict[str, set[str]] = {}

    class Hub:
        def __init__(self, token: str | None = None) -> None:
            self.repo_id = ""

        def create_repo(self, repo_id: str, **settings: object) -> Hub:
            self.repo_id = repo_id
            return self

        def upload_folder(self, *, repo_id: str, folder_path: Path, **settings: object) -> str:
            sent[repo_id] = {path.name for path in folder_path.iterdir()}
            return "done"

    monkeypatch.setattr("huggingface_hub.hub_mixin.HfApi", Hub)
    model.push_to_hub("someone/something")
    assert sent == {"someone/something": {"config.json", "model.safetensors", "vocab.json", "README.md"}}
