"""Decoding untrusted bytes into upright RGB."""

import struct
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from serve_app.errors import (
    HttpError,
    ImageTooLarge,
    MalformedRequest,
    UndecodableImage,
    UnsupportedMediaType,
)
from serve_app.images import FORMATS, DecodedImage, decode_image
from tests.photos import encode, example, gradient

# Pillow warns about damage that it then survives or raises on; both ways are tested here.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL", "ignore::PIL.Image.DecompressionBombWarning")


def decode(data: bytes, *, max_pixels: int = 1_000_000, min_side: int = 32) -> DecodedImage:
    return decode_image(data, max_pixels=max_pixels, min_side=min_side)


def pixels_of(image: DecodedImage) -> npt.NDArray[np.uint8]:
    pixels = np.asarray(image.pixels)
    assert (pixels.dtype, pixels.ndim, pixels.shape[2]) == (np.uint8, 3, 3)
    return pixels


def center(image: DecodedImage) -> tuple[int, ...]:
    pixels = pixels_of(image)
    return tuple(pixels[pixels.shape[0] // 2, pixels.shape[1] // 2].tolist())


@pytest.mark.parametrize("format", FORMATS)
def test_every_accepted_format_is_decoded(format: str) -> None:
    """A smooth picture survives each format within its loss."""
    image = gradient(64, 48)
    decoded = decode(encode(image, format))
    assert (decoded.width, decoded.height) == (64, 48)
    difference = np.abs(pixels_of(decoded).astype(int) - np.asarray(image, dtype=int))
    assert difference.mean() < 12  # GIF keeps 256 colours


def test_a_large_jpeg_is_decoded_at_a_smaller_scale_that_still_covers_the_side() -> None:
    """Scaled decoding keeps the short side at or above what was asked for and reports the file's size."""
    decoded = decode(encode(gradient(1000, 800), "JPEG"), min_side=256)
    assert (decoded.width, decoded.height) == (1000, 800)
    assert 256 <= min(pixels_of(decoded).shape[:2]) < 800


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation: int) -> None:
    """A photo stored in any of the eight orientations comes out as the upright original."""
    upright = gradient(96, 64)
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(undo[orientation]) if orientation in undo else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    decoded = decode(encode(stored, "PNG", exif=exif))
    assert (decoded.width, decoded.height) == (96, 64)
    assert np.array_equal(pixels_of(decoded), np.asarray(upright))


def test_a_broken_exif_block_does_not_spoil_the_photo() -> None:
    """Orientation that cannot be read counts as upright."""
    data = encode(gradient(64, 48), "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff garbage")
    assert pixels_of(decode(data)).shape == (48, 64, 3)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_transparency_is_laid_on_white(mode: str) -> None:
    """A fully transparent picture is white, not black."""
    image = Image.new("RGBA", (40, 40), (10, 20, 30, 0))
    data = encode(image.convert(mode) if mode != "PA" else image.quantize(), "PNG")
    assert center(decode(data)) == (255, 255, 255)


def test_a_transparent_color_key_is_laid_on_white() -> None:
    """PNG and GIF can name one colour as transparent without an alpha channel."""
    data = encode(Image.new("RGB", (40, 40), (1, 2, 3)), "PNG", transparency=(1, 2, 3))
    assert center(decode(data)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("mode", "format"),
    [("1", "PNG"), ("L", "PNG"), ("L", "JPEG"), ("P", "PNG"), ("P", "GIF"), ("CMYK", "JPEG"), ("CMYK", "TIFF")],
)
def test_other_modes_become_rgb(mode: str, format: str) -> None:
    """Palette, grey, bilevel and CMYK pictures keep their brightness."""
    decoded = decode(encode(Image.new("RGB", (40, 40), (255, 255, 255)).convert(mode), format))
    assert min(center(decoded)) > 250


@pytest.mark.parametrize(
    ("samples", "format", "expected"),
    [
        (np.full((40, 40), 32896, np.uint16), "PNG", 128),
        (np.full((40, 40), 32896, np.uint16), "TIFF", 128),
        (np.full((40, 40), 32896, np.int32), "TIFF", 128),
        (np.full((40, 40), 0.5, np.float32), "TIFF", 127),
        (np.full((40, 40), 128.0, np.float32), "TIFF", 128),
    ],
)
def test_wide_grey_samples_are_scaled_to_8_bits(samples: npt.NDArray[Any], format: str, expected: int) -> None:
    """16-bit, 32-bit and float grey pictures keep their brightness instead of clipping to white."""
    assert center(decode(encode(Image.fromarray(samples), format)))[0] == pytest.approx(expected, abs=1)


def test_the_first_frame_of_an_animation_is_taken() -> None:
    """Later frames are not looked at."""
    frames = [Image.new("RGB", (40, 40), color) for color in ("red", "blue")]
    data = encode(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert center(decode(data)) == (255, 0, 0)


@pytest.mark.parametrize("format", FORMATS)
def test_a_truncated_image_is_undecodable(format: str) -> None:
    """Half a file of an accepted format is a damaged image, not an unknown type."""
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8))
    data = encode(noise, format)
    with pytest.raises(UndecodableImage, match="damaged or cut short"):
        decode(data[: len(data) // 2])


def test_no_bytes_are_a_malformed_request() -> None:
    """An empty upload says so."""
    with pytest.raises(MalformedRequest, match="empty"):
        decode(b"")


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"%PDF-1.7 ...", "a PDF"),
        (b"<svg xmlns=''/>", "an SVG"),
        (b"\x00\x00\x00\x18ftypheic", "a HEIC"),
        (b"hello", "not an image"),
    ],
)
def test_other_types_are_refused_by_their_bytes_and_named(data: bytes, named: str) -> None:
    """The error says what the bytes look like and what is accepted."""
    with pytest.raises(UnsupportedMediaType, match=named) as caught:
        decode(data)
    assert "JPEG, PNG" in caught.value.detail


