"""The check list of label vectors: pairs written by hand before any training, none of which training may use.

Synonyms must be more similar than antonyms, which share their contexts and are the known trap of distributional vectors
(Mrksic et al. 2016, https://arxiv.org/abs/1603.00892), and than unrelated labels. The score is the AUC: the chance that
a synonym pair is more similar than another pair. Co-hyponyms (cat, dog) stand apart: related, yet never the same thing.
Misspelt and unseen words must find their label among all labels of the list. `NAMED` are the examples that every
release must get right; their opposites are in the training list (usg/nn/label_opposites.py), so they measure nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor

Pair = tuple[str, str]


def _pairs(text: str) -> tuple[Pair, ...]:
    """`a / b` separated by semicolons or line ends."""
    found = [entry.split(" / ") for entry in text.replace("\n", ";").split(";") if entry.strip()]
    return tuple((a.strip(), b.strip()) for a, b in found)


SYNONYMS = _pairs("""
    sofa / couch; bike / bicycle; plane / airplane; automobile / car; television / tv; photo / picture
    cellphone / mobile phone; kid / child; guy / man; lady / woman; trash can / garbage bin; road / street
    mug / cup; ship / boat; stone / rock; store / shop; sneakers / tennis shoes; spectacles / eyeglasses
    purse / handbag; motorbike / motorcycle; pavement / sidewalk; rug / carpet; fridge / refrigerator
    donut / doughnut; infant / baby; forest / woods; bunny / rabbit; taxi / cab; luggage / suitcases; ocean / sea
    drapes / curtains; bathtub / tub; sweater / pullover; path / trail
    big / large; small / little; gray / grey; happy / cheerful; shiny / glossy; damp / moist; tasty / delicious
    beautiful / pretty; huge / enormous; ripped / torn; crowded / packed; quick / rapid; wooden / made of wood
    run / jog; next to / beside; near / close to; underneath / beneath; hold / grasp; throw / toss; watch / look at
    gaze at / stare at; talk to / speak with; on top of / atop; connected to / attached to; hit / strike; jump / leap
    eat / consume; pull / drag; surround / encircle; lean on / lean against
""")

# No pair here, nor one that a prefix makes (tied, untied), may stand among the training opposites.
ANTONYMS = _pairs("""
    hot / cold; happy / sad; tall / short; full / empty; clean / dirty; thick / thin; wide / narrow; rough / smooth
    fast / slow; strong / weak; loud / quiet; deep / shallow; asleep / awake; raw / cooked; sunny / rainy
    push / pull; enter / exit; give / receive; buy / sell; rise / fall; ascend / descend; smile / frown
    arrive at / depart from; float on / sink in; put on / take off; catch / drop; with / without; before / after
    male / female; straight / curved; upper / lower; day / night
""")

UNRELATED = _pairs("""
    sofa / giraffe; bike / soup; plane / pillow; car / banana; television / grass; photo / elephant; kid / toaster
    woman / pavement; cup / tennis racket; boat / keyboard; rock / necktie; shop / eyebrow; sneakers / broccoli
    handbag / traffic light; motorcycle / sandwich; sidewalk / spoon; rug / airplane; refrigerator / kite
    doughnut / skateboard; baby / fire hydrant; forest / mouse pad; rabbit / microwave; taxi / leaf; ocean / stapler
    curtains / pizza; bathtub / zebra; sweater / clock tower; trail / lamp shade; horse / napkin; window / carrot
    large / wooden; small / red; gray / hungry; cheerful / square; shiny / asleep; wet / tall; delicious / parked
    pretty / concrete; enormous / sliced; torn / smiling; crowded / furry; striped / tired; plastic / young
    run / contain; next to / eat; near / wear; beneath / throw; hold / fly over; toss / lean against; look at / cover
    talk to / hang from; on top of / kick; attached to / chase; hit / reflect in; jump / filled with; eat / parked on
    pull / between; surround / read; ride / printed on; lean on / feed; left / delicious; open / furry
""")

CO_HYPONYMS = _pairs("""
    cat / dog; horse / cow; fork / spoon; apple / banana; car / bus; red / blue; brown / purple; green / yellow
    shirt / pants; man / dog; table / chair; window / door; bird / airplane; two / three; wooden / metal
    tree / flower; bread / cheese; sheep / goat; bed / sofa; truck / motorcycle; jump / crawl; walk / swim
    hold / kick; in / on; behind / under; eat / drink; hat / shoe; hand / foot; lake / mountain; plate / cup
