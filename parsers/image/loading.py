"""Pictures of any kind to upright RGB: files, bytes, Pillow images, arrays.

| a picture | becomes |
|---|---|
| with an EXIF orientation | upright; width, height and boxes are those of the upright picture |
| CMYK, grey, palette, LAB, ... | RGB, as Pillow converts it |
| 16 bits a channel | the upper eight |
| with alpha, or a transparent colour | laid on white |
| animated (GIF, WebP, PNG) or of several pages | its first frame |

Whatever cannot be read is an `ImageError`, one line that names the picture. A file of more pixels than Pillow's
`Image.MAX_IMAGE_PIXELS` (89 million by default) is refused before it is decoded.
"""

from __future__ import annotations

import io
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from usg.formats.media import path_uri

if TYPE_CHECKING:
    from PIL.Image import Image

ImageInput: TypeAlias = "str | os.PathLike[str] | bytes | Image | NDArray[Any]"
"""A file by its path, the bytes of a file, a Pillow image, or an array (h, w), (h, w, 1), (h, w, 3) or (h, w, 4)."""

_SIXTEEN_BIT = ("I;16", "I;16B", "I;16L", "I;16N")


class ImageError(ValueError):
    """A picture cannot be read; the message names it."""


def load_image(image: ImageInput, *, name: str | None = None) -> Image:
    """Read a picture to upright RGB.

    Args:
        image: see `ImageInput`. Arrays hold bytes, 16-bit numbers, bools, or floats in [0, 1]; RGB, not BGR.
        name: what to call it in errors; told from `image` when None.

    Returns:
        A Pillow image of mode RGB.

    Raises:
        ImageError: it is not there, no picture, cut short, too large, or an array of another form.
        TypeError: it is none of these kinds.

    >>> load_image(np.zeros((2, 3), np.uint8)).size
    (3, 2)
    """
    from PIL.Image import Image

    name = describe_input(image) if name is None else name
    try:
        # What is odd about a file and can be read all the same is not told; Pillow's own warning of a
        # decompression bomb is an error here.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if isinstance(image, Image):
                return _upright_rgb(image)
            if isinstance(image, np.ndarray):
                return _upright_rgb(_from_array(image))
            if isinstance(image, bytes):
                return _read(io.BytesIO(image))
            if isinstance(image, str | os.PathLike):
                with Path(image).open("rb") as file:
                    return _read(file)
    except Exception as error:
        # Decoders raise almost anything on broken data: SyntaxError, struct.error, EOFError, ...
        raise ImageError(f"{name}: {_reason(error)}") from error
    raise TypeError(f"a picture is {type(image).__name__}; expected a path, bytes, a Pillow image or an array")


def describe_input(image: object) -> str:
    """A short name of a picture for errors: its path, or its kind and size.

    >>> describe_input(np.zeros((4, 4, 3)))
    'an array (4, 4, 3)'
    """
    if isinstance(image, str | os.PathLike):
        return uri_of(image) or "."
    if isinstance(image, np.ndarray):
        return f"an array {image.shape}"
    if isinstance(image, bytes):
        return f"{len(image)} bytes"
    return getattr(image, "filename", None) or f"a {type(image).__name__}"


def uri_of(image: object) -> str | None:
    """The path of a picture, where it is one, as text that can be written.

    >>> uri_of("a/b.png"), uri_of(b"...")
    ('a/b.png', None)
    """
    return path_uri(image) if isinstance(image, str | os.PathLike) else None


def _read(file: Any) -> Image:
    from PIL import Image

    head = file.read(16)
    file.seek(0)
    if not head:
        raise ValueError("an empty file")
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    try:
        image = Image.open(file)
    except Image.UnidentifiedImageError:
        raise ValueError(f"no picture that Pillow reads; it begins with {head!r}") from None
    with image:
        return _upright_rgb(image)


def _upright_rgb(image: Image) -> Image:
    from PIL import ImageOps

    if not image.width or not image.height:
        raise ValueError(f"a picture of {image.width} x {image.height} pixels")
    image.load()
    return _rgb(ImageOps.exif_transpose(image))


def _rgb(image: Image) -> Image:
    from PIL import Image

    if image.mode in (*_SIXTEEN_BIT, "I"):  # Pillow would cut off what is above 255
        return Image.fromarray(_sixteen_bit(np.asarray(image))).convert("RGB")
    if image.mode == "F":
        return Image.fromarray(_floats(np.asarray(image))).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.copy() if image.mode == "RGB" else image.convert("RGB")


def _from_array(array: NDArray[Any]) -> Image:
    from PIL import Image

    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)) or not array.size:
        first = "; put the channels last" if array.ndim == 3 and array.shape[0] in (1, 3, 4) else ""
        raise ValueError(f"shape {array.shape}, expected (h, w), (h, w, 3) or (h, w, 4){first}")
    if array.dtype == bool:
        array = array.astype(np.uint8) * 255
    elif array.dtype.kind == "f":
        array = _floats(array)
    elif array.dtype.kind in "iu" and array.dtype != np.uint8:
        array = _sixteen_bit(array)
    elif array.dtype != np.uint8:
        raise ValueError(f"an array of {array.dtype}, expected uint8, uint16, bool, or floats in [0, 1]")
    return Image.fromarray(np.ascontiguousarray(array))


def _sixteen_bit(array: NDArray[Any]) -> NDArray[np.uint8]:
    low, high = int(array.min()), int(array.max())
    if low < 0 or high > 65535:
        raise ValueError(f"values from {low} to {high}, expected 0 to 65535 (16 bits)")
    return (array >> 8).astype(np.uint8)


def _floats(array: NDArray[Any]) -> NDArray[np.uint8]:
    low, high = float(array.min()), float(array.max())
    if not (low >= 0 and high <= 1):  # NaN too
        raise ValueError(f"floats from {low:g} to {high:g}, expected 0 to 1")
    return (array * 255 + 0.5).astype(np.uint8)


def _reason(error: Exception) -> str:
    from PIL import Image

    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        limit = Image.MAX_IMAGE_PIXELS or 0
        return f"more pixels than PIL.Image.MAX_IMAGE_PIXELS = {limit:,}; shrink it, or raise that limit"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    words = " ".join(str(error).split())
    return words if isinstance(error, ValueError | OSError) and words else f"{type(error).__name__}: {words[:200]}"
