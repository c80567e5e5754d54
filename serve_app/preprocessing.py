"""Decoded image -> uint8 pixels of the model's input size: the third step of a request's way.

Knows a model's `Preprocessing`, nothing of formats, files, models or requests. Normalisation (mean and std) is part of
the runtime's graph, so pixels stay uint8 until then: a quarter of the bytes to copy.
"""

import threading
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt
from cykooz_resizer import CropBox, FilterType, ResizeAlg, ResizeOptions, Resizer
from PIL import Image

Pixels = npt.NDArray[np.uint8]  # (H, W, 3), RGB, 0-255


class Interpolation(StrEnum):
    """The resampling filters that published weights use."""

    NEAREST = "nearest"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"


# Catmull-Rom is the cubic with a = -0.5, which Pillow and torchvision (with antialias) call bicubic.
_ALGORITHMS = {
    Interpolation.NEAREST: ResizeAlg.nearest(),
    Interpolation.BILINEAR: ResizeAlg.convolution(FilterType.bilinear),
    Interpolation.BICUBIC: ResizeAlg.convolution(FilterType.catmull_rom),
}


class _Resizing(threading.local):
    """What one thread resizes with: the resizer keeps its buffers, and is not to be shared."""

    def __init__(self) -> None:
        self.resizer = Resizer()


_resizing = _Resizing()


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """What a model expects of its input: resize the short side, crop the centre, then (x / 255 - mean) / std.

    resize_size: length of the short side after resizing, in pixels.
    crop_size: side of the square that is cut from the centre, in pixels; at most resize_size.
    mean, std: one number a channel (R, G, B), on the 0-1 scale.
    """

    resize_size: int
    crop_size: int
    interpolation: Interpolation
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Preprocessing":
        """The inverse of `to_dict`."""
        mean, std = (tuple(float(x) for x in values[key]) for key in ("mean", "std"))
        return cls(
            resize_size=int(values["resize_size"]),
            crop_size=int(values["crop_size"]),
            interpolation=Interpolation(values["interpolation"]),
            mean=(mean[0], mean[1], mean[2]),
            std=(std[0], std[1], std[2]),
        )


def preprocess(image: Image.Image, preprocessing: Preprocessing) -> Pixels:
    """Resize the short side and crop the centre in one resampling pass.

    image: RGB, any size.
    Returns uint8 (crop_size, crop_size, 3), RGB, 0-255.

    The crop is a box in the source image, so that only the pixels that survive are computed. It lies where
    torchvision's resize and centre crop would cut, their rounding of the resized size and of the margins included.

    The resampling is Pillow's algorithm with vector instructions (the Rust crate fast_image_resize): a third of
    Pillow's time, on Pillow's memory in place, with results that differ by rounding.
    """
    width, height = image.size
    short, crop = min(width, height), preprocessing.crop_size
    left, across = _place_crop(width, preprocessing.resize_size * width // short, crop)
    top, down = _place_crop(height, preprocessing.resize_size * height // short, crop)
    square = Image.new("RGB", (crop, crop))
    options = ResizeOptions(
        resize_alg=_ALGORITHMS[preprocessing.interpolation],
        crop_box=CropBox(left, top, min(across, width - left), min(down, height - top)),
    )
    _resizing.resizer.resize_pil(image, square, options)
    return np.array(square)


def _place_crop(size: int, resized: int, crop: int) -> tuple[float, float]:
    """Where a centre crop of `crop` pixels out of `resized` begins along a side of `size` pixels, and its length."""
    scale = size / resized
    return round((resized - crop) / 2) * scale, crop * scale
