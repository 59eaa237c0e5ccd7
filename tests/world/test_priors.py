"""usg.world.priors: normalised tables, held-out combinations, structure that ends."""

from dataclasses import replace

import numpy as np
import pytest

from usg.world import tables
from usg.world.priors import DEFAULT


@pytest.mark.parametrize("priors", [DEFAULT, DEFAULT.restricted()], ids=["full", "restricted"])
def test_every_distribution_sums_to_one(priors):
    for name in ("scene", "palette", "label", "colour", "size", "texture"):
        table = getattr(priors, name)
        assert (table >= 0).all()
        np.testing.assert_allclose(table.sum(-1), 1.0, atol=1e-12)
    for values in priors.states.values():
        assert sum(values.values()) == pytest.approx(1.0)


def test_held_out_combinations_are_plausible_and_impossible_in_the_restricted_prior():
    colour, structure = DEFAULT.heldout_colour, DEFAULT.heldout_structure
    assert (DEFAULT.colour.mean(1)[colour] > 0.02).all()
    assert (DEFAULT.structure[structure] > 0).all()
    assert 0.15 < structure.sum() / (DEFAULT.structure > 0).sum() < 0.20
    restricted = DEFAULT.restricted()
    assert (restricted.colour.transpose(0, 2, 1)[colour] == 0).all()
    assert (restricted.structure[structure] == 0).all()


def test_restriction_keeps_the_odds_among_what_is_left():
    restricted = DEFAULT.restricted()
    left = ~DEFAULT.heldout_colour
    for label in range(len(DEFAULT.labels)):
        for palette in range(len(DEFAULT.palettes)):
            before, after = DEFAULT.colour[label, palette, left[label]], restricted.colour[label, palette, left[label]]
            np.testing.assert_allclose(after * before.sum(), before, atol=1e-12)


def test_a_category_keeps_its_commonest_colour():
    common = DEFAULT.colour.mean(1).argmax(1)
    assert not DEFAULT.heldout_colour[np.arange(len(common)), common].any()


def test_a_child_ranks_above_its_parent_so_that_chains_end():
    for role, children, parents, weight in tables.STRUCTURE:
        assert weight > 0
        for child in children:
            for parent in parents:
                assert tables.RANKS[child] > tables.RANKS[parent], (role, child, parent)


def test_every_split_has_a_prior_and_another_name_is_told():
    assert DEFAULT.for_split("compose") is DEFAULT
    assert DEFAULT.for_split("train") is DEFAULT.for_split("longer") is DEFAULT.restricted()
    with pytest.raises(LookupError, match="did you mean 'train'"):
        DEFAULT.for_split("trian")


def test_wrong_tables_are_refused():
    with pytest.raises(ValueError, match=r"Priors.size has shape \(28, 2\)"):
        replace(DEFAULT, size=DEFAULT.size[:, :2])
    with pytest.raises(ValueError, match=r"Priors\.scene sums to 2"):
        replace(DEFAULT, scene=2 * DEFAULT.scene)


def test_tables_cannot_be_written_to():
    with pytest.raises(ValueError, match="read-only"):
        DEFAULT.label[0, 0] = 1.0
