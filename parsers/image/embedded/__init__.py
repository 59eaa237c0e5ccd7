"""The image parser that is shipped: a compact network for pictures, its three parts and its weights."""

from usg.parsers.image.embedded.detector import PictureDetector
from usg.parsers.image.embedded.heads import PictureAttributes, PictureRelations
from usg.parsers.image.embedded.model import PictureModel

__all__ = ["PictureAttributes", "PictureDetector", "PictureModel", "PictureRelations"]
