import logging
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from language_models import FAMILIES, WORDS, language_model, tokenizer
from torch import nn

from usg.batch import Vocabulary
from usg.graph import Attribute, Box, Grounding, Relation, SceneGraph, SceneObject, Source
from usg.nn import GraphTransformer, GraphTransformerConfig
from usg.nn.bridge import BRIDGES, GraphLanguageModel, LoRA, Places, load_language_model, make_bridge
from usg.nn.bridge.cross_attention import decoder_layers
from usg.nn.bridge.language_model import bitsandbytes, embedding_size
from usg.nn.bridge.text import pieces

SCENES = [
    SceneGraph(
        objects=[SceneObject("a", "dog"), SceneObject("b", "dog"), SceneObject("c", "sofa")],
        attributes=[Attribute("x", "a", "red"), Attribute("y", "c", "big")],
        relations=[Relation("r", "a", "on", "c"), Relation("s", "b", "under", "c")],
    ),
    SceneGraph(
        objects=[SceneObject("a", "man"), SceneObject("b", "horse")], relations=[Relation("r", "a", "riding", "b")]
    ),
    SceneGraph(),
]
PROMPTS = ["what is the colour of the dog ?", "where is the man ? <graph> answer :", "what is on the sofa ?"]


def encoder() -> GraphTransformer:
    """Seeded, with weights large enough that the structure of a graph shows in its states."""
    torch.manual_seed(1)
    made = GraphTransformer(GraphTransformerConfig(dim=16, layers=2, heads=2), Vocabulary.from_graphs(SCENES)).eval()
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            if name.startswith("blocks") and "norm" not in name:
                parameter.mul_(10.0)
    return made


def model(family="llama", bridge="prefix", **options) -> GraphLanguageModel:
    made = GraphLanguageModel(encoder(), language_model(family), tokenizer(), bridge, **options).eval()
    if bridge == "xattn":
        open_gates(made)
    return made


def open_gates(made: GraphLanguageModel) -> None:
    with torch.no_grad():
        for layer in made.bridge.layers:
            layer.gates.fill_(1.0)


@pytest.mark.parametrize("bridge", BRIDGES)
@pytest.mark.parametrize("family", list(FAMILIES))
def test_a_batch_is_answered_as_one_by_one(family, bridge):
    """The commonest silent mistake: padding on the wrong side, or positions that count it."""
    made = model(family, bridge)
    together = made.generate(SCENES, PROMPTS, max_new_tokens=8)
    assert together == [made.generate([s], [p], max_new_tokens=8)[0] for s, p in zip(SCENES, PROMPTS, strict=True)]
    assert any(together)


