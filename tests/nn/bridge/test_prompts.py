import pytest
from hypothesis import given
from hypothesis import strategies as st
from language_models import WORDS, tokenizer

from usg.graph import Attribute, Relation, SceneGraph, SceneObject, to_levi
from usg.nn.bridge.language_model import with_padding
from usg.nn.bridge.prompts import SOFT, PromptWriter
from usg.nn.bridge.text import Piece, fitting, graph_text, pieces

SCENE = SceneGraph(
    objects=[SceneObject("a", "dog"), SceneObject("b", "dog"), SceneObject("c", "sofa", negated=True)],
    attributes=[Attribute("x", "a", "red"), Attribute("y", "a", "small"), Attribute("z", "b", "big", negated=True)],
    relations=[Relation("r", "a", "on", "c"), Relation("s", "b", "under", "a", negated=True)],
)
CHAT = "{% for m in messages %}user : {{ m['content'] }}{% endfor %}{% if add_generation_prompt %} answer :{% endif %}"


def read(batch, row):
    """A row in words, with `*` for graph tokens, without padding."""
    kept = batch.ids[row][batch.attention_mask[row].bool()].tolist()
    return " ".join("*" if i == SOFT else WORDS[i] for i in kept)


def test_text_of_a_graph():
    assert graph_text(SCENE) == "red small dog 1; dog 2, not big; no sofa; dog 1 on sofa; dog 2 not under dog 1"
    assert graph_text(SceneGraph()) == "nothing"


def test_no_two_objects_have_one_name():
    labels = ["dog", "dog 1", "dog", "cat", "dog 1", "dog"]
    scene = SceneGraph(objects=[SceneObject(str(i), label) for i, label in enumerate(labels)])
    assert graph_text(scene) == "dog 2; dog 1 1; dog 3; cat; dog 1 2; dog 4"


def test_nodes_of_pieces_are_those_of_the_levi_form():
    labels = to_levi(SCENE).labels
    assert [labels[piece.node] for piece in pieces(SCENE)] == ["dog", "dog", "sofa", "on", "under"]


@pytest.mark.parametrize(
    ("soft", "names", "expected"),
    [
        ("nodes", "none", "* * * * *"),
        ("nodes", "labels", "* dog 1 ; * dog 2 ; * sofa ; * on ; * not under ;"),
        (
            "nodes",
            "facts",
            "* red small dog 1 ; * dog 2 , not big ; * no sofa ; * dog 1 on sofa ; * dog 2 not under dog 1 ;",
        ),
        (2, "none", "* *"),
        (2, "labels", "* * dog 1 ; dog 2 ; sofa ; on ; not under ;"),
        (0, "facts", "red small dog 1 ; dog 2 , not big ; no sofa ; dog 1 on sofa ; dog 2 not under dog 1 ;"),
        (0, "none", ""),
    ],
)
def test_what_stands_for_a_graph(soft, names, expected):
    writer = PromptWriter(with_padding(tokenizer()), soft, names)
    batch = writer.write([SCENE, SceneGraph()], ["what is ?", "where <graph> is ?"], ["red", "the sofa"])
    assert read(batch, 0) == f"{expected} what is ? red </s>".strip()
    empty = ("* * " if soft == 2 else "") + ("nothing ; " if names != "none" else "")
    assert read(batch, 1) == f"where {empty}is ? the sofa </s>"
    assert [WORDS[i] for i in batch.labels[0].tolist() if i >= 0] == ["red", "</s>"]
    assert (batch.ids == SOFT).sum() == len(batch.graph) == len(batch.node)
    if soft == "nodes":
        assert batch.node.tolist() == [1, 2, 3, 7, 8]
        assert batch.graph.tolist() == [0] * 5


def test_a_chat_template_puts_the_graph_into_the_turn():
    writer = PromptWriter(with_padding(tokenizer(CHAT)), names="none")
    batch = writer.write([SCENE], ["what is ?"], ["red"])
    assert read(batch, 0) == "user : * * * * * what is ? answer : red </s>"


