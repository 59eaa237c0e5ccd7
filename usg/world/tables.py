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


_SMALL, _MEDIUM, _LARGE = (0.82, 0.14, 0.04), (0.11, 0.78, 0.11), (0.04, 0.14, 0.82)
_PLAIN = {"plain": 0.84, "striped": 0.05, "dotted": 0.04, "shiny": 0.04, "wooden": 0.03}
_STRIPED = {"striped": 0.80, "plain": 0.10, "dotted": 0.05, "shiny": 0.03, "wooden": 0.02}
_DOTTED = {"dotted": 0.80, "plain": 0.08, "striped": 0.06, "shiny": 0.05, "wooden": 0.01}
_SHINY = {"shiny": 0.82, "plain": 0.10, "striped": 0.03, "dotted": 0.04, "wooden": 0.01}
_WOODEN = {"wooden": 0.84, "plain": 0.10, "striped": 0.03, "dotted": 0.01, "shiny": 0.02}
_WOOD = {"brown": 0.80, "black": 0.08, "white": 0.07, "gray": 0.05}
_FUR = {"brown": 0.60, "black": 0.20, "white": 0.12, "gray": 0.08}
_LEAF = {"green": 0.85, "yellow": 0.06, "orange": 0.05, "brown": 0.04}
_ANY = {"red": 0.3, "blue": 0.3, "white": 0.2, "green": 0.2}

# Categories that look alike (same size, texture and natural colour) stand in different scene types: what an object
# looks like leaves two to four candidates, and the rest of the scene says which.
CATEGORIES: dict[str, Category] = {
    "table": Category(48, 1.70, 0.15, _WOOD, _LARGE, _WOODEN),
    "bed": Category(52, 1.90, 0.15, _WOOD, _LARGE, _WOODEN),
    "bench": Category(44, 1.90, 0.15, _WOOD, _LARGE, _WOODEN),
    "boat": Category(54, 1.60, 0.15, _WOOD, _LARGE, _WOODEN),
    "sofa": Category(50, 1.80, 0.80, _ANY, _LARGE, _PLAIN),
    "car": Category(52, 1.90, 0.80, _ANY, _LARGE, _SHINY),
    "house": Category(62, 1.00, 0.80, _ANY, _LARGE, _PLAIN),
    "tree": Category(58, 0.70, 0.05, _LEAF, _LARGE, _PLAIN),
    "horse": Category(46, 1.30, 0.05, _FUR, _LARGE, _PLAIN),
    "person": Category(38, 0.46, 0.80, _ANY, _MEDIUM, _PLAIN),
    "dog": Category(28, 1.30, 0.05, _FUR, _MEDIUM, _PLAIN),
    "cat": Category(25, 1.10, 0.05, _FUR, _MEDIUM, _PLAIN),
    "box": Category(26, 1.15, 0.15, _WOOD, _MEDIUM, _WOODEN),
    "chair": Category(32, 0.75, 0.15, _WOOD, _MEDIUM, _WOODEN),
    "basket": Category(27, 1.30, 0.15, _WOOD, _MEDIUM, _WOODEN),
    "bicycle": Category(38, 1.50, 0.80, _ANY, _MEDIUM, _SHINY),
    "lamp": Category(27, 0.55, 0.80, _ANY, _MEDIUM, _SHINY),
    "umbrella": Category(32, 1.05, 0.80, _ANY, _MEDIUM, _STRIPED),
    "kite": Category(26, 0.80, 0.80, _ANY, _MEDIUM, _STRIPED),
    "balloon": Category(24, 0.60, 0.80, _ANY, _SMALL, _SHINY),
    "cup": Category(17, 1.05, 0.80, _ANY, _SMALL, _DOTTED),
    "ball": Category(18, 1.00, 0.80, _ANY, _SMALL, _DOTTED),
    "bottle": Category(17, 0.45, 0.80, _ANY, _SMALL, _SHINY),
    "book": Category(18, 1.25, 0.80, _ANY, _SMALL, _PLAIN),
    "hat": Category(18, 1.60, 0.80, _ANY, _SMALL, _PLAIN),
    "apple": Category(15, 0.95, 0.05, {"red": 0.80, "green": 0.14, "yellow": 0.06}, _SMALL, _SHINY),
    "flower": Category(22, 0.60, 0.10, {"pink": 0.5, "red": 0.3, "yellow": 0.2}, _SMALL, _DOTTED),
    "bird": Category(20, 1.40, 0.05, {"black": 0.45, "gray": 0.3, "white": 0.25}, _SMALL, _PLAIN),
}

AIRBORNE = frozenset({"bird", "kite", "balloon"})
"""Categories that fly unless something holds or carries them."""