@pytest.mark.parametrize("bridge", BRIDGES)
@pytest.mark.parametrize("family", list(FAMILIES))
def test_the_loss_of_a_batch_is_that_of_its_answers(family, bridge):
    """Neither prompt, graph nor padding counts; answers of different lengths weigh by their tokens."""
    made, answers = model(family, bridge), ["red", "on the horse", "nothing"]
    losses = [made([s], [p], [a]) for s, p, a in zip(SCENES, PROMPTS, answers, strict=True)]
    lengths = torch.tensor([2.0, 4.0, 2.0])  # words and the end
    expected = (torch.stack(losses) * lengths).sum() / lengths.sum()
    torch.testing.assert_close(made(SCENES, PROMPTS, answers), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("bridge", ["prefix", "resampler", "xattn"])
def test_what_is_learnt_reaches_encoder_and_bridge_and_not_the_language_model(bridge):
    made = model("llama", bridge, names="none")
    made(SCENES, PROMPTS, ["red", "on the horse", "nothing"]).backward()
    assert all(parameter.grad is None for parameter in made.language_model.parameters())
    silent = {name for name, parameter in made.bridge.named_parameters() if parameter.grad is None}
    assert not silent
    assert made.encoder.labels.ids.grad.abs().sum() > 0


@pytest.mark.parametrize("bridge", ["prefix", "resampler", "xattn"])
@pytest.mark.parametrize("names", ["none", "labels", "facts"])
def test_a_bridge_carries_what_is_not_in_words(bridge, names):
    """Which of two things is the subject: but for facts the words are the same, and the loss is not."""
    made = model("llama", bridge, names=names)
    turned = SceneGraph(objects=SCENES[1].objects, relations=[Relation("r", "b", "riding", "a")])
    losses = [made([scene], ["what is ?"], ["the man"]).item() for scene in (SCENES[1], turned)]
    assert abs(losses[0] - losses[1]) > 1e-4


def test_a_bridge_hears_the_attributes_of_an_object():
    made = model("llama", "prefix", names="none")
    with torch.no_grad():
        nn.init.normal_(made.bridge.value.weight)
    batch = made.encoder.pack(SCENES[:1])
    places = Places(torch.zeros(3, dtype=torch.int64), torch.tensor([1, 2, 3]))
    states = made.encoder(batch).detach()
    before = made.bridge(states, batch, places)
    states[4] += 1.0  # the attribute of the first dog
    changed = (made.bridge(states, batch, places) - before).abs().amax(1) > 1e-6
    assert changed.tolist() == [True, False, False]


@pytest.mark.parametrize("bridge", ["prefix", "resampler"])
def test_graph_tokens_are_of_the_size_of_words(bridge):
    made = model("llama", bridge)
    batch = made.encoder.pack(SCENES)
    written = made.writer.write(SCENES, PROMPTS)
    tokens = made.bridge(made.encoder(batch), batch, Places(written.graph, batch.offsets[written.graph] + written.node))
    words = made.language_model.get_input_embeddings()(torch.arange(len(WORDS)))
    expected = words.square().mean().sqrt().expand(len(tokens))
    torch.testing.assert_close(tokens.square().mean(1).sqrt(), expected, rtol=1e-3, atol=0.0)


def test_families_that_scale_their_embeddings_are_measured_as_words():
    class Scaled(nn.Embedding):
        def forward(self, ids):
            return super().forward(ids) * 8.0

    plain = language_model("llama")
    size = embedding_size(plain)[1]
    scaled = Scaled(*plain.get_input_embeddings().weight.shape)
    scaled.weight = plain.get_input_embeddings().weight
    plain.set_input_embeddings(scaled)
    assert embedding_size(plain)[1] == pytest.approx(8.0 * size)


def test_any_of_the_ends_that_a_model_declares_ends_an_answer():
    made = model("llama", "text")
    before = made.generate(SCENES[:1], PROMPTS[:1], max_new_tokens=6)[0].split()
    assert len(before) == 6
    made.language_model.generation_config.eos_token_id = [WORDS.index(before[0]), 0]
    assert made.generate(SCENES[:1], PROMPTS[:1], max_new_tokens=6)[0].split() == before[:1]


def test_generation_leaves_dropout_out_and_the_mode_as_it_was():
    made = model("llama", "prefix", lora=LoRA(rank=2, alpha=64.0, dropout=0.9))
    with torch.no_grad():
        for name, parameter in made.language_model.named_parameters():
            if "lora_B" in name:
                nn.init.normal_(parameter)
    made.train()
    answers = [made.generate(SCENES, PROMPTS, max_new_tokens=6) for _ in range(4)]
    assert all(answer == answers[0] for answer in answers)
    assert made.training
    assert made.language_model.training


def test_sampling_draws():
    made = model("llama", "text")
    torch.manual_seed(0)
    drawn = {made.generate(SCENES[:1], PROMPTS[:1], max_new_tokens=6, temperature=50.0)[0] for _ in range(4)}
    assert len(drawn) > 1


def test_the_encoder_sees_where_things_are_when_asked_to():
    def scene(left):
        box = Grounding("i", Box(left, 0.0, left + 10.0, 10.0))
        return SceneGraph([Source("i", "image", width=100, height=100)], [SceneObject("a", "dog", groundings=(box,))])

    for grounding in (False, True):
        made = model("llama", "prefix", names="none", grounding=grounding)
        one, other = (made([scene(left)], ["what is ?"], ["red"]).item() for left in (0.0, 80.0))
        assert (one != other) == grounding


@pytest.mark.filterwarnings("ignore:`gradient_checkpointing_enable` is deprecated:FutureWarning")
def test_cross_attention_and_checkpointed_activations_do_not_go_together():
    made = model("llama", "xattn")
    made.language_model.gradient_checkpointing_enable()
    with pytest.raises(ValueError, match="cannot be trained with the language model's activations checkpointed"):
        made.train()(SCENES, PROMPTS, ["red", "on the horse", "nothing"])


def test_cross_attention_begins_as_the_language_model_alone():
    made = GraphLanguageModel(encoder(), language_model("llama"), tokenizer(), "xattn", names="none").eval()
    inputs = made.writer.write(SCENES, PROMPTS)
    alone = made.language_model.generate(
        inputs_embeds=made.language_model.get_input_embeddings()(inputs.ids),
        attention_mask=inputs.attention_mask,
        max_new_tokens=8,
        pad_token_id=0,
    )
    expected = [text.strip() for text in made.tokenizer.batch_decode(alone, skip_special_tokens=True)]
    assert made.generate(SCENES, PROMPTS, max_new_tokens=8) == expected
    open_gates(made)
    assert made.generate(SCENES, PROMPTS, max_new_tokens=8) != expected
    assert not any(layer._forward_pre_hooks for layer in decoder_layers(made.language_model))


def test_beams_read_their_own_graph():
    made = model("llama", "xattn", names="none")
    together = made.generate(SCENES, PROMPTS, max_new_tokens=5, num_beams=3)
    one_by_one = [
        made.generate([s], [p], max_new_tokens=5, num_beams=3)[0] for s, p in zip(SCENES, PROMPTS, strict=True)
    ]
    assert together == one_by_one


@pytest.mark.parametrize("family", list(FAMILIES))
def test_lora_is_what_is_trained_of_the_language_model(family):
    made = model(family, "prefix", lora=LoRA(rank=2, alpha=4.0, dropout=0.0))
    trained, frozen = made.parameter_counts()["language model"]
    assert 0 < trained < frozen
    made(SCENES, PROMPTS, ["red", "on the horse", "nothing"]).backward()
    moved = {name.split(".")[-3] for name, p in made.language_model.named_parameters() if p.grad is not None}
    assert moved == {"lora_A", "lora_B"}


def test_it_learns_to_say_what_the_graph_shows():
    """The words of the prompt are the same for all; only graph tokens tell what to say."""
    torch.manual_seed(0)
    scenes = [SceneGraph(objects=[SceneObject("a", label)]) for label in ("dog", "man", "horse", "sofa")]
    made = GraphLanguageModel(encoder(), language_model("gpt2"), tokenizer(), "prefix", names="none").train()
    made.language_model.requires_grad_(True)
    prompts, answers = ["what is ?"] * 4, ["dog", "man", "horse", "sofa"]
    optimizer = torch.optim.AdamW([p for p in made.parameters() if p.requires_grad], lr=3e-3)
    for _ in range(150):
        optimizer.zero_grad()
        loss = made(scenes, prompts, answers)
        loss.backward()
        optimizer.step()
    assert made.eval().generate(scenes, prompts, max_new_tokens=3) == answers


# With a model of Qwen2's type transformers takes Qwen2's own tokenizer, whatever lies in the folder.
@pytest.mark.parametrize("family", sorted(set(FAMILIES) - {"qwen2"}))
def test_a_language_model_in_a_folder_loads(family, tmp_path):
    language_model(family).save_pretrained(tmp_path)
    tokenizer().save_pretrained(tmp_path)
    loaded, words = load_language_model(tmp_path)
    assert words.pad_token_id == words.eos_token_id == 0
    assert not any(parameter.requires_grad for parameter in loaded.parameters())
    made = GraphLanguageModel(encoder(), loaded, words, "text")
    expected = model(family, "text").generate(SCENES, PROMPTS, max_new_tokens=4)
    assert made.generate(SCENES, PROMPTS, max_new_tokens=4) == expected


def test_refuses_what_is_no_language_model(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no language model nowhere; pass a folder"):
        load_language_model("nowhere")
    with pytest.raises(ValueError, match=r"is no causal language model with a tokenizer: Unrecognized model"):
        load_language_model(tmp_path)
    language_model("llama").save_pretrained(tmp_path)
    with pytest.raises(ValueError, match=r"is no causal language model with a tokenizer: "):
        load_language_model(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match="is not complete"):
        load_language_model(tmp_path)
    words = tokenizer()
    words.eos_token = None
    with pytest.raises(ValueError, match="has no end-of-text token"):
        GraphLanguageModel(encoder(), language_model("llama"), words)
    with pytest.raises(LookupError, match="unknown bridge 'prefx'; did you mean 'prefix'"):
        make_bridge("prefx", encoder(), language_model("llama"))
    with pytest.raises(ValueError, match="every is 0; expected a number of layers"):
        make_bridge("xattn", encoder(), language_model("llama"), every=0)
    with pytest.raises(ValueError, match="nothing of the graph would be read"):
        GraphLanguageModel(encoder(), language_model("llama"), tokenizer(), "text", names="none")
    with pytest.raises(ValueError, match="max_length is 400, but the language model knows 128 positions"):
        GraphLanguageModel(encoder(), language_model("gpt2"), tokenizer(), max_length=400)
    with pytest.raises(ValueError, match=r"Linear has its layers at none of model\.layers"):
        decoder_layers(nn.Linear(2, 2))


def test_a_graph_too_large_is_cut_once_said(caplog):
    words = ["red", "blue"]
    large = SceneGraph(
        objects=[SceneObject(f"o{i}", "dog") for i in range(60)],
        attributes=[Attribute(f"a{i}", f"o{i}", words[i % 2]) for i in range(60)],
        relations=[Relation(f"r{i}", f"o{i}", "on", f"o{i + 1}") for i in range(59)],
    )
    made = model("gpt2")
    with caplog.at_level(logging.WARNING):
        assert len(made.generate([large] * 2, ["what is ?"] * 2, max_new_tokens=8)) == 2
        made([large], ["what is ?"], ["red"])
    assert [record.message.split(";")[0] for record in caplog.records] == [
        "a graph of 119 objects and relations does not fit into 117 tokens"
    ]
    written = made.writer.write([large], ["what is ?"])
    assert (written.node > 120).sum() == 10  # relations stand beside their objects


def test_quantization_is_named_and_needs_its_package(monkeypatch):
    with pytest.raises(LookupError, match="unknown quantization '4bits'; did you mean '4bit'"):
        bitsandbytes("4bits")
    monkeypatch.setattr("usg.nn.bridge.language_model.find_spec", lambda name: None)
    with pytest.raises(ImportError, match="a language model in 8bit needs bitsandbytes: pip install bitsandbytes"):
        bitsandbytes("8bit")
    monkeypatch.setattr("usg.nn.bridge.language_model.find_spec", lambda name: name)
    assert bitsandbytes("8bit").load_in_8bit
    assert (bitsandbytes("4bit").load_in_4bit, bitsandbytes("4bit").bnb_4bit_quant_type) == (True, "nf4")


def test_tokens_learn_the_words_they_stand_for():
    """Until the nearest label of each token is its own, hidden ones too."""
    made = model("llama", "prefix")
    scenes = [SCENES[0], replace(SCENES[1], objects=(SceneObject("a", "<mask>"), SCENES[1].objects[1]))]
    hidden = [None, "man"]
    said = [piece.text.replace("<mask>", "man") for scene in scenes for piece in pieces(scene, numbered=False)]
    words = {text: made._mean_words([text])[0] for text in said}
    assert list(words) == [
        "red dog", "dog", "big sofa", "dog on sofa", "dog under sofa", "man", "horse", "man riding horse"
    ]  # fmt: skip
    optimizer = torch.optim.Adam(made.bridge.parameters(), lr=0.01)
    losses = []
    for _ in range(60):
        loss = made.lexical_loss(scenes, hidden).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 < losses[0]
    batch = made.encoder.pack(scenes)
    first = int(batch.offsets[1])
    nodes = torch.tensor([1, 2, 3, 6, 7, first + 1, first + 2, first + 3])
    places = Places(torch.tensor([0] * 5 + [1] * 3), nodes)
    tokens = made.bridge(made.encoder(batch), batch, places)
    nearest = (F.normalize(tokens, dim=1) @ F.normalize(torch.stack(list(words.values())), dim=1).T).argmax(1)
    assert [list(words)[i] for i in nearest.tolist()] == said


def test_tokens_have_a_loss_each_and_graphs_of_nothing_none():
    made = model("llama", "prefix")
    losses = [made.lexical_loss([scene], [None]) for scene in SCENES]
    assert [len(each) for each in losses] == [5, 3, 0]
    torch.testing.assert_close(made.lexical_loss(SCENES, [None] * 3), torch.cat(losses))


@pytest.mark.parametrize("bridge", ["resampler", "xattn", "text"])
def test_only_tokens_of_nodes_have_words(bridge):
    with pytest.raises(ValueError, match="only a bridge with a token for each object and relation"):
        model("llama", bridge).lexical_loss(SCENES, [None] * 3)