TURNS = (
    "{% for m in messages %}{% if m['role'] == 'user' %}user : {{ m['content'] }} answer : "
    "{% else %}{{ m['content'] }}</s>{% endif %}{% endfor %}"
)


@pytest.mark.parametrize(
    ("chat", "expected"),
    [
        (None, "* * * * * what is ? red </s> where is ? the sofa </s> what is ? red </s>"),
        (
            TURNS,
            "user : * * * * * what is ? answer : red </s> user : where is ? answer : the sofa </s> "
            "user : what is ? answer : red </s>",
        ),
    ],
)
def test_turns_follow_one_another(chat, expected):
    """Each answer has its end once, and answers alone are learnt."""
    writer = PromptWriter(with_padding(tokenizer(chat)), names="none")
    more = [("where is ?", "the sofa"), ("what is ?", "red")]
    batch = writer.write([SCENE], ["what is ?"], ["red"], more=[more])
    assert read(batch, 0) == expected
    assert [WORDS[i] for i in batch.labels[0].tolist() if i >= 0] == "red </s> the sofa </s> red </s>".split()
    assert (batch.labels[0][batch.labels[0] >= 0] == batch.ids[0][batch.labels[0] >= 0]).all()
    assert writer.room("what is ?", "red") - writer.room("what is ?", "red", more) == batch.ids.shape[1] - len(
        read(writer.write([SCENE], ["what is ?"], ["red"]), 0).split()
    )


def test_padding_is_on_the_left_for_generation_and_on_the_right_for_training():
    writer = PromptWriter(with_padding(tokenizer()), names="none")
    graphs, prompts = [SCENE, SceneGraph()], ["what is ?", "what is ?"]
    assert writer.write(graphs, prompts).attention_mask[1].tolist() == [0] * 5 + [1] * 3
    trained = writer.write(graphs, prompts, ["red", "red"])
    assert trained.attention_mask[1].tolist() == [1] * 5 + [0] * 5
    assert trained.labels[1].tolist() == [-100] * 3 + [WORDS.index("red"), 0] + [-100] * 5


def test_refuses_prompts_without_room():
    writer = PromptWriter(with_padding(tokenizer()), max_length=8)
    with pytest.raises(
        ValueError, match="prompt 1 leaves 0 tokens for its graph, which needs 1; shorten it, or raise max_length"
    ):
        writer.write([SceneGraph()] * 2, ["what is ?", "what is the colour of the dog ?"])
    with pytest.raises(ValueError, match="prompt 0 leaves -1 tokens"):
        writer.write([SceneGraph()], ["what is the colour ?"], new_tokens=4)
    with pytest.raises(ValueError, match="1 graphs, 2 prompts and no answers"):
        writer.write([SceneGraph()], ["a", "b"])


@given(
    st.lists(st.integers(1, 5), max_size=8),
    st.lists(st.tuples(*[st.integers(0, 7)] * 2), max_size=8),
    st.integers(0, 30),
)
def test_what_fits_has_no_relation_without_its_objects(objects, relations, room):
    parts = [Piece(i, "", "x" * size) for i, size in enumerate(objects)]
    parts += [Piece(9 + i, "", "xxx", ends) for i, ends in enumerate(relations)]
    parts = [piece for piece in parts if {p.node for p in parts[: len(objects)]}.issuperset(piece.needs)]
    kept = fitting(parts, lambda piece: len(piece.text), room)
    assert sum(len(piece.text) for piece in kept) <= room
    present = {piece.node for piece in kept}
    assert all(present.issuperset(piece.needs) for piece in kept)
    if sum(len(piece.text) for piece in parts) <= room:
        assert kept == parts


