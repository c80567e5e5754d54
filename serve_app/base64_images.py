"""Base64 text -> an image's bytes: how JSON carries images, in every protocol."""

import base64
import binascii

from serve_app.errors import MalformedRequest


def decode_base64(text: str) -> bytes:
    """text: base64, or a data URI of base64. Raises MalformedRequest."""
    if text.startswith("data:"):
        header, _, text = text.partition(",")
        if not header.endswith(";base64"):
            raise MalformedRequest("The data URI is not base64. Use data:image/...;base64,...")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise MalformedRequest("The image is not valid base64.") from None
