"""Photos and made-up images for tests, as bytes."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

EXAMPLES = Path(__file__).parent.parent / "assets" / "examples"


def example(name: str) -> bytes:
    """A bundled photo: cat, coffee or rocket (public domain)."""
    return (EXAMPLES / f"{name}.jpg").read_bytes()


def gradient(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """Smooth colours: red grows to the right, green downwards."""
    x = np.linspace(0, 255, width)[None, :].repeat(height, 0)
    y = np.linspace(0, 255, height)[:, None].repeat(width, 1)
    rgb = np.stack([x, y, np.full_like(x, 64)], axis=-1).astype(np.uint8)  # (H, W, 3)
    return Image.fromarray(rgb).convert(mode)


def encode(image: Image.Image, format: str, **options: Any) -> bytes:
    """The image as a file of that format."""
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()
