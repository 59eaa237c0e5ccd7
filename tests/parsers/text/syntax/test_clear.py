"""Golden trees of constructions that captions are made of, and what holds for every tree."""

from pathlib import Path

import pytest

from usg.formats.conllu import Word, read_conllu
from usg.parsers.text.syntax.clear import to_clear
from usg.parsers.text.syntax.labels import LABELS

# Word/UPOS/XPOS/HEAD/DEPREL; lemma after = where it is not the lower-case form. Behind ->: HEAD/LABEL of every word.
GOLDEN = {
    "copula and preposition": (
        "The/DET/DT/2/det cat/NOUN/NN/6/nsubj is=be/AUX/VBZ/6/cop on/ADP/IN/6/case "
        "the/DET/DT/6/det table/NOUN/NN/0/root",
        "2/det 3/nsubj 0/ROOT 3/prep 6/det 4/pobj",
    ),
    "passive with agent": (
        "the/DET/DT/2/det dog/NOUN/NN/4/nsubj:pass was=be/AUX/VBD/4/aux:pass chased=chase/VERB/VBN/0/root "
        "by/ADP/IN/7/case a/DET/DT/7/det man/NOUN/NN/4/obl:agent",
        "2/det 4/nsubjpass 4/auxpass 0/ROOT 4/agent 7/det 5/pobj",
    ),
    "adjective": (
        "she/PRON/PRP/5/nsubj is=be/AUX/VBZ/5/cop not/PART/RB/5/advmod very/ADV/RB/5/advmod tall/ADJ/JJ/0/root "
        "./PUNCT/./5/punct",
        "2/nsubj 0/ROOT 2/neg 5/advmod 2/acomp 2/punct",
    ),
    "noun predicate in a chain of auxiliaries": (
        "He/PRON/PRP/5/nsubj has=have/AUX/VBZ/5/aux been=be/AUX/VBN/5/cop a/DET/DT/5/det cook/NOUN/NN/0/root",
        "3/nsubj 3/aux 0/ROOT 5/det 3/attr",
    ),
    "coordination is a chain": (
        "cats/NOUN/NNS/0/root ,/PUNCT/,/3/punct dogs/NOUN/NNS/1/conj and/CCONJ/CC/5/cc birds/NOUN/NNS/1/conj",
        "0/ROOT 1/punct 1/conj 3/cc 3/conj",
    ),
    "coordinated prepositions": (
        "on/ADP/IN/2/case tables/NOUN/NNS/0/root and/CCONJ/CC/5/cc in/ADP/IN/5/case boxes/NOUN/NNS/2/conj",
        "0/ROOT 1/pobj 1/cc 1/conj 4/pobj",
    ),
    "coordinated nouns under one preposition": (
        "on/ADP/IN/2/case tables/NOUN/NNS/0/root and/CCONJ/CC/4/cc chairs/NOUN/NNS/2/conj",
        "0/ROOT 1/pobj 2/cc 2/conj",
    ),
    "two adjectives after one copula": (
        "balls/NOUN/NNS/3/nsubj are=be/AUX/VBP/3/cop red/ADJ/JJ/0/root and/CCONJ/CC/5/cc round/ADJ/JJ/3/conj",
        "2/nsubj 0/ROOT 2/acomp 3/cc 3/conj",
    ),
    "a verb beside a copula": (
        "dogs/NOUN/NNS/3/nsubj are=be/AUX/VBP/3/cop wet/ADJ/JJ/0/root and/CCONJ/CC/5/cc run/VERB/VBP/3/conj",
        "2/nsubj 0/ROOT 2/acomp 2/cc 2/conj",
    ),
    "existential there": (
        "There/PRON/EX/2/expl are=be/VERB/VBP/0/root cats/NOUN/NNS/2/nsubj here/ADV/RB/2/advmod",
        "2/expl 0/ROOT 2/attr 2/advmod",
    ),
    "dative in both forms": (
        "He/PRON/PRP/2/nsubj gives=give/VERB/VBZ/0/root Ann/PROPN/NNP/2/iobj books/NOUN/NNS/2/obj",
        "2/nsubj 0/ROOT 2/dative 2/dobj",
    ),
    "dative with to": (
        "He/PRON/PRP/2/nsubj gives=give/VERB/VBZ/0/root books/NOUN/NNS/2/obj to/ADP/IN/5/case Ann/PROPN/NNP/2/obl",
        "2/nsubj 0/ROOT 2/dobj 2/dative 4/pobj",
    ),
    "relative clause, particle": (
        "a/DET/DT/2/det man/NOUN/NN/0/root who/PRON/WP/4/nsubj blows=blow/VERB/VBZ/2/acl:relcl "
        "out/ADP/RP/4/compound:prt candles/NOUN/NNS/4/obj",
        "2/det 0/ROOT 4/nsubj 2/relcl 4/prt 4/dobj",
    ),
    "stranded preposition": (
        "chairs/NOUN/NNS/0/root that/PRON/WDT/4/obl he/PRON/PRP/4/nsubj sat=sit/VERB/VBD/1/acl:relcl on/ADP/IN/2/case",
        "0/ROOT 5/pobj 4/nsubj 1/relcl 4/prep",
    ),
    "preposition before -ing": (
        "runs=run/VERB/VBZ/0/root without/SCONJ/IN/3/mark looking=look/VERB/VBG/1/advcl at/ADP/IN/5/case "
        "cars/NOUN/NNS/3/obl",
        "0/ROOT 1/prep 2/pcomp 3/prep 4/pobj",
    ),
    "conjunction before -ing": (
        "lays=lay/VERB/VBZ/0/root while/SCONJ/IN/3/mark looking=look/VERB/VBG/1/advcl up/ADV/RB/3/advmod",
        "0/ROOT 3/mark 1/advcl 3/advmod",
    ),
    "with a clause": (
        "sits=sit/VERB/VBZ/0/root with/SCONJ/IN/4/mark dogs/NOUN/NNS/4/nsubj following=follow/VERB/VBG/1/advcl",
        "0/ROOT 1/prep 4/nsubj 2/pcomp",
    ),
    "with a clause that has no verb": (
        "sits=sit/VERB/VBZ/0/root with/SCONJ/IN/6/mark hats/NOUN/NNS/6/nsubj on/ADP/IN/6/case "
        "his/PRON/PRP$/6/nmod:poss head/NOUN/NN/1/advcl",
        "0/ROOT 1/prep 2/pobj 3/prep 6/poss 4/pobj",
    ),
    "possessives": (
        "the/DET/DT/2/det woman/NOUN/NN/4/nmod:poss 's/PART/POS/2/case hat/NOUN/NN/0/root",
        "2/det 4/poss 2/case 0/ROOT",
    ),
    "name": (
        "Ann/PROPN/NNP/4/nsubj B./PROPN/NNP/1/flat Lee/PROPN/NNP/1/flat runs=run/VERB/VBZ/0/root",
        "3/compound 3/compound 4/nsubj 0/ROOT",
    ),
    "because of": (
        "stops=stop/VERB/VBZ/0/root because/ADP/IN/4/case of/ADP/IN/2/fixed rain/NOUN/NN/1/obl",
        "0/ROOT 1/prep 2/pcomp 2/pobj",
    ),
    "out of": (
        "jumps=jump/VERB/VBZ/0/root out/ADP/IN/4/case of/ADP/IN/4/case boxes/NOUN/NNS/1/obl",
        "0/ROOT 1/prep 2/prep 3/pobj",
    ),
    "next to": (
        "sits=sit/VERB/VBZ/0/root next/ADV/RB/4/case to/ADP/IN/4/case boxes/NOUN/NNS/1/obl",
        "0/ROOT 1/advmod 2/prep 3/pobj",
    ),
    "a seen event is one clause": (
        "sees=see/VERB/VBZ/0/root dogs/NOUN/NNS/1/obj run/VERB/VB/1/xcomp",
        "0/ROOT 3/nsubj 1/ccomp",
    ),
    "object predicate": (
        "named=name/VERB/VBD/0/root dogs/NOUN/NNS/1/obj Rex/PROPN/NNP/1/xcomp",
        "0/ROOT 1/dobj 1/oprd",
    ),
    "infinitive": (
        "wants=want/VERB/VBZ/0/root to/PART/TO/3/mark go/VERB/VB/1/xcomp",
        "0/ROOT 3/aux 1/xcomp",
    ),
    "extraposed subject": (
        "It/PRON/PRP/3/expl is=be/AUX/VBZ/3/cop nice/ADJ/JJ/0/root to/PART/TO/5/mark see/VERB/VB/3/csubj",
        "2/nsubj 0/ROOT 2/acomp 5/aux 2/xcomp",
    ),
    "clause as predicate": (
        "problems/NOUN/NNS/5/nsubj:outer is=be/AUX/VBZ/5/cop that/SCONJ/IN/5/mark "
        "he/PRON/PRP/5/nsubj left=leave/VERB/VBD/0/root",
        "2/nsubj 0/ROOT 5/mark 5/nsubj 2/ccomp",
    ),
    "fronted predicate": (
        "Where/ADV/WRB/0/root are=be/AUX/VBP/1/cop cats/NOUN/NNS/1/nsubj",
        "2/advmod 0/ROOT 2/nsubj",
    ),
    "measure": (
        "five/NUM/CD/2/nummod feet/NOUN/NNS/3/obl:unmarked tall/ADJ/JJ/0/root",
        "2/nummod 3/npadvmod 0/ROOT",
    ),
    "about a number": (
        "about/ADV/RB/2/advmod five/NUM/CD/3/nummod cats/NOUN/NNS/0/root",
        "2/quantmod 3/nummod 0/ROOT",
    ),
    "money": (
        "costs=cost/VERB/VBZ/0/root $/SYM/$/1/obj 5/NUM/CD/2/nummod",
        "0/ROOT 3/nmod 1/dobj",
    ),
}  # fmt: skip


