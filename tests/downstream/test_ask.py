import json

import pytest
import torch

from usg import world
from usg.batch import Vocabulary
from usg.cli import main
from usg.downstream.ask import Asker
from usg.formats import write_graphs
from usg.nn import GraphTransformer, GraphTransformerConfig
from usg.nn.bridge import BridgeSettings, build_graph_language_model, graph_text, save_graph_language_model
from usg.pretrain.language.tokenizer import train_tokenizer


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An untrained model, and media to ask about: two graphs in a file, a text, a picture that is none."""
    from transformers import LlamaConfig, LlamaForCausalLM

    made = tmp_path_factory.mktemp("ask")
    scenes = list(world.scenes(2, "iid", 0, captions=1))
    torch.manual_seed(0)
    encoder = GraphTransformer(GraphTransformerConfig(dim=16, layers=1, heads=2), Vocabulary.from_graphs(scenes))
    words = train_tokenizer((source.text or "" for scene in scenes for source in scene.sources), 400)
    sizes = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = LlamaConfig(vocab_size=len(words), max_position_embeddings=512, bos_token_id=None, eos_token_id=1, **sizes)
    model = build_graph_language_model(BridgeSettings(), encoder, LlamaForCausalLM(config), words)
    save_graph_language_model(model, BridgeSettings(), made / "model")
    write_graphs(scenes, made / "scenes.jsonl")
    (made / "note.txt").write_text("a man rides a horse", encoding="utf-8")
    (made / "broken.png").write_bytes(b"no picture")
    return made


def test_every_medium_is_answered_and_what_cannot_be_read_is_named(folder, capsys):
    media = [str(folder / name) for name in ("scenes.jsonl", "broken.png", "note.txt", "gone.png")]
    argv = ["ask", *media, "a red dog on a sofa", "what is there", "--model", str(folder / "model")]
    assert main([*argv, "--max-new-tokens", "3", "--graph", "--json", str(folder / "said.json")]) == 1
    out, err = capsys.readouterr()
    assert f"usg: {media[1]}: " in err
    assert f"usg: {media[3]}: there is no file" in err
    said = json.loads((folder / "said.json").read_text())
    assert said["question"] == "what is there"
    assert [(row["medium"], row["number"]) for row in said["answers"]] == [
        (media[0], 0),
        (media[0], 1),
        (media[2], 0),
        ("a red dog on a sofa", 0),
    ]
    assert said["answers"][2]["graph"] == "man; horse; man ride horse"
    assert out.count("\n  ") == 4
    for row in said["answers"]:
        assert row["answer"] in out


def test_one_medium_prints_the_answer_alone(folder, capsys):
    asker = Asker(folder / "model", max_new_tokens=3)
    assert main(["ask", "a red dog", "what is there", "--model", str(folder / "model"), "--max-new-tokens", "3"]) == 0
    assert capsys.readouterr().out == f"{asker('a red dog', 'what is there')}\n"
    (scene,) = world.scenes(1, "iid", 0, captions=1)
    assert asker(scene, "what is there") == asker(folder / "scenes.jsonl", "what is there")
    assert "dog" in graph_text(next(iter(asker.graphs("a red dog"))))


def test_what_cannot_be_asked_is_refused(folder):
    asker = Asker(folder / "model")
    with pytest.raises(ValueError, match="the question is empty"):
        asker("a red dog", "  ")
    with pytest.raises(FileNotFoundError, match="there is no file"):
        asker(folder / "gone", "what is there")
    (folder / "none.jsonl").write_text("{}\n")
    with pytest.raises(ValueError, match=r"none\.jsonl holds no graph that can be read"):
        asker(folder / "none.jsonl", "what is there")
    assert main(["ask", "a red dog", "what", "--model", str(folder)]) == 2
    assert main(["ask", "a red dog", " ", "--model", str(folder / "model")]) == 2
