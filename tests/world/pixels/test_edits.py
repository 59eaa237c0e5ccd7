"""usg.world.pixels.edits: what changes between two pictures is what the edit says."""

import numpy as np
import pytest

from usg.corpus import Corpus
from usg.graph.edit import Move, apply, edit_from_dict
from usg.graph.rle import decode_mask
from usg.world.cli import main
from usg.world.pixels.edits import KINDS, sample_edit
from usg.world.pixels.pairs import write_edits


def facts(graph, among):
    """Labels and values of objects, without their ids' order."""
    return {
        obj.id: (obj.label, sorted((a.kind, a.value) for a in graph.attributes_of(obj.id)))
        for obj in graph.objects
        if obj.id in among
    }


@pytest.mark.parametrize("kind", KINDS)
def test_the_edit_leads_from_one_graph_to_the_other(kind):
    made = 0
    for index in range(12):
        pair = sample_edit("train", 1, index, kind=kind)
        if pair is None:
            continue
        made += 1
        before, after = pair.before.graph, pair.after.graph
        edited = apply(before, pair.edits)
        among = {o.id for o in after.objects} & {o.id for o in edited.objects}
        assert facts(edited, among) == facts(after, among)
        assert (pair.target in before) == (kind != "add")
        assert (pair.target in after) == (kind != "remove")
        assert edited != before
        if kind == "move":
            (move,) = pair.edits
            assert isinstance(move, Move)
            assert move.region == after.object(pair.target).groundings[0].region
    assert made >= 8


@pytest.mark.parametrize("kind", ["recolour", "restyle", "remove"])
def test_pixels_change_only_where_the_thing_is(kind):
    for index in range(6):
        pair = sample_edit("iid", 2, index, kind=kind)
        if pair is None:
            continue
        changed = (pair.before.image.astype(int) != pair.after.image).any(2)
        assert changed.any()
        box = pair.before.graph.metadata["amodal"][pair.target]
        if kind == "remove":  # its shadow goes too
            rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
            assert columns[0] >= box[0] - 8
            assert columns[-1] <= box[2] + 8
            assert rows[0] >= box[1] - 3
        else:
            rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
            assert box[0] - 1 <= columns[0] <= columns[-1] <= box[2]
            assert box[1] - 1 <= rows[0] <= rows[-1] <= box[3]
            # What else changes is what it covers by less than half.
            mask = decode_mask(pair.before.graph.object(pair.target).groundings[1].region)
            assert (changed & ~mask).sum() < 0.5 * mask.sum()


def test_pairs_are_written_in_turn_and_resumed(tmp_path, capsys):
    assert main(["edits", "-n", "6", "--split", "iid", "-o", str(tmp_path / "a")]) == 0
    assert "6 pairs of the split iid" in capsys.readouterr().out
    corpus = Corpus(tmp_path / "a")
    assert [graph.metadata["kind"] for graph in corpus][::2] == list(KINDS)
    for before, after in zip(corpus[::2], corpus[1::2], strict=True):
        assert before.metadata["pair"] == after.metadata["pair"]
        assert (tmp_path / "a" / before.sources[0].uri).is_file()
        assert (tmp_path / "a" / after.sources[0].uri).is_file()
        apply(before, [edit_from_dict(edit) for edit in before.metadata["edits"]])
    assert write_edits(2, "iid", 0, tmp_path / "b") == 2
    assert write_edits(6, "iid", 0, tmp_path / "b", resume=True) == 4
    assert list(Corpus(tmp_path / "b")) == list(corpus)


def test_an_unknown_kind_is_told():
    with pytest.raises(LookupError, match="did you mean 'recolour'"):
        sample_edit("train", 0, 0, kind="recolor")
