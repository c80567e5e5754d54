"""Normalised floats -> pixels: exact for whoever normalised pixels, a refusal for whoever did not."""

import numpy as np
import pytest

from serve_app.errors import MalformedRequest
from serve_app.open_inference.inputs import restore_pixels
from serve_app.preprocessing import Interpolation, Preprocessing

# The default model's, torchvision's, and the identity.
NORMALISATIONS = [
    ((127 / 255,) * 3, (128 / 255,) * 3),
    ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
]
LEVELS = np.arange(256, dtype=np.uint8).repeat(3).reshape(1, 16, 16, 3)  # every level in every channel


def describe(mean: tuple[float, float, float], std: tuple[float, float, float]) -> Preprocessing:
    return Preprocessing(256, 16, Interpolation.BICUBIC, mean, std)


def normalise(pixels: np.ndarray, preprocessing: Preprocessing, dtype: type = np.float32) -> np.ndarray:
    scaled = pixels.transpose(0, 3, 1, 2).astype(dtype) / dtype(255)
    mean, std = (np.array(v, dtype)[:, None, None] for v in (preprocessing.mean, preprocessing.std))
    return ((scaled - mean) / std).astype(dtype)


@pytest.mark.parametrize(("mean", "std"), NORMALISATIONS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_every_level_comes_back_exactly(
    mean: tuple[float, float, float], std: tuple[float, float, float], dtype: type
) -> None:
    """Whatever precision the client computed in."""
    preprocessing = describe(mean, std)
    planes = normalise(LEVELS, preprocessing, dtype).astype(np.float32)
    assert np.array_equal(restore_pixels(planes, preprocessing), LEVELS)


def test_what_overshoots_a_little_is_cut_off() -> None:
    """Resampling in floats goes beyond black and white; a photo's file could not hold that either."""
    preprocessing = describe((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    planes = np.array([-1.4, 1.4, 0.0], np.float32).reshape(1, 3, 1, 1)
    assert restore_pixels(planes, preprocessing).tolist() == [[[[0, 255, 128]]]]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38, 200.0, 2.6, -2.1])
def test_numbers_that_no_photo_becomes_are_refused(value: float) -> None:
    """Levels that were not normalised, those of another model's normalisation, and what is no number."""
    preprocessing = describe((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    planes = np.zeros((1, 3, 2, 2), np.float32)
    planes[0, 1, 1, 0] = value
    with pytest.raises(MalformedRequest, match=r"mean \[0\.5, 0\.5, 0\.5\]"):
        restore_pixels(planes, preprocessing)
