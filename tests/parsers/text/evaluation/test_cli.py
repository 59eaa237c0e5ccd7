"""The command: a tiny FACTUAL file from gold to table and JSON, and what is wrong use."""

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from usg.formats import read_graphs, write_graphs
from usg.formats.factual_csv import read_row
from usg.graph import SceneGraph
from usg.metrics import METRICS
from usg.parsers.text.evaluation.cli import main

Capture = pytest.CaptureFixture[str]
GOLD = """image_id,region_id,caption,scene_graph
1,1,a man is riding a brown horse,"( man , ride , horse ) , ( horse , is , brown )"
1,2,blue sky,"( sky , is , blue )"
2,3,two dogs on the grass,"( dogs , is , 2 ) , ( dogs , on , grass )"
3,4,sign on a pole,"( sign , on , pole )"
"""
TRAIN = """image_id,region_id,caption,scene_graph
7,1,the sign on the pole,"( sign , on , pole )"
2,2,dogs near water,"( dogs , near , water )"
8,3,a green field,"( field , is , green )"
"""
# One fact of the first caption is missing; the rest is right.
PREDICTED = GOLD.replace(" , ( horse , is , brown )", "")


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    texts = {"gold": GOLD, "train": TRAIN, "pred": PREDICTED}
    for name, text in texts.items():
        (tmp_path / f"{name}.csv").write_text(text)
    (tmp_path / "cases.jsonl").write_text(
        '{"number": 1, "type": "t", "caption": "blue sky", "must": ["sky , is , blue"]}\n'
        '{"number": 2, "type": "t", "caption": "red sky", "must": ["sky , is , red"]}\n'
    )
    return {name: str(tmp_path / f"{name}.csv") for name in texts} | {"cases": str(tmp_path / "cases.jsonl")}


@pytest.fixture
def parser(monkeypatch: pytest.MonkeyPatch) -> str:
    """A parser that knows the gold graphs, under a dotted path."""

    class Lookup:
        def pipe(self, texts: Iterable[str]) -> Iterator[SceneGraph]:
            known = {line.split(",")[2]: line.split('"')[1] for line in GOLD.splitlines()[1:]}
            for text in texts:
                yield read_row("0", "0", text, known.get(text, "( nothing )"))

    module = ModuleType("lookup_parser")
    module.Lookup, module.number = Lookup, 3  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "lookup_parser", module)
    return "lookup_parser.Lookup"


def test_a_prediction_beside_its_floors(files: dict[str, str], tmp_path: Path, capsys: Capture) -> None:
    target = tmp_path / "scores.json"
    words = ["--gold", files["gold"], "--pred", files["pred"], "--train", files["train"], "--json", str(target)]
    assert main(words) == 0
    out = capsys.readouterr().out
    for text in ("all, 4 captions", "clean, 2 captions", "pred.csv", "nearest train graph", "bag of content words"):
        assert text in out
    assert "without WordNet" in out or "synonyms of WordNet" in out
    result = json.loads(target.read_text())
    assert (result["n"], result["subsets"]["clean"]["n"], set(result["metrics"])) == (4, 2, set(METRICS))
    # By hand: 3 of 4 captions; attributes 2 of 3; facts of the first caption 3 of 4.
    metrics = {name: figure["value"] for name, figure in result["metrics"].items()}
    assert metrics["set_match"] == 0.75 and metrics["relation_f1"] == 1.0
    assert metrics["attribute_f1"] == pytest.approx(2 * 2 / (2 + 3))
    assert metrics["fact_f1_macro"] == pytest.approx((3 + 2 * 3 / 7) / 4)
    assert metrics["fact_f1_micro"] == pytest.approx(2 * 12 / (12 + 13))
    # The clean captions are those of image 1; the sign is a near-duplicate, the dogs share image 2.
    assert result["subsets"]["clean"]["metrics"]["set_match"]["value"] == 0.5
    assert result["baselines"]["nearest train graph"]["set_match"] == 0.25
    assert result["baselines"]["bag of content words"]["relation_f1"] == 0.0
    assert result["constructions"]["numeral"]["n"] == 1
    assert result["constructions"]["numeral"]["pred.csv"]["set_match"] == 1.0
    assert result["command"].startswith("usg evaluate text-graph --gold")


def test_a_parser_against_a_file(files: dict[str, str], parser: str, capsys: Capture, tmp_path: Path) -> None:
    target = tmp_path / "scores.json"
    assert main(["--gold", files["gold"], "--parser", parser, "--pred", files["pred"], "--json", str(target)]) == 0
    out = capsys.readouterr().out
    assert f"{parser} - pred.csv" in out and "no --train" in out and "clean," not in out
    result = json.loads(target.read_text())
    assert result["system"] == parser and result["metrics"]["set_match"] == {
        "value": 1.0,
        "low": 1.0,
        "high": 1.0,
        "n": 4,
    }
    assert result["baselines"]["pred.csv"]["set_match"] == 0.75
    assert result["differences"]["pred.csv"]["set_match"]["value"] == 0.25
    assert result["subsets"] == {}


