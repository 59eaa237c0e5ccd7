"""usg.world.pixels.looks: every word of the world has a look, and the held-out looks are no others'."""

import numpy as np
import pytest

from usg.world import DEFAULT
from usg.world.pixels.backgrounds import background
from usg.world.pixels.looks import HELD_OUT, MATERIALS, ORDINARY
from usg.world.pixels.poses import SPRITES, extent, pose_of, visible_state
from usg.world.pixels.textures import PATTERNS, shade
from usg.world.tables import STATES, TEXTURES


@pytest.mark.parametrize("look", [ORDINARY, HELD_OUT])
def test_every_word_can_be_drawn(look):
    assert set(look.colours) == set(DEFAULT.colours)
    assert set(look.backdrops) == set(DEFAULT.scene_types)
    assert set(look.patterns) == set(TEXTURES)
    assert {name for names in look.patterns.values() for name in names} <= {*PATTERNS, "plain"}
    for backdrop in look.backdrops.values():
        image = background(backdrop, 0.4, 64, 3)
        assert image.shape == (64, 64, 3)
        assert np.isfinite(image).all()
        assert 20 < image.mean() < 250


def test_every_category_has_sprites_and_every_state_a_pose():
    assert set(SPRITES) == set(DEFAULT.labels)
    for label, poses in SPRITES.items():
        for state in STATES.get(label, {}):
            assert state in poses
        for sprites in poses.values():
            assert len(sprites) == 2
            for sprite in sprites:
                assert {part.fill for part in sprite.parts} <= {"main", "dark", "light", *MATERIALS}
                assert extent(label, 0, sprite, 0.9)[0] >= 12


def test_the_held_out_look_shares_nothing_but_plainness():
    ordinary = {name for names in ORDINARY.patterns.values() for name in names}
    heldout = {name for names in HELD_OUT.patterns.values() for name in names}
    assert ordinary & heldout == {"plain"}
    assert not set(ORDINARY.backdrops.values()) & set(HELD_OUT.backdrops.values())
    walls = {b.wall_pattern for b in ORDINARY.backdrops.values()}, {b.wall_pattern for b in HELD_OUT.backdrops.values()}
    assert not walls[0] & walls[1]
    for name, rgb in ORDINARY.colours.items():
        assert sum(abs(a - b) for a, b in zip(rgb, HELD_OUT.colours[name], strict=True)) > 20


@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns_are_seen_at_the_smallest_size(pattern):
    base = np.array((60.0, 90.0, 200.0), np.float32)
    surface = shade(pattern, base, 14, 14, (14.0, 14.0), 0.3)
    assert surface.shape == (14, 14, 3)
    assert surface.min() >= 0
    assert surface.max() <= 255.01
    assert surface.std(axis=(0, 1)).max() > 8


def test_poses_follow_circumstances():
    assert pose_of("person", None, "riding", False, False) == "seated"
    assert pose_of("person", None, "", True, False) == "holding"
    assert pose_of("car", None, "", False, True) == "occupied"
    assert pose_of("box", "closed", "", False, True) == "open"
    assert visible_state("box", "closed", True) == "open"
    assert visible_state("cup", "empty", True) == "empty"
