"""Decoded image -> uint8 pixels of the model's input size: the third step of a request's way.

Knows a model's `Preprocessing`, nothing of formats, files, models or requests. Normalisation (mean and std) is part of
the runtime's graph, so pixels stay uint8 until then: a quarter of the bytes to copy.
"""

import math
import threading
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from cykooz_resizer import CropBox, FilterType, ImageData, PixelType, ResizeAlg, ResizeOptions, Resizer
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
_MAX_SUPPORT = 2  # pixels to either side that the widest of these filters looks at, the cubic


class _Resizing(threading.local):
    """What one thread resizes with: the resizer keeps its buffers, and is not to be shared."""

    def __init__(self) -> None:
        self.resizer = Resizer()
        self.squares: dict[int, ImageData] = {}  # by their side, to be written anew for each image


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


def preprocess(image: Image.Image | Pixels, preprocessing: Preprocessing) -> Pixels:
    """Resize the short side and crop the centre in one resampling pass.

    image: RGB, any size; a Pillow image or uint8 (H, W, 3).
    Returns uint8 (crop_size, crop_size, 3), RGB, 0-255.

    The crop is a box in the source image, so that only the pixels that survive are computed. It lies where
    torchvision's resize and centre crop would cut, their rounding of the resized size and of the margins included.

    The resampling is Pillow's algorithm with vector instructions (the Rust crate fast_image_resize): a third of
    Pillow's time, with results that differ by rounding. It reads a Pillow image where it lies; of an array it takes a
    copy, of no more than the crop needs. Images that have to grow are left to Pillow: with its cubic filter and some
    sizes, 82 x 47 for one, version 6.1 of the crate reads memory that is not there.
    """
    if not isinstance(image, Image.Image):
        return _preprocess_array(image, preprocessing)
    box = _place_box(*image.size, preprocessing)
    side = preprocessing.crop_size
    if min(image.size) < preprocessing.resize_size:
        edges = (box.left, box.top, box.left + box.width, box.top + box.height)
        return np.array(image.resize((side, side), Image.Resampling[preprocessing.interpolation.name], box=edges))
    square = Image.new("RGB", (side, side))
    _resizing.resizer.resize_pil(image, square, _make_options(preprocessing, box))
    return np.array(square)


def _preprocess_array(pixels: Pixels, preprocessing: Preprocessing) -> Pixels:
    height, width, _ = pixels.shape
    if min(width, height) < preprocessing.resize_size:
        return preprocess(Image.fromarray(pixels), preprocessing)
    rows, columns, options = _plan(width, height, preprocessing)
    part = pixels[rows, columns]
    source = ImageData(part.shape[1], part.shape[0], PixelType.U8x3, part.tobytes())
    side = preprocessing.crop_size
    square = _resizing.squares.get(side) or _resizing.squares.setdefault(side, ImageData(side, side, PixelType.U8x3))
    _resizing.resizer.resize(source, square, options)
    return np.frombuffer(square.get_buffer(), np.uint8).reshape(side, side, 3)


@lru_cache(maxsize=256)  # most photos have one of a few sizes, and this takes as long as copying one
def _plan(width: int, height: int, preprocessing: Preprocessing) -> tuple[slice, slice, ResizeOptions]:
    """The rows and the columns of a larger image that its crop is resampled from, and how."""
    box, side = _place_box(width, height, preprocessing), preprocessing.crop_size
    columns = _find_needed(box.left, box.width, side, width)
    rows = _find_needed(box.top, box.height, side, height)
    moved = CropBox(box.left - columns.start, box.top - rows.start, box.width, box.height)
    return rows, columns, _make_options(preprocessing, moved)


def _place_box(width: int, height: int, preprocessing: Preprocessing) -> CropBox:
    """The part of the image that becomes the crop."""
    short, crop = min(width, height), preprocessing.crop_size
    left, across = _place_crop(width, preprocessing.resize_size * width // short, crop)
    top, down = _place_crop(height, preprocessing.resize_size * height // short, crop)
    return CropBox(left, top, min(across, width - left), min(down, height - top))


def _place_crop(size: int, resized: int, crop: int) -> tuple[float, float]:
    """Where a centre crop of `crop` pixels out of `resized` begins along a side of `size` pixels, and its length."""
    scale = size / resized
    return round((resized - crop) / 2) * scale, crop * scale


def _find_needed(begin: float, length: float, resized: int, size: int) -> slice:
    """The pixels of a side of `size` that a part of it is resampled from: those that the filter reaches, and one."""
    reach = math.ceil(_MAX_SUPPORT * max(1.0, length / resized)) + 1
    return slice(max(0, int(begin) - reach), min(size, math.ceil(begin + length) + reach))


def _make_options(preprocessing: Preprocessing, box: CropBox) -> ResizeOptions:
    return ResizeOptions(resize_alg=_ALGORITHMS[preprocessing.interpolation], crop_box=box)
