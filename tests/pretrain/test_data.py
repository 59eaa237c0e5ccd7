"""Batches of pretraining: captions drawn by pass, parts kept apart, files converted once."""

from pathlib import Path

import numpy as np
import pytest

from usg.batch import Vocabulary
from usg.corpus import Corpus, CorpusWriter
from usg.formats import write_graphs
from usg.graph import NodeKind, SceneGraph, SceneObject, Source
from usg.pretrain.corpora import WorldScenes, corpus_of, world_corpus
from usg.pretrain.data import GraphDataModule, draw_captions


def scene(number: int, captions: int = 2) -> SceneGraph:
    texts = [Source(f"caption{i}", "text", text=f"caption {i} of {number}") for i in range(captions)]
    sources = [Source("image", "image", width=9, height=9), *texts]
    question = {"question": "Is it zebra striped?", "answer": "certainly"}
    return SceneGraph(sources, [SceneObject("o", f"thing{number % 5}")], metadata={"questions": [question]})


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "corpus"
    with CorpusWriter(folder, row_group=10) as writer:
        writer.write_all(scene(number, captions=number % 3) for number in range(40))
    return folder


def data(corpus: Path, **settings: object) -> GraphDataModule:
    return GraphDataModule(str(corpus), **{"batch_size": 8, "holdout": 6, "cache": str(corpus.parent), **settings})  # type: ignore[arg-type]


def test_one_caption_of_each_graph_that_has_any(corpus: Path) -> None:
    columns = Corpus(corpus).columns(np.arange(40))
    drawn = draw_captions(columns, np.arange(40), seed=0, epoch=0)
    for number, caption in enumerate(drawn):
        assert caption == () if number % 3 == 0 else caption[0] in range(number % 3) and len(caption) == 1
    assert {(0,), (1,)} <= set(drawn)


def test_several_captions_of_a_graph_differ(corpus: Path) -> None:
    columns = Corpus(corpus).columns(np.arange(40))
    drawn = draw_captions(columns, np.arange(40), seed=0, epoch=0, number=2)
    assert [len(set(captions)) for captions in drawn] == [number % 3 for number in range(40)]
    assert {(0, 1), (1, 0)} <= set(drawn)
    batch = data(corpus, captions_per_graph=2).pack("train", np.array([2]), 0).graphs
    assert int(batch.text.max()) == 1


def test_captions_are_a_function_of_seed_pass_and_graph(corpus: Path) -> None:
    items = np.arange(40)
    columns = Corpus(corpus).columns(items)
    first = draw_captions(columns, items, 0, 0)
    assert first == draw_captions(columns, items, 0, 0)
    assert first != draw_captions(columns, items, 0, 1)
    assert first != draw_captions(columns, items, 1, 0)
    few = items[[31, 4]]
    assert draw_captions(Corpus(corpus).columns(few), few, 0, 0) == [first[31], first[4]]