def test_formats_that_pillow_knows_but_we_do_not_accept_are_refused() -> None:
    """Only the allow-list is tried: Pillow's less tested readers are out of reach."""
    with pytest.raises(UnsupportedMediaType):
        decode(encode(gradient(40, 40), "TGA"))


def test_too_many_pixels_are_refused_before_decoding() -> None:
    """A header that announces a huge picture is enough; no pixel needs to be there."""
    header = b"IHDR" + struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    with pytest.raises(ImageTooLarge):
        decode(png + struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT")), max_pixels=10**10)
    with pytest.raises(ImageTooLarge, match="1000 x 1001 pixels"):
        decode(encode(gradient(1000, 1001), "PNG"), max_pixels=1_000_000)


@settings(max_examples=150)
@given(st.data())
def test_damaged_files_never_raise_anything_else(data: st.DataObject) -> None:
    """Flipped, dropped and added bytes give a picture or one of our errors, whatever the format."""
    name = data.draw(st.sampled_from(FORMATS))
    blob = bytearray(encode(gradient(40, 32), name))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(blob) - 1))
        match data.draw(st.sampled_from(["flip", "cut", "add"])):
            case "flip":
                blob[at] = data.draw(st.integers(0, 255))
            case "cut":
                del blob[at : at + data.draw(st.integers(1, 20))]
            case _:
                blob[at:at] = data.draw(st.binary(min_size=1, max_size=8))
        if not blob:
            break
    try:
        outcome: DecodedImage | HttpError = decode(bytes(blob))
    except HttpError as error:
        outcome = error
    if isinstance(outcome, DecodedImage):
        pixels_of(outcome)
    else:
        assert outcome.status < 500


def test_the_bundled_photos_decode_to_their_size() -> None:
    """A real photo goes through."""
    decoded = decode(example("cat"), min_side=256)
    assert (decoded.width, decoded.height) == (451, 300)
