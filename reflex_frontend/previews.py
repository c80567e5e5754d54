"""A small picture of a photo for the page: survives a reload, and shows formats that a browser cannot draw.

Only for photos that the service has accepted, so that its limit on pixels has been applied before Pillow decodes here.
"""

import base64
import io

from PIL import Image, ImageOps, UnidentifiedImageError

LONGEST_SIDE = 640
_QUALITY = 78


def make_preview(image: bytes) -> str:
    """A JPEG data URI with at most 640 pixels a side, or "" when this machine's Pillow cannot read the photo."""
    try:
        with Image.open(io.BytesIO(image)) as photo:
            photo.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            upright = ImageOps.exif_transpose(photo)
            upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
            small = Image.new("RGB", upright.size, "white")
            if upright.has_transparency_data:
                upright = upright.convert("RGBA")
                small.paste(upright, mask=upright.getchannel("A"))
            else:
                small.paste(upright.convert("RGB"))
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
        return ""
    out = io.BytesIO()
    small.save(out, "JPEG", quality=_QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode()
