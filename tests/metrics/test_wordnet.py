"""WordNet's files and SPICE-style F1, on a WordNet of a few words and, where it is installed, on the real one."""

from pathlib import Path

import pytest

from usg.metrics import Facts, SpiceMatcher, WordNet, find_wordnet

INDEX = {
    "noun": [
        "couch n 2 1 @ 2 1 04256520 00001111",
        "sofa n 1 1 @ 1 1 04256520",
        "glass n 1 0 1 0 00000001",
        "glasses n 1 0 1 0 00000002",
        "man n 1 0 1 0 00000003",
        "fire_hydrant n 1 0 1 0 00000004",
        "fireplug n 1 0 1 0 00000004",
        "berry n 1 0 1 0 00000005",
    ],
    "verb": ["ride v 1 0 1 0 01", "rid v 1 0 1 0 02", "hold v 1 0 1 0 03", "grip v 1 0 1 0 03", "sit v 1 0 1 0 04"],
    "adj": ["big a 1 0 1 0 01", "large a 1 0 1 0 01"],
    "adv": ["here r 1 0 1 0 01"],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for pos, lines in INDEX.items():
        text = "  1 The licence stands here.\n" + "".join(line + "  \n" for line in lines)
        (tmp_path / f"index.{pos}").write_text(text, encoding="latin-1")
        (tmp_path / f"{pos}.exc").write_text({"noun": "men man\n", "verb": "held hold\nsat sit\n"}.get(pos, ""))
    return tmp_path


def test_lemmas(folder: Path) -> None:
    wordnet = WordNet(folder)
    found = {word: wordnet.lemma(word, "noun") for word in ("glasses", "men", "firemen", "berries", "xyzs", "couch")}
    assert found == {
        "glasses": "glasses",  # an entry itself
        "men": "man",
        "firemen": "firemen",  # "fireman" is no entry
        "berries": "berry",
        "xyzs": "xyzs",
        "couch": "couch",
    }
    verbs = {"held": "hold", "sat": "sit", "holding": "hold", "riding": "ride", "on": "on"}
    assert {word: wordnet.lemma(word, "verb") for word in verbs} == verbs


def test_synonyms_share_a_synset(folder: Path) -> None:
    wordnet = WordNet(folder)
    assert wordnet.are_synonyms("couch", "sofa") and wordnet.are_synonyms("fire hydrant", "fireplug")
    assert not wordnet.are_synonyms("couch", "man")
    assert not wordnet.are_synonyms("ride", "big")  # the same offset, of other parts of speech


def test_spice_with_wordnet(folder: Path) -> None:
    matcher = SpiceMatcher(WordNet(folder))
    gold = Facts.from_tuples([("man", "hold", "fire hydrant"), ("sofa", "large")])
    said = Facts.from_tuples([("men", "gripping", "fireplug"), ("couch", "big"), ("berry",)])
    # WordNet has no rule for the doubled letter of gripping: all but the relation and the berry match.
    assert matcher(said, gold) == pytest.approx(2 * (4 / 6) * (4 / 5) / (4 / 6 + 4 / 5))
    held = Facts.from_tuples([("men", "held", "fireplug"), ("couch", "big")])
    assert matcher(held, gold) == matcher(gold, held) == 1.0
    assert str(folder) in matcher.note


def test_spice_without_wordnet_knows_endings_only() -> None:
    matcher = SpiceMatcher()
    gold = Facts.from_tuples([("man", "sit on", "bench"), ("leaf", "green")])
    assert matcher(Facts.from_tuples([("men", "sitting on", "benches"), ("leaves", "green")]), gold) == 1.0
    assert matcher(Facts.from_tuples([("sofa",)]), Facts.from_tuples([("couch",)])) == 0.0
    for word in ("glass", "bus", "tennis", "dress"):
        assert matcher(Facts.from_tuples([(word,)]), Facts.from_tuples([(word[:-1],)])) == 0.0
    assert "without WordNet" in matcher.note


def test_where_wordnet_is_looked_for(folder: Path) -> None:
    found = find_wordnet(environment={"WNSEARCHDIR": str(folder)})
    assert found is not None and found.folder == folder
    (folder / "dict").mkdir()
    with pytest.raises(FileNotFoundError, match=r"dict is no WordNet folder: index.noun, .* install wordnet-base"):
        find_wordnet(environment={"WNHOME": str(folder)})
    with pytest.raises(FileNotFoundError, match="nowhere"):
        find_wordnet("nowhere")


@pytest.mark.peers
def test_the_real_wordnet() -> None:
    wordnet = find_wordnet()
    if wordnet is None:
        pytest.skip("WordNet is not installed (Debian: wordnet-base)")
    assert wordnet.are_synonyms("couch", "sofa") and not wordnet.are_synonyms("left", "right")
    assert [wordnet.lemma(w, "noun") for w in ("children", "knives", "boxes")] == ["child", "knife", "box"]
    assert [wordnet.lemma(w, "verb") for w in ("lying", "held", "riding")] == ["lie", "hold", "ride"]
