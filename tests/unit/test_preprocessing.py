"""Resize and crop in one pass."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from serve_app.preprocessing import Interpolation, Preprocessing, preprocess
from tests.photos import gradient


def make(
    resize_size: int = 64, crop_size: int = 56, interpolation: Interpolation = Interpolation.BICUBIC
) -> Preprocessing:
    return Preprocessing(resize_size, crop_size, interpolation, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))


@pytest.mark.parametrize("size", [(64, 64), (300, 100), (100, 300), (10, 10), (1, 500), (57, 64)])
def test_any_size_becomes_the_crop_size(size: tuple[int, int]) -> None:
    """Small, large, narrow and square pictures all give uint8 (crop, crop, 3)."""
    pixels = preprocess(gradient(*size), make())
    assert pixels.shape == (56, 56, 3)
    assert pixels.dtype == np.uint8


@pytest.mark.parametrize("interpolation", list(Interpolation))
@pytest.mark.parametrize("size", [(400, 300), (301, 517), (97, 64), (64, 97), (1000, 333)])
def test_one_pass_gives_what_resize_then_crop_gives(size: tuple[int, int], interpolation: Interpolation) -> None:
    """The boxed resize agrees with the two steps that published weights were trained with, but for rounding."""
    image = gradient(*size)
    short = min(size)
    resample = getattr(Image.Resampling, interpolation.name)
    resized = image.resize((64 * size[0] // short, 64 * size[1] // short), resample)
    left, top = round((resized.width - 56) / 2), round((resized.height - 56) / 2)
    expected = np.asarray(resized.crop((left, top, left + 56, top + 56)), dtype=int)
    difference = np.abs(preprocess(image, make(interpolation=interpolation)).astype(int) - expected)
    assert difference.max() <= (5 if interpolation is Interpolation.NEAREST else 1)


@settings(max_examples=100)
@given(st.integers(1, 700), st.integers(1, 700), st.sampled_from(["bilinear", "bicubic"]))
def test_an_array_gives_what_a_pillow_image_gives(width: int, height: int, interpolation: str) -> None:
    """Of an array only the part that the crop needs is looked at; it is all that counts."""
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8))
    steps = make(interpolation=Interpolation(interpolation))
    difference = preprocess(np.asarray(image), steps).astype(int) - preprocess(image, steps)
    assert np.abs(difference).max() <= 1


@pytest.mark.parametrize(
    ("size", "resize_size", "crop_size"),
    [((82, 47), 256, 224), ((47, 82), 256, 224), ((244, 70), 256, 224), ((35, 32), 224, 224), ((40, 200), 88, 56)],
)
def test_small_images_that_the_resizer_cannot_enlarge(size: tuple[int, int], resize_size: int, crop_size: int) -> None:
    """Sizes whose first new pixel lies exactly on an old one: fast_image_resize 6.1 reads far from the image there."""
    pixels = preprocess(Image.new("RGB", size, (10, 20, 30)), make(resize_size, crop_size))
    assert pixels.shape == (crop_size, crop_size, 3)
    assert np.ptp(pixels.reshape(-1, 3), axis=0).tolist() == [0, 0, 0]


def test_the_centre_is_kept() -> None:
    """A white square in the middle of a black picture fills the middle of the pixels."""
    image = Image.new("RGB", (200, 100))
    image.paste((255, 255, 255), (90, 40, 110, 60))
    pixels = preprocess(image, make())
    assert pixels[28, 28].tolist() == [255, 255, 255]
    assert pixels[2, 2].tolist() == [0, 0, 0]


def test_a_preprocessing_survives_json() -> None:
    """to_dict and from_dict are inverse."""
    assert Preprocessing.from_dict(make().to_dict()) == make()
