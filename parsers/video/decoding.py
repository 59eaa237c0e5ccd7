"""Video files by PyAV, frame by frame.

| a file | is read as |
|---|---|
| of a variable rate | every frame has the time of its own stamp; one without a stamp follows the last by 1 / fps |
| interlaced | each pair of fields becomes one whole frame (FFmpeg's bwdif), from the first such frame on |
| with a rotation | upright; width, height and boxes are those of the upright frame |
| that changes its size | frames of the first one's size |
| with a cover picture beside its sound | sound alone |
| broken in places | packets that cannot be decoded are passed over; `broken` says how many |
| cut short | up to where it ends; `broken` says how much is missing |

No stream of pictures, no decoder, no frame at all: a `VideoError` of one line that names the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from usg.parsers.video.frames import Frame, VideoError

if TYPE_CHECKING:
    from fractions import Fraction

    import av
    from av.video.reformatter import VideoReformatter
    from PIL.Image import Image

_USUAL = 25.0  # frames a second where a file does not say
_COMPLETE = 0.95  # of the frames or seconds that the file announces; edit lists may leave some out
_TURNS = {90: "ROTATE_90", 180: "ROTATE_180", 270: "ROTATE_270"}


class VideoFile:
    """An open video file; see the module docstring.

    Args:
        path: of the file.

    Raises:
        VideoError: it is no video, or no frame of it can be read.
    """

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self.broken: str | None = None
        self._open()

    def _open(self) -> None:
        import av
        from av.video.reformatter import VideoReformatter

        self._bad, self._started = 0, False
        self._reformatter = VideoReformatter()
        try:
            self._container = av.open(self.name, metadata_errors="replace")
        except (av.FFmpegError, OSError, ValueError) as error:
            raise VideoError(f"{self.name}: no video that FFmpeg reads: {_reason(error)}") from None
        try:
            self._begin()
        except BaseException:
            self.close()
            raise

    def _begin(self) -> None:
        stream = self._stream = self._pictures()
        self._count = stream.frames
        rate = stream.average_rate or stream.guessed_rate
        self.fps = float(rate) if rate else None
        self._decoded = self._decode()
        first = next(self._decoded, None)
        if first is None:
            raise VideoError(f"{self.name}: a video without a frame that can be read{self._missing(0, 0.0)}")
        self._decoded = chain([first], self._decoded)
        self._turn = round(first.rotation / 90) * 90 % 360
        self._size = first.width, first.height
        self.width, self.height = self._size[::-1] if self._turn in (90, 270) else self._size
        self.duration = self._length()

    def _pictures(self) -> Any:
        """The largest stream of pictures that has a decoder, of equal ones the first."""
        import av

        streams = self._container.streams
        moving = [each for each in streams.video if not each.disposition & av.stream.Disposition.attached_pic]
        if not moving:
            kinds = ", ".join(sorted({each.type for each in streams})) or "nothing"
            raise VideoError(f"{self.name}: no moving pictures in it; it holds {kinds}")
        known = [each for each in moving if each.codec_context is not None]
        if known:
            return max(known, key=lambda each: (each.width or 0) * (each.height or 0))
        raise VideoError(f"{self.name}: this FFmpeg has no decoder for its pictures; convert it to H.264")

    def _length(self) -> float | None:
        if self._stream.duration is not None:
            return float(self._stream.duration * self._stream.time_base)
        if (tagged := self._tagged()) is not None:
            return tagged
        return None if self._container.duration is None else self._container.duration / 1e6

    def _tagged(self) -> float | None:
        """Seconds of the pictures by the tag that Matroska has for them, 00:01:02.500000000."""
        parts = self._stream.metadata.get("DURATION", "").split(":")
        try:
            hours, minutes, seconds = map(float, parts)
        except ValueError:
            return None
        return 3600 * hours + 60 * minutes + seconds

    def __iter__(self) -> Iterator[Frame]:
        """The frames; from the first one again when asked again."""
        if self._started:  # seeking goes wrong in many a file
            self.close()
            self._open()
        self._started = True
        step, start, last, number = 1 / (self.fps or _USUAL), None, None, -1
        for number, picture in enumerate(self._woven(self._decoded)):
            time = picture.time
            if start is None:
                start = time or 0.0
            seconds = None if time is None else time - start
            if last is not None and (seconds is None or seconds <= last):
                seconds = last + step
            last = seconds or 0.0
            yield Frame(number, round(last, 6), _Loader(picture, self._reformatter, self._size, self._turn))
        self.broken = self._missing(number + 1, (last or 0.0) + step) or None

    def close(self) -> None:
        """Lets go of the file."""
        self._container.close()

    def _decode(self) -> Iterator[av.VideoFrame]:
        import av

        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except (av.FFmpegError, OSError):
                self._bad += 1
                return
            if packet is None:
                return
            try:
                yield from packet.decode()
            except av.DecoderNotFoundError:
                raise VideoError(
                    f"{self.name}: this FFmpeg has no decoder for its pictures; convert it to H.264"
                ) from None
            except av.FFmpegError:
                self._bad += 1

    def _woven(self, pictures: Iterator[av.VideoFrame]) -> Iterator[av.VideoFrame]:
        """The frames, through a deinterlacer from the first interlaced one on, and another for each size."""
        graph, form = None, None
        for picture in pictures:
            now = picture.width, picture.height, picture.format.name
            if graph is not None and form != now:  # the filter would read beyond a smaller frame
                graph.push(None)
                yield from _pulled(graph)
            if picture.interlaced_frame if graph is None else form != now:
                graph, form = _deinterlacer(picture, self._stream.time_base), now
            if graph is None:
                yield picture
            else:
                graph.push(picture)
                yield from _pulled(graph)
        if graph is not None:
            graph.push(None)
            yield from _pulled(graph)

    def _missing(self, read: int, seconds: float) -> str:
        """What is missing of a file of which so many frames, and seconds, were read."""
        missing = []
        if self._bad:
            missing.append(f"{self._bad} packets that cannot be decoded")
        if read < _COMPLETE * self._count:
            missing.append(f"{read} of {self._count} frames are there")
        elif not self._count and (length := self._tagged()) is not None and seconds < _COMPLETE * length:
            missing.append(f"{seconds:.2f} of {length:.2f} seconds are there")  # Matroska does not count frames
        return f": {'; '.join(missing)}" if missing and not read else "; ".join(missing)


class _Loader:
    """Makes the picture of a decoded frame, upright; the reformatter is the film's, as to make one takes longest."""

    __slots__ = ("_picture", "_reformatter", "_size", "_turn")

    def __init__(self, picture: av.VideoFrame, reformatter: VideoReformatter, size: tuple[int, int], turn: int) -> None:
        self._picture, self._reformatter, self._size, self._turn = picture, reformatter, size, turn

    def __call__(self, size: tuple[int, int] | None) -> Image:
        from PIL.Image import Transpose

        width, height = size or self._size
        image: Image = self._reformatter.reformat(self._picture, width, height, "rgb24").to_image()
        return image.transpose(Transpose[_TURNS[self._turn]]) if self._turn in _TURNS else image


def _deinterlacer(picture: av.VideoFrame, time_base: Fraction) -> Any:
    import av.filter

    graph = av.filter.Graph()
    source = graph.add_buffer(width=picture.width, height=picture.height, format=picture.format, time_base=time_base)
    graph.link_nodes(source, graph.add("bwdif", "mode=send_frame:deint=interlaced"), graph.add("buffersink"))
    graph.configure()
    return graph


def _pulled(graph: Any) -> Iterator[av.VideoFrame]:
    import av

    with suppress(av.BlockingIOError, av.EOFError):  # it wants more, or has no more
        while True:
            yield graph.pull()


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or " ".join(str(error).split())[:200]
