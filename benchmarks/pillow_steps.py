"""Bytes -> uint8 pixels with Pillow alone: the decoding and resizing of the ceiling and of the peers.

Stands beside the product's own steps and shares no code with them, so that what the product is measured against stays
the same when the product gets faster. The peers import it in environments of their own: it knows Pillow and numpy.
"""

import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image


@dataclass(frozen=True, slots=True)
class Crop:
    """Resize the short side to `resize_size` pixels, cut the central square of `crop_size` pixels, bicubic."""

    resize_size: int
    crop_size: int


def read_pixels(data: bytes, crop: Crop) -> npt.NDArray[np.uint8]:
    """Decode a JPEG and crop it: uint8 (crop_size, crop_size, 3), RGB, 0-255."""
    return crop_image(Image.open(io.BytesIO(data)), crop)


def crop_image(image: Image.Image, crop: Crop) -> npt.NDArray[np.uint8]:
    """Crop an image that has been opened and not yet decoded; see `read_pixels`.

    A JPEG is decoded at a smaller scale where that leaves the short side long enough (`draft`). The crop is a box in
    the source image, where torchvision's resize and centre crop would cut, their rounding included.
    """
    image.draft("RGB", (crop.resize_size, crop.resize_size))
    rgb = image.convert("RGB")
    width, height = rgb.size
    short = min(width, height)
    left, right = _place(width, crop.resize_size * width // short, crop.crop_size)
    top, bottom = _place(height, crop.resize_size * height // short, crop.crop_size)
    size = (crop.crop_size, crop.crop_size)
    return np.asarray(rgb.resize(size, Image.Resampling.BICUBIC, box=(left, top, right, bottom)))


def _place(size: int, resized: int, cut: int) -> tuple[float, float]:
    start = round((resized - cut) / 2)
    return start * size / resized, (start + cut) * size / resized
