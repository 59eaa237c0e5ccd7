"""Pictures to scene graphs: `ImageParser` in Python, `usg parse image` in a shell, detectors in `detectors`."""

from usg.parsers.image.detector import Detections, Detector
from usg.parsers.image.loading import ImageError
from usg.parsers.image.parser import ImageParser

__all__ = ["Detections", "Detector", "ImageError", "ImageParser"]
