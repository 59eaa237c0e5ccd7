"""The JSON form of a region: an object with one key that says which it is.

`{"box": [x0, y0, x1, y1]}`, `{"text": [[start, end], ...]}`, `{"mask": {"size": [height, width], "counts": "..."}}`,
`{"time": [start, end]}`, `{"track": [{"frame": 0, "seconds": 0.0, "box": [...]}, ...]}` (conventions in
usg/graph/region.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from usg.graph.located import Misfit, build, each, mapping, numbers, short, unknown_key
from usg.graph.region import Box, Mask, Region, TextSpan, TimeSpan, Track, TrackPoint


def region_to_dict(region: Region) -> dict[str, Any]:
    """A region in the form of the module docstring.

    >>> region_to_dict(Box(0, 0, 4, 2))
    {'box': [0, 0, 4, 2]}
    """
    if type(region) is Box:
        return {"box": [region.x0, region.y0, region.x1, region.y1]}
    if type(region) is TextSpan:
        return {"text": [[start, end] for start, end in region.spans]}
    if type(region) is Mask:
        return {"mask": {"size": [region.height, region.width], "counts": region.counts}}
    if type(region) is TimeSpan:
        return {"time": [region.start, region.end]}
    if type(region) is Track:
        points = region.points
        return {"track": [{"frame": p.frame, "seconds": p.seconds, **region_to_dict(p.region)} for p in points]}
    raise TypeError(f"region is {type(region).__name__}, expected TextSpan, Box, Mask, Track or TimeSpan")


def region_from_dict(data: Mapping[str, Any]) -> Region:
    """The region that `region_to_dict` wrote; `ValueError` with the reason when it is none."""
    try:
        return read_region(data)
    except Misfit as misfit:
        raise ValueError(f"region: {misfit}") from None


def read_region(item: Any) -> Region:
    """As `region_from_dict`, raising `Misfit` for a reader that adds the place."""
    if not isinstance(item, Mapping) or len(item) != 1:
        raise Misfit(f"is {short(item)}, expected an object with one key of box, text, mask, track, time")
    ((key, value),) = item.items()
    if key == "box":
        return build(Box, "", *numbers(value, 4))
    if key == "text":
        return build(TextSpan, "", value)
    if key == "mask":
        return _mask(value)
    if key == "time":
        return build(TimeSpan, "", *numbers(value, 2))
    if key == "track":
        return build(Track, "", each({"track": value}, "track", _track_point))
    raise Misfit(unknown_key(key, ("box", "text", "mask", "track", "time")))


def _mask(value: Any) -> Mask:
    if not isinstance(value, Mapping) or set(value) != {"size", "counts"}:
        raise Misfit(f'mask is {short(value)}, expected {{"size": [height, width], "counts": "..."}}')
    return build(Mask, "", *numbers(value["size"], 2), value["counts"])


def _track_point(item: Any) -> TrackPoint:
    values = mapping(item)
    region = {key: values.pop(key) for key in ("box", "mask") if key in values}
    if set(values) != {"frame", "seconds"} or len(region) != 1:
        raise Misfit(f"track point is {short(item)}, expected the keys frame, seconds and one of box, mask")
    return build(TrackPoint, "", values["frame"], values["seconds"], read_region(region))