def words(rows: str) -> list[Word]:
    made = []
    for row in rows.split():
        form, upos, xpos, head, deprel = row.split("/")
        form, _, lemma = form.partition("=")
        made.append(Word(form, lemma or form.lower(), upos, xpos, "", int(head), deprel, 0, 0))
    return made


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_trees(name: str) -> None:
    rows, expected = GOLDEN[name]
    assert " ".join(f"{arc.head}/{arc.label}" for arc in to_clear(words(rows))) == expected


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ("a/DET/DT/2/det b/NOUN/NN/1/nsubj", "0 roots in 'a b'"),
        ("a/NOUN/NN/0/root b/NOUN/NN/0/root", "2 roots in 'a b'"),
        ("a/NOUN/NN/0/root b/NOUN/NN/3/nmod c/NOUN/NN/2/nmod", "word 2 ('b') of 'a b c' does not reach the root"),
        ("a/NOUN/NN/0/root b/NOUN/NN/9/nmod", "word 2 ('b') of 'a b' does not reach the root"),
    ],
)
def test_what_is_no_tree_is_told(rows: str, complaint: str) -> None:
    with pytest.raises(ValueError) as error:
        to_clear(words(rows))
    assert complaint in str(error.value)


def test_every_treebank_tree_stays_a_tree(shared_data: Path) -> None:
    crossing = 0
    sentences = list(read_conllu(shared_data / "ud_ewt" / "en_ewt-ud-dev.conllu"))
    for sentence in sentences:
        arcs = to_clear(sentence.words)
        assert len(arcs) == len(sentence.words)
        assert [arc.label for arc in arcs].count("ROOT") == 1
        for i, arc in enumerate(arcs, 1):
            assert arc.label in LABELS
            assert (arc.label == "ROOT") == (arc.head == 0)
            passed = {i}
            while arc.head:
                assert arc.head not in passed, sentence.text
                passed.add(arc.head)
                arc = arcs[arc.head - 1]
        crossing += _crosses([arc.head for arc in arcs])
    # A dependent on the wrong link of a chain crosses the arcs of the others.
    assert crossing < 0.05 * len(sentences)


def test_function_words_head_their_phrases_in_the_treebank(shared_data: Path) -> None:
    for sentence in read_conllu(shared_data / "ud_ewt" / "en_ewt-ud-dev.conllu"):
        labels = [arc.label for arc in to_clear(sentence.words)]
        for word, label, arc in zip(sentence.words, labels, to_clear(sentence.words), strict=True):
            if label == "pobj":
                assert sentence.words[arc.head - 1].deprel.partition(":")[0] in ("case", "fixed", "mark"), sentence.text
            assert label != "case" or word.xpos == "POS", sentence.text


def _crosses(heads: list[int]) -> bool:
    arcs = [(min(i, head), max(i, head)) for i, head in enumerate(heads, 1) if head]
    return any(a < c < b < d for a, b in arcs for c, d in arcs)