# Each scene type's typical categories; everything else shares the tail.
SCENE_TAIL = 0.06
SCENES: dict[str, dict[str, float]] = {
    "kitchen": {"table": 2, "chair": 2, "cup": 2, "bottle": 2, "apple": 2, "cat": 1, "person": 2},
    "living room": {"sofa": 2, "table": 1, "lamp": 2, "book": 2, "cup": 1, "cat": 2, "person": 1},
    "bedroom": {"bed": 3, "lamp": 2, "book": 2, "box": 1, "hat": 1, "cat": 1},
    "office": {"table": 2, "chair": 2, "lamp": 2, "book": 2, "bottle": 1, "box": 1, "person": 2},
    "street": {"car": 3, "house": 2, "bicycle": 2, "person": 2, "dog": 1, "umbrella": 2, "bench": 1},
    "park": {"tree": 2, "bench": 2, "dog": 2, "bird": 2, "bicycle": 1, "person": 2, "kite": 1},
    "beach": {"boat": 3, "umbrella": 2, "ball": 2, "hat": 2, "bottle": 1, "kite": 1, "person": 2},
    "farm": {"horse": 3, "house": 2, "tree": 1, "basket": 2, "apple": 2, "dog": 1, "hat": 1},
    "garden": {"flower": 3, "tree": 2, "bird": 2, "basket": 2, "bench": 1, "cat": 1},
    "playground": {"ball": 2, "balloon": 3, "kite": 2, "bicycle": 2, "bench": 1, "person": 2, "dog": 1},
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

STATE_PRESENT = 0.4
STATES: dict[str, dict[str, float]] = {
    "lamp": {"on": 0.6, "off": 0.4},
    "book": {"open": 0.4, "closed": 0.6},
    "box": {"open": 0.5, "closed": 0.5},
    "umbrella": {"open": 0.8, "closed": 0.2},
    "cup": {"full": 0.6, "empty": 0.4},
    "bottle": {"full": 0.5, "empty": 0.5},
    "basket": {"full": 0.6, "empty": 0.4},
}

# (role, children, parents, weight): the odds, against resting on nothing, that a child takes that parent.
# A child's rank is above its parent's in every rule, so chains end.
RANKS: dict[str, int] = {label: 3 for label in CATEGORIES} | {
    **dict.fromkeys(("table", "bed", "bench", "boat", "sofa", "car", "house", "tree", "horse", "bicycle"), 0),
    **dict.fromkeys(("chair",), 0),
    **dict.fromkeys(("person", "dog", "cat"), 1),
    **dict.fromkeys(("box", "basket"), 2),
}
STRUCTURE: tuple[tuple[str, tuple[str, ...], tuple[str, ...], float], ...] = (
    ("holding", ("cup", "bottle", "book", "ball", "apple", "flower", "balloon", "kite"), ("person",), 0.35),
    ("holding", ("umbrella",), ("person",), 0.6),
    ("holding", ("basket", "box"), ("person",), 0.25),
    ("wearing", ("hat",), ("person",), 0.9),
    ("riding", ("person",), ("horse", "bicycle"), 0.6),
    ("sitting on", ("person",), ("chair", "sofa", "bench", "bed"), 0.4),
    ("sitting on", ("cat", "dog"), ("chair", "sofa", "bench", "bed"), 0.25),
    ("on", ("cup", "bottle", "book", "apple", "lamp", "basket", "box", "hat", "flower"), ("table",), 0.45),
    ("on", ("book", "hat", "ball", "box", "cat"), ("bed", "sofa", "chair", "bench"), 0.2),
    ("on", ("bird",), ("bench", "house", "boat", "tree"), 0.25),
    ("in", ("apple", "bottle", "book", "ball", "flower", "hat"), ("basket", "box"), 0.35),
    ("in", ("person", "dog"), ("boat", "car"), 0.35),
)
"""`child on parent`, `child in parent`, `child sitting on parent`, `child riding parent`, but `parent holding child`
and `parent wearing child`: see `PARENT_IS_SUBJECT`."""

PARENT_IS_SUBJECT = frozenset({"holding", "wearing"})

SURFACE: dict[str, float] = {"chair": 0.50, "sofa": 0.55, "bed": 0.60, "bench": 0.55, "boat": 0.55, "car": 0.70, "basket": 0.60}
"""Where a thing rests on a parent, as a share of the parent's height from its foot; 0.95 for those not listed."""
SURFACE_DEFAULT = 0.95

INTRINSIC_SHARE = 0.4
BIGGER_RATIO = 1.25
MAX_RELATIONS = 12
OBJECTS = {"train": (4, 7), "val": (4, 7), "iid": (4, 7), "compose": (4, 7), "longer": (8, 12)}
SPLITS = tuple(OBJECTS)

HELDOUT_SEED = 20260
HELDOUT_SHARE = 0.18
"""Share of the plausible (category, colour) pairs and (role, child, parent) triples kept for the split `compose`."""
