"""Treebank sentences on the tokens of spaCy's tokenizer, and as captions."""

import random
from itertools import islice
from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from usg.formats.conllu import Sentence, Word, read_conllu
from usg.parsers.text.syntax.captions import caption_augmenter, caption_style
from usg.parsers.text.syntax.treebank import read_docs, to_doc, treebank_file


@pytest.fixture(scope="module")
def nlp() -> Language:
    return spacy.blank("en")


def sentence(text: str, rows: str) -> Sentence:
    """Words as form/lemma/UPOS/XPOS/head/deprel, in order in the text."""
    words, place = [], 0
    for row in rows.split():
        form, lemma, upos, xpos, head, deprel = row.split("|")
        place = text.index(form, place)
        words.append(Word(form, lemma, upos, xpos, "", int(head), deprel, place, place + len(form)))
        place += len(form)
    return Sentence(text, tuple(words))


def table(doc: Doc) -> list[tuple[str, str, str, str, str]]:
    return [(token.text, token.tag_, token.lemma_, token.dep_, token.head.text) for token in doc]


def test_words_that_the_tokenizer_joins(nlp: Language) -> None:
    doc = to_doc([sentence("its red", "it|it|PRON|PRP|3|nsubj s|be|AUX|VBZ|3|cop red|red|ADJ|JJ|0|root")], nlp)
    # The copula heads "it" and is the root.
    assert table(doc) == [("its", "VBZ", "be", "ROOT", "its"), ("red", "JJ", "red", "acomp", "its")]


def test_words_that_the_tokenizer_splits(nlp: Language) -> None:
    rows = "e-mails|e-mail|NOUN|NNS|2|nsubj rock|rock|VERB|VBP|0|root !!|!!|PUNCT|.|2|punct"
    assert table(to_doc([sentence("e-mails rock!!", rows)], nlp)) == [
        ("e", "NNS", "e", "compound", "mails"),
        ("-", "HYPH", "-", "punct", "mails"),
        ("mails", "NNS", "mails", "nsubj", "rock"),
        ("rock", "VBP", "rock", "ROOT", "rock"),
        ("!", ".", "!", "punct", "rock"),
        ("!", ".", "!", "punct", "!"),
    ]


def test_white_space_hangs_on_the_token_before(nlp: Language) -> None:
    doc = to_doc([sentence("a  dog", "a|a|DET|DT|2|det dog|dog|NOUN|NN|0|root")], nlp)
    assert table(doc)[1] == (" ", "_SP", " ", "dep", "a")


def test_sentences_of_a_document(nlp: Language) -> None:
    dogs = sentence("Dogs run.", "Dogs|dog|NOUN|NNS|2|nsubj run|run|VERB|VBP|0|root .|.|PUNCT|.|2|punct")
    doc = to_doc([dogs, dogs], nlp)
    assert doc.text == "Dogs run. Dogs run."
    assert [part.text for part in doc.sents] == ["Dogs run.", "Dogs run."]


def test_documents_are_what_the_tokenizer_makes_of_their_text(nlp: Language, shared_data: Path) -> None:
    docs = read_docs(treebank_file(shared_data / "ud_ewt", "dev"), nlp, longest=1)
    assert len(docs) == 2001
    assert all([token.text for token in nlp.make_doc(doc.text)] == [token.text for token in doc] for doc in docs)
    assert all(token.tag_ and token.pos_ and token.dep_ and token.lemma_ for doc in docs for token in doc)


def test_longer_documents_hold_the_same_sentences(nlp: Language, shared_data: Path) -> None:
    file = treebank_file(shared_data / "ud_ewt", "dev")
    docs = read_docs(file, nlp, longest=4, seed=1)
    parts = [part.text.strip() for doc in docs for part in doc.sents]
    assert parts == [sentence.text.strip() for sentence in read_conllu(file)]
    assert {len(list(doc.sents)) for doc in docs} == {1, 2, 3, 4}


def test_caption_style_keeps_the_tree(nlp: Language, shared_data: Path) -> None:
    for each in islice(read_conllu(treebank_file(shared_data / "ud_ewt", "dev")), 300):
        doc = to_doc([each], nlp)
        caption = caption_style(doc)
        assert caption.text == caption.text.lower()
        assert len(doc) - len(caption) in (0, 1)
        kept = doc[: len(caption)]
        assert [(t.dep_, t.head.i, t.tag_) for t in caption] == [(t.dep_, t.head.i, t.tag_) for t in kept]


def test_augmenter_writes_the_share_that_it_is_told(nlp: Language) -> None:
    dogs = sentence("Dogs run.", "Dogs|dog|NOUN|NNS|2|nsubj run|run|VERB|VBP|0|root .|.|PUNCT|.|2|punct")
    doc = to_doc([dogs], nlp)
    random.seed(0)

    def texts(level: float, space_level: float) -> list[str]:
        augment = caption_augmenter(level, space_level)
        return [each.text for _ in range(200) for each in augment(nlp, Example(nlp.make_doc(doc.text), doc))]

    assert set(texts(0.0, 0.0)) == {"Dogs run."}
    assert set(texts(1.0, 0.0)) == {"dogs run"}
    assert 40 <= texts(0.3, 0.0).count("dogs run") <= 80
    assert all("  " in text or text != text.strip() or " ." in text for text in texts(0.0, 1.0))


def test_a_missing_treebank_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"en_ewt-ud-dev.conllu is missing; give the folder of UD English EWT"):
        treebank_file(tmp_path, "dev")
