"""The procedural world's knowledge as plain data: what stands where, how it looks, what it rests on.

Nothing here is computed. `usg.world.priors` turns these tables into normalised probability arrays; editing a number
here changes the world, so `WORLD_VERSION` must change with it. Weights are relative and need not sum to one.
Lengths are pixels of a 256 x 256 image; a category's length is the square root of its box's area at medium size.
"""

from typing import NamedTuple

WORLD_VERSION = 1

COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "gray", "black", "white")
SIZES = ("small", "medium", "large")
SIZE_FACTORS = (0.75, 1.0, 1.35)
TEXTURES = ("plain", "striped", "dotted", "shiny", "wooden")


class Category(NamedTuple):
    """How one category looks: geometry, natural colours, and how freely it is painted in the scene's palette."""

    length: float
    """Square root of the area of the box at medium size, pixels."""
    aspect: float
    """Width over height."""
    paint: float
    """Probability that the colour comes from the scene's palette rather than from nature."""
    natural: dict[str, float]
    sizes: tuple[float, float, float]
    """Weights of small, medium, large."""
    textures: dict[str, float]


_SMALL, _MEDIUM, _LARGE = (0.74, 0.20, 0.06), (0.13, 0.74, 0.13), (0.06, 0.20, 0.74)
_PLAIN = {"plain": 0.80, "striped": 0.07, "dotted": 0.06, "shiny": 0.04, "wooden": 0.03}
_DOTTED = {"dotted": 0.78, "plain": 0.08, "striped": 0.08, "shiny": 0.04, "wooden": 0.02}
_STRIPED = {"striped": 0.78, "plain": 0.10, "dotted": 0.07, "shiny": 0.04, "wooden": 0.01}
_SHINY = {"shiny": 0.80, "plain": 0.10, "striped": 0.04, "dotted": 0.04, "wooden": 0.02}
_WOODEN = {"wooden": 0.82, "plain": 0.10, "striped": 0.03, "dotted": 0.02, "shiny": 0.03}
_WOOD = {"brown": 0.78, "black": 0.08, "white": 0.07, "gray": 0.07}
_FUR = {"brown": 0.45, "black": 0.25, "white": 0.18, "gray": 0.12}
_PLANT = {"green": 0.40, "red": 0.40, "yellow": 0.10, "pink": 0.10}
_ANY = {"red": 0.3, "blue": 0.3, "white": 0.2, "green": 0.2}

# Categories that look alike (same size, texture and natural colour) stand in different scene types: what an object
# looks like leaves three to five candidates, and the rest of the scene says which.
CATEGORIES: dict[str, Category] = {
    "table": Category(48, 1.70, 0.10, _WOOD, _LARGE, _WOODEN),
    "bed": Category(52, 1.90, 0.10, _WOOD, _LARGE, _WOODEN),
    "bench": Category(44, 1.90, 0.10, _WOOD, _LARGE, _WOODEN),
    "boat": Category(54, 1.60, 0.10, _WOOD, _LARGE, _WOODEN),
    "house": Category(62, 1.00, 0.10, _WOOD, _MEDIUM, _WOODEN),
    "chair": Category(32, 0.75, 0.10, _WOOD, _MEDIUM, _WOODEN),
    "basket": Category(27, 1.30, 0.10, _WOOD, _MEDIUM, _WOODEN),
    "dog": Category(28, 1.30, 0.05, _FUR, _MEDIUM, _PLAIN),
    "cat": Category(25, 1.10, 0.05, _FUR, _MEDIUM, _PLAIN),
    "horse": Category(46, 1.30, 0.05, _FUR, _MEDIUM, _PLAIN),
    "bird": Category(20, 1.40, 0.05, _FUR, _MEDIUM, _PLAIN),
    "box": Category(26, 1.15, 0.10, _WOOD, _MEDIUM, _WOODEN),
    "sofa": Category(50, 1.80, 0.85, _ANY, _LARGE, _STRIPED),
    "car": Category(52, 1.90, 0.85, _ANY, _LARGE, _STRIPED),
    "umbrella": Category(32, 1.05, 0.85, _ANY, _LARGE, _STRIPED),
    "kite": Category(26, 0.80, 0.85, _ANY, _LARGE, _STRIPED),
    "person": Category(38, 0.46, 0.85, _ANY, _LARGE, _STRIPED),
    "lamp": Category(27, 0.55, 0.85, _ANY, _MEDIUM, _SHINY),
    "bicycle": Category(38, 1.50, 0.85, _ANY, _MEDIUM, _SHINY),
    "bottle": Category(17, 0.45, 0.85, _ANY, _MEDIUM, _SHINY),
    "balloon": Category(24, 0.60, 0.85, _ANY, _MEDIUM, _SHINY),
    "cup": Category(17, 1.05, 0.85, _ANY, _SMALL, _DOTTED),
    "ball": Category(18, 1.00, 0.85, _ANY, _SMALL, _DOTTED),
    "hat": Category(18, 1.60, 0.85, _ANY, _SMALL, _DOTTED),
    "book": Category(18, 1.25, 0.85, _ANY, _SMALL, _DOTTED),
    "apple": Category(15, 0.95, 0.05, _PLANT, _SMALL, _PLAIN),
    "flower": Category(22, 0.60, 0.05, _PLANT, _SMALL, _PLAIN),
    "tree": Category(58, 0.70, 0.05, _PLANT, _SMALL, _PLAIN),
}

AIRBORNE = frozenset({"bird", "kite", "balloon"})
"""Categories that fly unless something holds or carries them."""

