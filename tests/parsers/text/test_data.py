"""Training data: captions with and without graphs, and their batches."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
import small_factual

from usg.parsers.text.align import Alignment
from usg.parsers.text.data import (
    LONGEST,
    Batches,
    Tables,
    aligned_graphs,
    captions_of,
    gold_graphs,
    tokens_of,
    words_of,
)

TABLES, EXAMPLES = small_factual.examples()


@pytest.fixture
def factual(tmp_path: Path) -> Path:
    return small_factual.write_csv(tmp_path / "train.csv")


def batches(seed: int = 0, size: int = 4, **shares: float) -> Batches:
    return Batches(EXAMPLES, inventory=TABLES.inventory, batch_size=size, seed=seed, **shares)


def test_words_and_their_places() -> None:
    text = "The T-shirt\tisn't  RED. 🐕"
    assert words_of(text) == ["the", "t", "-", "shirt", "is", "n't", "red", ".", "🐕"]
    assert all(text[start : start + len(word)] == word for word, start in tokens_of(text))


def test_a_file_of_factual_is_aligned(factual: Path) -> None:
    graphs, problems = gold_graphs(factual)
    assert problems.count == 0 and len(graphs) == len(small_factual.lines())
    aligned = aligned_graphs(graphs)
    wanted = small_factual.alignments()
    assert [(each.tokens, each.spans, set(each.links.values())) for each in aligned] == [
        (each.tokens, each.spans, set(each.links.values())) for each in wanted
    ]
    assert not any(each.missed for each in aligned)


def test_captions_that_negate_and_long_ones(tmp_path: Path) -> None:
    rows = [
        'a street with no cars,"( street , with , cars )"',
        f'1,2,{"big " * 50}dog,"( dog , is , big )"',
        '1,3,dog,"( dog )"',
    ]
    (tmp_path / "train.csv").write_text("image_id,region_id,caption,scene_graph\n" + "\n".join(rows))
    aligned = aligned_graphs(gold_graphs(tmp_path / "train.csv")[0])
    assert [len(each.tokens) for each in aligned] == [LONGEST, 1]


def test_graphs_without_texts_are_refused(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("image_id,region_id,caption,scene_graph\n")
    with pytest.raises(ValueError, match="has no graph with a text; expected captions with their graphs"):
        gold_graphs(tmp_path / "train.csv")
    with pytest.raises(FileNotFoundError):
        gold_graphs(tmp_path / "nowhere.csv")


def test_numbers_of_forms_and_predicates() -> None:
    each = Alignment("a dog on a bed".split(), [(1, 2), (4, 5)], ["dog", "bed"], {(0, 1): "on", (1, 0): "never"})
    [example] = TABLES.examples([each])
    assert TABLES.inventory.predicates[example.links[0, 1]] == "on" and example.links[1, 0] == -100
    more = Tables.build(small_factual.alignments(), [["zebra", "dog"], ["zebra"]])
    assert more.words.word("zebra") and not TABLES.words.word("zebra") and more.inventory == TABLES.inventory


def test_captions_without_graphs(tmp_path: Path) -> None:
    lines = tmp_path / "captions.txt"
    lines.write_text("A dog runs. A cat!\nA dog runs.\nx\n\na street with no cars\n")
    wanted = [["a", "dog", "runs", "."], ["a", "cat", "."], ["a", "street", "with", "cars"]]
    assert captions_of(lines) == wanted
    coco = tmp_path / "captions.json"
    texts = [{"caption": text} for text in lines.read_text().splitlines()]
    coco.write_text(json.dumps({"annotations": [*texts, {"bbox": []}]}))
    assert captions_of(coco) == wanted
    coco.write_text(json.dumps(texts))
    assert captions_of(coco) == wanted


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        (b'{"images": []}', r"has no annotations\[\]\.caption"),
        (b"[1, 2]", r"has no annotations\[\]\.caption"),
        (b"{", "cut short or broken at character 1; 0 annotations were read"),
        (b'[{"caption": "a dog runs"}', "cut short or broken at character 26; 1 annotations were read"),
        (b"\xff\xfe", "is not UTF-8"),
    ],
)
def test_files_without_captions_are_told(tmp_path: Path, content: bytes, wrong: str) -> None:
    file = tmp_path / "captions.json"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=wrong):
        captions_of(file)


def test_a_pass_has_every_caption_once() -> None:
    plain = batches(joined=0.0, recombined=0.0, bare=0.0)
    assert len(plain) == -(-len(EXAMPLES) // 4)
    seen = Counter(each.tokens for k in range(len(plain)) for each in plain[0, k])
    assert seen == Counter(each.tokens for each in EXAMPLES)


def test_a_batch_depends_on_seed_and_pass_alone() -> None:
    first, again, other = batches(), batches(), batches(seed=1)
    backwards = {(n, k): again[n, k] for n in (1, 0) for k in reversed(range(len(again)))}
    assert all(first[n, k] == batch for (n, k), batch in backwards.items())
    assert [first[0, k] for k in range(len(first))] != [other[0, k] for k in range(len(other))]
    assert [first[0, k] for k in range(len(first))] != [first[1, k] for k in range(len(first))]


def test_captions_are_augmented_by_their_shares() -> None:
    originals = {each.tokens for each in EXAMPLES}

    def new(**shares: float) -> int:
        made = batches(**{"joined": 0.0, "recombined": 0.0, "bare": 0.0, **shares})
        return sum(each.tokens not in originals for n in range(4) for k in range(len(made)) for each in made[n, k])

    total = 4 * len(EXAMPLES)
    assert new() == 0
    assert 0.35 * total < new(joined=0.5) < 0.65 * total
    assert 0.4 * total < new(recombined=0.5) <= 0.5 * total
    assert 0.5 * total < new(bare=0.99)


def test_captions_of_like_size_stand_together() -> None:
    made = batches(joined=0.0, recombined=0.0, bare=0.0)
    sizes = [[len(each.spans) for each in made[0, k]] for k in range(len(made))]
    assert sum(max(of) - min(of) for of in sizes) <= len({len(each.spans) for each in EXAMPLES})
