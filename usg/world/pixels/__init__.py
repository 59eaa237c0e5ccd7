"""The procedural world in pixels: pictures of its scenes, with boxes, masks and relations that the pixels show."""

from usg.world.pixels.picture import PICTURE_SPLITS, Picture, sample_picture

__all__ = ["PICTURE_SPLITS", "Picture", "sample_picture"]