# Each scene type's typical categories; everything else shares the tail.
SCENE_TAIL = 0.08
SCENES: dict[str, dict[str, float]] = {
    "kitchen": {"table": 4, "basket": 4, "cat": 4, "person": 4, "bottle": 4, "book": 4, "apple": 4, "cup": 1},
    "living room": {"bed": 4, "box": 4, "dog": 4, "sofa": 5, "bottle": 4, "book": 4, "flower": 4, "lamp": 1},
    "bedroom": {"bed": 5, "chair": 4, "cat": 4, "person": 4, "balloon": 4, "cup": 4, "flower": 4, "lamp": 1},
    "office": {"table": 4, "chair": 5, "dog": 4, "sofa": 4, "lamp": 5, "cup": 4, "apple": 4, "book": 1},
    "village": {"bench": 4, "house": 4, "horse": 5, "umbrella": 5, "person": 3, "lamp": 4, "hat": 4, "flower": 4},
    "park": {"boat": 4, "house": 4, "dog": 4, "person": 5, "balloon": 4, "book": 4, "tree": 4, "bench": 1},
    "beach": {"bench": 4, "chair": 4, "horse": 4, "person": 5, "bottle": 4, "ball": 5, "tree": 4, "boat": 1},
    "harbour": {"boat": 5, "box": 4, "cat": 4, "car": 5, "person": 3, "bicycle": 4, "hat": 5, "tree": 4},
    "garden": {"table": 4, "house": 4, "bird": 5, "umbrella": 4, "person": 3, "bicycle": 5, "ball": 4, "flower": 4},
    "playground": {"bench": 4, "box": 4, "bird": 4, "kite": 5, "balloon": 4, "cup": 4, "apple": 4, "dog": 1},
}

# The scene's dominant colours; PALETTE_TAIL is spread over all colours.
PALETTE_TAIL = 0.08
PALETTES: dict[str, dict[str, float]] = {
    "warm": {"red": 0.55, "orange": 0.30, "yellow": 0.15},
    "cool": {"blue": 0.65, "purple": 0.35},
    "fresh": {"green": 0.60, "yellow": 0.40},
    "candy": {"pink": 0.60, "purple": 0.25, "white": 0.15},
    "mono": {"black": 0.45, "gray": 0.30, "white": 0.25},
}

STATE_PRESENT = 0.25
STATES: dict[str, dict[str, float]] = {
    "lamp": {"lit": 0.6, "unlit": 0.4},
    "book": {"open": 0.4, "closed": 0.6},
    "box": {"open": 0.5, "closed": 0.5},
    "umbrella": {"open": 0.8, "closed": 0.2},
    "cup": {"full": 0.6, "empty": 0.4},
    "bottle": {"full": 0.5, "empty": 0.5},
    "basket": {"full": 0.6, "empty": 0.4},
}

# (role, children, parents, weight): the odds, against resting on nothing, that a child takes that parent.
# A child's rank is above its parent's in every rule, so chains end.
RANKS: dict[str, int] = dict.fromkeys(CATEGORIES, 3) | {
    **dict.fromkeys(("table", "bed", "bench", "boat", "sofa", "car", "house", "tree", "horse", "bicycle", "chair"), 0),
    **dict.fromkeys(("person", "dog", "cat"), 1),
    **dict.fromkeys(("box", "basket"), 2),
}
STRUCTURE: tuple[tuple[str, tuple[str, ...], tuple[str, ...], float], ...] = (
    ("holding", ("cup", "bottle", "book", "ball", "apple", "flower", "balloon", "kite"), ("person",), 0.9),
    ("holding", ("umbrella",), ("person",), 2.0),
    ("holding", ("basket", "box"), ("person",), 0.4),
    ("wearing", ("hat",), ("person",), 2.0),
    ("riding", ("person",), ("horse", "bicycle"), 1.5),
    ("sitting on", ("person", "cat", "dog"), ("chair", "sofa", "bench", "bed"), 1.0),
    ("on", ("cup", "bottle", "book", "apple", "lamp", "basket", "box", "flower"), ("table",), 1.5),
    ("on", ("book", "hat", "ball", "cup"), ("bed", "sofa", "chair", "bench"), 0.6),
    ("on", ("bird",), ("bench", "house", "boat", "tree", "table"), 0.8),
    ("in", ("apple", "bottle", "book", "ball", "flower", "hat", "cup"), ("basket", "box"), 1.0),
    ("in", ("person", "dog", "cat"), ("boat", "car"), 0.8),
)
"""`child on parent`, `child in parent`, `child sitting on parent`, `child riding parent`, but `parent holding child`
and `parent wearing child`: see `PARENT_IS_SUBJECT`."""

PARENT_IS_SUBJECT = frozenset({"holding", "wearing"})

SURFACE = {"chair": 0.50, "sofa": 0.55, "bed": 0.60, "bench": 0.55, "boat": 0.55, "car": 0.70, "basket": 0.60}
"""Where a thing rests on a parent, as a share of the parent's height from its foot; 0.95 for those not listed."""
SURFACE_DEFAULT = 0.95

INTRINSIC_SHARE = 0.3
BIGGER_RATIO = 1.25
MAX_RELATIONS = 12
OBJECTS = {"train": (4, 7), "val": (4, 7), "iid": (4, 7), "compose": (4, 7), "longer": (8, 12)}
SPLITS = tuple(OBJECTS)

HELDOUT_SEED = 20260
HELDOUT_SHARE = 0.18
"""Share of the plausible (category, colour) pairs and (role, child, parent) triples kept for the split `compose`."""