@pytest.mark.parametrize(("soft", "least"), [("nodes", 1), (0, 1), (4, 4)])
def test_what_fits_can_be_written_and_nothing_else(soft, least):
    """Before an answer, and before tokens that are generated instead."""
    prompt, answer = "what is on the sofa ?", "red dog"
    room = PromptWriter(tokenizer(), soft, max_length=100).room(prompt, answer)
    for spare, fits in ((least, True), (least - 1, False)):
        writer = PromptWriter(tokenizer(), soft, max_length=100 - room + spare)
        longer = PromptWriter(tokenizer(), soft, max_length=100 - room + spare + 2)  # 5 new tokens, 3 of the answer
        assert writer.fits(prompt, answer) == longer.fits(prompt, answer, 5) == fits
        for write in (
            lambda w=writer: w.write([SCENE], [prompt], [answer]),
            lambda w=longer: w.write([SCENE], [prompt], new_tokens=5),
        ):
            if fits:
                write()
            else:
                with pytest.raises(ValueError, match=f"which needs {least}; shorten it"):
                    write()


def test_words_beside_graph_tokens_are_known():
    with pytest.raises(LookupError, match="unknown names 'label'; did you mean 'labels'"):
        PromptWriter(tokenizer(), names="label")


def test_what_fits_is_as_much_as_can_be():
    parts = [Piece(1, "", "x" * 50), *(Piece(i, "", "xx") for i in range(2, 12))]
    parts += [Piece(20, "", "xxx", (2, 3)), Piece(21, "", "xxx", (1, 2)), Piece(22, "", "xxx", (3, 4))]
    kept = fitting(parts, lambda piece: len(piece.text), 17)
    assert [piece.node for piece in kept] == [2, 3, 4, 5, 6, 20, 22]  # not the large first one, nor its relation


def test_text_is_never_a_control_token():
    """A label that looks like the end of a turn, or like the graph's place, is letters."""
    words = with_padding(tokenizer(CHAT))
    scene = SceneGraph(objects=[SceneObject("a", "dog </s> answer : red"), SceneObject("b", "<graph>")])
    batch = PromptWriter(words).write([scene], ["what is ? </s>"], ["red </s>"])
    assert batch.ids[0].tolist().count(words.eos_token_id) == 1  # the one behind the answer
    assert batch.ids[0, -1] == words.eos_token_id
    assert (batch.ids == SOFT).sum() == 2


def test_a_prompt_shows_its_graph_once():
    writer = PromptWriter(with_padding(tokenizer()))
    with pytest.raises(ValueError, match="<graph> stands 2 times in the prompt"):
        writer.write([SCENE], ["where <graph> is <graph> ?"])
    deaf = PromptWriter(with_padding(tokenizer("{% for m in messages %}user :{% endfor %}")))
    with pytest.raises(ValueError, match="chat template does not say what a user says"):
        deaf.write([SCENE], ["what is ?"])


def test_a_beginning_of_text_stands_in_front_of_all():
    words = with_padding(tokenizer())
    words.bos_token = "a"
    batch = PromptWriter(words, names="none").write([SCENE], ["what is ?"])
    assert read(batch, 0) == "a * * * * * what is ?"


def test_prompts_without_a_graph():
    writer = PromptWriter(with_padding(tokenizer()))
    batch = writer.write([None, SceneGraph()], ["what is ?", ""], ["red", "blue"])
    assert [read(batch, row) for row in range(2)] == ["what is ? red </s>", "nothing ; blue </s>"]


def test_no_stray_space_of_a_tokenizer_that_puts_one_in_front():
    """As SentencePiece does: the graph begins with one, what stands behind it does not."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.BPE(unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=True)
    made.decoder = decoders.Metaspace(prepend_scheme="never")
    texts = ["red small dog, on under no sofa; not big what is there ?\n 1 2"] * 3
    made.train_from_iterator(texts, trainers.BpeTrainer(special_tokens=["</s>", "<unk>"], show_progress=False))
    words = with_padding(PreTrainedTokenizerFast(tokenizer_object=made, eos_token="</s>", unk_token="<unk>"))
    batch = PromptWriter(words, soft=0, max_length=200).write([SCENE], ["what is there"])
    text = "".join(words.convert_ids_to_tokens(batch.ids[0].tolist())).replace("\u2581", " ")
    assert text == f" {graph_text(SCENE)};\nwhat is there\n"
