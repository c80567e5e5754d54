"""Images that the service is to fetch: their addresses in a JSON body, with images that are sent beside them."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass

from argus_client.bodies import FileBody


@dataclass(frozen=True, slots=True)
class Url:
    """The address of an image, which the service fetches where its operator allows it; otherwise UrlNotFetched."""

    address: str


def name_one(url: Url) -> bytes:
    """The body of a request for one image."""
    return json.dumps({"url": url.address}).encode()


def name_several(images: Sequence[bytes | FileBody | Url]) -> bytes:
    """The body of a request for several; those that are sent are a third larger in it than in a multipart body."""
    return json.dumps({"images": [_describe(image) for image in images]}).encode()


def _describe(image: bytes | FileBody | Url) -> str | dict[str, str]:
    if isinstance(image, Url):
        return {"url": image.address}
    return base64.b64encode(image if isinstance(image, bytes) else b"".join(image.read())).decode()
