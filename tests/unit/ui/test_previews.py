"""The small picture of a photo that survives a reload."""

import base64
import io

import pytest
from PIL import Image

from reflex_frontend.previews import LONGEST_SIDE, make_preview


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def opened(preview: str) -> Image.Image:
    head, _, body = preview.partition(",")
    assert head == "data:image/jpeg;base64"
    return Image.open(io.BytesIO(base64.b64decode(body)))


@pytest.mark.parametrize(
    ("mode", "kind"), [("RGB", "JPEG"), ("CMYK", "TIFF"), ("P", "PNG"), ("I;16", "PNG"), ("L", "BMP")]
)
def test_a_preview_is_small_and_keeps_the_shape(mode: str, kind: str) -> None:
    """Whatever the format, a JPEG of at most 640 pixels a side."""
    preview = opened(make_preview(encoded(Image.new(mode, (1600, 400)), kind)))
    assert preview.size == (LONGEST_SIDE, 160)


def test_a_preview_stands_upright() -> None:
    """The camera's orientation is applied."""
    exif = Image.Exif()
    exif[0x0112] = 6
    assert opened(make_preview(encoded(Image.new("RGB", (400, 200)), "JPEG", exif=exif))).size == (200, 400)


def test_transparent_parts_are_white() -> None:
    """As the service sees them."""
    preview = opened(make_preview(encoded(Image.new("RGBA", (8, 8), (255, 0, 0, 0)), "PNG")))
    assert preview.getpixel((4, 4)) == (255, 255, 255)


def test_bytes_that_are_no_image_give_no_preview() -> None:
    """And no error: the page shows a sign for a file."""
    assert make_preview(b"not a photo") == ""