""")

MISSPELT = _pairs("""
    skatebord / skateboard; umberella / umbrella; giraf / giraffe; elefant / elephant; refridgerator / refrigerator
    airplaine / airplane; motorcyle / motorcycle; sandwhich / sandwich; keybord / keyboard; brocoli / broccoli
    bananna / banana; necktye / necktie; toster / toaster; microwve / microwave; curtians / curtains
    sneekers / sneakers; suitcasses / suitcases; forrest / forest; bycicle / bicycle; televison / television
    beautifull / beautiful; delicous / delicious; enormus / enormous; striking / strike; jogger / jog
    holdng / hold; surounded by / surround; skateboards / skateboard; zebralike / zebra; furriest / furry
""")

# (label, nearer, farther)
NAMED = (
    ("sofa", "couch", "giraffe"),
    ("run", "jog", "sit"),
    ("beside", "next to", "on top of"),
    ("left", "leftmost", "right"),
    ("to the left of", "left of", "to the right of"),
    ("in front of", "ahead of", "behind"),
    ("above", "over", "below"),
    ("under", "below", "over"),
    ("open", "opened", "closed"),
    ("inside", "in", "outside"),
    ("near", "close to", "far from"),
    ("young", "youthful", "old"),
)


def check(similarity: Callable[[Sequence[str], Sequence[str]], Tensor]) -> dict[str, float]:
    """The scores of the check list.

    Args:
        similarity: cosines `(n, m)` of n and m labels, as `LabelEncoder.similarity`.

    Returns:
        AUC of synonyms against antonyms and unrelated pairs together ("auc"), and against each alone; the mean cosine
        of each kind; the share of misspelt words whose label is the nearest of all in the list ("misspelt"); the share
        of `NAMED` that holds ("named").

    Example:
        >>> flat = lambda a, b: torch.zeros(len(a), len(b))
        >>> check(flat)["auc"], check(flat)["named"]
        (0.5, 0.0)
    """
    kinds = {"antonyms": ANTONYMS, "unrelated": UNRELATED, "co_hyponyms": CO_HYPONYMS}
    synonyms = _cosines(similarity, SYNONYMS)
    others = {name: _cosines(similarity, pairs) for name, pairs in kinds.items()}
    scores = {"auc": auc(synonyms, torch.cat([others["antonyms"], others["unrelated"]]))}
    scores |= {f"auc_{name}": auc(synonyms, cosines) for name, cosines in others.items()}
    scores |= {f"mean_{name}": float(cosines.mean()) for name, cosines in {"synonyms": synonyms, **others}.items()}
    labels = sorted({*labels_of((*SYNONYMS, *ANTONYMS, *UNRELATED)), *(right for _, right in MISSPELT)})
    best = similarity([wrong for wrong, _ in MISSPELT], labels).argmax(1)
    hits = [labels[int(i)] == right for i, (_, right) in zip(best, MISSPELT, strict=True)]
    scores["misspelt"] = sum(hits) / len(hits)
    held = [bool((s := similarity([a], [near, far])[0])[0] > s[1]) for a, near, far in NAMED]
    scores["named"] = sum(held) / len(held)
    return scores


def auc(positive: Tensor, negative: Tensor) -> float:
    """The chance that a positive is greater than a negative, equal ones counting half (Mann and Whitney 1947).

    Example:
        >>> auc(torch.tensor([0.9, 0.4]), torch.tensor([0.5, 0.1]))
        0.75
    """
    difference = positive[:, None] - negative[None, :]
    return float(((difference > 0).double() + 0.5 * (difference == 0).double()).mean())


def labels_of(pairs: Iterable[Pair]) -> list[str]:
    """Every label of some pairs, each once, in order."""
    return sorted({label for pair in pairs for label in pair})


def _cosines(similarity: Callable[[Sequence[str], Sequence[str]], Tensor], pairs: Sequence[Pair]) -> Tensor:
    return torch.stack([similarity([a], [b])[0, 0] for a, b in pairs])
