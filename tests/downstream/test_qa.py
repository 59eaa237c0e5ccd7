import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from usg.downstream.data import QADataModule, pack_questions
from usg.downstream.finetune import finetune
from usg.downstream.qa import QuestionAnswering
from usg.downstream.scores import accuracy_by, is_right
from usg.downstream.table import baseline_answers
from usg.graph import NodeKind
from usg.training.optimizer import OptimizerSettings


@pytest.fixture(scope="module")
def trained(corpora, encoder):
    """A small model after a short finetuning from scratch, its data, and what it got right."""
    torch.set_num_threads(1)
    data = QADataModule(**corpora, labels=600, per_scene=None)
    module = QuestionAnswering(encoder, scratch=True, optimizer=OptimizerSettings(learning_rate=2e-3, warmup_steps=10))
    done = finetune(module, data, steps=90, validate_every=30)
    return module, data, done


def test_learns_more_than_counting(trained):
    """A real run: in a few steps better than the best answer of each type of question."""
    _, data, done = trained
    questions = data.questions("test")
    counting = is_right(questions, baseline_answers(data)["majority of the type"])
    assert accuracy_by(questions, done.right)["all"] > accuracy_by(questions, counting)["all"] + 0.05
    assert done.loss_curve[-1][1] < done.loss_curve[0][1]


def test_best_step_answers(trained):
    _, data, done = trained
    assert done.val_accuracy == max(accuracy for _, accuracy in done.val_curve)
    assert (done.best_step, done.val_accuracy) in done.val_curve
    assert len(done.right) == len(data.questions("test"))


def test_several_questions_of_a_graph_answer_as_one_by_one(trained):
    module, data, _ = trained
    graphs = list(data.graphs("test").values())[:5]
    asked = [[entry["question"] for entry in graph.metadata["questions"]] for graph in graphs]
    together = module.scores_of(graphs, asked)
    alone = [
        module.scores(graph, question) for graph, questions in zip(graphs, asked, strict=True) for question in questions
    ]
    for a, b in zip(together, alone, strict=True):
        assert {key: pytest.approx(value, abs=1e-5) for key, value in a.items()} == b


def test_scores_are_probabilities_of_the_answers(trained):
    module, data, _ = trained
    graph = data.graph("test", data.questions("test")[0].scene)
    scores = module.scores(graph, "What colour is the dragon that nobody saw?")
    assert sum(scores.values()) == pytest.approx(1)
    assert set(scores) == set(data.training_answers)
    assert (
        module.answer(graph, "Is there a cup?")
        == max(module.scores(graph, "Is there a cup?").items(), key=lambda i: i[1])[0]
    )


def test_saved_model_answers_the_same(trained, tmp_path):
    module, data, done = trained
    module.save_pretrained(tmp_path / "model")
    again = QuestionAnswering.from_pretrained(tmp_path / "model")
    assert again.built()[1].answers == module.built()[1].answers
    answers = again.answer_all(data.graphs("test"), data.questions("test"))
    assert is_right(data.questions("test"), answers) == done.right


def test_pack_finds_every_mask_in_order(trained):
    module, data, _ = trained
    model, _ = module.built()
    graphs = [data.graph("test", scene) for scene in (0, 1)]
    batch, masks = pack_questions(graphs, [["is there a cat?", "what colour is the dog"], ["is there a hat"]], model)
    assert batch.text[masks].tolist() == [0, 1, 2]
    assert batch.node_graph[masks].tolist() == [0, 0, 1]
    assert (batch.kind[masks] == NodeKind.WORD).all()
    with pytest.raises(ValueError, match="contains <mask>"):
        pack_questions(graphs[:1], [["what is <mask>"]], model)


def test_answers_and_words_the_encoder_does_not_know(encoder, data):
    """An encoder that lacks the answer `no` and the word `hat` gives the one and reads the other by its letters."""
    module = QuestionAnswering(encoder, optimizer=OptimizerSettings(learning_rate=2e-3, warmup_steps=5))
    done = finetune(module, data, steps=40, validate_every=20)
    model, head = module.built()
    assert "no" not in model.vocabulary
    assert head.extra is not None
    assert "no" in head.answers
    given = module.answer_all(data.graphs("test"), data.questions("test"))
    assert "no" in given
    assert is_right(data.questions("test"), given) == done.right


def test_scratch_keeps_everything_but_the_weights(encoder, data):
    pretrained, scratch = QuestionAnswering(encoder), QuestionAnswering(encoder, scratch=True, seed=5)
    for module in (pretrained, scratch):
        module.build(None, data.training_answers)
    a, b = pretrained.built()[0], scratch.built()[0]
    assert a.config == b.config
    assert a.vocabulary == b.vocabulary
    assert not torch.equal(a.blocks[0].qkv.weight, b.blocks[0].qkv.weight)


def test_new_weights_are_of_the_seed(data):
    weights = []
    for seed in (1, 1, 2):
        module = QuestionAnswering(seed=seed)
        module.build(data.training_vocabulary(), data.training_answers)
        weights.append(module.built()[0].labels.ids.detach())
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_wrong_folders(encoder, tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist; name a folder that save_pretrained wrote"):
        QuestionAnswering(str(tmp_path / "nothing")).build(None, ["yes"])
    with pytest.raises(FileNotFoundError, match=r"holds no config\.json"):
        QuestionAnswering(str(tmp_path)).build(None, ["yes"])
    with pytest.raises(FileNotFoundError, match="was not taught to answer"):
        QuestionAnswering.from_pretrained(encoder)
    with pytest.raises(ValueError, match="no trained model"):
        QuestionAnswering().built()


def test_answers_of_another_version(trained, tmp_path):
    trained[0].save_pretrained(tmp_path)
    file = Path(tmp_path / "question_answering.json")
    file.write_text(json.dumps({**json.loads(file.read_text()), "version": 99}))
    with pytest.raises(ValueError, match="has version 99"):
        QuestionAnswering.from_pretrained(tmp_path)


def test_shuffled_edges_reach_the_batches(corpora):
    plain, test, every = (QADataModule(**corpora, shuffle_edges=mode) for mode in ("none", "test", "all"))
    scene = 3
    assert test.graph("train", scene) == plain.graph("train", scene)
    changed = [mode.graph("test", i) != plain.graph("test", i) for mode in (test, every) for i in range(20)]
    assert sum(changed) > 10
    assert any(every.graph("train", i) != plain.graph("train", i) for i in range(20))


def test_data_errors(corpora, tmp_path):
    with pytest.raises(ValueError, match=r"data.train is not given"):
        QADataModule()
    with pytest.raises(ValueError, match="shuffle_edges is 'some'"):
        QADataModule(**corpora, shuffle_edges="some")
    with pytest.raises(ValueError, match=r"data\.labels is 0"):
        QADataModule(**corpora, labels=0)


def test_scenes_without_questions(corpora, tmp_path):
    from usg.corpus import CorpusWriter
    from usg.world import sample_scene

    with CorpusWriter(tmp_path / "plain") as writer:
        writer.write(sample_scene("train", 0, 0))
    data = QADataModule(**{**corpora, "train": str(tmp_path / "plain")})
    with pytest.raises(ValueError, match=r"no scene of .*plain has questions"):
        data.questions("train")


def test_an_unlabelled_graph_can_be_asked(trained):
    """Answers need no metadata."""
    module, data, _ = trained
    graph = replace(data.graph("test", 0), metadata={})
    assert module.answer(graph, "Is there a dog?") in module.built()[1].answers