def test_batches_of_a_number_of_nodes(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    with CorpusWriter(tmp_path / "mixed", row_group=10) as writer:
        for size in rng.integers(1, 50, 60).tolist():
            writer.write(SceneGraph(objects=[SceneObject(f"o{i}", "thing") for i in range(size)]))
    batches = list(data(tmp_path / "mixed", captions=False, nodes_per_batch=200).train_dataloader())
    nodes = [batch.graphs.num_nodes for batch in batches]
    assert max(nodes) - min(nodes) < 2 * 50 and 200 <= np.mean(nodes) < 250
    assert sorted(item for batch in batches for item in batch.items.tolist()) == list(range(54))
    with pytest.raises(ValueError, match="nodes_per_batch is 0"):
        data(tmp_path / "mixed", nodes_per_batch=0)


def test_caption_share(corpus: Path) -> None:
    items = np.full(4000, 2)  # a graph with two captions, many times under different numbers
    columns = Corpus(corpus).columns(items)
    drawn = draw_captions(columns, np.arange(4000), 0, 0, share=0.25)
    assert 0.2 < np.mean([caption != () for caption in drawn]) < 0.3
    assert 0.4 < np.mean([caption[0] for caption in drawn if caption]) < 0.6


def test_batches_carry_words_of_captions(corpus: Path) -> None:
    module = data(corpus)
    with_words = module.pack("train", np.array([1, 3]), 0).graphs
    assert int((with_words.kind == NodeKind.WORD).sum()) == 4
    module.captions = False
    assert int((module.pack("train", np.array([1, 3]), 0).graphs.kind == NodeKind.WORD).sum()) == 0


def test_held_out_graphs_are_not_trained_on(corpus: Path) -> None:
    module = data(corpus)
    trained = {item for batch in module.train_dataloader() for item in batch.items.tolist()}
    validated = [item for batch in module.val_dataloader() for item in batch.items.tolist()]
    assert validated == list(range(34, 40))
    assert trained <= set(range(34))
    assert len(trained) == 32
    assert list(data(corpus, holdout=0).val_dataloader()) == []
    assert [graph.objects[0].label for graph in module.validation_graphs(2)] == ["thing4", "thing0"]
    with pytest.raises(ValueError, match="holdout is 40, but there are 40"):
        data(corpus, holdout=40).train_dataloader()


def test_vocabulary_has_captions_questions_and_labels(corpus: Path) -> None:
    vocabulary = data(corpus).vocabulary
    assert {"thing0", "caption", "zebra", "certainly"} <= set(vocabulary.labels)
    assert vocabulary.of_kind(NodeKind.WORD)[vocabulary.index("zebra")]
    other = Vocabulary.build(objects={"thing1": 1})
    module = data(corpus)
    module.use_vocabulary(other)
    assert module.pack("train", np.array([0, 1]), 0).graphs.vocabulary_size == len(other)


def test_files_are_converted_once_and_again_when_they_change(tmp_path: Path) -> None:
    file = tmp_path / "graphs.jsonl"
    write_graphs([scene(0), scene(1)], file)
    first = corpus_of(file, tmp_path / "cache")
    made = (first / "manifest.json").stat().st_mtime_ns
    assert corpus_of(file, tmp_path / "cache") == first
    assert (first / "manifest.json").stat().st_mtime_ns == made
    assert list(Corpus(first)) == [scene(0), scene(1)]
    write_graphs([scene(2)], file)
    assert len(Corpus(corpus_of(file, tmp_path / "cache"))) == 1


def test_bad_rows_are_named_and_the_rest_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "graphs.jsonl"
    write_graphs([scene(0)], file)
    file.write_text(file.read_text() + "{broken\n")
    assert len(Corpus(corpus_of(file, tmp_path))) == 1
    assert "1 items could not be read" in capsys.readouterr().err


def test_world_scenes_are_sampled_once(tmp_path: Path) -> None:
    scenes = WorldScenes(train=3, val=2, test=2, test_split="compose")
    folders = [world_corpus(scenes, part, tmp_path) for part in ("train", "val", "test")]
    assert [len(Corpus(folder)) for folder in folders] == [3, 2, 2]
    assert [Corpus(folder)[0].metadata["split"] for folder in folders] == ["train", "val", "compose"]
    assert world_corpus(scenes, "train", tmp_path) == folders[0]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"path": None}, "there is no data to train on"),
        ({"path": "x", "batch_size": 0}, "batch_size 0"),
        ({"path": "x", "caption_share": 0.0}, "caption_share is 0.0"),
    ],
)
def test_wrong_settings(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        GraphDataModule(**settings)  # type: ignore[arg-type]


def test_missing_and_empty_data(tmp_path: Path, corpus: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no file or corpus folder"):
        data(tmp_path / "nowhere.jsonl").vocabulary  # noqa: B018
    with pytest.raises(ValueError, match=r"there are no test graphs: give --data\.test_path"):
        data(corpus).test_dataloader()
    with CorpusWriter(tmp_path / "empty"):
        pass
    with pytest.raises(ValueError, match="has no graph"):
        data(tmp_path / "empty").vocabulary  # noqa: B018
    (tmp_path / "x.xml").write_text("<a/>")
    with pytest.raises(ValueError, match="cannot tell the format"):
        data(tmp_path / "x.xml").vocabulary  # noqa: B018
