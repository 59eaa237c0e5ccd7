"""A detector that fails on some pictures, told by their width: for the tests of what a failure costs."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence

from PIL import Image

from usg.parsers.image import Detections
from usg.parsers.image.detector import nothing

NAN, NAMELESS, EMPTY, DEADLY = 11, 12, 13, 14


class OddDetector:
    """Finds a dog in every picture but those; on one of width `DEADLY` it kills its process if DEADLY is set."""

    version = "odd 1"

    def detect(self, images: Sequence[Image.Image], threshold: float) -> list[Detections]:
        return [self._found(image.width) for image in images]

    def _found(self, width: int) -> Detections:
        if width == DEADLY and "DEADLY" in os.environ:
            os.kill(os.getpid(), signal.SIGKILL)
        if width == EMPTY:
            return nothing()
        side = float("nan") if width == NAN else 4.0
        return Detections([[0, 0, side, 4]], [0.9], ["" if width == NAMELESS else "dog"])
