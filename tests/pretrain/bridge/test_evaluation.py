import numpy as np
import pytest
import torch

from usg import world
from usg.batch import Vocabulary
from usg.graph.shuffle import shuffle_edges
from usg.nn import GraphTransformer, GraphTransformerConfig
from usg.nn.bridge import GraphLanguageModel
from usg.pretrain.bridge.evaluation import evaluate_answers
from usg.pretrain.language.tokenizer import train_tokenizer
from usg.pretrain.tasks import Answer, NameHidden


@pytest.fixture(scope="module")
def scenes():
    return list(world.scenes(8, "iid", 0, captions=1, questions=3))


def model(scenes, bridge):
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    encoder = GraphTransformer(GraphTransformerConfig(dim=16, layers=1, heads=2), Vocabulary.from_graphs(scenes))
    words = train_tokenizer((source.text or "" for scene in scenes for source in scene.sources), 400)
    sizes = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = LlamaConfig(vocab_size=len(words), max_position_embeddings=512, bos_token_id=None, eos_token_id=1, **sizes)
    return GraphLanguageModel(encoder, LlamaForCausalLM(config), words, bridge).eval()


def test_right_is_word_for_word_and_families_add_up(scenes, monkeypatch):
    made = model(scenes, "prefix")
    wanted = {}
    for place, task in enumerate([Answer()]):
        for number, scene in enumerate(scenes):
            example = task(scene, np.random.default_rng([0, place, number]))
            wanted[example.prompt] = example.answer
    wrong = next(iter(wanted))
    wanted[wrong] = f"{wanted[wrong]} and more"
    monkeypatch.setattr(made, "generate", lambda graphs, prompts, **_: [wanted[prompt] for prompt in prompts])
    table = evaluate_answers(made, scenes, tasks=[Answer()], controls=[])
    cells = table.cells["model"]
    assert cells["answer"].value == pytest.approx(1 - 1 / len(scenes))
    hops = [cell for family, cell in cells.items() if ": " in family]
    assert sum(cell.n for cell in hops) == cells["answer"].n
    assert sum(cell.n * cell.value for cell in hops) == pytest.approx(cells["answer"].n * cells["answer"].value)


def test_controls_change_what_the_encoder_sees_and_nothing_else(scenes, monkeypatch):
    made = model(scenes, "prefix")
    seen = {}

    def generate(graphs, prompts, **_):
        states = made.encoder(made.encoder.pack(graphs))
        seen.setdefault("states", []).append(states.detach())
        seen.setdefault("graphs", []).append(list(graphs))
        return [""] * len(prompts)

    monkeypatch.setattr(made, "generate", generate)
    encoder = made.encoder
    evaluate_answers(made, scenes, tasks=[NameHidden()], batch_size=100)
    true, shuffled, noise, _ = seen["states"]
    assert made.encoder is encoder
    drawn = [shuffle_edges(graph, (0, i)) for i, graph in enumerate(seen["graphs"][1])]
    torch.testing.assert_close(shuffled, encoder(encoder.pack(drawn)).detach())
    assert seen["graphs"][0] == seen["graphs"][1] == seen["graphs"][2]
    assert sorted(map(repr, seen["graphs"][3])) == sorted(map(repr, seen["graphs"][0]))  # longer prompts, other order
    torch.testing.assert_close(noise.mean(0), true.mean(0), atol=0.2 * float(true.std()), rtol=0)
    assert not torch.allclose(noise, true)


def test_without_a_bridge_only_wording_is_a_control(scenes):
    table = evaluate_answers(model(scenes, "text"), scenes, max_new_tokens=2)
    assert list(table.cells) == ["model", "paraphrased"]
    assert "answer" not in table.cells["paraphrased"]
    with pytest.raises(ValueError, match="no test graph has anything for any task"):
        evaluate_answers(model(scenes, "text"), [], max_new_tokens=2)
