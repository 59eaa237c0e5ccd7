"""Films to scene graphs: `VideoParser` in Python, `usg parse video` in a shell; `usg train-parser video` trains it."""

from usg.parsers.video.frames import VideoError
from usg.parsers.video.parser import VideoParser
from usg.parsers.video.sampling import Sampling

__all__ = ["Sampling", "VideoError", "VideoParser"]
