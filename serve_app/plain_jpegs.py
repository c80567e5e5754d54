"""The quick way for the image that comes most often: a JPEG that needs no more than its pixels decoded.

libjpeg-turbo by itself decodes the same pixels as Pillow does with it, without Pillow's reading of the header in Python
and without copying each row once more (docs/decisions/0026).
"""

from typing import Final

import numpy as np
import numpy.typing as npt
from simplejpeg import decode_jpeg, decode_jpeg_header

_START: Final = b"\xff\xd8\xff"
# What else JPEGs hold (CMYK, RGB as it is) is rare, and Pillow knows what to do with it.
_COLORS: Final = ("YCbCr", "Gray")


def decode_plain_jpeg(data: bytes, *, max_pixels: int, min_side: int) -> npt.NDArray[np.uint8] | None:
    """Decode a plain JPEG to uint8 (H, W, 3), RGB; None for every other image, damaged ones included.

    max_pixels: an image of more pixels, width x height, is not decoded.
    min_side: an image of twice this short side or more is not decoded either: Pillow does so at a smaller scale.

    A JPEG with EXIF metadata is not plain, since it may have to be turned upright.
    """
    if not data.startswith(_START):
        return None
    try:
        height, width, color, _ = decode_jpeg_header(data)
        if color not in _COLORS or width * height > max_pixels or min(width, height) >= 2 * min_side:
            return None
        if b"Exif\0" in data:  # asked last: a large photo is not searched to its end
            return None
        pixels: npt.NDArray[np.uint8] = decode_jpeg(data, "RGB")
    except (ValueError, KeyError, MemoryError):
        # Whether such a file can be read in part, and what is wrong, Pillow says. KeyError: a rare subsampling, 4:4:1.
        return None
    return pixels
