"""The procedural world in pixels: pictures of its scenes, with boxes, masks and the relations that the pixels show.

How the two relate. A text scene (usg.world.scene) is drawn in three steps: facts (labels, colours, sizes, textures,
states, who rests on, holds, wears or rides whom), positions that ignore labels, and a few spatial relations read off
them. A picture has the facts of the scene of the same split, seed and index, under the same ids, starts from the same
positions, and draws what a text does not need (variants, poses, the states left unsaid, shades, light) from streams of
randomness of its own. So text scenes, captions and questions are as they were without pictures. Spatial relations are
the picture's: all those, and only those, that its pixels show. See `usg.world.pixels.picture`.
"""

from usg.world.pixels.edits import EditPair, sample_edit
from usg.world.pixels.even import EVEN, LIVELY, even_priors
from usg.world.pixels.films import Film, sample_film
from usg.world.pixels.multimodal import Multimodal, sample_multimodal
from usg.world.pixels.picture import PICTURE_SPLITS, Picture, sample_picture
from usg.world.pixels.views import unite, view

__all__ = [
    "EVEN",
    "LIVELY",
    "PICTURE_SPLITS",
    "EditPair",
    "Film",
    "Multimodal",
    "Picture",
    "even_priors",
    "sample_edit",
    "sample_film",
    "sample_multimodal",
    "sample_picture",
    "unite",
    "view",
]
