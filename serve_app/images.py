"""Bytes -> decoded image, within limits: the second step of a request's way.

Everything that arrives here is untrusted. The format is decided by the bytes, never by a header or a file name, and
only the formats of `FORMATS` are tried. Knows nothing of models or requests.
"""

import io
import struct
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageFile, ImageOps, UnidentifiedImageError

from serve_app.errors import ImageTooLarge, MalformedRequest, UndecodableImage, UnsupportedMediaType
from serve_app.plain_jpegs import decode_plain_jpeg

FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
ACCEPTED: Final = "JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF"

# How a file of each format begins. Tells a damaged image of an accepted format (422) from something else (415).
_SIGNATURES: Final[tuple[tuple[int, bytes], ...]] = (
    (0, b"\xff\xd8\xff"),
    (0, b"\x89PNG\r\n\x1a\n"),
    (0, b"GIF87a"),
    (0, b"GIF89a"),
    (0, b"BM"),
    (0, b"II*\x00"),
    (0, b"MM\x00*"),
    (8, b"WEBP"),
    (4, b"ftypavif"),
    (4, b"ftypavis"),
)

# What people send that is not accepted, so that the error can name it.
_FOREIGN: Final[tuple[tuple[int, bytes, str], ...]] = (
    (0, b"%PDF", "a PDF"),
    (0, b"<svg", "an SVG drawing"),
    (0, b"<?xml", "an XML document"),
    (0, b"<!DOCTYPE", "a web page"),
    (0, b"<html", "a web page"),
    (0, b"PK\x03\x04", "a ZIP archive"),
    (4, b"ftyphei", "a HEIC photo"),
    (4, b"ftypmif1", "a HEIC photo"),
    (4, b"ftyp", "a video"),
    (0, b"{", "JSON"),
)

# What Pillow raises on damaged input, beside OSError: its readers were written for trusted files.
_DAMAGE: Final = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    RuntimeError,
    struct.error,
    Image.DecompressionBombError,
)


@dataclass(frozen=True, slots=True)
class DecodedImage:
    """An image in memory.

    pixels: RGB, upright; a Pillow image or uint8 (H, W, 3), as it was decoded. May be smaller than the file's image,
        never below the side that was asked for.
    width, height: the size of the file's image as a person sees it, in pixels.
    """

    pixels: Image.Image | npt.NDArray[np.uint8]
    width: int
    height: int


def decode_image(data: bytes, *, max_pixels: int, min_side: int) -> DecodedImage:
    """Decode the first frame of an image.

    data: the file's bytes.
    max_pixels: width x height above this is refused before any pixel is decoded.
    min_side: the short side that the caller will resize to. JPEGs are decoded at 1/2, 1/4 or 1/8 scale where the result
        still has at least this short side (Pillow's `draft`), which saves most of a large photo's cost.

    EXIF orientation is applied, transparency is laid on white, and palette, grey, 16-bit and CMYK images become RGB.
    Raises MalformedRequest (no bytes), UnsupportedMediaType, ImageTooLarge, UndecodableImage.
    """
    plain = decode_plain_jpeg(data, max_pixels=max_pixels, min_side=min_side)
    if plain is not None:
        return DecodedImage(pixels=plain, width=plain.shape[1], height=plain.shape[0])
    image = _open(data)
    width, height = image.size
    if width * height > max_pixels:
        raise ImageTooLarge(
            f"The image has {width} x {height} pixels; at most {max_pixels / 1e6:g} million are accepted. "
            "Send a smaller version of it."
        )
    try:
        if image.format == "JPEG":
            image.draft("RGB", (min_side, min_side))
        orientation = _read_orientation(image)
        image.load()
        rgb = _convert_to_rgb(image)
    except MemoryError:
        raise ImageTooLarge("The image needs more memory than there is. Send a smaller version of it.") from None
    except _DAMAGE:
        raise UndecodableImage(
            f"The {image.format} image is damaged or cut short. Check that the whole file was sent."
        ) from None
    if orientation != 1:
        rgb = _turn_upright(rgb, orientation)
        if orientation >= 5:  # the four orientations that swap the sides
            width, height = height, width
    return DecodedImage(pixels=rgb, width=width, height=height)


def _open(data: bytes) -> ImageFile.ImageFile:
    """Read the header only."""
    if not data:
        raise MalformedRequest("The image is empty. Send the file's bytes.")
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError:
        raise ImageTooLarge("The image has too many pixels. Send a smaller version of it.") from None
    except (UnidentifiedImageError, *_DAMAGE):
        if any(data.startswith(signature, offset) for offset, signature in _SIGNATURES):
            raise UndecodableImage(
                "The image's header is damaged or cut short. Check that the whole file was sent."
            ) from None
        seen = next((f" It looks like {name}." for at, start, name in _FOREIGN if data.startswith(start, at)), "")
        raise UnsupportedMediaType(f"The bytes are not an image that is accepted.{seen} Send {ACCEPTED}.") from None


def _read_orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 (upright) where there is none or it cannot be read."""
    if "exif" not in image.info and image.format != "TIFF":
        return 1
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except _DAMAGE:  # a broken EXIF block does not make the picture unreadable
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _turn_upright(image: Image.Image, orientation: int) -> Image.Image:
    image.getexif()[ExifTags.Base.Orientation] = orientation
    return ImageOps.exif_transpose(image)


def _convert_to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        return _scale_to_8_bit(image).convert("RGB")
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, rgba).convert("RGB")
    return image.convert("RGB")


def _scale_to_8_bit(image: Image.Image) -> Image.Image:
    """Wide grey samples to 0-255: 16-bit values by their full range, floats by 0-1 where they stay within it."""
    samples = np.asarray(image, dtype=np.float32)  # (H, W)
    if image.mode == "F":
        full = 1.0 if samples.size and float(np.nanmax(samples)) <= 1.0 else 255.0
    elif image.mode == "I":
        full = 65535.0 if samples.size and float(samples.max()) > 255.0 else 255.0
    else:
        full = 65535.0
    scaled = np.nan_to_num(samples) * np.float32(255.0 / full)
    return Image.fromarray(np.clip(scaled, 0, 255).astype(np.uint8))
