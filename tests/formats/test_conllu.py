"""Reading CoNLL-U: where the words stand in the text, and what is told of a wrong file."""

from pathlib import Path

import pytest

from usg.formats.conllu import Sentence, read_conllu

LETS_GO = """\
# newdoc id = d
# sent_id = s1
# text = Don't go  to the zoo!
1-2\tDon't\t_\t_\t_\t_\t_\t_\t_\t_
1\tDo\tdo\tAUX\tVB\t_\t3\taux\t_\t_
2\tn't\tnot\tPART\tRB\tPolarity=Neg\t3\tadvmod\t_\t_
3\tgo\tgo\tVERB\tVB\t_\t0\troot\t_\t_
3.1\tyou\tyou\tPRON\tPRP\t_\t_\t_\t3:nsubj\tCopyOf=-1
4\tto\tto\tADP\tIN\t_\t6\tcase\t_\t_
5\tthe\tthe\tDET\tDT\t_\t6\tdet\t_\t_
6\tzoo\tzoo\tNOUN\tNN\t_\t3\tobl\t_\tSpaceAfter=No
7\t!\t!\tPUNCT\t.\t_\t3\tpunct\t_\tSpaceAfter=No
"""


def read(tmp_path: Path, text: str) -> list[Sentence]:
    file = tmp_path / "file.conllu"
    file.write_text(text, encoding="utf-8")
    return list(read_conllu(file))


def test_words_lie_where_they_are_written(tmp_path: Path) -> None:
    (sentence,) = read(tmp_path, LETS_GO)
    assert [sentence.text[word.start : word.end] for word in sentence.words] == [w.form for w in sentence.words]
    assert [word.form for word in sentence.words] == ["Do", "n't", "go", "to", "the", "zoo", "!"]
    assert (sentence.id, sentence.new_document, sentence.joined) == ("s1", True, True)


def test_words_spelt_otherwise_than_their_token_take_its_place(tmp_path: Path) -> None:
    text = "# text = du x\n1-2\tdu\t_\t_\t_\t_\t_\t_\t_\t_\n"
    text += "".join(f"{i}\t{form}\t_\tX\tX\t_\t{i - 1}\tdep\t_\t_\n" for i, form in enumerate(["de", "le", "x"], 1))
    (sentence,) = read(tmp_path, text + "\n")
    assert [(word.start, word.end) for word in sentence.words] == [(0, 2), (0, 2), (3, 4)]


def test_last_sentence_needs_no_empty_line(tmp_path: Path) -> None:
    assert len(read(tmp_path, LETS_GO + "\n" + LETS_GO)) == 2


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("# text = a\n1\ta\n", "line 1: 2 fields in '1 a'; CoNLL-U has 10"),
        ("\n# text = b\n1\ta\ta\tX\tX\t_\t0\troot\t_\t_\n", "line 2: 'a' is not next in the text 'b'"),
        ("1\ta\ta\tX\tX\t_\t0\troot\t_\t_\n", "line 1: the sentence has no `# text =` line"),
        ("# text = b\n", "line 1: the sentence has no words"),
        ("# text = a\n1\ta\ta\tX\tX\t_\t_\troot\t_\t_\n", "the HEAD in '1 a a X X _ _ root _ _' is '_', expected 0"),
        ("# text = a\n1\ta\ta\tX\tX\t_\t2\troot\t_\t_\n", "is '2', expected 0 or the ID of a word"),
        ("# text = a\n1-2\ta\t_\t_\t_\t_\t_\t_\t_\t_\n1\ta\ta\tX\tX\t_\t0\troot\t_\t_\n", "line 1: '1-2' in"),
        ("# text = a\nx\ta\ta\tX\tX\t_\t0\troot\t_\t_\n", "line 1: 'x' in 'x a a X X _ 0 root _ _' is no ID"),
    ],
)
def test_a_wrong_file_is_told_by_line(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=r"file\.conllu") as error:
        read(tmp_path, text)
    assert complaint in str(error.value)


def test_a_file_that_is_not_utf_8_is_told_by_line(tmp_path: Path) -> None:
    file = tmp_path / "file.conllu"
    file.write_bytes(LETS_GO.encode() + b"\n# text = a\xff\n")
    with pytest.raises(ValueError, match=r"file\.conllu, line 14: the sentence is not UTF-8"):
        list(read_conllu(file))


def test_the_treebank_is_read_in_full(shared_data: Path) -> None:
    sentences = list(read_conllu(shared_data / "ud_ewt" / "en_ewt-ud-dev.conllu"))
    assert len(sentences) == 2001
    assert sum(len(sentence.words) for sentence in sentences) == 25_147
    assert all(s.text[w.start : w.end] == w.form for s in sentences for w in s.words)