def test_any_format_that_is_read_can_be_a_prediction(files: dict[str, str], tmp_path: Path, capsys: Capture) -> None:
    write_graphs(read_graphs(files["pred"]), tmp_path / "pred.jsonl")
    assert main(["--gold", files["gold"], "--pred", str(tmp_path / "pred.jsonl")]) == 0
    assert main(["--gold", files["gold"], "--pred", str(tmp_path / "pred.jsonl"), "--pred-format", "jsonl"]) == 0
    one, two = capsys.readouterr().out.split("all, ")[1:]
    assert one == two and " 75.0 [" in one


def test_cases_alone_and_beside_gold(files: dict[str, str], parser: str, tmp_path: Path, capsys: Capture) -> None:
    target = tmp_path / "cases.json"
    assert main(["--cases", files["cases"], "--parser", parser, "--json", str(target)]) == 0
    assert "missing: sky , is , red\n1 of 2 right\n" in capsys.readouterr().out
    result = json.loads(target.read_text())
    assert (result["right"], result["n"], result["cases"][0]["faults"]) == (1, 2, [])
    assert main(["--cases", files["cases"], "--gold", files["gold"], "--parser", parser, "--json", str(target)]) == 0
    assert json.loads(target.read_text())["cases"]["right"] == 1


def test_predictions_that_do_not_fit_are_refused(files: dict[str, str], tmp_path: Path) -> None:
    lines = PREDICTED.splitlines(keepends=True)
    turned = tmp_path / "turned.csv"
    turned.write_text("".join([lines[0], *reversed(lines[1:])]))
    with pytest.raises(ValueError, match=r"graph 1 of .* is about 'sign on a pole', the gold graph about 'a man"):
        main(["--gold", files["gold"], "--pred", str(turned)])
    short = tmp_path / "short.csv"
    short.write_text("".join(lines[:-1]))
    with pytest.raises(ValueError, match=r"short.csv has 3 graphs and the gold file 4; .* by order"):
        main(["--gold", files["gold"], "--pred", str(short)])
    long = tmp_path / "long.csv"
    long.write_text("".join([*lines, *lines[1:]]))
    with pytest.raises(ValueError, match=r"long.csv has at least 5 graphs and the gold file 4"):
        main(["--gold", files["gold"], "--pred", str(long)])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--parser", "text"], "nothing to compare with"),
        (["--gold", "GOLD"], "nothing to evaluate"),
        (["--gold", "GOLD", "--pred", "GOLD", "--pred", "GOLD"], "is given twice"),
        (["--gold", "GOLD", "--parser", "tekst"], "unknown parser 'tekst'; did you mean 'text'"),
        (["--gold", "GOLD", "--parser", "nowhere.Parser"], "there is no parser nowhere.Parser"),
        (["--gold", "GOLD", "--parser", "usg.graph.Parser"], "there is no parser usg.graph.Parser"),
        (["--gold", "GOLD", "--parser", "usg.graph.SceneGraph"], "has no pipe"),
        (["--gold", "GOLD", "--pred", "GOLD", "--wordnet", "nowhere"], "nowhere is no WordNet folder"),
        (["--cases", "CASES", "--pred", "GOLD"], "give one parser by --parser"),
    ],
)
def test_wrong_use(files: dict[str, str], words: list[str], message: str) -> None:
    words = [files["gold"] if word == "GOLD" else files["cases"] if word == "CASES" else word for word in words]
    with pytest.raises((ValueError, LookupError, FileNotFoundError), match=message):
        main(words)


def test_gold_without_text_cannot_be_parsed(files: dict[str, str], parser: str, tmp_path: Path) -> None:
    write_graphs([SceneGraph()], tmp_path / "bare.jsonl")
    with pytest.raises(ValueError, match="gold graph 1 has no text to be parsed"):
        main(["--gold", str(tmp_path / "bare.jsonl"), "--parser", parser])


def test_help_and_wrong_words_need_no_torch_and_no_spacy() -> None:
    code = (
        "import sys\nfrom usg.parsers.text.evaluation.cli import main\n"
        "for words in (['--help'], ['--nothing']):\n"
        "    try: main(words)\n"
        "    except SystemExit as end: print(end.code)\n"
        "print(sorted({'torch', 'spacy', 'transformers'} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "--wordnet" in out and "text-factual" in "".join(out.split())
    assert out.endswith("0\n2\n[]\n")
