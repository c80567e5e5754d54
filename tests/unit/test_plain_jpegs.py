"""JPEGs that are decoded without Pillow: which ones, and to which pixels."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from serve_app.images import decode_image
from serve_app.plain_jpegs import decode_plain_jpeg
from tests.photos import encode, example, gradient

_LIMITS = {"max_pixels": 1_000_000, "min_side": 256}


def decode_by_pillow(data: bytes) -> Any:
    """What Pillow makes of the same bytes."""
    with_exif = encode_exif(data)
    assert decode_plain_jpeg(with_exif, **_LIMITS) is None
    return np.asarray(decode_image(with_exif, **_LIMITS).pixels)


def encode_exif(data: bytes) -> bytes:
    """The same JPEG with metadata that says that it is upright."""
    exif = Image.Exif()
    exif[0x0112] = 1
    block = b"Exif\0\0" + exif.tobytes().removeprefix(b"Exif\0\0")
    return data[:2] + b"\xff\xe1" + (len(block) + 2).to_bytes(2, "big") + block + data[2:]


def sample_4_4_1(data: bytes) -> bytes:
    """The same JPEG with a header that says 4:4:1: four rows of brightness for one of colour."""
    frame = data.index(b"\xff\xc0")
    assert data[frame + 11] == 0x22
    return data[: frame + 11] + b"\x14" + data[frame + 12 :]


@pytest.mark.parametrize("name", ["cat", "coffee", "rocket"])
def test_real_photos_have_the_pixels_that_pillow_finds(name: str) -> None:
    """Bit for bit: both decode with libjpeg-turbo."""
    pixels = decode_plain_jpeg(example(name), max_pixels=10**7, min_side=256)
    assert pixels is not None
    assert np.array_equal(pixels, decode_by_pillow(example(name)))


@settings(max_examples=60)
@given(
    st.integers(1, 90),
    st.integers(1, 90),
    st.sampled_from(["RGB", "L"]),
    st.fixed_dictionaries(
        {
            "quality": st.integers(1, 100),
            "subsampling": st.sampled_from([0, 1, 2]),
            "progressive": st.booleans(),
            "restart_marker_blocks": st.sampled_from([0, 1, 3]),
        }
    ),
)
def test_any_plain_jpeg_has_the_pixels_that_pillow_finds(
    width: int, height: int, mode: str, options: dict[str, Any]
) -> None:
    """Grey ones, every subsampling, progressive or not."""
    noise = np.random.default_rng(width).integers(0, 256, (height, width, 3), np.uint8)
    data = encode(Image.fromarray(noise).convert(mode), "JPEG", **options)
    pixels = decode_plain_jpeg(data, **_LIMITS)
    assert pixels is not None
    assert np.array_equal(pixels, decode_by_pillow(data))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(encode(gradient(64, 48), "PNG"), id="another format"),
        pytest.param(encode_exif(encode(gradient(64, 48), "JPEG")), id="with metadata"),
        pytest.param(encode(gradient(64, 48).convert("CMYK"), "JPEG"), id="CMYK"),
        pytest.param(encode(gradient(64, 48), "JPEG", keep_rgb=True), id="stored as RGB"),
        pytest.param(encode(gradient(600, 512), "JPEG"), id="to be decoded at half its size"),
        pytest.param(encode(gradient(4000, 251), "JPEG"), id="too many pixels"),
        pytest.param(encode(gradient(64, 48), "JPEG")[:300], id="cut short"),
        pytest.param(b"\xff\xd8\xff\xe0 no image at all", id="damaged header"),
        pytest.param(sample_4_4_1(encode(gradient(64, 48), "JPEG", subsampling=2)), id="a rare subsampling"),
    ],
)
def test_what_is_not_plain_is_left_to_pillow(data: bytes) -> None:
    """Whatever Pillow has to decide, or to say what is wrong with."""
    assert decode_plain_jpeg(data, **_LIMITS) is None
